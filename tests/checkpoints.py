"""Small random Llama checkpoints in Hugging Face's format, written without torch: what every test runs on."""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import TensorSpec, serialize_file

from tampu.kernels.interface import F32
from tampu.model.config import ModelConfig

Dtype = Literal["float32", "bfloat16", "float16"]
Weights = dict[str, F32]

BEGIN_OF_TEXT, END_OF_TEXT, START_HEADER, END_HEADER, EOM, EOT = 256, 257, 262, 263, 264, 265
VOCAB_SIZE = 512  # token b is the byte b; then Llama 3.1's 256 special tokens in their order

NAMED_SPECIALS = {
    0: "<|begin_of_text|>",
    1: "<|end_of_text|>",
    4: "<|finetune_right_pad_id|>",
    6: "<|start_header_id|>",
    7: "<|end_header_id|>",
    8: "<|eom_id|>",
    9: "<|eot_id|>",
    10: "<|python_tag|>",
}
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def tiny_config(**changes: Any) -> ModelConfig:
    """Two layers, hidden size 64, four query heads on two key-value heads, the byte vocabulary; `changes` win."""
    values: dict[str, Any] = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "intermediate_size": 128,
        "vocab_size": VOCAB_SIZE,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "bos_token_id": BEGIN_OF_TEXT,
        "eos_token_ids": (END_OF_TEXT, EOM, EOT),
    }
    return ModelConfig(**(values | changes))


def random_weights(config: ModelConfig, seed: int = 0) -> Weights:
    """Every tensor of the checkpoint by its Hugging Face name, scaled so that the logits spread like a real model's."""
    generator = np.random.default_rng(seed)

    def linear(out_features: int, in_features: int) -> F32:
        values = generator.standard_normal((out_features, in_features), dtype=np.float32)
        return values / np.float32(np.sqrt(in_features))

    def gain() -> F32:
        return 1 + generator.standard_normal(config.hidden_size, dtype=np.float32) / np.float32(10)

    embedding = generator.standard_normal((config.vocab_size, config.hidden_size), dtype=np.float32)
    weights = {"model.embed_tokens.weight": embedding}
    for layer in range(config.num_hidden_layers):
        prefix = f"model.layers.{layer}"
        weights |= {
            f"{prefix}.input_layernorm.weight": gain(),
            f"{prefix}.self_attn.q_proj.weight": linear(config.q_size, config.hidden_size),
            f"{prefix}.self_attn.k_proj.weight": linear(config.kv_size, config.hidden_size),
            f"{prefix}.self_attn.v_proj.weight": linear(config.kv_size, config.hidden_size),
            f"{prefix}.self_attn.o_proj.weight": linear(config.hidden_size, config.q_size),
            f"{prefix}.post_attention_layernorm.weight": gain(),
            f"{prefix}.mlp.gate_proj.weight": linear(config.intermediate_size, config.hidden_size),
            f"{prefix}.mlp.up_proj.weight": linear(config.intermediate_size, config.hidden_size),
            f"{prefix}.mlp.down_proj.weight": linear(config.hidden_size, config.intermediate_size),
        }
    weights["model.norm.weight"] = gain()
    if not config.tie_word_embeddings:
        weights["lm_head.weight"] = linear(config.vocab_size, config.hidden_size)
    return weights


def random_checkpoint(
    path: Path, config: ModelConfig | None = None, seed: int = 0, dtype: Dtype = "float32", num_shards: int = 1
) -> Path:
    """Write a Hugging Face directory with random weights and the byte tokenizer to `path`, and return `path`."""
    config = tiny_config() if config is None else config
    return write_checkpoint(path, config, random_weights(config, seed), dtype, num_shards)


def write_checkpoint(
    path: Path, config: ModelConfig, weights: Weights, dtype: Dtype = "float32", num_shards: int = 1
) -> Path:
    """Write these weights as a Hugging Face directory, in `num_shards` safetensors files."""
    path.mkdir(parents=True, exist_ok=True)
    _write_json(path / "config.json", config.to_json())
    generation = {"eos_token_id": list(config.eos_token_ids), "do_sample": True, "temperature": 0.6, "top_p": 0.9}
    _write_json(path / "generation_config.json", generation)
    (path / "tokenizer.json").write_bytes(tokenizer_json())
    if num_shards == 1:
        write_safetensors(path / "model.safetensors", weights, dtype)
    else:
        _write_shards(path, weights, dtype, num_shards)
    return path


def write_safetensors(path: Path, weights: Weights, dtype: Dtype = "float32") -> None:
    """One safetensors file; numpy has no bfloat16, so the bytes are made here."""
    stored = {name: np.ascontiguousarray(store(values, dtype)) for name, values in weights.items()}
    specs = {
        name: TensorSpec(dtype=dtype, shape=list(values.shape), data_ptr=values.ctypes.data, data_len=values.nbytes)
        for name, values in stored.items()
    }
    serialize_file(specs, path)


def store(values: F32, dtype: Dtype) -> NDArray[Any]:
    """The values as they lie in a file; bfloat16 is the upper half of float32, rounded to nearest even."""
    if dtype == "bfloat16":
        bits = values.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return values.astype(dtype)


def silent(phase: str, done: float) -> None:
    """A progress callback for nobody."""


def special_tokens() -> list[str]:
    """The 256 special tokens of Llama 3.1 in order; token i has id 256 + i here, 128000 + i at Meta."""
    reserved = iter(range(256))
    return [NAMED_SPECIALS.get(i) or f"<|reserved_special_token_{next(reserved)}|>" for i in range(256)]


def byte_characters() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    replacements = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(replacements)) for byte in range(256)]


def tokenizer_json() -> bytes:
    """A tokenizer.json as Llama 3 has it, with single bytes for a vocabulary and no merges."""
    added = [
        {"id": 256 + i, "content": text, "special": True, "normalized": False}
        | {"single_word": False, "lstrip": False, "rstrip": False}
        for i, text in enumerate(special_tokens())
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT}, "behavior": "Isolated", "invert": False}
    model: dict[str, Any] = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None}
    model |= {"end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True}
    model |= {"vocab": {character: byte for byte, character in enumerate(byte_characters())}, "merges": []}
    values: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
    }
    values |= {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]}, "post_processor": None}
    values |= {"decoder": byte_level, "model": model}
    return json.dumps(values, ensure_ascii=False).encode()


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=2))


def _write_shards(path: Path, weights: Weights, dtype: Dtype, num_shards: int) -> None:
    names = list(weights)
    weight_map: dict[str, str] = {}
    for shard in range(num_shards):
        file = f"model-{shard + 1:05}-of-{num_shards:05}.safetensors"
        chosen = names[shard::num_shards]
        write_safetensors(path / file, {name: weights[name] for name in chosen}, dtype)
        weight_map |= dict.fromkeys(chosen, file)
    _write_json(path / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})
