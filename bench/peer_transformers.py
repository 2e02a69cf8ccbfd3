"""transformers' side of `bench/peers.py`; not a benchmark."""

from pathlib import Path

import torch
from transformers import LlamaForCausalLM

from bench.figures import Generate, prompt_ids


def open_transformers(folder: Path, quant: str, threads: int) -> Generate:
    """LlamaForCausalLM in bfloat16 with its own key-value cache."""
    torch.set_num_threads(threads)
    model = LlamaForCausalLM.from_pretrained(folder / quant, dtype=torch.bfloat16)

    @torch.inference_mode()  # type: ignore[untyped-decorator, unused-ignore]
    def generate(count: int, length: int, max_tokens: int) -> None:
        ids = torch.tensor([prompt_ids(model.config.vocab_size, length, sequence) for sequence in range(count)])
        out = model(ids, use_cache=True, logits_to_keep=1)
        for _ in range(max_tokens - 1):
            best = out.logits[:, -1:].argmax(-1)
            out = model(best, past_key_values=out.past_key_values, use_cache=True)

    result: Generate = generate
    return result
