"""What every engine is asked for, in whatever Python it runs: the standard library is enough; not a benchmark."""

import random
import time
from collections.abc import Callable
from statistics import median

Figures = dict[str, float]
# Streams, prompt tokens of each, tokens to generate for each.
Generate = Callable[[int, int, int], None]

PREFILL, STREAMS, SHORT = 512, 16, 32
LONG_PREFILL = 8192


def prompt_ids(vocab_size: int, length: int, seed: int) -> list[int]:
    """Random ordinary token ids, different for each seed, so that no prefix is shared."""
    return random.Random(seed).choices(range(vocab_size - 256), k=length)


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rates(generate: Generate, tokens: int, repeats: int, long: bool) -> Figures:
    """Tokens/s of a 512-token prompt, of one stream and of sixteen in sum, each over `tokens` tokens a stream.

    Medians of `repeats` runs; with `long`, also of one prompt of 8,192 tokens, once.
    """
    generate(1, SHORT, 4)

    def seconds(count: int, length: int, max_tokens: int) -> float:
        return median(timed(lambda: generate(count, length, max_tokens)) for _ in range(repeats))

    def decode(count: int) -> float:
        return count * tokens / (seconds(count, SHORT, tokens + 1) - seconds(count, SHORT, 1))

    figures = {
        "prefill 512": PREFILL / seconds(1, PREFILL, 1),
        "1 stream": decode(1),
        "16 streams, sum": decode(STREAMS),
    }
    if long:
        figures["prefill 8192"] = LONG_PREFILL / timed(lambda: generate(1, LONG_PREFILL, 1))
    return figures
