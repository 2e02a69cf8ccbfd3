"""The packed file: what went in comes out without a copy, and damage anywhere is noticed and named."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.errors import DamagedFile, ModelError, TensorMismatch, UnsupportedModel
from tampu.kernels.interface import PackedLinear
from tampu.kernels.layout import unpack_linear
from tampu.model.pack import pack
from tampu.model.packed import ALIGNMENT, PREAMBLE, open_packed
from tampu.model.quantize import quantize_int8
from tampu.model.rotation import Rotation
from tampu.model.weights import SafetensorsCheckpoint
from tampu.model.write import write_packed
from tests.checkpoints import random_checkpoint, random_weights, silent, tiny_config, tokenizer_json


@pytest.fixture
def packed_file(tmp_path: Path) -> Path:
    pack(SafetensorsCheckpoint(random_checkpoint(tmp_path / "tiny")), "int8", tmp_path / "tiny.tampu", silent)
    return tmp_path / "tiny.tampu"


def test_everything_that_went_in_comes_out(packed_file: Path) -> None:
    model = open_packed(packed_file, verify=True)
    assert model.config == tiny_config()
    assert model.generation.eos_token_ids == (257, 264, 265)
    assert model.tokenizer_json == tokenizer_json()
    assert (model.kind, model.source) == ("int8", "tiny")
    weights = random_weights(tiny_config())
    gate_up = np.concatenate([weights[f"model.layers.1.mlp.{name}_proj.weight"] for name in ("gate", "up")])
    rotation = Rotation.of(tiny_config())
    values, scales = quantize_int8(rotation.fold("up_proj", gate_up))
    stored = model.weights["layers.1.gate_up_proj"]
    assert isinstance(stored, PackedLinear)
    assert stored.scales is not None
    assert np.array_equal(unpack_linear(stored), values)
    assert np.array_equal(stored.scales, scales)
    assert model.rotation == rotation
    assert np.array_equal(model.weights["norm"], weights["model.norm.weight"])  # type: ignore[arg-type]


def test_the_weights_have_the_names_of_the_book(packed_file: Path) -> None:
    layer = ["down_proj", "gate_up_proj", "input_layernorm", "o_proj", "post_attention_layernorm", "qkv_proj"]
    names = [f"layers.{number}.{name}" for number in (0, 1) for name in layer]
    assert sorted(open_packed(packed_file).weights) == sorted(
        [*names, "embed_tokens", "inverse_frequencies", "lm_head", "norm"]
    )


def test_arrays_are_aligned_views_of_the_file_and_cannot_be_written(packed_file: Path) -> None:
    for name, weight in open_packed(packed_file).weights.items():
        array = weight.data if isinstance(weight, PackedLinear) else weight
        assert isinstance(array, np.ndarray)
        assert array.ctypes.data % ALIGNMENT == 0, name
        assert not array.flags.writeable
        assert not array.flags.owndata


def test_a_tied_lm_head_is_the_embedding(tmp_path: Path) -> None:
    checkpoint = SafetensorsCheckpoint(random_checkpoint(tmp_path / "tied", tiny_config(tie_word_embeddings=True)))
    pack(checkpoint, "bf16", tmp_path / "tied.tampu", silent)
    weights = open_packed(tmp_path / "tied.tampu").weights
    assert weights["lm_head"] is weights["embed_tokens"]


def test_packing_twice_gives_the_same_bytes(packed_file: Path, tmp_path: Path) -> None:
    pack(SafetensorsCheckpoint(tmp_path / "tiny"), "int8", tmp_path / "again.tampu", silent)
    assert (tmp_path / "again.tampu").read_bytes() == packed_file.read_bytes()


def test_any_altered_byte_that_carries_meaning_is_found(packed_file: Path) -> None:
    content = packed_file.read_bytes()
    offset = PREAMBLE.unpack_from(content)[3]
    index = json.loads(content[offset:])
    inside_arrays = [entry["data"]["offset"] for entry in index["weights"].values()]
    inside_scales = [entry["scales"]["offset"] for entry in index["weights"].values() if entry.get("scales")]
    others = [0, 8, 16, 24, 40, offset, offset + 100, len(content) - 1, index["tokenizer"]["offset"]]
    for position in (*inside_arrays, *inside_scales, *others):
        damaged = bytearray(content)
        damaged[position] ^= 1
        packed_file.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"tiny\.tampu.*Pack it again"):
            open_packed(packed_file, verify=True)


def test_a_damaged_tensor_is_named(packed_file: Path) -> None:
    content = bytearray(packed_file.read_bytes())
    index = json.loads(content[PREAMBLE.unpack_from(content)[3] :])
    content[index["weights"]["layers.1.o_proj"]["data"]["offset"] + 17] ^= 0x80
    packed_file.write_bytes(content)
    assert open_packed(packed_file).kind == "int8"  # weights are read on demand only
    with pytest.raises(DamagedFile, match=r"data of tensor layers\.1\.o_proj fails its checksum"):
        open_packed(packed_file, verify=True)


@pytest.mark.parametrize("length", [0, 1, 100, 5000, 50_000, -1])
def test_a_truncated_file_is_refused(packed_file: Path, length: int) -> None:
    packed_file.write_bytes(packed_file.read_bytes()[:length])
    with pytest.raises(DamagedFile, match=r"tiny\.tampu"):
        open_packed(packed_file)


def test_a_file_with_something_appended_is_refused(packed_file: Path) -> None:
    packed_file.write_bytes(packed_file.read_bytes() + b"\0")
    with pytest.raises(DamagedFile, match="bytes and should have"):
        open_packed(packed_file)


def test_another_format_version_says_so(packed_file: Path) -> None:
    content = bytearray(packed_file.read_bytes())
    content[8] = 99
    packed_file.write_bytes(content)
    with pytest.raises(UnsupportedModel, match=r"has format version 99, this tampu reads version 4\. Pack it again"):
        open_packed(packed_file)


def test_something_else_is_not_a_packed_file(tmp_path: Path) -> None:
    (tmp_path / "x.tampu").write_bytes(b"GGUF" + bytes(5000))
    with pytest.raises(DamagedFile, match=r"x\.tampu is not a packed file"):
        open_packed(tmp_path / "x.tampu")
    with pytest.raises(DamagedFile, match="cannot be read"):
        open_packed(tmp_path / "absent.tampu")


def rewrite_index(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Alter the index of a packed file and sign it again, as somebody hostile would."""
    content = path.read_bytes()
    magic, version, zero, offset, *_ = PREAMBLE.unpack_from(content)
    index = json.loads(content[offset:])
    change(index)
    altered = json.dumps(index).encode()
    preamble = PREAMBLE.pack(magic, version, zero, offset, len(altered), hashlib.sha256(altered).digest())
    path.write_bytes(preamble + content[PREAMBLE.size : offset] + altered)


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an offset past the end": lambda index: index["weights"]["norm"]["data"].update(offset=10**12),
    "an offset before the beginning": lambda index: index["weights"]["norm"]["data"].update(offset=-8),
    "a shape past the end": lambda index: index["weights"]["norm"]["data"].update(shape=[10**15]),
    "a negative shape": lambda index: index["weights"]["norm"]["data"].update(shape=[-1]),
    "a shape that is no list": lambda index: index["weights"]["norm"]["data"].update(shape="64"),
    "an unknown number type": lambda index: index["weights"]["norm"]["data"].update(dtype="object"),
    "another kind": lambda index: index.update(kind="bf16"),
    "an unknown kind": lambda index: index.update(kind="int1"),
    "more layers than tensors": lambda index: index["config"].update(num_hidden_layers=3),
    "a larger vocabulary": lambda index: index["config"].update(vocab_size=100_000),
    "fewer columns": lambda index: index["weights"]["lm_head"].update(out_features=32),
    "a linear without scales": lambda index: index["weights"]["lm_head"].update(scales=None),
    "a vector for a linear": lambda index: index["weights"]["lm_head"].update(kind="vector"),
    "no tensors": lambda index: index.update(weights={}),
    "tensors that are no object": lambda index: index.update(weights=[]),
    "no config": lambda index: index.pop("config"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_index_that_lies_is_refused_before_any_kernel_reads(
    packed_file: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    rewrite_index(packed_file, change)
    with pytest.raises(ModelError, match=r"tiny\.tampu"):
        open_packed(packed_file)


def test_an_untouched_index_written_again_is_accepted(packed_file: Path) -> None:
    rewrite_index(packed_file, lambda _: None)
    assert open_packed(packed_file, verify=True).kind == "int8"


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(packed_file: Path, tmp_path: Path) -> None:
    before = packed_file.read_bytes()
    checkpoint = SafetensorsCheckpoint(tmp_path / "tiny")

    def broken() -> Any:
        yield "norm", np.ones(64, np.float32)
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        write_packed(packed_file, checkpoint, "int8", Rotation(), broken())
    assert packed_file.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["tiny", "tiny.tampu"]


def test_a_missing_tensor_is_a_mismatch(packed_file: Path) -> None:
    rewrite_index(packed_file, lambda index: index["weights"].pop("norm"))
    with pytest.raises(TensorMismatch, match="not those of its configuration"):
        open_packed(packed_file)
