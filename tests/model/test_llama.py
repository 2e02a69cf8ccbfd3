"""The proof of the model layer: our logits are those of transformers' LlamaForCausalLM on the same checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import BadSetting
from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, AttentionRows
from tampu.model.config import Llama3Scaling, ModelConfig
from tampu.model.llama import ForwardInput
from tests.checkpoints import random_checkpoint, random_weights, tiny_config, write_checkpoint
from tests.model.oracle import load, prompt, save_with_transformers, tampu_logits, transformers_logits

# Largest error over the spread (standard deviation) of the logits. Float32 rounding alone is about 3e-6 here;
# bf16 rounds every activation to 8 bits, int8 every activation and weight to 7 bits and a sign. Rows as short as these
# are int8's hardest case; the root mean square of its error is a sixth of the largest.
FLOAT_BOUND = 2e-5
BF16_BOUND = 0.06
INT8_BOUND = 0.4
INT8_RMS_BOUND = 0.03
INT4_RMS_BOUND = 0.2  # of weights rounded to 16 steps

LLAMA_31_SCALING = Llama3Scaling(8.0, 1.0, 4.0, 8192)
LLAMA_32_SCALING = Llama3Scaling(32.0, 1.0, 4.0, 8192)
SHAPES: dict[str, dict[str, Any]] = {
    "llama 3": {},
    "llama 3.1": {"rope_scaling": LLAMA_31_SCALING, "max_position_embeddings": 131072},
    "llama 3.2": {
        "rope_scaling": LLAMA_32_SCALING,
        "max_position_embeddings": 131072,
        "tie_word_embeddings": True,
    },
    "as many key-value heads as query heads": {"num_key_value_heads": 4},
    "one key-value head": {"num_key_value_heads": 1},
    "heads wider than the hidden size": {"head_dim": 48, "num_attention_heads": 4, "num_key_value_heads": 2},
    "sizes that fill no tile": {"hidden_size": 72, "intermediate_size": 100, "vocab_size": 301, "head_dim": 10}
    | {"bos_token_id": 0, "eos_token_ids": (1,)},
}


def error(logits: F32, expected: F32) -> float:
    """Largest difference in units of the spread of the expected logits."""
    return float(np.abs(logits - expected).max() / expected.std())


def rms_error(logits: F32, expected: F32) -> float:
    """Root mean square of the difference, in the same units."""
    return float(np.sqrt(np.mean((logits - expected) ** 2)) / expected.std())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_float_logits_are_those_of_transformers(tmp_path: Path, shape: dict[str, Any]) -> None:
    config = tiny_config(**shape)
    checkpoint = random_checkpoint(tmp_path / "model", config)
    token_ids = prompt(100, config.vocab_size)  # four blocks
    assert (
        error(tampu_logits(load(checkpoint, "f32"), token_ids), transformers_logits(checkpoint, token_ids))
        < FLOAT_BOUND
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_int8_logits_stay_within_the_stated_bound(tmp_path: Path, shape: dict[str, Any]) -> None:
    config = tiny_config(**shape)
    checkpoint = random_checkpoint(tmp_path / "model", config)
    token_ids = prompt(100, config.vocab_size)
    logits = tampu_logits(load(checkpoint, "int8"), token_ids)
    expected = transformers_logits(checkpoint, token_ids)
    assert error(logits, expected) < INT8_BOUND
    assert rms_error(logits, expected) < INT8_RMS_BOUND
    assert np.mean(logits.argmax(axis=1) == expected.argmax(axis=1)) >= 0.9


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_int4_logits_stay_within_the_stated_bound(tmp_path: Path, shape: dict[str, Any]) -> None:
    config = tiny_config(**shape)
    checkpoint = random_checkpoint(tmp_path / "model", config)
    token_ids = prompt(100, config.vocab_size)
    logits = tampu_logits(load(checkpoint, "int4"), token_ids)
    assert rms_error(logits, transformers_logits(checkpoint, token_ids)) < INT4_RMS_BOUND


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_bf16_logits_are_those_of_transformers_on_rounded_weights(tmp_path: Path, shape: dict[str, Any]) -> None:
    config = tiny_config(**shape)
    checkpoint = random_checkpoint(tmp_path / "model", config, dtype="bfloat16")
    token_ids = prompt(100, config.vocab_size)
    logits = tampu_logits(load(checkpoint, "bf16"), token_ids)
    assert error(logits, transformers_logits(checkpoint, token_ids)) < BF16_BOUND


def random_config(seed: int) -> ModelConfig:
    """Any Llama of up to three layers, its sizes aligned to nothing."""
    generator = np.random.default_rng(seed)
    groups, heads_per_group = generator.integers(1, 5, 2)
    heads = int(groups * heads_per_group)
    scaling = Llama3Scaling(float(generator.uniform(2, 40)), 1.0, 4.0, int(generator.integers(16, 8192)))
    return tiny_config(
        num_hidden_layers=int(generator.integers(1, 4)),
        num_attention_heads=heads,
        num_key_value_heads=int(groups),
        head_dim=2 * int(generator.integers(1, 33)),
        hidden_size=heads * int(generator.integers(4, 20)),
        intermediate_size=int(generator.integers(16, 200)),
        vocab_size=int(generator.integers(50, 700)),
        max_position_embeddings=131072,
        rope_theta=float(generator.choice([1e4, 5e5])),
        rope_scaling=scaling if seed % 2 else None,
        rms_norm_eps=float(generator.choice([1e-5, 1e-6])),
        tie_word_embeddings=bool(seed % 3 == 0),
        bos_token_id=0,
        eos_token_ids=(1,),
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_shapes_stay_within_the_bounds_of_their_kind(tmp_path: Path, seed: int) -> None:
    config = random_config(seed)
    checkpoint = random_checkpoint(tmp_path / "model", config, seed, dtype="bfloat16")
    token_ids = prompt(50 + 7 * seed, config.vocab_size)
    expected = transformers_logits(checkpoint, token_ids)
    for quant, bound in (("f32", FLOAT_BOUND), ("bf16", BF16_BOUND), ("int8", INT8_BOUND)):
        assert error(tampu_logits(load(checkpoint, quant), token_ids, chunk=17), expected) < bound, quant


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_checkpoints_give_the_logits_of_their_rounded_weights(tmp_path: Path, dtype: Any) -> None:
    checkpoint = random_checkpoint(tmp_path / "model", dtype=dtype)
    token_ids = prompt(40)
    assert (
        error(tampu_logits(load(checkpoint, "f32"), token_ids), transformers_logits(checkpoint, token_ids))
        < FLOAT_BOUND
    )


def test_a_directory_saved_by_transformers_is_loaded(tmp_path: Path) -> None:
    config = tiny_config(rope_scaling=LLAMA_31_SCALING, max_position_embeddings=131072, num_hidden_layers=3)
    checkpoint = save_with_transformers(tmp_path / "model", config)
    expected = transformers_logits(checkpoint, prompt(40))
    assert error(tampu_logits(load(checkpoint, "f32"), prompt(40)), expected) < FLOAT_BOUND


def test_a_bf16_cache_moves_the_logits_by_its_rounding_only(tmp_path: Path) -> None:
    model = load(random_checkpoint(tmp_path / "model"), "f32")
    exact = tampu_logits(model, prompt(100))
    rounded = tampu_logits(model, prompt(100), kv_dtype="bf16")
    assert 0 < error(rounded, exact) < 0.02


def test_llama_31_scaling_holds_past_8192_positions(tmp_path: Path) -> None:
    config = tiny_config(
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=131072,
        rope_scaling=LLAMA_31_SCALING,
    )
    weights = random_weights(config)
    checkpoint = write_checkpoint(tmp_path / "model", config, weights)
    token_ids = prompt(9000)
    expected = transformers_logits(checkpoint, token_ids, keep=16)
    assert error(tampu_logits(load(checkpoint, "f32"), token_ids, keep=16), expected) < FLOAT_BOUND

    unscaled = write_checkpoint(
        tmp_path / "unscaled", tiny_config(num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1), weights
    )
    assert error(tampu_logits(load(unscaled, "f32"), token_ids, keep=16), expected) > 10 * FLOAT_BOUND


@pytest.mark.parametrize("quant", ["f32", "bf16", "int8", "int4"])
def test_chunks_do_not_change_a_bit(tmp_path: Path, quant: str) -> None:
    model = load(random_checkpoint(tmp_path / "model"), quant)
    whole = tampu_logits(model, prompt(70))
    for chunk in (1, 7, 64):
        assert tampu_logits(model, prompt(70), chunk).tobytes() == whole.tobytes()


@pytest.mark.parametrize("quant", ["int8", "int4"])
def test_native_kernels_give_the_bits_of_the_numpy_twin(tmp_path: Path, quant: str) -> None:
    checkpoint = random_checkpoint(tmp_path / "model")
    native = tampu_logits(load(checkpoint, quant), prompt(40))
    twin = tampu_logits(load(checkpoint, quant, load_kernels("reference")), prompt(40))
    assert native.tobytes() == twin.tobytes()


def test_two_sequences_in_one_step_do_not_see_each_other(tmp_path: Path) -> None:
    model = load(random_checkpoint(tmp_path / "model"), "int8")
    first, second = prompt(5, seed=1), prompt(3, seed=2)
    cache = model.new_cache(2, 32, "bf16")
    positions = np.array([0, 1, 2, 3, 4, 0, 1, 2], np.int32)
    row_of_token = np.array([0, 0, 0, 0, 0, 1, 1, 1], np.int32)
    rows = AttentionRows(np.array([[1], [0]], np.int32), row_of_token, positions)
    slots = (1 - row_of_token) * 32 + positions
    wanted = np.array([4, 7], np.int32)
    logits = model.forward(ForwardInput(np.concatenate([first, second]), slots, rows, wanted), cache)
    for row, alone in enumerate((first, second)):
        assert logits[row].tobytes() == tampu_logits(model, alone, keep=1, kv_dtype="bf16")[0].tobytes()


def test_a_step_that_wants_no_logits_gives_none(tmp_path: Path) -> None:
    model = load(random_checkpoint(tmp_path / "model"), "int8")
    rows = AttentionRows(np.array([[0]], np.int32), np.zeros(3, np.int32), np.arange(3, dtype=np.int32))
    inputs = ForwardInput(prompt(3), np.arange(3, dtype=np.int32), rows, np.empty(0, np.int32))
    assert model.forward(inputs, model.new_cache(1, 32, "f32")).shape == (0, 512)


def test_the_fingerprint_tells_weights_kinds_and_caches_apart(tmp_path: Path) -> None:
    first = random_checkpoint(tmp_path / "first", seed=1)
    again = random_checkpoint(tmp_path / "again" / "first", seed=1)
    other = random_checkpoint(tmp_path / "other", seed=2)
    assert load(first, "int8").fingerprint == load(again, "int8").fingerprint
    different = [load(first, "int8"), load(first, "bf16"), load(first, "f32"), load(other, "int8")]
    assert len({model.fingerprint for model in different}) == 4
    assert len({model.fingerprint_with(kv_dtype) for model in different for kv_dtype in ("int8", "bf16", "f32")}) == 12


def test_an_unknown_cache_type_is_refused_by_name(tmp_path: Path) -> None:
    model = load(random_checkpoint(tmp_path / "model"), "int8")
    with pytest.raises(BadSetting, match="kv_dtype must be one of int8, bf16, f32, got 'int4'"):
        model.new_cache(1, 32, "int4")


def test_blocks_that_are_not_whole_chunks_are_refused(tmp_path: Path) -> None:
    model = load(random_checkpoint(tmp_path / "model"), "int8")
    with pytest.raises(BadSetting, match="block_size must be a multiple of 32, got 48"):
        model.new_cache(1, 48, "bf16")


def test_one_flipped_weight_is_seen_in_the_logits(tmp_path: Path) -> None:
    config = tiny_config()
    weights = random_weights(config)
    checkpoint = write_checkpoint(tmp_path / "model", config, weights)
    weights["model.layers.1.mlp.up_proj.weight"][5, 7] += 1
    changed = write_checkpoint(tmp_path / "changed", config, weights)
    logits = tampu_logits(load(checkpoint, "f32"), prompt(8))
    assert error(tampu_logits(load(changed, "f32"), prompt(8)), logits) > 10 * FLOAT_BOUND
