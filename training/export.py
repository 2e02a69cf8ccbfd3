"""Write a checkpoint as a Hugging Face directory that `tampu pack`, and transformers, read.

python -m training.export --run RUN --tokenizer tokenizer.json OUT
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from training.model import CriaConfig

STOP_TOKENS = ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")


def config_json(config: CriaConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """The model's `config.json`."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.max_position_embeddings,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.rms_norm_eps,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "bos_token_id": tokenizer.token_to_id("<|begin_of_text|>"),
        "eos_token_id": [tokenizer.token_to_id(token) for token in STOP_TOKENS],
    }


def generation_json(tokenizer: Tokenizer) -> dict[str, Any]:
    """The model's `generation_config.json`: greedy unless asked otherwise, ended by any of the three end tokens."""
    return {
        "bos_token_id": tokenizer.token_to_id("<|begin_of_text|>"),
        "eos_token_id": [tokenizer.token_to_id(token) for token in STOP_TOKENS],
        "do_sample": False,
    }


TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<|begin_of_text|>",
    "eos_token": "<|eot_id|>",
    "pad_token": "<|finetune_right_pad_id|>",
    "clean_up_tokenization_spaces": False,
    "model_input_names": ["input_ids", "attention_mask"],
}


def export(checkpoint: Path, tokenizer_file: Path, out: Path) -> None:
    """Fill `out` with config, tokenizer and bf16 weights."""
    state = torch.load(checkpoint)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    config = CriaConfig(**state["config"])
    assert tokenizer.get_vocab_size() == config.vocab_size
    out.mkdir(parents=True, exist_ok=True)
    weights = {f"model.{name}": tensor.bfloat16().contiguous() for name, tensor in state["model"].items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(tokenizer_file, out / "tokenizer.json")
    for name, content in (
        ("config.json", config_json(config, tokenizer)),
        ("generation_config.json", generation_json(tokenizer)),
        ("tokenizer_config.json", TOKENIZER_CONFIG),
    ):
        (out / name).write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    """Read the options and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    export(options.run / "checkpoint.pt", options.tokenizer, options.out)


if __name__ == "__main__":
    main()
