"""What is taken for an adapter, and in which words everything else is refused."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import InvalidAdapter
from tampu.model.adapter_config import NO_EFFECT
from tampu.model.adapter_file import MAX_HEADER, AdapterFile, check_finite, open_adapter
from tests.adapters import PREFIX, adapter_config, adapter_weights, write_adapter
from tests.checkpoints import Dtype, tiny_config, write_safetensors
from tests.model.peft_fields import DEFAULTS, NEW_FIELDS

MODULE = f"{PREFIX}model.layers.0.self_attn.q_proj"


def open_with(tmp_path: Path, **changes: Any) -> AdapterFile:
    return open_adapter(write_adapter(tmp_path / "adapter", **changes), tiny_config())


def refusal(directory: Path) -> str:
    with pytest.raises(InvalidAdapter) as caught:
        check_finite(open_adapter(directory, tiny_config()))
    return caught.value.message


def refused_field(directory: Path) -> str | None:
    """The field that an adapter is refused for; None when it is taken."""
    try:
        open_adapter(directory, tiny_config())
    except InvalidAdapter as error:
        return error.param
    return None


def rewrite(directory: Path, change: Callable[[dict[str, Any]], None], tail: bytes = b"") -> Path:
    """The adapter with its header changed, and bytes after its last tensor."""
    path = directory / "adapter_model.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :] + tail)
    return directory


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 0.0), ("float16", 2e-3), ("bfloat16", 8e-3)], ids=lambda value: str(value)
)
def test_three_types_of_numbers_are_read(tmp_path: Path, dtype: Dtype, tolerance: float) -> None:
    weights = adapter_weights()
    adapter = open_adapter(write_adapter(tmp_path, weights, dtype), tiny_config())
    check_finite(adapter)
    expected = weights[f"{MODULE}.lora_A.weight"]
    assert np.allclose(adapter.read("layers.0.self_attn.q_proj", "A"), expected, rtol=tolerance, atol=tolerance / 50)
    assert adapter.rank() == 4
    assert len(adapter.modules) == 14


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        ({"lora_alpha": 16}, 4.0),
        ({"lora_alpha": 16, "use_rslora": True}, 8.0),
        ({"lora_alpha": 16, "alpha_pattern": {"self_attn.q_proj": 2}}, 0.5),
        ({"lora_alpha": 16, "alpha_pattern": {"k_proj": 2}}, 4.0),
    ],
)
def test_the_scale_follows_alpha_and_rank(tmp_path: Path, changes: dict[str, Any], scale: float) -> None:
    assert open_with(tmp_path, **changes).config.scale_of("layers.0.self_attn.q_proj") == scale


@pytest.mark.parametrize(
    "changes",
    [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"bias": "all"},
        {"lora_bias": True},
        {"fan_in_fan_out": True},
        {"layer_replication": [[0, 2]]},
        {"trainable_token_indices": [1]},
        {"target_parameters": ["experts"]},
        {"use_qalora": True, "qalora_group_size": 16},
        {"alora_invocation_tokens": [1]},
        {"arrow_config": {"top_k": 3}},
        {"megatron_config": {"hidden_size": 64}},
        {"use_bdlora": {"nblocks": 2}},
        {"velora_config": {"num_groups": 64}},
        {"monteclora_config": {"num_samples": 8}},
        {"kasa_config": {"beta": 0.1}},
        {"auto_map": {"AutoModel": "code.Model"}},
        {"init_lora_weights": "pissa"},
        {"peft_type": "LOHA"},
        {"r": 65},
        {"r": "4"},
        {"lora_alpha": -1},
        {"lora_alpha": float("nan")},
        {"use_rslora": "yes"},
        {"rank_pattern": {"^model.*q_proj$": 4}},
        {"alpha_pattern": 3},
        {"an_invention_of_next_year": True},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_field_that_is_not_supported_is_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    directory = write_adapter(tmp_path / "adapter", **changes)
    with pytest.raises(InvalidAdapter) as caught:
        open_adapter(directory, tiny_config())
    assert caught.value.param == next(iter(changes))


def test_fields_that_ask_for_nothing_are_fine(tmp_path: Path) -> None:
    assert open_with(tmp_path, an_invention_of_next_year=None, loftq_config={}, target_modules="all-linear").rank() == 4


@pytest.mark.parametrize("version", NEW_FIELDS)
def test_the_fields_of_every_version_of_peft_are_taken_at_their_defaults(tmp_path: Path, version: str) -> None:
    plain = open_with(tmp_path / "plain", peft_version="0.16.0")
    with_fields = {"peft_type": "LORA", "r": 4, "lora_alpha": 8}  # those that every adapter sets
    adapter = open_with(tmp_path / "new", **NEW_FIELDS[version] | with_fields)
    assert adapter.fingerprint == plain.fingerprint


def test_every_field_of_peft_has_its_effect_has_none_or_is_refused_by_name(tmp_path: Path) -> None:
    """A value that PEFT never gives: what reads a field finds it wrong, what refuses it finds it set."""
    write_adapter(tmp_path)
    named: set[str | None] = set()
    for field in DEFAULTS:
        (tmp_path / "adapter_config.json").write_text(json.dumps(adapter_config() | {field: {"*": "strange"}}))
        error = refused_field(tmp_path)
        assert error in (None, field)
        named.add(error)
    assert named - {None} == DEFAULTS.keys() - NO_EFFECT


@pytest.mark.parametrize(
    "changes",
    [
        {"unsloth_fixed": True},
        {"auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers"}},
        {"init_lora_weights": "eva", "eva_config": {"rho": 2.0}},
        {"qalora_group_size": 32},
        {"ensure_weight_tying": True},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_matters_to_training_only_has_no_effect(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert open_with(tmp_path / "1", **changes).fingerprint == open_with(tmp_path / "2").fingerprint


def test_names_with_the_adapter_s_own_are_read_like_those_without(tmp_path: Path) -> None:
    weights = adapter_weights()
    named = {name.replace(".weight", ".default.weight"): values for name, values in weights.items()}
    adapter = open_adapter(write_adapter(tmp_path / "named", named), tiny_config())
    plain = open_adapter(write_adapter(tmp_path / "plain", weights), tiny_config())
    assert adapter.modules == plain.modules
    assert all(np.array_equal(adapter.read(*key), plain.read(*key)) for key in plain.tensors)
    twice = {**weights, f"{MODULE}.lora_A.default.weight": weights[f"{MODULE}.lora_A.weight"]}
    assert "stand for the same matrix" in refusal(write_adapter(tmp_path / "twice", twice))


def test_the_fingerprint_follows_numbers_and_scale_only(tmp_path: Path) -> None:
    same = [open_with(tmp_path / "1"), open_with(tmp_path / "2", base_model_name_or_path="other", lora_dropout=0)]
    others = [open_with(tmp_path / "3", seed=1), open_with(tmp_path / "4", lora_alpha=9)]
    assert same[0].fingerprint == same[1].fingerprint
    assert len({file.fingerprint for file in same + others}) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"{", "is not JSON"), (b"[]", "must hold a JSON object"), (b" " * 70000, "at most 65536 are read")],
)
def test_a_configuration_that_is_none_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    directory = write_adapter(tmp_path)
    (directory / "adapter_config.json").write_bytes(content)
    assert reason in refusal(directory)


def test_missing_files_are_named(tmp_path: Path) -> None:
    directory = write_adapter(tmp_path)
    (directory / "adapter_model.safetensors").rename(directory / "adapter_model.bin")
    assert "adapter_model.bin is a pickle" in refusal(directory)
    (directory / "adapter_model.bin").unlink()
    assert refusal(directory) == "adapter_model.safetensors is missing."
    (directory / "adapter_config.json").unlink()
    assert "adapter_config.json is missing" in refusal(directory)


def test_weights_that_are_a_pickle_or_an_archive_are_refused(tmp_path: Path) -> None:
    directory = write_adapter(tmp_path)
    for content in (b"\x80\x04\x95" + bytes(1000), b"PK\x03\x04" + bytes(1000), b"", b"1234567"):
        (directory / "adapter_model.safetensors").write_bytes(content)
        assert "no safetensors file, or its header is cut off" in refusal(directory)


def test_a_header_bomb_is_not_read(tmp_path: Path) -> None:
    directory = write_adapter(tmp_path)
    text = b"{" + b" " * MAX_HEADER + b"}"
    (directory / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    assert "above 1 MiB" in refusal(directory)
    deep = b"[" * 200_000
    (directory / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(deep)) + deep)
    assert "the header is not JSON" in refusal(directory)


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = write_adapter(tmp_path) / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-cut])
    assert "it is cut off, or something follows" in refusal(tmp_path)


def test_bytes_after_the_last_tensor_are_refused(tmp_path: Path) -> None:
    assert "or something follows" in refusal(rewrite(write_adapter(tmp_path), _unchanged, tail=b"x"))


def _unchanged(header: dict[str, Any]) -> None:
    assert header


def _overlap(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_B.weight"]["data_offsets"] = header[f"{MODULE}.lora_A.weight"]["data_offsets"]


def _wrong_size(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["shape"] = [4, 63]


def _negative(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["shape"] = [-4, -64]


def _huge(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["shape"] = [2**62, 4]


def _wrong_type(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["dtype"] = "I64"


def _no_matrix(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["shape"] = [4, 64, 1]


def _extra_key(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"]["code"] = "import os"


def _no_object(header: dict[str, Any]) -> None:
    header[f"{MODULE}.lora_A.weight"] = 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_overlap, "does not begin where the one before it ends"),
        (_wrong_size, "which are not those of F32 [4, 63]"),
        (_negative, "no matrix with two offsets"),
        (_huge, "no matrix with two offsets"),
        (_wrong_type, "has type I64"),
        (_no_matrix, "no matrix with two offsets"),
        (_extra_key, "is malformed"),
        (_no_object, "is malformed"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str) -> None:
    message = refusal(rewrite(write_adapter(tmp_path), change))
    assert reason in message or "which are not those of" in message


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.lm_head.lora_A.weight",
        "base_model.model.model.embed_tokens.lora_embedding_A",
        f"{PREFIX}model.layers.0.self_attn.q_proj.lora_magnitude_vector",
        f"{PREFIX}model.layers.00.self_attn.q_proj.lora_A.weight",
        f"{PREFIX}model.layers.0.self_attn.q_proj.lora_A.weight\n",
        "../../etc/passwd",
    ],
)
def test_other_tensors_are_refused_by_name(tmp_path: Path, name: str) -> None:
    weights = adapter_weights() | {name: np.zeros((4, 64), np.float32)}
    assert f"tensor {name!r} is not supported" in refusal(write_adapter(tmp_path, weights))


def test_half_of_a_pair_and_layers_of_other_models_are_refused(tmp_path: Path) -> None:
    weights = adapter_weights()
    half = {name: values for name, values in weights.items() if name != f"{MODULE}.lora_B.weight"}
    assert "has lora_A and not the other half" in refusal(write_adapter(tmp_path / "half", half))
    deeper = adapter_weights(tiny_config(num_hidden_layers=3))
    assert "which has 2 layers" in refusal(write_adapter(tmp_path / "deeper", deeper))
    wider = adapter_weights(tiny_config(intermediate_size=256))
    assert "with this model and rank 4 it has" in refusal(write_adapter(tmp_path / "wider", wider))
    assert "and rank 8 it has [8, 128]" in refusal(write_adapter(tmp_path / "rank", weights, rank=8))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_found(tmp_path: Path, value: float) -> None:
    weights = adapter_weights()
    weights[f"{MODULE}.lora_B.weight"][3, 2] = value
    assert refusal(write_adapter(tmp_path, weights)).endswith(f"tensor {MODULE}.lora_B.weight holds NaN or infinity.")


def test_no_damage_is_answered_with_anything_but_a_refusal(tmp_path: Path) -> None:
    """Two thousand files with a few bytes changed: accepted and finite, or refused."""
    path = write_adapter(tmp_path, adapter_weights(targets=("q_proj",))) / "adapter_model.safetensors"
    data, generator = path.read_bytes(), np.random.default_rng(0)
    (length,) = struct.unpack("<Q", data[:8])
    num_refused = 0
    for _ in range(2000):
        damaged = bytearray(data)
        for place in generator.integers(0, 8 + length, generator.integers(1, 5)):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            check_finite(open_adapter(tmp_path, tiny_config()))
        except InvalidAdapter:
            num_refused += 1
    assert num_refused > 1500


def test_a_tensor_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "adapter_model.safetensors", adapter_weights())
    (tmp_path / "adapter_config.json").write_text(json.dumps(adapter_config()))
    path = tmp_path / "adapter_model.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    text = data[8 : 8 + length].rstrip()[:-1] + b',"a":1,"a":2}'
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    assert "a name is there twice" in refusal(tmp_path)
