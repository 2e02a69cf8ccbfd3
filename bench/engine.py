"""The engine alone: what a step costs without a model, then prefill and 1, 4, 16 streams beside the memory's limit.

The limit is measured in the same run: as many bytes as a step reads of the weights, read over and over by as many
threads. A model that fits a cache is so held against that cache.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.figures import prompt_ids
from bench.machine import machine
from bench.shapes import SHAPES
from tampu.engine.engine import Engine
from tampu.engine.loading import load_engine
from tampu.engine.sequence import SequenceSpec
from tampu.kernels.interface import F32, I32, Kernels, LayerCache, PackedLinear, SampleRows
from tampu.kernels.reference import ReferenceKernels
from tampu.model.llama import ForwardInput
from tampu.model.packed import PackedModel, open_packed
from tampu.request import SamplingParams
from tampu.settings import EngineSettings, load
from tests.checkpoints import random_checkpoint, tiny_config

STREAMS = (1, 4, 16)
PREFILL, DECODE = 512, 64


class IdleKernels(ReferenceKernels):
    """Draws token 0 at once."""

    def sample(self, logits: F32, rows: SampleRows) -> I32:  # noqa: ARG002 - what it is compared with draws from them
        return np.zeros(len(logits), np.int32)


class IdleModel:
    """Computes nothing: what is left is the engine's own work."""

    def __init__(self) -> None:
        self.config = tiny_config()
        self.kernels: Kernels = IdleKernels()
        self.fingerprint = "idle"
        self._logits = np.zeros((4096, self.config.vocab_size), np.float32)

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:  # noqa: ARG002
        """Nothing to keep."""
        return []

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:  # noqa: ARG002
        """Zeros of the right shape."""
        return self._logits[: len(inputs.logits_indices)]


class Load:
    """Greedy sequences for an engine, no two with a common beginning."""

    def __init__(self, engine: Engine, vocab_size: int) -> None:
        self._engine = engine
        self._vocab_size = vocab_size
        self._next_id = 0

    def seconds_per_step(self, count: int, length: int, max_tokens: int, **sampling: Any) -> float:
        """Median time of the steps that give each of `count` sequences a token."""
        for _ in range(count):
            prompt = tuple(prompt_ids(self._vocab_size, length, self._next_id))
            params = SamplingParams(**({"temperature": 0.0, "seed": 0, "max_tokens": max_tokens} | sampling))
            self._engine.add(SequenceSpec(self._next_id, prompt, params))
            self._next_id += 1
        times = []
        while self._engine.has_work():
            started = time.perf_counter()
            outputs = self._engine.step()
            if len(outputs) == count:
                times.append(time.perf_counter() - started)
        return median(times)


def overhead() -> dict[str, float]:
    """Microseconds per step of the engine's own work, by number of rows, without and with a penalty to count for."""
    settings = EngineSettings(num_blocks=4096, kv_dtype="f32", max_model_len=2048, speculate="off")
    load_of = Load(Engine(IdleModel(), settings), vocab_size=512)
    return {
        f"{count} row{'s' if count > 1 else ''}{', penalties' if sampling else ''}": round(
            load_of.seconds_per_step(count, 512, 300, **sampling) * 1e6, 1
        )
        for sampling in ({}, {"frequency_penalty": 0.5})
        for count in (1, 16)
    }


def weight_bytes(packed: PackedModel) -> int:
    """Bytes that a decode step reads of the weights: all but the embedding, of which it reads a row."""
    return sum(
        weight.data.nbytes
        for name, weight in packed.weights.items()
        if isinstance(weight, PackedLinear) and not name.startswith("embed")
    )


def read_rate(num_bytes: int, threads: int) -> float:
    """Bytes per second at which `threads` threads read this many bytes again and again."""
    parts = [np.ones(num_bytes // threads // 8, np.int64) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        times = []
        for _ in range(9):
            started = time.perf_counter()
            list(pool.map(np.bitwise_or.reduce, parts))
            times.append(time.perf_counter() - started)
    return num_bytes / min(times)


def throughput(folder: Path, settings: EngineSettings) -> dict[str, float]:
    """Tokens per second of a 512-token prompt and of 1, 4 and 16 streams in sum, and the memory's limit for one."""
    engine, card = load_engine(folder, folder / "cache", settings, lambda _phase, _fraction: None)
    load_of = Load(engine, card.vocab_size)
    load_of.seconds_per_step(1, PREFILL, 8)
    figures = {"prefill 512": PREFILL / median(load_of.seconds_per_step(1, PREFILL, 1) for _ in range(5))}
    for count in STREAMS:
        figures[f"{count} streams, sum"] = count / load_of.seconds_per_step(count, 32, DECODE)
    num_bytes = weight_bytes(open_packed(Path(card.packed)))
    figures["limit of 1 stream"] = read_rate(num_bytes, card.threads) / num_bytes
    figures["1 stream / limit"] = figures["1 streams, sum"] / figures["limit of 1 stream"]
    return figures


def main() -> None:
    """Print both tables, or all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="checkpoint or packed file; else random weights of --shape")
    parser.add_argument("--shape", choices=SHAPES, default="cria")
    parser.add_argument("--quant", choices=("int8", "bf16", "f32"), default="int8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # Random weights repeat themselves: guesses would be right. bench/quoting.py measures those.
    settings = load(EngineSettings, {"threads": arguments.threads, "quant": arguments.quant, "speculate": "off"})
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or random_checkpoint(Path(folder) / "hf", tiny_config(**SHAPES[arguments.shape]))
        figures = throughput(model, settings)
    name = arguments.model or f"{arguments.shape} shape, random weights"
    report = {"machine": machine(), "model": f"{name}, {arguments.quant}, {arguments.threads} threads"}
    tables = {"tokens per second": figures, "microseconds of the engine per step": overhead()}
    if arguments.json:
        print(json.dumps(report | tables, indent=2))
        return
    print("\n".join(report.values()))
    for title, values in tables.items():
        print(f"\n| {title} | |\n|---|---|")
        for row, value in values.items():
            print(f"| {row} | {value:,.2f} |" if value < 10 else f"| {row} | {value:,.0f} |")


if __name__ == "__main__":
    main()
