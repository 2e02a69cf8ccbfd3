"""Packing: fused weights, chunks that leave no seam, progress, and numbers that are none."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import DamagedFile
from tampu.kernels.interface import PackedLinear
from tampu.kernels.layout import unpack_linear
from tampu.model.pack import pack, packed_size
from tampu.model.packed import open_packed
from tampu.model.weights import SafetensorsCheckpoint
from tests.checkpoints import random_checkpoint, random_weights, silent, tiny_config, write_checkpoint


def test_queries_keys_and_values_are_stacked_in_that_order(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    pack(SafetensorsCheckpoint(write_checkpoint(tmp_path, tiny_config(), weights)), "f32", tmp_path / "x", silent)
    stored = open_packed(tmp_path / "x").weights["layers.0.qkv_proj"]
    assert isinstance(stored, PackedLinear)
    parts = [weights[f"model.layers.0.self_attn.{name}_proj.weight"] for name in "qkv"]
    assert np.array_equal(unpack_linear(stored), np.concatenate(parts))


@pytest.mark.parametrize("kind", ["int8", "int4", "bf16", "f32"])
def test_small_chunks_give_the_same_file(tmp_path: Path, kind: Any) -> None:
    # 24 + 12 + 12 rows: chunks of 32 rows end inside a source, and the last one fills no panel
    config = tiny_config(head_dim=6, vocab_size=300, bos_token_id=0, eos_token_ids=(1,))
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path, config))
    pack(checkpoint, kind, tmp_path / "whole", silent)
    pack(checkpoint, kind, tmp_path / "chunks", silent, chunk_values=1)
    assert (tmp_path / "chunks").read_bytes() == (tmp_path / "whole").read_bytes()


def test_packing_never_holds_a_whole_embedding(tmp_path: Path) -> None:
    config = tiny_config(vocab_size=40_000, num_hidden_layers=1)
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path / "model", config))
    tracemalloc.start()
    pack(checkpoint, "int8", tmp_path / "x", silent, chunk_values=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "x").stat().st_size > 5_000_000
    assert peak < 1_500_000


def test_progress_rises_from_zero_to_one(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path))
    pack(checkpoint, "int8", tmp_path / "x", lambda phase, done: seen.append((phase, done)))
    fractions = [done for _, done in seen]
    assert {phase for phase, _ in seen} == {"packing"}
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["model.layers.1.self_attn.v_proj.weight", "model.norm.weight"])
def test_a_tensor_with_nan_or_infinity_is_named(tmp_path: Path, name: str, value: float) -> None:
    weights = random_weights(tiny_config())
    weights[name].flat[-1] = value
    checkpoint = SafetensorsCheckpoint(write_checkpoint(tmp_path, tiny_config(), weights))
    with pytest.raises(DamagedFile, match=f"tensor {name} holds NaN or infinity"):
        pack(checkpoint, "int8", tmp_path / "x", silent)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", ["int8", "int4", "bf16", "f32"])
def test_the_size_is_known_beforehand(tmp_path: Path, kind: Any) -> None:
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path))
    pack(checkpoint, kind, tmp_path / "x", silent)
    assert 0 <= (tmp_path / "x").stat().st_size - packed_size(checkpoint.config, kind) < 200_000
