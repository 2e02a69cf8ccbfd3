"""Measure how fast a model reads (prefill) and writes (decode) on this machine, for one stream and for several."""

import random
import time
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from tampu.cli import options
from tampu.cli.opening import open_model
from tampu.cli.terminal import note, print_json, table
from tampu.engine.llm import LLM
from tampu.errors import BadSetting, ServiceError
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
        raise BadSetting(f"{longest} tokens do not fit the context of {llm.card.context}: ask for fewer.")
    measure(llm, 1, SHORT_PROMPT, 4)  # the first use maps the weights and starts the threads
    figures = [prefill(llm, prompt_tokens)]
    for count in streams or (1, 4, 16):
        note(f"{count} streams ...")
        figures.append(decode(llm, count, tokens))
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
        )
        for figure in figures
    ]
    print(table(("work", "streams", "tokens", "seconds", "tokens/s"), rows))


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
