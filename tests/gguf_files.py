"""Small GGUF files as llama.cpp's converter writes them, and K-quant blocks whose values are known beforehand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32
from tampu.model.config import ModelConfig
from tests.checkpoints import EOT, Weights, byte_characters, special_tokens

Bytes = NDArray[np.uint8]
Quantized = tuple[NDArray[Any], str]  # the stored array and its type, such as "Q8_0"

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NORMAL, CONTROL = 1, 3  # token types


def write_gguf(
    path: Path,
    config: ModelConfig,
    weights: Mapping[str, F32 | Quantized],
    kind: str = "F32",
    metadata: Mapping[str, Any] | None = None,
    vocabulary: bool = True,
) -> Path:
    """Write weights (Hugging Face names and row order) as GGUF: linears as `kind`, vectors as F32.

    A weight given as (array, type) is stored as it is. `metadata` adds or replaces keys; None drops one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    for key, value in (_metadata(config) | dict(metadata or {})).items():
        if key == "general.architecture":
            writer.kv_data[0][key] = gguf.GGUFValue(value, gguf.GGUFValueType.STRING)
        elif value is not None:
            writer.add_key_value(key, value, _value_type(value))
    if vocabulary:
        _write_vocabulary(writer)
    for name, values in weights.items():
        _write_tensor(writer, config, name, values, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def quantized(values: F32, kind: str) -> F32:
    """The values after a round trip through `kind`; row by row, so the order of rows does not matter."""
    if values.ndim == 1 or kind == "F32":
        return values
    quantization = gguf.GGMLQuantizationType[kind]
    restored: F32 = gguf.quants.dequantize(gguf.quants.quantize(values, quantization), quantization)
    return restored


def llama3_factors(frequencies: F32, scaled: F32) -> F32:
    """The tensor rope_freqs.weight: what the plain frequencies are divided by."""
    return frequencies / scaled


def permute(values: NDArray[Any], num_heads: int) -> NDArray[Any]:
    """llama.cpp's order of query and key rows: the two halves of each head interleaved."""
    halves = values.reshape(num_heads, 2, values.shape[0] // num_heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def k_quant(kind: str, shape: tuple[int, int], seed: int = 0) -> tuple[Bytes, F32]:
    """Random blocks of Q4_K, Q5_K or Q6_K, and the values that the definition of the format gives them."""
    generator = np.random.default_rng(seed)
    blocks = [K_BLOCKS[kind](generator) for _ in range(shape[0] * shape[1] // 256)]
    stored = np.stack([block for block, _ in blocks]).reshape(shape[0], -1)
    return stored, np.stack([values for _, values in blocks]).reshape(shape).astype(np.float32)


def _q4_k_block(generator: np.random.Generator) -> tuple[Bytes, F32]:
    quants = generator.integers(0, 16, 256)
    head, scales, mins = _scales_and_mins(generator)
    pairs = quants.reshape(4, 2, 32)  # 32 low halves of bytes, then 32 high ones
    low_and_high = (pairs[:, 0] | pairs[:, 1] << 4).astype(np.uint8).reshape(-1)
    return np.concatenate([head, low_and_high]), quants * scales.repeat(32) - mins.repeat(32)


def _q5_k_block(generator: np.random.Generator) -> tuple[Bytes, F32]:
    quants = generator.integers(0, 32, 256)
    head, scales, mins = _scales_and_mins(generator)
    groups = quants.reshape(8, 32)
    fifth_bits = sum((groups[group] >> 4) << group for group in range(8))  # bit g of byte i is group g's value i
    low, high = groups[0::2] & 15, groups[1::2] & 15
    stored = np.concatenate([np.asarray(fifth_bits), (low | high << 4).reshape(-1)]).astype(np.uint8)
    return np.concatenate([head, stored]), quants * scales.repeat(32) - mins.repeat(32)


def _q6_k_block(generator: np.random.Generator) -> tuple[Bytes, F32]:
    quants = generator.integers(0, 64, 256)
    scales = generator.integers(-20, 20, 16).astype(np.int8)
    step = np.float16(1 / 4096)
    groups = quants.reshape(2, 4, 32)  # two halves of 128 values, four runs of 32
    low = (groups[:, :2] & 15) | (groups[:, 2:] & 15) << 4
    high = sum((groups[:, run] >> 4) << 2 * run for run in range(4))
    parts = [low.astype(np.uint8).reshape(-1), np.asarray(high).astype(np.uint8).reshape(-1)]
    block = np.concatenate([*parts, scales.view(np.uint8), np.array([step]).view(np.uint8)])
    return block, (quants - 32) * (np.float32(step) * scales).repeat(16)


def _scales_and_mins(generator: np.random.Generator) -> tuple[Bytes, F32, F32]:
    """The 16 bytes before Q4_K's and Q5_K's quants, and the eight scales and minima that they mean."""
    step, min_step = np.float16(1 / 8192), np.float16(1 / 1024)
    scales, mins = generator.integers(0, 64, 8), generator.integers(0, 64, 8)  # 6 bits each, in 12 bytes
    first = scales[:4] | (scales[4:] >> 4) << 6
    second = mins[:4] | (mins[4:] >> 4) << 6
    third = (scales[4:] & 15) | (mins[4:] & 15) << 4
    packed = np.concatenate([first, second, third]).astype(np.uint8)
    head = np.concatenate([np.array([step, min_step]).view(np.uint8), packed])
    return head, np.float32(step) * scales.astype(np.float32), np.float32(min_step) * mins.astype(np.float32)


K_BLOCKS = {"Q4_K": _q4_k_block, "Q5_K": _q5_k_block, "Q6_K": _q6_k_block}


def _metadata(config: ModelConfig) -> dict[str, Any]:
    return {
        "general.name": "tiny",
        "llama.block_count": config.num_hidden_layers,
        "llama.context_length": config.max_position_embeddings,
        "llama.embedding_length": config.hidden_size,
        "llama.feed_forward_length": config.intermediate_size,
        "llama.attention.head_count": config.num_attention_heads,
        "llama.attention.head_count_kv": config.num_key_value_heads,
        "llama.attention.key_length": config.head_dim,
        "llama.attention.value_length": config.head_dim,
        "llama.attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "llama.rope.freq_base": config.rope_theta,
        "llama.rope.dimension_count": config.head_dim,
        "llama.vocab_size": config.vocab_size,
        "tokenizer.ggml.bos_token_id": config.bos_token_id,
        "tokenizer.ggml.eos_token_id": config.eos_token_ids[0],
        "tokenizer.ggml.eom_token_id": config.eos_token_ids[1],
        "tokenizer.ggml.eot_token_id": EOT,
    }


def _value_type(value: Any) -> gguf.GGUFValueType:
    types = {str: "STRING", bool: "BOOL", int: "UINT32", float: "FLOAT32"}
    return gguf.GGUFValueType[types[type(value)]]


def _write_vocabulary(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list([*byte_characters(), *special_tokens()[:-1], "Ġt"])
    writer.add_token_types([NORMAL] * 256 + [CONTROL] * 255 + [NORMAL])
    writer.add_token_merges(["Ġ t"])


def _write_tensor(writer: gguf.GGUFWriter, config: ModelConfig, name: str, values: F32 | Quantized, kind: str) -> None:
    array, stored_kind = values if isinstance(values, tuple) else _stored(values, kind)
    stem = name.removesuffix(".weight")
    if stem.endswith("q_proj"):
        array = permute(array, config.num_attention_heads)
    if stem.endswith("k_proj"):
        array = permute(array, config.num_key_value_heads)
    writer.add_tensor(_name(stem) + ".weight", array, raw_dtype=gguf.GGMLQuantizationType[stored_kind])


def _stored(values: F32, kind: str) -> Quantized:
    if values.ndim == 1:
        return values, "F32"
    return gguf.quants.quantize(values, gguf.GGMLQuantizationType[kind]), kind


def _name(stem: str) -> str:
    if not stem.startswith("model.layers."):
        return NAMES.get(stem, stem)
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[rest]}"


def gguf_weights(weights: Weights, kind: str) -> Weights:
    """The checkpoint that a GGUF file of `kind` stands for."""
    return {name: quantized(values, kind) for name, values in weights.items()}
