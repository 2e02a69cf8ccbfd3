"""Configurations: what is read, what is refused by name, and the rotary frequencies."""

from typing import Any

import numpy as np
import pytest

from tampu.errors import UnsupportedModel
from tampu.model.config import GenerationDefaults, Llama3Scaling, ModelConfig, inverse_frequencies

LLAMA_31_8B: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128008, 128009],
    "hidden_act": "silu",
    "hidden_size": 4096,
    "initializer_range": 0.02,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
SCALING = Llama3Scaling(8.0, 1.0, 4.0, 8192)


def test_metas_own_config_is_read_whole() -> None:
    assert ModelConfig.from_json(LLAMA_31_8B) == ModelConfig(
        hidden_size=4096,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        intermediate_size=14336,
        vocab_size=128256,
        max_position_embeddings=131072,
        rms_norm_eps=1e-5,
        rope_theta=500000.0,
        rope_scaling=SCALING,
        tie_word_embeddings=False,
        bos_token_id=128000,
        eos_token_ids=(128001, 128008, 128009),
    )


def test_rope_parameters_of_newer_transformers_mean_the_same() -> None:
    newer = {key: value for key, value in LLAMA_31_8B.items() if key not in ("rope_scaling", "rope_theta")}
    newer["rope_parameters"] = LLAMA_31_8B["rope_scaling"] | {"rope_theta": 500000.0}
    assert ModelConfig.from_json(newer) == ModelConfig.from_json(LLAMA_31_8B)


def test_llama_3_without_scaling_and_with_one_eos_id() -> None:
    config = ModelConfig.from_json(LLAMA_31_8B | {"rope_scaling": None, "eos_token_id": 128001})
    assert config.rope_scaling is None
    assert config.eos_token_ids == (128001,)


def test_absent_head_counts_follow_from_the_others() -> None:
    config = ModelConfig.from_json(LLAMA_31_8B | {"num_key_value_heads": None, "head_dim": None})
    assert (config.num_key_value_heads, config.head_dim, config.q_size, config.kv_size) == (32, 128, 4096, 4096)


def test_a_config_survives_being_written() -> None:
    config = ModelConfig.from_json(LLAMA_31_8B)
    assert ModelConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("architectures", ["MistralForCausalLM"], "architectures is"),
        ("architectures", None, "architectures is"),
        ("attention_bias", True, "attention_bias is True"),
        ("mlp_bias", True, "mlp_bias is True"),
        ("hidden_act", "gelu", "hidden_act is 'gelu'"),
        ("sliding_window", 4096, "sliding_window is 4096"),
        ("quantization_config", {"bits": 4}, "quantization_config is"),
        ("partial_rotary_factor", 0.5, "partial_rotary_factor is 0.5"),
        ("rope_scaling", {"type": "linear", "factor": 2.0}, "rope_type is 'linear'"),
        ("rope_scaling", {"rope_type": "yarn", "factor": 2.0}, "rope_type is 'yarn'"),
        ("rope_scaling", {"rope_type": "llama3", "factor": 8.0}, "low_freq_factor must be a number, got None"),
        ("rope_scaling", "llama3", "rope_scaling must be an object"),
        ("hidden_size", None, "hidden_size must be an integer, got None"),
        ("hidden_size", "4096", "hidden_size must be an integer, got '4096'"),
        ("hidden_size", 2**40, "hidden_size must be between 2 and 131072, got 1099511627776"),
        ("num_hidden_layers", 0, "num_hidden_layers must be between 1 and 1024, got 0"),
        ("num_attention_heads", -1, "num_attention_heads must be between"),
        ("num_attention_heads", 0, "num_attention_heads must be between"),
        ("num_key_value_heads", 5, "must be a multiple of num_key_value_heads"),
        ("head_dim", 127, "head_dim must be even"),
        ("vocab_size", True, "vocab_size must be an integer, got True"),
        ("vocab_size", 100, "bos_token_id and eos_token_id must be between 0 and 99"),
        ("rms_norm_eps", float("nan"), "rms_norm_eps must be between"),
        ("rope_theta", -1.0, "rope_theta must be between"),
        ("tie_word_embeddings", "yes", "tie_word_embeddings must be true or false"),
        ("eos_token_id", [128001, 2**31], "eos_token_id must be between 0 and 128255"),
    ],
)
def test_what_tampu_cannot_run_is_refused_by_name(key: str, value: Any, message: str) -> None:
    with pytest.raises(UnsupportedModel, match=message.replace("[", r"\[")):
        ModelConfig.from_json(LLAMA_31_8B | {key: value})


def test_a_scaling_whose_ramp_is_upside_down_is_refused() -> None:
    rope = LLAMA_31_8B["rope_scaling"] | {"low_freq_factor": 4.0, "high_freq_factor": 1.0}
    with pytest.raises(UnsupportedModel, match="high_freq_factor"):
        ModelConfig.from_json(LLAMA_31_8B | {"rope_scaling": rope})


# Of transformers' LlamaRotaryEmbedding for Llama-3-8B and Llama-3.1-8B: frequencies 0, 1, 20, 32, 36, 40 and 63.
FREQUENCIES = [1, 0.814617217, 0.0165604409, 0.00141421345, 0.000622772437, 0.000274248188, 2.4551407e-06]
SCALED_FREQUENCIES = [1, 0.814617217, 0.0165604409, 0.000524846022, 7.78465546e-05, 3.42810235e-05, 3.06892588e-07]
CHECKED = [0, 1, 20, 32, 36, 40, 63]


def test_frequencies_of_llama_3_are_the_golden_ones() -> None:
    config = ModelConfig.from_json(LLAMA_31_8B | {"rope_scaling": None})
    frequencies = inverse_frequencies(config)
    assert frequencies.dtype == np.float32
    assert frequencies.shape == (64,)
    np.testing.assert_allclose(frequencies[CHECKED], FREQUENCIES, rtol=1e-7)


def test_frequencies_of_llama_31_are_the_golden_ones() -> None:
    frequencies = inverse_frequencies(ModelConfig.from_json(LLAMA_31_8B))
    np.testing.assert_allclose(frequencies[CHECKED], SCALED_FREQUENCIES, rtol=1e-7)


def test_scaling_keeps_fast_frequencies_and_divides_slow_ones() -> None:
    plain = inverse_frequencies(ModelConfig.from_json(LLAMA_31_8B | {"rope_scaling": None}))
    scaled = inverse_frequencies(ModelConfig.from_json(LLAMA_31_8B))
    wavelengths = 2 * np.pi / plain
    assert (scaled == plain)[wavelengths < 8192 / 4].all()
    assert (scaled == plain / np.float32(8))[wavelengths > 8192].all()
    ramp = (wavelengths > 8192 / 4) & (wavelengths < 8192)
    assert ramp.sum() == 6
    assert ((scaled < plain) & (scaled > plain / 8))[ramp].all()


def test_generation_defaults_are_read() -> None:
    values = {"eos_token_id": [128001, 128008, 128009], "do_sample": True, "temperature": 0.6, "top_p": 0.9}
    config = ModelConfig.from_json(LLAMA_31_8B)
    assert GenerationDefaults.from_json(values, config) == GenerationDefaults((128001, 128008, 128009), 0.6, 0.9)


def test_makers_who_do_not_sample_recommend_temperature_zero() -> None:
    assert (
        GenerationDefaults.from_json(
            {"do_sample": False, "temperature": 0.6}, ModelConfig.from_json(LLAMA_31_8B)
        ).temperature
        == 0.0
    )


def test_without_generation_config_the_eos_ids_are_those_of_the_model() -> None:
    config = ModelConfig.from_json(LLAMA_31_8B | {"eos_token_id": 128001})
    assert GenerationDefaults.from_json({}, config) == GenerationDefaults((128001,), None, None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"eos_token_id": 128256}, "eos_token_id must be between 0 and 128255, got 128256"),
        ({"eos_token_id": ["<|eot_id|>"]}, "eos_token_id must be an integer"),
        ({"temperature": -1.0}, "temperature must be between 0.0 and 5.0"),
        ({"top_p": 1.5}, "top_p must be between 0.0 and 1.0"),
        ({"top_p": "high"}, "top_p must be a number"),
    ],
)
def test_bad_generation_defaults_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModel, match=message):
        GenerationDefaults.from_json(values, ModelConfig.from_json(LLAMA_31_8B))
