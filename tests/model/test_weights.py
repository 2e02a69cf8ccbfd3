"""Hugging Face directories: every tensor is read exactly, and whatever is not as it should be is named."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tampu.errors import DamagedFile, TensorMismatch, UnsupportedModel
from tampu.model.load import prepare
from tampu.model.packed import open_packed
from tampu.model.weights import SafetensorsCheckpoint
from tampu.request import PromptDates
from tests.checkpoints import (
    Dtype,
    random_checkpoint,
    random_weights,
    silent,
    store,
    tiny_config,
    tokenizer_json,
    write_checkpoint,
)

UP_PROJ = "model.layers.1.mlp.up_proj.weight"


@pytest.mark.parametrize("num_shards", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_tensor_is_widened_exactly(tmp_path: Path, dtype: Dtype, num_shards: int) -> None:
    weights = random_weights(tiny_config())
    checkpoint = SafetensorsCheckpoint(write_checkpoint(tmp_path, tiny_config(), weights, dtype, num_shards))
    for name, values in weights.items():
        assert checkpoint.read(name).dtype == np.float32
        assert np.array_equal(checkpoint.read(name), rounded(values, dtype))


def rounded(values: Any, dtype: Dtype) -> Any:
    stored = store(values, dtype)
    return (stored.astype(np.uint32) << 16).view(np.float32) if dtype == "bfloat16" else stored.astype(np.float32)


def test_rows_are_read_alone(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    checkpoint = SafetensorsCheckpoint(write_checkpoint(tmp_path, tiny_config(), weights))
    assert np.array_equal(checkpoint.read(UP_PROJ, 10, 13), weights[UP_PROJ][10:13])


def test_config_and_generation_defaults_come_along(tmp_path: Path) -> None:
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path))
    assert checkpoint.config == tiny_config()
    assert checkpoint.generation.eos_token_ids == (257, 264, 265)
    assert (checkpoint.generation.temperature, checkpoint.generation.top_p) == (0.6, 0.9)
    assert checkpoint.inverse_frequencies().shape == (8,)


def test_tokenizer_json_is_kept_byte_for_byte(tmp_path: Path) -> None:
    assert SafetensorsCheckpoint(random_checkpoint(tmp_path)).tokenizer_json == tokenizer_json()


@pytest.mark.parametrize("place", ["tokenizer.model", "original/tokenizer.model"])
def test_metas_tokenizer_model_stands_in_for_a_missing_tokenizer_json(tmp_path: Path, place: str) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_bytes(b"IQ== 0\nIg== 1\n")
    form = json.loads(SafetensorsCheckpoint(tmp_path).tokenizer_json or b"")
    assert form["format"] == "tiktoken"
    assert base64.b64decode(form["ranks"]) == b"IQ== 0\nIg== 1\n"


def test_a_checkpoint_without_tokenizer_is_loaded_for_ids(tmp_path: Path) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    assert SafetensorsCheckpoint(tmp_path).tokenizer_json is None


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    del weights[UP_PROJ]
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(TensorMismatch, match=rf"tensor {UP_PROJ} is missing\."):
        SafetensorsCheckpoint(tmp_path)


def test_an_extra_tensor_is_named(tmp_path: Path) -> None:
    weights = random_weights(tiny_config()) | {"model.layers.2.mlp.up_proj.weight": np.zeros((128, 64), np.float32)}
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(TensorMismatch, match=r"tensor model\.layers\.2\.mlp\.up_proj\.weight does not belong"):
        SafetensorsCheckpoint(tmp_path)


def test_a_misshapen_tensor_is_named_with_both_shapes(tmp_path: Path) -> None:
    weights = random_weights(tiny_config())
    weights[UP_PROJ] = np.ascontiguousarray(weights[UP_PROJ].T)
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(TensorMismatch, match=rf"tensor {UP_PROJ} has shape \[64, 128\], expected \[128, 64\]"):
        SafetensorsCheckpoint(tmp_path)


def test_a_tied_lm_head_may_be_present_when_it_is_the_embedding(tmp_path: Path) -> None:
    config = tiny_config(tie_word_embeddings=True)
    weights = random_weights(config)
    write_checkpoint(tmp_path, config, weights | {"lm_head.weight": weights["model.embed_tokens.weight"]}, "bfloat16")
    assert SafetensorsCheckpoint(tmp_path).config.tie_word_embeddings


def test_a_tied_lm_head_that_differs_is_refused(tmp_path: Path) -> None:
    config = tiny_config(tie_word_embeddings=True)
    weights = random_weights(config)
    write_checkpoint(tmp_path, config, weights | {"lm_head.weight": weights["model.embed_tokens.weight"] * 2})
    with pytest.raises(TensorMismatch, match=r"lm_head\.weight differs from model\.embed_tokens\.weight"):
        SafetensorsCheckpoint(tmp_path)


def test_an_unknown_number_type_is_named(tmp_path: Path) -> None:
    weights: dict[str, Any] = dict(random_weights(tiny_config()))
    weights[UP_PROJ] = weights[UP_PROJ].astype(np.float64)
    write_checkpoint(tmp_path, tiny_config(), {})
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(UnsupportedModel, match=rf"tensor {UP_PROJ} has type F64; tampu reads F32, F16, BF16"):
        SafetensorsCheckpoint(tmp_path)


@pytest.mark.parametrize("length", [0, 5, 100, 5000, 300_000])
def test_a_truncated_file_is_named(tmp_path: Path, length: int) -> None:
    path = random_checkpoint(tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedFile, match=r"model\.safetensors is damaged or truncated"):
        SafetensorsCheckpoint(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth", "model.pt"])
def test_a_pickle_is_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / name)
    with pytest.raises(UnsupportedModel, match=rf"{name} is a pickle.*Download the safetensors files"):
        SafetensorsCheckpoint(tmp_path)


def test_a_directory_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(DamagedFile, match=r"model\.safetensors is missing"):
        SafetensorsCheckpoint(tmp_path)


def test_a_directory_without_config_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"config\.json is missing"):
        SafetensorsCheckpoint(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100_000])
def test_a_config_that_is_no_json_object_is_named(tmp_path: Path, text: str) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedFile, match=r"config\.json"):
        SafetensorsCheckpoint(tmp_path)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    random_checkpoint(tmp_path, num_shards=3)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(DamagedFile, match=r"model-00002-of-00003\.safetensors is missing"):
        SafetensorsCheckpoint(tmp_path)


def test_a_tensor_in_the_wrong_shard_is_named(tmp_path: Path) -> None:
    random_checkpoint(tmp_path, num_shards=2)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    home = index["weight_map"][UP_PROJ]
    other = next(file for file in index["weight_map"].values() if file != home)
    index["weight_map"][UP_PROJ] = other
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(TensorMismatch, match=rf"tensor {UP_PROJ} is (missing|here), though"):
        SafetensorsCheckpoint(tmp_path)


@pytest.mark.parametrize("file", ["../model.safetensors", "/etc/passwd", "weights.bin"])
def test_a_shard_outside_the_directory_is_refused(tmp_path: Path, file: str) -> None:
    random_checkpoint(tmp_path, num_shards=2)
    index = {"weight_map": {UP_PROJ: file}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UnsupportedModel, match="is not the name of a safetensors file in the same directory"):
        SafetensorsCheckpoint(tmp_path)


def test_an_index_without_weight_map_is_named(tmp_path: Path) -> None:
    random_checkpoint(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(DamagedFile, match=r"index\.json has no weight_map"):
        SafetensorsCheckpoint(tmp_path)


def test_a_vector_of_the_wrong_length_is_named(tmp_path: Path) -> None:
    weights = random_weights(tiny_config()) | {"model.norm.weight": np.ones(1, np.float32)}
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(TensorMismatch, match=r"model\.norm\.weight has shape \[1\], expected \[64\]"):
        SafetensorsCheckpoint(tmp_path)


LLAMA31 = """{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}"""
LLAMA32 = """{%- if strftime_now is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- else %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}"""
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{{ message['content'] | trim }}{% endfor %}"
)


@pytest.mark.parametrize(("template", "has_dates"), [(LLAMA31, True), (LLAMA32, True), (LLAMA3, False), (None, False)])
def test_dates_are_found_in_the_text_of_a_chat_template(tmp_path: Path, template: str | None, has_dates: bool) -> None:
    directory = random_checkpoint(tmp_path / "inside", tiny_config())
    (directory / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    expected = PromptDates("December 2023", "26 Jul 2024") if has_dates else None
    assert SafetensorsCheckpoint(directory).dates == expected
    packed = prepare(directory, "f32", silent, tmp_path / "cache")
    assert open_packed(packed).dates == expected
    if template:
        (directory / "tokenizer_config.json").unlink()
        (directory / "chat_template.jinja").write_text(template)
        assert SafetensorsCheckpoint(directory).dates == expected
