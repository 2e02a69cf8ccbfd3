"""Rotation: the same model in other axes, where no channel is an outlier."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import DamagedFile
from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, Kind
from tampu.model.llama import Llama
from tampu.model.pack import pack
from tampu.model.packed import open_packed
from tampu.model.rotation import Rotation, rotation_for, signs
from tampu.model.weights import SafetensorsCheckpoint
from tests.checkpoints import Weights, random_weights, silent, tiny_config, write_checkpoint
from tests.model.oracle import prompt, tampu_logits
from tests.model.test_packed import rewrite_index

SHAPES: dict[str, dict[str, Any]] = {
    "powers of two": {},
    "tied": {"tie_word_embeddings": True},
    "odd blocks": {"hidden_size": 72, "intermediate_size": 100, "head_dim": 10},
    "blocks narrower than the sizes": {"hidden_size": 96, "intermediate_size": 1536, "head_dim": 12},
}


def logits(directory: Path, weights: Weights, kind: Kind, rotated: bool, **shape: Any) -> F32:
    checkpoint = SafetensorsCheckpoint(write_checkpoint(directory / "model", tiny_config(**shape), weights))
    pack(checkpoint, kind, directory / "packed", silent, rotated=rotated)
    return tampu_logits(Llama(open_packed(directory / "packed"), load_kernels()), prompt(60))


def rms_error(actual: F32, expected: F32) -> float:
    return float(np.sqrt(np.mean((actual - expected) ** 2)) / expected.std())


def with_outliers(weights: Weights) -> Weights:
    """Two channels of the residual stream, and one of every MLP, are 40 times as large as the others."""
    weights["model.embed_tokens.weight"][:, [5, 41]] *= 40
    for name, values in weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            values[[5, 41]] *= 40
        if name.endswith("up_proj.weight"):
            values[7] *= 40
    return weights


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_rotated_model_in_float32_is_the_model(tmp_path: Path, shape: dict[str, Any]) -> None:
    weights = random_weights(tiny_config(**shape))
    expected = logits(tmp_path, weights, "f32", rotated=False, **shape)
    actual = logits(tmp_path, weights, "f32", rotated=True, **shape)
    assert np.abs(actual - expected).max() / expected.std() < 2e-5
    assert actual.tobytes() != expected.tobytes()


def test_int8_with_outlier_channels_loses_a_fraction_of_what_it_would_without_rotation(tmp_path: Path) -> None:
    weights = with_outliers(random_weights(tiny_config()))
    expected = logits(tmp_path, weights, "f32", rotated=False)
    plain = rms_error(logits(tmp_path, weights, "int8", rotated=False), expected)
    assert rms_error(logits(tmp_path, weights, "int8", rotated=True), expected) < plain / 3


def test_integer_kinds_are_rotated_and_float_kinds_are_not() -> None:
    assert rotation_for("int8", tiny_config()) == Rotation(residual=64, head=16, inner=128)
    assert rotation_for("bf16", tiny_config()) is None
    assert rotation_for("f32", tiny_config()) is None


def test_blocks_are_as_wide_as_the_sizes_allow() -> None:
    eight_b = tiny_config(hidden_size=4096, head_dim=128, intermediate_size=14336)
    assert Rotation.of(eight_b) == Rotation(residual=4096, head=128, inner=512)
    assert Rotation.of(tiny_config(hidden_size=3072, head_dim=96, intermediate_size=100)) == Rotation(1024, 32, 4)


def test_signs_never_change() -> None:
    assert signs(16).tolist() == [1, 1, 1, -1, 1, -1, -1, -1, 1, -1, 1, -1, 1, -1, 1, -1]
    assert np.array_equal(signs(5), signs(4096)[:5])


def test_a_folded_lora_pair_gives_the_rotated_change_of_its_linear() -> None:
    rng = np.random.default_rng(3)
    rotation, gain = Rotation(residual=64, head=16, inner=128), rng.standard_normal(64, np.float32)
    a, b, x = (rng.standard_normal(shape, np.float32) for shape in ((4, 64), (32, 4), (64,)))
    rotated_x = rotation.fold_inputs("v_proj", x[None])[0]  # as an embedding's row would be: no gain
    change = rotation.fold_outputs("v_proj", b) @ (rotation.fold_inputs("v_proj", a, gain) @ rotated_x)
    np.testing.assert_allclose(change, rotation.fold_outputs("v_proj", b @ (a @ (gain * x))), rtol=1e-4, atol=1e-4)


def test_a_rotation_that_is_not_of_the_shape_is_damage(tmp_path: Path) -> None:
    logits(tmp_path, random_weights(tiny_config()), "int8", rotated=True)
    rewrite_index(tmp_path / "packed", lambda index: index["rotation"].update(inner=100))
    with pytest.raises(DamagedFile, match="not rotated by"):
        open_packed(tmp_path / "packed")
