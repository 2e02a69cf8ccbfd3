"""GGUF files: their blocks dequantised, their names and their row order turned back into Hugging Face's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.quants import dequantize
from numpy.typing import NDArray

from tampu.errors import DamagedFile, UnsupportedModel, reason
from tampu.kernels.interface import F32
from tampu.model.checkpoint import EMBEDDING, LM_HEAD, Shape, check_tensors, naming, template_dates
from tampu.model.config import DEFAULT_ROPE_THETA, GenerationDefaults, ModelConfig, inverse_frequencies

TYPE_NAMES = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q5_K", "Q6_K")
ROPE_FACTORS = "rope_freqs.weight"  # divisors of the rotary frequencies, f32[D / 2]: llama.cpp's form of llama3 scaling
MALFORMED = (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, AttributeError)

TOP_NAMES = {"token_embd": EMBEDDING, "output_norm": "model.norm.weight", "output": LM_HEAD}
LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class BoundedReader(gguf.GGUFReader):  # type: ignore[misc]  # the package has no type hints
    """gguf's reader, stopped at the end of the file: a hostile count ends in an error, not in an endless loop.

    A plain view for each item instead of three of a memmap: a vocabulary of 128k tokens takes 3 s, not 9.
    """

    def _get(self, offset: int, dtype: Any, count: int = 1, override_order: str | None = None) -> NDArray[Any]:
        order = override_order or self.byte_order
        return np.ndarray(int(count), np.dtype(dtype).newbyteorder(order), self.data, int(offset))


class GGUFCheckpoint:
    """A GGUF file of architecture `llama`, checked on opening like a Hugging Face directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            reader = BoundedReader(path)
            metadata = {name: field.contents() for name, field in reader.fields.items()}
        except MALFORMED as error:
            raise DamagedFile(f"{path} is damaged, truncated or not a GGUF file ({reason(error)}).") from error
        self._tensors = {_hugging_face_name(tensor.name): tensor for tensor in reader.tensors}
        with naming(path):
            self.config = _config(_Metadata(metadata), tied=LM_HEAD not in self._tensors)
            self.tokenizer_json = _tokenizer(_Metadata(metadata))
        self.dates = template_dates(_Metadata(metadata).get("tokenizer.chat_template", str, ""))
        self.generation = GenerationDefaults(self.config.eos_token_ids)
        self._factors = self._tensors.pop(ROPE_FACTORS, None)
        self._check()

    def inverse_frequencies(self) -> F32:
        """Rotary frequencies, f32[D / 2], divided by the file's own factors where it has them."""
        frequencies = inverse_frequencies(self.config)
        if self._factors is None:
            return frequencies
        factors: F32 = dequantize(self._factors.data, self._factors.tensor_type)
        return frequencies / factors

    def read(self, name: str, start: int = 0, stop: int | None = None) -> F32:
        """Rows [start, stop) of the tensor with this Hugging Face name, dequantised."""
        tensor = self._tensors[name]
        order = self._row_order(name)[start:stop]
        first = order.min(initial=len(tensor.data))
        rows = self._stored_rows(tensor, first, order.max(initial=first - 1) + 1)[order - first]
        values: F32 = dequantize(rows, tensor.tensor_type).astype(np.float32, copy=False)
        return values

    def _stored_rows(self, tensor: Any, start: int, stop: int) -> NDArray[Any]:
        """Rows [start, stop) as they lie in the file; read, not mapped: mapped pages would stay."""
        row_shape, offset = tensor.data.shape[1:], int(tensor.data_offset) + start * tensor.data.strides[0]
        values = np.fromfile(self.path, tensor.data.dtype, (stop - start) * int(np.prod(row_shape)), offset=offset)
        return values.reshape(stop - start, *row_shape)

    def _row_order(self, name: str) -> NDArray[np.intp]:
        """Where the rows of the Hugging Face tensor lie in the file: llama.cpp pairs the two halves of a head."""
        rows = np.arange(self._tensors[name].data.shape[0])
        if not name.endswith(("q_proj.weight", "k_proj.weight")):
            return rows
        return rows.reshape(-1, self.config.head_dim // 2, 2).swapaxes(1, 2).reshape(-1)

    def _check(self) -> None:
        for name, tensor in self._tensors.items():
            if tensor.tensor_type.name not in TYPE_NAMES:
                raise UnsupportedModel(
                    f"{self.path}: tensor {name} has type {tensor.tensor_type.name}; "
                    f"tampu reads {', '.join(TYPE_NAMES)}."
                )
        check_tensors(self.path, {name: _shape(tensor) for name, tensor in self._tensors.items()}, self.config)
        if self._factors is not None and _shape(self._factors) != (self.config.head_dim // 2,):
            raise UnsupportedModel(f"{self.path}: tensor {ROPE_FACTORS} must have one factor per rotary frequency.")


class _Metadata:
    """The key-value pairs of a GGUF file; a missing or ill-typed one is an error that names it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """The value of this type, or `default`; UnsupportedModel when there is neither."""
        value = self.values.get(key, default)
        if value is None:
            raise UnsupportedModel(f"metadata key {key} is missing.")
        if not isinstance(value, int | float if kind is float else kind):
            raise UnsupportedModel(f"metadata key {key} must be {kind.__name__}, got {value!r}.")
        return kind(value)

    def optional(self, key: str) -> int | None:
        """A token id, or None where the file does not name one."""
        return self.get(key, int) if key in self.values else None


def _config(metadata: _Metadata, tied: bool) -> ModelConfig:
    architecture = metadata.get("general.architecture", str)
    if architecture != "llama":
        raise UnsupportedModel(f"general.architecture is {architecture!r}; tampu runs 'llama' only.")
    _refuse_unsupported(metadata)
    heads = metadata.get("llama.attention.head_count", int)
    hidden_size = metadata.get("llama.embedding_length", int)
    head_dim = metadata.get("llama.attention.key_length", int, hidden_size // max(heads, 1))
    if metadata.get("llama.rope.dimension_count", int, head_dim) != head_dim:
        raise UnsupportedModel(f"llama.rope.dimension_count must equal the head size {head_dim}.")
    if metadata.get("llama.attention.value_length", int, head_dim) != head_dim:
        raise UnsupportedModel(f"llama.attention.value_length must equal the head size {head_dim}.")
    return ModelConfig(
        hidden_size=hidden_size,
        num_hidden_layers=metadata.get("llama.block_count", int),
        num_attention_heads=heads,
        num_key_value_heads=metadata.get("llama.attention.head_count_kv", int, heads),
        head_dim=head_dim,
        intermediate_size=metadata.get("llama.feed_forward_length", int),
        vocab_size=metadata.get("llama.vocab_size", int, len(metadata.values.get("tokenizer.ggml.tokens", ()))),
        max_position_embeddings=metadata.get("llama.context_length", int),
        rms_norm_eps=_shortest(metadata.get("llama.attention.layer_norm_rms_epsilon", float)),
        rope_theta=_shortest(metadata.get("llama.rope.freq_base", float, DEFAULT_ROPE_THETA)),
        tie_word_embeddings=tied,
        bos_token_id=metadata.optional("tokenizer.ggml.bos_token_id"),
        eos_token_ids=_eos_token_ids(metadata),
    )


def _refuse_unsupported(metadata: _Metadata) -> None:
    if metadata.get("split.count", int, 0) > 1:
        raise UnsupportedModel(
            "the file is one of several parts; join them with llama.cpp's `llama-gguf-split --merge` first."
        )
    if metadata.get("llama.expert_count", int, 0) > 0:
        raise UnsupportedModel("llama.expert_count is set; tampu runs dense models only.")
    scaling = metadata.get("llama.rope.scaling.type", str, "none")
    if scaling != "none":
        raise UnsupportedModel(f"llama.rope.scaling.type is {scaling!r}; tampu runs 'none' only.")


def _eos_token_ids(metadata: _Metadata) -> tuple[int, ...]:
    # end of text, of turn (<|eot_id|>), of message (<|eom_id|>)
    keys = [f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom")]
    found = [metadata.optional(key) for key in keys]
    return tuple(sorted({token_id for token_id in found if token_id is not None}))


def _shortest(value: float) -> float:
    """1e-5 rather than 9.999999747378752e-06: the decimal number that was meant before GGUF made it a float32."""
    return float(str(np.float32(value)))


def _tokenizer(metadata: _Metadata) -> bytes | None:
    """The vocabulary in the `gguf` form of `PackedModel.tokenizer_json`."""
    if "tokenizer.ggml.tokens" not in metadata.values:
        return None
    form: dict[str, Any] = {
        "format": "gguf",
        "model": metadata.get("tokenizer.ggml.model", str),
        "pre": metadata.get("tokenizer.ggml.pre", str, "default"),
        "tokens": metadata.get("tokenizer.ggml.tokens", list),
        "merges": metadata.get("tokenizer.ggml.merges", list, []),
        "token_type": metadata.get("tokenizer.ggml.token_type", list, []),
        "bos": metadata.optional("tokenizer.ggml.bos_token_id"),
        "eos": metadata.optional("tokenizer.ggml.eos_token_id"),
    }
    if (eot := metadata.optional("tokenizer.ggml.eot_token_id")) is not None:
        form["eot"] = eot
    return json.dumps(form).encode()


def _hugging_face_name(name: str) -> str:
    """`blk.3.ffn_up.weight` is `model.layers.3.mlp.up_proj.weight`; an unknown name stays as it is."""
    parts = name.removesuffix(".weight").split(".")
    if name.endswith(".weight") and len(parts) == 3 and parts[0] == "blk" and parts[2] in LAYER_NAMES:
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.weight"
    return TOP_NAMES.get(parts[0], name) if name.endswith(".weight") and len(parts) == 1 else name


def _shape(tensor: Any) -> Shape:
    # GGUF lists the fastest dimension first
    return tuple(int(size) for size in reversed(tensor.shape))
