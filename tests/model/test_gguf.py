"""GGUF files hold the same model as the Hugging Face directory they were made from, and lie about nothing."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from tampu.errors import DamagedFile, ModelError, TensorMismatch, UnsupportedModel
from tampu.model.config import Llama3Scaling, inverse_frequencies
from tampu.model.gguf import GGUFCheckpoint
from tests.checkpoints import random_weights, special_tokens, tiny_config, write_checkpoint
from tests.gguf_files import gguf_weights, k_quant, llama3_factors, write_gguf
from tests.model.oracle import load, prompt, tampu_logits, transformers_logits_of_gguf

KINDS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"]
K_KINDS = ["Q4_K", "Q5_K", "Q6_K"]
FLOAT_BOUND = 2e-5  # as in test_llama


def k_config(**changes: Any) -> Any:
    """K-quants come in rows of 256."""
    return tiny_config(**({"hidden_size": 256, "head_dim": 64, "intermediate_size": 256} | changes))


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_is_the_one_that_went_in(tmp_path: Path, kind: str) -> None:
    weights = random_weights(tiny_config())
    checkpoint = GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights, kind))
    for name, values in gguf_weights(weights, kind).items():
        assert np.array_equal(checkpoint.read(name), values), name


@pytest.mark.parametrize("kind", K_KINDS)
def test_k_quants_have_the_values_of_their_definition(tmp_path: Path, kind: str) -> None:
    config = k_config()
    weights: dict[str, Any] = dict(random_weights(config))
    name = "model.layers.1.self_attn.k_proj.weight"
    blocks, values = k_quant(kind, weights[name].shape)
    weights[name] = (blocks, kind)
    checkpoint = GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", config, weights))
    np.testing.assert_allclose(checkpoint.read(name), values, rtol=1e-6, atol=1e-8)


def test_rows_of_a_permuted_tensor_are_read_alone(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    checkpoint = GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights))
    name = "model.layers.0.self_attn.q_proj.weight"
    assert np.array_equal(checkpoint.read(name, 5, 19), weights[name][5:19])


@pytest.mark.parametrize("kind", KINDS)
def test_packed_from_gguf_is_packed_from_hugging_face_to_the_bit(tmp_path: Path, kind: str) -> None:
    weights = random_weights(tiny_config())
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights, kind)
    directory = write_checkpoint(tmp_path / "tiny", tiny_config(), gguf_weights(weights, kind))
    assert load(file, "int8").fingerprint == load(directory, "int8").fingerprint


@pytest.mark.parametrize("kind", ["F32", "Q8_0", "Q4_1"])
def test_logits_are_those_of_transformers_reading_the_same_file(tmp_path: Path, kind: str) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()), kind)
    expected = transformers_logits_of_gguf(file, tiny_config(), prompt(50))
    error = np.abs(tampu_logits(load(file, "f32"), prompt(50)) - expected).max() / expected.std()
    assert error < FLOAT_BOUND


@pytest.mark.parametrize("kind", K_KINDS)
def test_logits_of_k_quants_are_those_of_transformers(tmp_path: Path, kind: str) -> None:
    config = k_config(num_hidden_layers=1)
    weights: dict[str, Any] = dict(random_weights(config))
    for seed, name in enumerate(name for name in weights if "layers.0" in name and weights[name].ndim == 2):
        blocks, _ = k_quant(kind, weights[name].shape, seed)
        weights[name] = (blocks, kind)
    file = write_gguf(tmp_path / "tiny.gguf", config, weights)
    expected = transformers_logits_of_gguf(file, config, prompt(50))
    error = np.abs(tampu_logits(load(file, "f32"), prompt(50)) - expected).max() / expected.std()
    assert error < FLOAT_BOUND


def test_the_config_is_the_same(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()))
    checkpoint = GGUFCheckpoint(file)
    assert checkpoint.config.rms_norm_eps == pytest.approx(1e-5)
    assert checkpoint.config == tiny_config()
    assert checkpoint.generation.eos_token_ids == (257, 264, 265)


def test_an_absent_output_tensor_means_tied_embeddings(tmp_path: Path) -> None:
    config = tiny_config(tie_word_embeddings=True)
    file = write_gguf(tmp_path / "tiny.gguf", config, random_weights(config))
    assert GGUFCheckpoint(file).config.tie_word_embeddings


def test_rope_factors_stand_for_llama3_scaling(tmp_path: Path) -> None:
    scaling = Llama3Scaling(8.0, 1.0, 4.0, 8192)
    config = tiny_config(head_dim=64, max_position_embeddings=131072)
    scaled = inverse_frequencies(tiny_config(head_dim=64, max_position_embeddings=131072, rope_scaling=scaling))
    factors = llama3_factors(inverse_frequencies(config), scaled)
    assert factors.max() == 8
    weights = random_weights(config) | {"rope_freqs": factors}
    checkpoint = GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", config, weights))
    np.testing.assert_allclose(checkpoint.inverse_frequencies(), scaled, rtol=2e-7)


def test_rope_factors_of_the_wrong_length_are_refused(tmp_path: Path) -> None:
    weights = random_weights(tiny_config()) | {"rope_freqs": np.ones(3, np.float32)}
    with pytest.raises(UnsupportedModel, match=r"rope_freqs\.weight must have one factor per rotary frequency"):
        GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights))


def test_the_vocabulary_is_handed_on(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()))
    form = json.loads(GGUFCheckpoint(file).tokenizer_json or b"")
    assert form["tokens"][256:] == [*special_tokens()[:-1], "Ġt"]
    assert form["tokens"][32] == "Ġ"
    assert {key: value for key, value in form.items() if key not in ("tokens", "token_type")} == {
        "format": "gguf",
        "model": "gpt2",
        "pre": "llama-bpe",
        "merges": ["Ġ t"],
        "bos": 256,
        "eos": 257,
        "eot": 265,
    }
    assert form["token_type"] == [1] * 256 + [3] * 255 + [1]


def test_a_file_without_vocabulary_is_loaded_for_ids(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()), vocabulary=False)
    assert GGUFCheckpoint(file).tokenizer_json is None


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"general.architecture": "qwen2"}, "general.architecture is 'qwen2'"),
        ({"llama.block_count": None}, "metadata key llama.block_count is missing"),
        ({"llama.block_count": "two"}, "metadata key llama.block_count must be int, got 'two'"),
        ({"llama.expert_count": 8}, "llama.expert_count is set"),
        ({"llama.rope.scaling.type": "yarn"}, "llama.rope.scaling.type is 'yarn'"),
        ({"llama.rope.dimension_count": 8}, "llama.rope.dimension_count must equal the head size 16"),
        ({"llama.attention.value_length": 8}, "llama.attention.value_length must equal the head size 16"),
        ({"llama.attention.head_count": 0}, "num_attention_heads must be between"),
        ({"split.count": 3}, "is one of several parts"),
        ({"tokenizer.ggml.eos_token_id": 99999}, "eos_token_id must be between 0 and 511"),
    ],
)
def test_what_tampu_cannot_run_is_refused_by_name(tmp_path: Path, metadata: dict[str, Any], message: str) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()), metadata=metadata)
    with pytest.raises(UnsupportedModel, match=message):
        GGUFCheckpoint(file)


def test_an_unsupported_tensor_type_is_named(tmp_path: Path) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    weights: dict[str, Any] = dict(random_weights(tiny_config()))
    weights[name] = (gguf.quants.quantize(weights[name], gguf.GGMLQuantizationType.Q5_0), "Q5_0")
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights)
    with pytest.raises(UnsupportedModel, match=rf"tensor {name} has type Q5_0; tampu reads F32, F16"):
        GGUFCheckpoint(file)


def test_missing_and_extra_tensors_are_named(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    missing = {name: values for name, values in weights.items() if name != "model.norm.weight"}
    with pytest.raises(TensorMismatch, match=r"tensor model\.norm\.weight is missing"):
        GGUFCheckpoint(write_gguf(tmp_path / "missing.gguf", tiny_config(), missing))
    extra = weights | {"attn_q_norm": np.ones(64, np.float32)}
    with pytest.raises(TensorMismatch, match=r"tensor attn_q_norm\.weight does not belong"):
        GGUFCheckpoint(write_gguf(tmp_path / "extra.gguf", tiny_config(), extra))


def test_a_misshapen_tensor_is_named(tmp_path: Path) -> None:
    weights = random_weights(tiny_config()) | {"model.norm.weight": np.ones(65, np.float32)}
    with pytest.raises(TensorMismatch, match=r"tensor model\.norm\.weight has shape \[65\], expected \[64\]"):
        GGUFCheckpoint(write_gguf(tmp_path / "tiny.gguf", tiny_config(), weights))


@pytest.mark.parametrize("fraction", [0.0001, 0.01, 0.03, 0.5, 0.999])
def test_a_truncated_file_is_named(tmp_path: Path, fraction: float) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()))
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * fraction)])
    with pytest.raises(DamagedFile, match=r"tiny\.gguf is damaged, truncated or not a GGUF file"):
        GGUFCheckpoint(file)


def test_hostile_counts_and_offsets_end_in_an_error_or_in_the_same_shapes(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()))
    content = bytearray(file.read_bytes())
    header_end = content.index(b"blk.1.ffn_down.weight")
    refused = 0
    for offset in range(0, header_end, max(1, header_end // 150)):
        broken = content.copy()
        broken[offset : offset + 8] = b"\xff" * 8
        file.write_bytes(broken)
        refused += not is_loaded(file)
    assert refused > 75  # a change inside a string is no damage that anyone could see


def is_loaded(file: Path) -> bool:
    """Whether the file passes every check; any error other than a ModelError fails the test."""
    try:
        GGUFCheckpoint(file)
    except ModelError:
        return False
    return True
