"""Random models of a real model's shape, in the form of each program that is measured; not a benchmark.

All layers of one file hold the same random weights, each in its own place: a file of 8 GB takes a minute to write, and
reading it costs what reading a real one does. The vocabulary is bytes, then words of two to four small letters.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import gguf
import numpy as np
from safetensors import TensorSpec, serialize_file

from tampu.kernels.interface import F32, Kind, PackedLinear
from tampu.model.checkpoint import EMBEDDING, LM_HEAD, tensor_shapes
from tampu.model.config import GenerationDefaults, ModelConfig, inverse_frequencies
from tampu.model.pack import pack
from tampu.model.packed import open_packed
from tampu.model.plan import packed_plan
from tampu.model.write import Pieces, write_packed
from tests.checkpoints import LLAMA3_SPLIT, byte_characters, silent, special_tokens, store, tiny_config

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "cria": {"hidden_size": 256, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 4}
    | {"head_dim": 32, "intermediate_size": 768, "vocab_size": 4352, "tie_word_embeddings": True},
    "1b": {"hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8}
    | {"head_dim": 64, "intermediate_size": 8192, "vocab_size": 128256, "tie_word_embeddings": True},
    "8b": {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8}
    | {"head_dim": 128, "intermediate_size": 14336, "vocab_size": 128256},
}
NUM_SPECIALS = 256
ROWS_AT_A_TIME = 512


def shape_config(shape: str) -> ModelConfig:
    """The configuration of one of SHAPES, with room for 32k positions."""
    specials = SHAPES[shape]["vocab_size"] - NUM_SPECIALS
    ends = (specials + 1, specials + 8, specials + 9)
    return tiny_config(**SHAPES[shape], max_position_embeddings=32768, bos_token_id=specials, eos_token_ids=ends)


class RandomModel:
    """A `Checkpoint` of normal values by which the logits spread like a real model's; gains are 1."""

    def __init__(self, path: Path, config: ModelConfig) -> None:
        self.path = path
        self.config = config
        self.generation = GenerationDefaults(config.eos_token_ids)
        self.tokenizer_json = json.dumps(tokenizer_json(config.vocab_size)).encode()
        self.dates = None

    def inverse_frequencies(self) -> F32:
        """Without Llama 3.1's scaling."""
        return inverse_frequencies(self.config)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> F32:
        """Rows of the tensor, the same for every layer; see `Checkpoint`."""
        shape = tensor_shapes(self.config)[name]
        stop = shape[0] if stop is None else stop
        if len(shape) == 1:
            return np.ones(stop - start, np.float32)
        first = start // ROWS_AT_A_TIME
        blocks = [_random_block(original(name), block, *shape) for block in range(first, -(-stop // ROWS_AT_A_TIME))]
        return np.concatenate(blocks)[start - first * ROWS_AT_A_TIME : stop - first * ROWS_AT_A_TIME]


def _random_block(name: str, block: int, num_rows: int, size: int) -> F32:
    generator = np.random.default_rng((zlib.crc32(name.encode()), block))
    rows = min(ROWS_AT_A_TIME, num_rows - block * ROWS_AT_A_TIME)
    values = generator.standard_normal((rows, size), dtype=np.float32)
    return values * np.float32(1.0 if name == EMBEDDING else size**-0.5)


def original(name: str) -> str:
    """The tensor that this one repeats: the same of layer 0."""
    before, layers, after = name.partition(".layers.")
    return f"{before}{layers}0.{after.partition('.')[2]}" if layers else name


def sources(model: RandomModel) -> Iterator[tuple[str, str]]:
    """Every tensor, and the one that it repeats."""
    for name in tensor_shapes(model.config):
        yield name, original(name)


def words(count: int) -> list[str]:
    """The first `count` words of two, then three, then four small letters."""
    letters = ("".join(some) for length in (2, 3, 4) for some in product(ascii_lowercase, repeat=length))
    return list(islice(letters, count))


def merges(some: list[str]) -> list[str]:
    """The pair that makes each word: its letters, or its first half and the rest."""
    return [f"{word[: len(word) // 2]} {word[len(word) // 2 :]}" for word in some]


def vocabulary(vocab_size: int) -> tuple[list[str], list[str]]:
    """Tokens without the special ones, and merges."""
    some = words(vocab_size - NUM_SPECIALS - 256)
    return byte_characters() + some, merges(some)


def tokenizer_json(vocab_size: int) -> dict[str, Any]:
    """The vocabulary in Hugging Face's form."""
    tokens, pairs = vocabulary(vocab_size)
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    first = vocab_size - NUM_SPECIALS
    return {
        "version": "1.0",
        "added_tokens": [{"id": first + i, "content": name} | flags for i, name in enumerate(special_tokens())],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": LLAMA3_SPLIT}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "ignore_merges": True,
            "vocab": {token: id_ for id_, token in enumerate(tokens)},
            "merges": [pair.split() for pair in pairs],
        },
    }


def write_texts(folder: Path, config: ModelConfig, extra: Mapping[str, Any]) -> None:
    """Configuration and tokenizer as Hugging Face's libraries want them; `extra` goes into config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    standing = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu"}
    texts = {
        "config.json": {**config.to_json(), **standing, "torch_dtype": "bfloat16", **extra},
        "generation_config.json": {"eos_token_id": list(config.eos_token_ids)},
        "tokenizer.json": tokenizer_json(config.vocab_size),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32768},
    }
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content))


def write_hf(folder: Path, model: RandomModel) -> None:
    """A Hugging Face directory in bfloat16."""
    write_texts(folder, model.config, {})
    write_tensors(folder, model, lambda name, values: {name: (store(values, "bfloat16"), "bfloat16")})


def write_w8a8(folder: Path, model: RandomModel) -> None:
    """A Hugging Face directory in compressed-tensors' W8A8, which vLLM runs: int8 per channel, int8 per token."""
    number = {"num_bits": 8, "type": "int", "symmetric": True}
    group = {
        "targets": ["Linear"],
        "weights": number | {"strategy": "channel", "dynamic": False},
        "input_activations": number | {"strategy": "token", "dynamic": True},
    }
    quantization = {
        "quant_method": "compressed-tensors",
        "format": "int-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {"group_0": group},
    }
    write_texts(folder, model.config, {"quantization_config": quantization})
    write_tensors(folder, model, w8a8_parts)


def w8a8_parts(name: str, values: F32) -> dict[str, tuple[Any, str]]:
    """A linear as int8 and its scales; all else in bfloat16."""
    if values.ndim == 1 or name in (EMBEDDING, LM_HEAD):
        return {name: (store(values, "bfloat16"), "bfloat16")}
    scales = np.abs(values).max(axis=1, keepdims=True) / np.float32(127)
    rounded = np.rint(values / scales).astype(np.int8)
    return {name: (rounded, "int8"), f"{name}_scale": (store(scales, "bfloat16"), "bfloat16")}


def write_tensors(folder: Path, model: RandomModel, parts: Callable[[str, F32], dict[str, tuple[Any, str]]]) -> None:
    """One safetensors file per layer, and one for the rest, with an index."""
    once = cache(lambda source: parts(source, model.read(source)))
    files: dict[str, dict[str, tuple[Any, str]]] = {}
    for name, source in sources(model):
        layer = name.partition(".layers.")[2].partition(".")[0]
        file = f"layer-{layer}.safetensors" if layer else "rest.safetensors"
        renamed = {part.replace(source, name): stored for part, stored in once(source).items()}
        files.setdefault(file, {}).update(renamed)
    for file, stored in files.items():
        arrays = {name: (np.ascontiguousarray(values), dtype) for name, (values, dtype) in stored.items()}
        specs = {
            name: TensorSpec(dtype=dtype, shape=list(a.shape), data_ptr=a.ctypes.data, data_len=a.nbytes)
            for name, (a, dtype) in arrays.items()
        }
        serialize_file(specs, folder / file)
    index = {name: file for file, stored in files.items() for name in stored}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


def write_gguf(path: Path, model: RandomModel, kind: Any) -> None:
    """The same weights as llama.cpp wants them, in one kind of block throughout, norms in float32."""
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    write_gguf_vocabulary(writer, config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    once = cache(lambda source: quantized(config, source, model.read(source), kind))
    for name, source in sources(model):
        stored, data = once(source)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_gguf_vocabulary(writer: gguf.GGUFWriter, config: ModelConfig) -> None:
    """The vocabulary in GGUF's form."""
    tokens, pairs = vocabulary(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens + special_tokens())
    writer.add_token_types([1] * len(tokens) + [3] * NUM_SPECIALS)
    writer.add_token_merges(pairs)
    writer.add_bos_token_id(config.bos_token_id)
    writer.add_eos_token_id(config.eos_token_ids[-1])


def quantized(config: ModelConfig, name: str, values: F32, kind: Any) -> tuple[Any, Any]:
    """Kind of block and bytes; queries and keys in llama.cpp's order of the rotated halves."""
    if values.ndim == 1:
        return gguf.GGMLQuantizationType.F32, values
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        heads = len(values) // config.head_dim
        halves = values.reshape(heads, 2, config.head_dim // 2, -1)
        values = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)
    return kind, gguf.quants.quantize(values, kind)


def write_packed_model(path: Path, model: RandomModel, kind: Kind) -> None:
    """A packed file; its one layer is packed once."""
    single = RandomModel(model.path, replace(model.config, num_hidden_layers=1))
    first = path.with_suffix(".first")
    pack(single, kind, first, silent)
    packed = open_packed(first)

    def weights() -> Iterator[tuple[str, F32 | Pieces]]:
        for planned in packed_plan(model.config, kind):
            layer, _, rest = planned.name.partition(".")[2].partition(".")
            weight = packed.weights[f"layers.0.{rest}" if layer else planned.name]
            yield planned.name, [weight] if isinstance(weight, PackedLinear) else weight

    write_packed(path, model, kind, packed.rotation, weights())
    first.unlink()


def write_files(folder: Path, shape: str, form: str) -> Path:
    """The weights of one of SHAPES in the form that a subject of `bench/peers.py` reads, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix, write = FORMS[form]
    path = folder / f"{form}{suffix}"
    if not path.exists():
        unfinished = folder / f"{form}.unfinished{suffix}"
        write(unfinished, RandomModel(unfinished, shape_config(shape)))
        unfinished.rename(path)
    return path


FORMS: Mapping[str, tuple[str, Callable[[Path, RandomModel], None]]] = {
    "int8": (".tampu", lambda path, model: write_packed_model(path, model, "int8")),
    "int4": (".tampu", lambda path, model: write_packed_model(path, model, "int4")),
    "bf16": (".tampu", lambda path, model: write_packed_model(path, model, "bf16")),
    "q8_0": (".gguf", lambda path, model: write_gguf(path, model, gguf.GGMLQuantizationType.Q8_0)),
    "q4_0": (".gguf", lambda path, model: write_gguf(path, model, gguf.GGMLQuantizationType.Q4_0)),
    "gguf_bf16": (".gguf", lambda path, model: write_gguf(path, model, gguf.GGMLQuantizationType.BF16)),
    "hf": ("", write_hf),
    "w8a8": ("", write_w8a8),
}
