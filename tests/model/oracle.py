"""Logits of one checkpoint twice: by transformers in float32, and by tampu in any kind, chunking and block size."""

from pathlib import Path

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, I32, AttentionRows, Kernels
from tampu.model.config import ModelConfig
from tampu.model.llama import ForwardInput, Llama
from tampu.model.load import prepare
from tampu.model.packed import open_packed
from tests.checkpoints import silent

BLOCK_SIZE = 32


def prompt(length: int, vocab_size: int = 512, seed: int = 1) -> I32:
    """Random token ids."""
    return np.random.default_rng(seed).integers(0, vocab_size, length).astype(np.int32)


def transformers_logits(checkpoint: Path, token_ids: I32, keep: int = 0) -> F32:
    """Logits f32[keep, V] of the last `keep` tokens, 0 for all, of transformers' float32 model on the CPU."""
    return _run(LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32), token_ids, keep)


def transformers_logits_of_gguf(file: Path, config: ModelConfig, token_ids: I32) -> F32:
    """Logits f32[N, V] of transformers' own reading of a GGUF file."""
    model = LlamaForCausalLM(LlamaConfig(**config.to_json())).eval()
    model.load_state_dict(load_gguf_checkpoint(str(file), return_tensors=True, model_to_load=model)["tensors"])
    return _run(model, token_ids, keep=0)


def save_with_transformers(directory: Path, config: ModelConfig) -> Path:
    """A random checkpoint, its config.json and its shards as transformers itself writes them."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**config.to_json(), initializer_range=0.1))
    model.save_pretrained(directory, max_shard_size="200KB")
    assert (directory / "model.safetensors.index.json").exists()
    return directory


def _run(model: LlamaForCausalLM, token_ids: I32, keep: int) -> F32:
    with torch.no_grad():
        ids = torch.from_numpy(token_ids.astype(np.int64))[None]
        logits: F32 = model(ids, logits_to_keep=keep).logits[0].numpy()
    return logits


def load(checkpoint: Path, quant: str, kernels: Kernels | None = None) -> Llama:
    """The checkpoint, packed beside itself, on the fastest kernels of this machine."""
    packed = prepare(checkpoint, quant, silent, checkpoint.with_name("cache"))
    return Llama(open_packed(packed), kernels or load_kernels())


def tampu_logits(model: Llama, token_ids: I32, chunk: int = 512, keep: int = 0, kv_dtype: str = "f32") -> F32:
    """Logits f32[keep, V] of the last `keep` tokens, 0 for all; the prompt in chunks, its blocks in backward order."""
    num_blocks = -(-len(token_ids) // BLOCK_SIZE)
    cache = model.new_cache(num_blocks + 1, BLOCK_SIZE, kv_dtype)
    block_table = np.arange(num_blocks, 0, -1, dtype=np.int32)
    first_wanted = len(token_ids) - (keep or len(token_ids))
    pieces = []
    for start in range(0, len(token_ids), chunk):
        positions = np.arange(start, min(start + chunk, len(token_ids)), dtype=np.int32)
        slots = block_table[positions // BLOCK_SIZE] * BLOCK_SIZE + positions % BLOCK_SIZE
        rows = AttentionRows(block_table[None], np.zeros_like(positions), positions)
        wanted = np.flatnonzero(positions >= first_wanted).astype(np.int32)
        pieces.append(model.forward(ForwardInput(token_ids[positions], slots, rows, wanted), cache))
    return np.concatenate(pieces)
