"""Hugging Face directories: safetensors, one file or several, read a few rows at a time."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from tampu.errors import DamagedFile, TensorMismatch, UnsupportedModel, reason
from tampu.kernels.interface import F32
from tampu.kernels.numerics import from_bf16
from tampu.model.checkpoint import EMBEDDING, LM_HEAD, Shape, check_tensors, naming, template_dates
from tampu.model.config import GenerationDefaults, ModelConfig, inverse_frequencies

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
MAX_JSON = 256 * 2**20
# Meta's own name for the vocabulary; Hugging Face keeps it in `original/`
TIKTOKEN_FILES = ("tokenizer.model", "original/tokenizer.model")
ROWS = 256  # that are compared at a time

DTYPES: Mapping[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of float32's bits
}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor lies: the bytes [start, start + shape * dtype) of a file."""

    file: Path
    dtype: str
    shape: Shape
    start: int

    def rows(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Rows [start, stop) as they are stored, bf16 as uint16; read, not mapped: mapped pages would stay."""
        dtype, num_rows = DTYPES[self.dtype], len(range(self.shape[0])[start:stop])
        row_size = int(np.prod(self.shape[1:]))
        offset = self.start + start * row_size * dtype.itemsize
        return np.fromfile(self.file, dtype, num_rows * row_size, offset=offset).reshape(num_rows, *self.shape[1:])


class SafetensorsCheckpoint:
    """A Hugging Face directory, checked on opening: nothing is missing, extra, misshapen, truncated or a pickle."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.config = _config(directory / "config.json")
        self.generation = _generation(directory / "generation_config.json", self.config)
        self.tokenizer_json = _tokenizer(directory)
        self.dates = template_dates(_chat_template(directory))
        self._tensors = _open_tensors(directory)
        self._check()

    def inverse_frequencies(self) -> F32:
        """Rotary frequencies as config.json describes them, f32[D / 2]."""
        return inverse_frequencies(self.config)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> F32:
        """Rows [start, stop) of a tensor, widened to float32."""
        stored = self._tensors[name]
        rows = stored.rows(start, stop)
        if stored.dtype == "BF16":
            return from_bf16(rows)
        widened: F32 = rows.astype(np.float32)
        return widened

    def _check(self) -> None:
        found = {name: tensor.shape for name, tensor in self._tensors.items()}
        if self.config.tie_word_embeddings and LM_HEAD in found:
            self._check_tied(found.pop(LM_HEAD))
        check_tensors(self.path, found, self.config)

    def _check_tied(self, shape: Shape) -> None:
        embedding = self._tensors.get(EMBEDDING)
        if embedding is None or embedding.shape != shape or not _same_bytes(embedding, self._tensors[LM_HEAD]):
            raise TensorMismatch(
                f"{self.path}: tie_word_embeddings is true, but tensor {LM_HEAD} differs from {EMBEDDING}."
            )


def _same_bytes(one: StoredTensor, other: StoredTensor) -> bool:
    return one.dtype == other.dtype and all(
        one.rows(start, start + ROWS).tobytes() == other.rows(start, start + ROWS).tobytes()
        for start in range(0, one.shape[0], ROWS)
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; DamagedFile when it is absent, huge or not an object."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise DamagedFile(f"{path} is larger than {MAX_JSON} bytes.")
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedFile(f"{path.parent} is not a whole Hugging Face checkpoint: {path.name} is missing.") from None
    except OSError as error:
        raise DamagedFile(f"{path} cannot be read: {reason(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise DamagedFile(f"{path} must hold a JSON object.")
    return values


def tiktoken_form(ranks: bytes) -> bytes:
    """Meta's tokenizer.model as `PackedModel.tokenizer_json` stores it."""
    return json.dumps({"format": "tiktoken", "ranks": base64.b64encode(ranks).decode()}).encode()


def _config(path: Path) -> ModelConfig:
    with naming(path):
        return ModelConfig.from_json(read_json(path))


def _generation(path: Path, config: ModelConfig) -> GenerationDefaults:
    with naming(path):
        return GenerationDefaults.from_json(read_json(path) if path.exists() else {}, config)


def _chat_template(directory: Path) -> str | None:
    """The text of the chat template: in a file of its own, or in tokenizer_config.json."""
    path = directory / "chat_template.jinja"
    if path.exists() and path.stat().st_size <= MAX_JSON:
        return path.read_text(encoding="utf-8", errors="replace")
    path = directory / "tokenizer_config.json"
    template = read_json(path).get("chat_template") if path.exists() else None
    if isinstance(template, list):  # several by name
        named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else None


def _tokenizer(directory: Path) -> bytes | None:
    path = directory / "tokenizer.json"
    if path.exists():
        read_json(path)
        return path.read_bytes()
    ranks = next((directory / name for name in TIKTOKEN_FILES if (directory / name).exists()), None)
    return None if ranks is None else tiktoken_form(ranks.read_bytes())


def _open_tensors(directory: Path) -> dict[str, StoredTensor]:
    if (directory / INDEX).exists():
        return _open_shards(directory, directory / INDEX)
    if (directory / SINGLE).exists():
        return _open_file(directory / SINGLE)
    if pickles := sorted(path.name for pattern in PICKLES for path in directory.glob(pattern)):
        raise UnsupportedModel(
            f"{directory / pickles[0]} is a pickle, which can run code when it is loaded, so tampu never opens one. "
            f"Download the safetensors files of this model, or save it again with transformers' save_pretrained."
        )
    raise DamagedFile(f"{directory} is not a whole Hugging Face checkpoint: {SINGLE} is missing.")


def _open_shards(directory: Path, index: Path) -> dict[str, StoredTensor]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict):
        raise DamagedFile(f"{index} has no weight_map.")
    tensors: dict[str, StoredTensor] = {}
    for file in sorted(set(map(str, weight_map.values()))):
        if Path(file).name != file or not file.endswith(".safetensors"):
            raise UnsupportedModel(f"{index}: {file!r} is not the name of a safetensors file in the same directory.")
        shard = _open_file(directory / file)
        _check_shard(directory / file, shard, {name for name, home in weight_map.items() if home == file})
        tensors |= shard
    return tensors


def _check_shard(path: Path, shard: Mapping[str, StoredTensor], expected: set[str]) -> None:
    if missing := sorted(expected - shard.keys()):
        raise TensorMismatch(f"{path}: tensor {missing[0]} is missing, though {INDEX} says it is here.")
    if extra := sorted(shard.keys() - expected):
        raise TensorMismatch(f"{path}: tensor {extra[0]} is here, though {INDEX} does not say so.")


def _open_file(path: Path) -> dict[str, StoredTensor]:
    try:
        with safe_open(path, framework="numpy"):  # checks the header: offsets, sizes, no gap and no overlap
            pass
    except FileNotFoundError:
        raise DamagedFile(f"{path} is missing.") from None
    except (SafetensorError, OSError) as error:
        raise DamagedFile(f"{path} is damaged or truncated ({reason(error)}); download it again.") from error
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(length))
    entries.pop("__metadata__", None)
    return {name: _stored(path, name, entry, 8 + length) for name, entry in entries.items()}


def _stored(path: Path, name: str, entry: Mapping[str, Any], base: int) -> StoredTensor:
    if entry["dtype"] not in DTYPES:
        raise UnsupportedModel(f"{path}: tensor {name} has type {entry['dtype']}; tampu reads {', '.join(DTYPES)}.")
    return StoredTensor(path, entry["dtype"], tuple(entry["shape"]), base + entry["data_offsets"][0])
