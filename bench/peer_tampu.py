"""tampu's own side of `bench/peers.py`; not a benchmark."""

from itertools import count as count_up
from pathlib import Path

from bench.figures import Generate, prompt_ids
from tampu.engine.loading import load_engine
from tampu.engine.sequence import SequenceSpec
from tampu.request import SamplingParams
from tampu.settings import EngineSettings, load


def open_tampu(folder: Path, quant: str, threads: int) -> Generate:
    """The engine, in this process, without guesses: random weights repeat themselves, so guesses would be right."""
    settings = load(EngineSettings, {"threads": threads, "speculate": "off", "max_model_len": 8704})
    engine, card = load_engine(folder / f"{quant}.tampu", folder, settings, lambda _phase, _fraction: None)
    numbers = count_up()

    def generate(count: int, length: int, max_tokens: int) -> None:
        for number in (next(numbers) for _ in range(count)):
            sampling = SamplingParams(temperature=0.0, max_tokens=max_tokens, seed=0)
            engine.add(SequenceSpec(number, tuple(prompt_ids(card.vocab_size, length, number)), sampling))
        while engine.has_work():
            engine.step()

    return generate
