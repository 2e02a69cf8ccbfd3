"""How fast the kernels are at the shapes of Llama 3 8B, beside what memory and multipliers of this machine can deliver.

    python bench/kernels.py [--isa avx512] [--threads 2]

Weights are streamed from memory: each linear cycles through copies that together exceed the last-level cache.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import cycle
from typing import Any

import numpy as np

from tampu.kernels import load_kernels, usable_cores
from tampu.kernels.cache import block_bytes, new_layer_cache
from tampu.kernels.interface import (
    F32,
    AttentionRows,
    Kernels,
    Kind,
    LayerCache,
    PackedLinear,
    RowsKind,
    SampleRows,
    SparseRows,
    rows_kind,
)
from tampu.kernels.layout import SCALED, TILES, group_scales_shape, packed_shape
from tampu.kernels.limits import STREAM_BYTES, measure_limits

# name: (out_features, in_features)
LINEARS = {"qkv": (6144, 4096), "o": (4096, 4096), "gate_up": (28672, 4096), "down": (4096, 14336)}
HIDDEN_SIZE, INTERMEDIATE_SIZE, HADAMARD = 4096, 14336, 512
HEADS, GROUPS, HEAD_SIZE, BLOCK_SIZE, VOCAB_SIZE = 32, 8, 128, 32, 128_256


def median_seconds(call: Callable[[], object], repeats: int) -> float:
    """The median time of a call, after one to warm up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def random_weight(rng: np.random.Generator, kind: Kind, out_features: int, in_features: int) -> PackedLinear:
    """A packed weight of small random numbers, made without packing."""
    shape, dtype = packed_shape(kind, out_features, in_features), TILES[kind].dtype
    data = rng.integers(1, 100, shape, dtype=np.int8).astype(dtype, copy=False)
    if kind == "bf16":
        data = data + np.uint16(0x3F00)
    scales = np.full(out_features, 0.01, np.float32) if kind in SCALED else None
    numbers = np.full(group_scales_shape(out_features, in_features), 9, np.int8) if kind == "int4" else None
    return PackedLinear(kind, data, out_features, in_features, scales, numbers)


def bench_linears(kernels: Kernels, kind: Kind) -> None:
    """One line per shape and number of rows: time, weight bytes and operations per second, their shares of the limits.

    Limits change from minute to minute on a machine with neighbours, so every shape has its own.
    """
    rng = np.random.default_rng(0)
    for name, (out_features, in_features) in LINEARS.items():
        limits = measure_limits(kernels)
        size = random_weight(rng, kind, out_features, in_features).nbytes
        weights = [random_weight(rng, kind, out_features, in_features) for _ in range(max(1, STREAM_BYTES // size))]
        for num_rows, repeats in ((1, 15), (16, 9), (512, 3)):
            rows = kernels.quantize_rows(rng.standard_normal((num_rows, in_features), np.float32), rows_kind(kind))
            turn = cycle(weights)
            seconds = median_seconds(lambda: kernels.linear(rows, next(turn)), repeats)  # noqa: B023 - called at once
            rate, speed = size / seconds, 2 * num_rows * out_features * in_features / seconds
            share = f"({speed / limits.multiply:4.0%})" if rows.kind == "int8" else ""
            print(
                f"{kind:5} {name:8} {out_features:6} x {in_features:5}  M {num_rows:3}  {seconds * 1e3:9.2f} ms  "
                f"{rate / 1e9:6.1f} GB/s ({rate / limits.read:4.0%})  {speed / 1e9:7.0f} GOP/s {share}"
            )


def bench_rows(kernels: Kernels, kind: RowsKind) -> None:
    """What one layer spends between its linears: two norms, the rows of o_proj, silu with the Hadamard blocks."""
    rng = np.random.default_rng(0)
    gain = np.ones(HIDDEN_SIZE, np.float32)
    for num_rows in (1, 16, 512):
        hidden = rng.standard_normal((num_rows, HIDDEN_SIZE), np.float32)
        gate_up = rng.standard_normal((num_rows, 2 * INTERMEDIATE_SIZE), np.float32)
        times = [
            median_seconds(lambda: kernels.rms_norm(hidden, gain, 1e-5, kind), 15),  # noqa: B023 - called at once
            median_seconds(lambda: kernels.quantize_rows(hidden, kind), 15),  # noqa: B023
            median_seconds(lambda: kernels.silu_mul(gate_up, kind, HADAMARD), 15),  # noqa: B023
        ]
        norm, quantize, silu = (seconds * 1e3 for seconds in times)
        print(
            f"{kind:5} rows  M {num_rows:3}  norm {norm:7.3f} ms  quantise {quantize:7.3f} ms  silu {silu:7.3f} ms  "
            f"a layer {2 * norm + quantize + silu:7.3f} ms"
        )


# rows, queries of each, context; 4096 is what the chunks of a prompt of 8192 see on average
DECODES = ((1, 1, 2048), (1, 1, 8192), (1, 1, 32768), (16, 1, 2048))
PREFILLS = ((1, 512, 512), (1, 512, 4096), (1, 512, 8192))


def random_cache(rng: np.random.Generator, num_blocks: int, kv_dtype: str) -> LayerCache:
    """A cache of small random numbers, made without writing them slot by slot: one block over and over."""
    cache = new_layer_cache(num_blocks, GROUPS, BLOCK_SIZE, HEAD_SIZE, kv_dtype)
    for array in (cache.keys, cache.values):
        low, high = (-127, 128) if kv_dtype == "int8" else (0x3C00, 0x3F80)
        array[:] = rng.integers(low, high, array.shape[1:]).astype(array.dtype)
    for scales in (cache.key_scales, cache.value_scales):
        if scales is not None:
            scales.fill(0.01)
    return cache


def attention_rows(rng: np.random.Generator, num_rows: int, queries_each: int, context: int) -> AttentionRows:
    """The last `queries_each` positions of each row, their blocks anywhere."""
    blocks = context // BLOCK_SIZE
    return AttentionRows(
        block_tables=rng.permutation(num_rows * blocks).astype(np.int32).reshape(num_rows, blocks),
        row_of_token=np.repeat(np.arange(num_rows, dtype=np.int32), queries_each),
        positions=np.tile(np.arange(context - queries_each, context, dtype=np.int32), num_rows),
    )


def bench_attention(kernels: Kernels, kv_dtype: str, limit: float) -> None:
    """Decode at several contexts and chunks of 512 prompt tokens: time, cache bytes per second, GOP/s."""
    rng = np.random.default_rng(0)
    for num_rows, queries_each, context in (*DECODES, *PREFILLS):
        rows = attention_rows(rng, num_rows, queries_each, context)
        num_blocks = rows.block_tables.size
        size = num_blocks * block_bytes(GROUPS, BLOCK_SIZE, HEAD_SIZE, kv_dtype)
        num_caches = 1 if queries_each > 1 else max(1, STREAM_BYTES // size)
        turn = cycle([random_cache(rng, num_blocks, kv_dtype) for _ in range(num_caches)])
        queries = rng.standard_normal((num_rows * queries_each, HEADS, HEAD_SIZE), np.float32)
        seconds = median_seconds(lambda: kernels.attention(queries, next(turn), rows), 9)  # noqa: B023 - called at once
        rate, operations = size / seconds, 4 * HEADS * HEAD_SIZE * int((rows.positions + 1).sum())
        print(
            f"attention {kv_dtype:4} {num_rows:2} rows x {queries_each:3} queries, context {context:5}  "
            f"{seconds * 1e3:8.2f} ms  {rate / 1e9:6.1f} GB/s ({rate / limit:4.0%})  "
            f"{operations / seconds / 1e9:6.0f} GOP/s"
        )


def sparse_row(count: int, value: float) -> SparseRows:
    """`count` tokens of the vocabulary, with that number each."""
    token_ids = np.random.default_rng(0).permutation(VOCAB_SIZE)[:count].astype(np.int32)
    return SparseRows(np.array([0, count], np.int32), token_ids, np.full(count, value, np.float32))


PLAIN = SampleRows(
    temperature=np.ones(1, np.float32),
    top_p=np.ones(1, np.float32),
    top_k=np.zeros(1, np.int32),
    min_p=np.zeros(1, np.float32),
    top_a=np.zeros(1, np.float32),
    repetition_penalty=np.ones(1, np.float32),
    presence_penalty=np.zeros(1, np.float32),
    frequency_penalty=np.zeros(1, np.float32),
    logit_bias=sparse_row(0, 0),
    seen=sparse_row(0, 0),
    seed=np.zeros(1, np.uint64),
    choice=np.zeros(1, np.uint32),
    position=np.zeros(1, np.uint32),
)
# A penalty, a bias and a mask cost by the tokens that they change: 2,048 seen, 300 biased, half the vocabulary allowed.
SEEN: Mapping[str, Any] = {"repetition_penalty": 1.1, "frequency_penalty": 0.1, "seen": sparse_row(2048, 1)}
BIASED: Mapping[str, Any] = {"logit_bias": sparse_row(300, 1)}
MASKED: Mapping[str, Any] = {"mask": np.full((1, -(-VOCAB_SIZE // 32)), 0x0F0F_0F0F, np.uint32)}
CONTROLS: Mapping[str, Mapping[str, Any]] = {
    "temperature 0": {"temperature": 0},
    "temperature 1": {},
    "top_k 50": {"top_k": 50},
    "top_k 100k": {"top_k": 100_000},
    "top_p 0.9": {"top_p": 0.9},
    "top_p 0.999": {"top_p": 0.999},
    "top_k 50, top_p 0.9": {"top_k": 50, "top_p": 0.9},
    "top_k 100k, top_p 0.999": {"top_k": 100_000, "top_p": 0.999},
    "min_p 0.05": {"min_p": 0.05},
    "top_a 0.2": {"top_a": 0.2},
    "penalties, 2k seen": SEEN,
    "logit_bias": BIASED,
    "mask": MASKED,
    "all, top_k 50": {"top_k": 50, "top_p": 0.9, "min_p": 0.01, **SEEN, **BIASED, **MASKED},
    "all, top_k 50k": {"top_k": 50_000, "top_p": 0.999, "min_p": 1e-7, **SEEN, **BIASED, **MASKED},
}


def sample_controls(changed: Mapping[str, Any]) -> SampleRows:
    """The controls of one row, plain but for `changed`."""
    arrays: dict[str, Any] = {
        name: np.full(1, value, getattr(PLAIN, name).dtype) if isinstance(value, int | float) else value
        for name, value in changed.items()
    }
    return replace(PLAIN, **arrays)


def sample_logits() -> Mapping[str, F32]:
    """Rows that spread like a model's, are all equal, nearly so, and have few different values."""
    spread = np.random.default_rng(0).standard_normal((1, VOCAB_SIZE), np.float32) * np.float32(3)
    return {
        "spread": spread,
        "equal": np.zeros_like(spread),
        "nearly equal": spread * np.float32(1e-4),
        "many ties": np.rint(spread),
    }


def bench_sampling(kernels: Kernels) -> None:
    """Milliseconds per row at Llama 3's vocabulary: a line per combination, a column per spread of the logits."""
    rows = sample_logits()
    print(f"{'sample, ms per row':26} " + " ".join(f"{name:>12}" for name in rows))
    for name, changed in CONTROLS.items():
        controls = sample_controls(changed)
        call = kernels.sample
        times = [median_seconds(lambda: call(logits, controls), 20) for logits in rows.values()]  # noqa: B023
        print(f"{name:26} " + " ".join(f"{seconds * 1e3:12.3f}" for seconds in times))
    chosen = np.zeros(1, np.int32)
    times = [median_seconds(lambda: kernels.logprobs(logits, chosen, 20), 20) for logits in rows.values()]  # noqa: B023
    print(f"{'logprobs top 20':26} " + " ".join(f"{seconds * 1e3:12.3f}" for seconds in times))


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", default="auto")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--only", choices=["int8", "int4", "bf16", "f32", "rows", "attention", "sampling"])
    arguments = parser.parse_args()
    kernels = load_kernels(arguments.isa, arguments.threads)
    limits = measure_limits(kernels)
    print(
        f"isa {kernels.isa}, {kernels.num_threads} threads, reading at most {limits.read / 1e9:.1f} GB/s, "
        f"multiplying int8 at most at {limits.multiply / 1e9:.0f} GOP/s"
    )
    kinds: tuple[Kind, ...] = ("int8", "int4", "bf16", "f32")
    for kind in kinds:
        if arguments.only in (None, kind):
            bench_linears(kernels, kind)
    if arguments.only in (None, "rows"):
        bench_rows(kernels, "int8")
    if arguments.only in (None, "attention"):
        for kv_dtype in ("bf16", "int8"):
            bench_attention(kernels, kv_dtype, limits.read)
    if arguments.only in (None, "sampling"):
        bench_sampling(kernels)


if __name__ == "__main__":
    main()
