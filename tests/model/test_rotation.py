"""Rotation: the same model with inputs of linears in other axes, where no channel is an outlier."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import DamagedFile
from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, Kind
from tampu.kernels.numerics import hadamard
from tampu.model.llama import Llama
from tampu.model.pack import pack
from tampu.model.packed import open_packed
from tampu.model.rotation import Rotation, rotation_for
from tampu.model.weights import SafetensorsCheckpoint
from tests.checkpoints import Weights, random_weights, silent, tiny_config, write_checkpoint
from tests.model.oracle import prompt, tampu_logits
from tests.model.test_packed import rewrite_index

SHAPES: dict[str, dict[str, Any]] = {
    "powers of two": {},
    "odd blocks": {"hidden_size": 72, "intermediate_size": 100, "head_dim": 10},
    "blocks narrower than the sizes": {"hidden_size": 96, "intermediate_size": 1536, "head_dim": 12},
}


def logits(directory: Path, weights: Weights, kind: Kind, rotation: Rotation, **shape: Any) -> F32:
    checkpoint = SafetensorsCheckpoint(write_checkpoint(directory / "model", tiny_config(**shape), weights))
    pack(checkpoint, kind, directory / "packed", silent, rotation=rotation)
    return tampu_logits(Llama(open_packed(directory / "packed"), load_kernels()), prompt(60))


def rms_error(actual: F32, expected: F32) -> float:
    return float(np.sqrt(np.mean((actual - expected) ** 2)) / expected.std())


WIDE: dict[str, Any] = {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 2}


def with_outliers(weights: Weights) -> Weights:
    """Four channels of the residual stream are 40 times as large as the others, and have small gains, as in Llamas."""
    channels = [5, 41, 200, 300]
    weights["model.embed_tokens.weight"][:, channels] *= 40
    for name, values in weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            values[channels] *= 40
        if name.endswith("norm.weight"):
            values[channels] *= 0.3
    return weights


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_rotated_model_in_float32_is_the_model(tmp_path: Path, shape: dict[str, Any]) -> None:
    weights = random_weights(tiny_config(**shape))
    expected = logits(tmp_path, weights, "f32", Rotation(), **shape)
    actual = logits(tmp_path, weights, "f32", Rotation.of(tiny_config(**shape)), **shape)
    assert np.abs(actual - expected).max() / expected.std() < 2e-5
    assert actual.tobytes() != expected.tobytes()


def test_outlier_channels_cost_int8_much_less_with_rotation(tmp_path: Path) -> None:
    weights, rotation = with_outliers(random_weights(tiny_config(**WIDE))), Rotation.of(tiny_config(**WIDE))
    expected = logits(tmp_path, weights, "f32", Rotation(), **WIDE)
    plain = rms_error(logits(tmp_path, weights, "int8", Rotation(), **WIDE), expected)
    rotated = rms_error(logits(tmp_path, weights, "int8", rotation, **WIDE), expected)
    assert rotated < plain / 2


def test_integer_kinds_are_rotated_and_float_kinds_are_not() -> None:
    assert rotation_for("int8", tiny_config()) == Rotation(hidden=64, heads=64, inner=128)
    assert rotation_for("int4", tiny_config()) == rotation_for("int8", tiny_config())
    assert rotation_for("bf16", tiny_config()) == rotation_for("f32", tiny_config()) == Rotation(0, 0, 0)


def test_blocks_are_as_wide_as_the_sizes_allow() -> None:
    eight_b = tiny_config(hidden_size=4096, head_dim=128, num_attention_heads=32, intermediate_size=14336)
    assert Rotation.of(eight_b) == Rotation(512, 512, 512)
    assert Rotation.of(tiny_config(hidden_size=288, head_dim=96, intermediate_size=100)) == Rotation(32, 128, 4)


def test_weights_and_inputs_that_are_both_rotated_give_the_same_product() -> None:
    rng = np.random.default_rng(3)
    weight, x = rng.standard_normal((5, 256), np.float32), rng.standard_normal(256, np.float32)
    rotation = Rotation(hidden=128, heads=64, inner=256)
    for projection, width in (("q_proj", 128), ("o_proj", 64), ("down_proj", 256)):
        rotated = rotation.fold(projection, weight) @ hadamard(x, width)
        np.testing.assert_allclose(rotated, weight @ x, rtol=1e-4, atol=1e-4)
    assert rotation.fold("embed_tokens", weight) is weight


def test_a_rotation_that_is_not_of_the_shape_is_damage(tmp_path: Path) -> None:
    logits(tmp_path, random_weights(tiny_config()), "int8", Rotation.of(tiny_config()))
    rewrite_index(tmp_path / "packed", lambda index: index["rotation"].update(inner=100))
    with pytest.raises(DamagedFile, match="not rotated by"):
        open_packed(tmp_path / "packed")
