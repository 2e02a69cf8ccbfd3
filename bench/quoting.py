"""Guesses: streams that quote their prompt, quote it with changes, and never repeat themselves, with and without.

Every step is computed in full; only what it comes to is prescribed, so that any model quotes. Processor time of one
thread, with and without in turn, medians of the ratios: what else runs on the machine counts little.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from bench.machine import machine
from bench.shapes import SHAPES
from tampu.engine.engine import Engine
from tampu.engine.loading import resolve
from tampu.engine.sequence import SequenceSpec
from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, I32, LayerCache
from tampu.model.llama import ForwardInput, Llama
from tampu.model.load import prepare
from tampu.model.packed import PackedModel, open_packed
from tampu.request import SamplingParams
from tampu.settings import EngineSettings, Speculation
from tests.checkpoints import random_checkpoint, tiny_config

STREAMS = (1, 4, 16)
LENGTH = 250  # tokens of the text that is quoted


class PrescribedModel:
    """A Llama after whose every forward pass the tokens of `script` are the likeliest, each at its position."""

    def __init__(self, model: Llama, script: I32) -> None:
        self._model = model
        self._script = script
        self.config, self.kernels, self.fingerprint = model.config, model.kernels, model.fingerprint

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:
        """The model's own."""
        return self._model.new_cache(num_blocks, block_size, kv_dtype)

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:
        """The model's logits, and 1000 more for the token that comes next."""
        logits = self._model.forward(inputs, cache)
        positions = inputs.attention.positions[inputs.logits_indices] + 1
        following = self._script[np.minimum(positions, len(self._script) - 1)]
        logits[np.arange(len(logits)), following] += 1000.0
        return logits


def quoting(choose: Callable[[], int], changed_every: int = 0) -> I32:
    """A text, and then the same again, in which every so many tokens one is another."""
    text = [choose() for _ in range(LENGTH)]
    quote = list(text)
    if changed_every:
        for index in range(changed_every // 2, LENGTH, changed_every):
            quote[index] = choose()
    return np.array(text + text[:4] + quote[4:], np.int32)


def rate(model: Llama, settings: EngineSettings, script: I32, count: int) -> float:
    """Tokens per second of `count` streams that follow the script from its second half on; no two share blocks."""
    engine = Engine(PrescribedModel(model, script), settings)
    for index in range(count):
        params = SamplingParams(temperature=0.0, seed=0, max_tokens=LENGTH - 5)
        engine.add(SequenceSpec(index, tuple(script[: LENGTH + 4].tolist()), params, salt=b"%d" % index))
    while engine.stats().generation_tokens < count:
        engine.step()
    started, num_tokens = time.thread_time(), 0
    while engine.has_work():
        num_tokens += len(engine.step())
    return num_tokens / (time.thread_time() - started)


def compare(model: Llama, settings: EngineSettings, script: I32, count: int, repeats: int) -> tuple[float, float]:
    """Median rate without guesses, and median ratio of that with them to it."""
    modes: tuple[Speculation, Speculation] = ("off", "auto")
    pairs = []
    for _ in range(repeats):
        pairs.append([rate(model, replace(settings, speculate=mode), script, count) for mode in modes])
    return median(off for off, _ in pairs), median(auto / off for off, auto in pairs)


def scripts(vocab_size: int) -> dict[str, I32]:
    """What the streams say, by name."""
    generator = random.Random(0)

    def anything() -> int:
        return generator.randrange(vocab_size)

    return {
        "quotes its prompt": quoting(anything),
        "quotes, every 12th token another": quoting(anything, 12),
        "says nothing twice": np.array(generator.sample(range(vocab_size), min(vocab_size, 2 * LENGTH)), np.int32),
        "six tokens at random": np.array([generator.randrange(6) for _ in range(2 * LENGTH)], np.int32),
    }


def open_model(path: Path | None, shape: str, folder: Path) -> PackedModel:
    """The packed file, or random weights of the shape in int8."""
    if path is not None:
        return open_packed(path)
    config = tiny_config(**SHAPES[shape])
    return open_packed(prepare(random_checkpoint(folder / "hf", config), "int8", lambda *_: None, folder / "cache"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="packed file; else random weights of --shape")
    parser.add_argument("--shape", choices=SHAPES, default="cria")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        packed = open_model(arguments.model, arguments.shape, Path(folder))
        settings = resolve(EngineSettings(threads=1, num_blocks=512), packed.config, packed.kind, 0)
        model = Llama(packed, load_kernels("auto", 1))
        print(f"{machine()}\n{arguments.model or arguments.shape}, 1 thread\n")
        print("| a stream that | streams | tokens/s without guesses, sum | with / without |\n|---|---|---|---|")
        for name, script in scripts(packed.config.vocab_size).items():
            for count in STREAMS:
                plain, ratio = compare(model, settings, script, count, arguments.repeats)
                print(f"| {name} | {count} | {plain:,.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
