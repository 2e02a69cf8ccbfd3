"""Measure how fast a model reads (prefill) and writes (decode) on this machine, for one stream and for several.

Each rate stands beside what the machine could reach: all weights read from memory once per step, every product done at
the speed of the registers. A model that fits the processor's caches can be faster than its memory.
"""

import random
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tampu.cli import options
from tampu.cli.opening import open_model
from tampu.cli.terminal import note, print_json, table
from tampu.engine.llm import LLM
from tampu.errors import InvalidRequest, ServiceError
from tampu.kernels import load_kernels
from tampu.kernels.interface import PackedLinear, rows_kind
from tampu.kernels.limits import Limits, measure_limits
from tampu.model.packed import open_packed
from tampu.model.plan import EMBED_TOKENS
from tampu.request import GenerateRequest, SamplingParams

SHORT_PROMPT = 16  # tokens before the ones that decoding is measured on


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. Rates are tokens per second over all streams, after the first token of each."""

    work: str
    streams: int
    tokens: int
    seconds: float
    tokens_per_second: float
    limit: float | None = None  # tokens per second that the machine could reach, where that is known


@dataclass(frozen=True, slots=True)
class Roof:
    """What a token of a model costs, and what the machine can do."""

    bytes_per_step: int  # all weights but the embedding
    operations: int  # of one token, in integer products and sums; 0 for weights that are no integers
    limits: Limits

    @classmethod
    def over(cls, llm: LLM) -> "Roof":
        """The roof over a loaded model."""
        packed = open_packed(Path(llm.card.packed))
        linears = [
            weight
            for name, weight in packed.weights.items()
            if isinstance(weight, PackedLinear) and name != EMBED_TOKENS
        ]
        is_integer = rows_kind(packed.kind) == "int8"
        products = sum(weight.out_features * weight.in_features for weight in linears) if is_integer else 0
        kernels = load_kernels(llm.card.isa, llm.card.threads)
        return cls(sum(weight.nbytes for weight in linears), 2 * products, measure_limits(kernels))

    def reading(self) -> float | None:
        """Prompt tokens per second at most."""
        return self.limits.multiply / self.operations if self.operations else None

    def writing(self, streams: int) -> float:
        """Tokens per second at most, of so many streams in sum."""
        from_memory = streams * self.limits.read / self.bytes_per_step
        return min(from_memory, self.reading() or from_memory)


@options.engine_flags()
def bench(
    streams: Annotated[
        list[int] | None,
        typer.Option("--streams", metavar="NUMBER", help="Streams at once; may be repeated. [default 1, 4, 16]", min=1),
    ] = None,
    prompt_tokens: Annotated[
        int,
        typer.Option("--prompt-tokens", metavar="NUMBER", help="Length of the prompt to read. [default 512]", min=2),
    ] = 512,
    tokens: Annotated[
        int, typer.Option("--tokens", metavar="NUMBER", help="Tokens that each stream writes. [default 128]", min=2)
    ] = 128,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    **flags: Any,
) -> None:
    """Measure and print."""
    llm = open_model(flags)
    longest = max(prompt_tokens + 1, SHORT_PROMPT + tokens)
    if longest > llm.card.context:
        raise InvalidRequest(f"{longest} tokens do not fit the context of {llm.card.context}: ask for fewer.")
    measure(llm, 1, SHORT_PROMPT, 4)  # the first use maps the weights and starts the threads
    roof = Roof.over(llm)
    figures = [replace(prefill(llm, prompt_tokens), limit=roof.reading())]
    for count in streams or (1, 4, 16):
        note(f"{count} streams ...")
        figures.append(replace(decode(llm, count, tokens), limit=roof.writing(count)))
    card = llm.card
    if as_json:
        about = {"model": card.id, "quant": card.kind, "isa": card.isa, "threads": card.threads}
        print_json(about | {"figures": list(map(asdict, figures))})
        return
    print(f"{card.id}, {card.kind}, {card.isa}, {card.threads} threads\n")
    rows = [
        (
            figure.work,
            str(figure.streams),
            str(figure.tokens),
            f"{figure.seconds:.2f}",
            f"{figure.tokens_per_second:.1f}",
            f"{figure.tokens_per_second / figure.limit:.0%}" if figure.limit else "",
        )
        for figure in figures
    ]
    print(table(("work", "streams", "tokens", "seconds", "tokens/s", "of limit"), rows))


def prefill(llm: LLM, num_prompt: int) -> Figure:
    """How fast one prompt of so many tokens is read."""
    _, seconds, _ = measure(llm, 1, num_prompt, 1)
    return Figure("prefill", 1, num_prompt, seconds, num_prompt / seconds)


def decode(llm: LLM, num_streams: int, num_tokens: int) -> Figure:
    """How fast so many streams write at once."""
    written, seconds, first = measure(llm, num_streams, SHORT_PROMPT, num_tokens)
    rate = written / (seconds - first) if seconds > first else 0.0
    return Figure("decode", num_streams, num_streams * num_tokens, seconds, rate)


def measure(llm: LLM, num_streams: int, num_prompt: int, num_tokens: int) -> tuple[int, float, float]:
    """Tokens written after every stream had its first, seconds in all, and seconds until every stream had its first."""
    requests = [_request(llm, number, num_prompt, num_tokens) for number in range(num_streams)]
    began, first, started, after = time.monotonic(), 0.0, set[str](), 0
    for request_id, chunk in llm.generate(requests):
        if isinstance(chunk, ServiceError):
            raise chunk
        if len(started) == num_streams:
            after += len(chunk.token_ids)
        elif chunk.token_ids:
            started.add(request_id)
            first = time.monotonic() - began
    return after, time.monotonic() - began, first


def _request(llm: LLM, number: int, num_prompt: int, num_tokens: int) -> GenerateRequest:
    """Random tokens, different in each run, so that no prefix is found in the cache; the end token is ruled out."""
    ordinary = [token_id for token_id in range(llm.tokenizer.vocab_size) if token_id not in llm.tokenizer.special_ids]
    prompt = tuple(random.choices(ordinary, k=num_prompt))
    never = dict.fromkeys(llm.card.eos_token_ids, -100.0)
    # Hot, so that nothing repeats itself: a likely text would, and guesses at it would flatter the machine.
    sampling = SamplingParams(temperature=5.0, max_tokens=num_tokens, logit_bias=never)
    return GenerateRequest(f"stream-{number}", llm.card.id, prompt, sampling)
