"""Sixteen clients at once over HTTP: tokens/s in sum and time to the first token, from any server that speaks OpenAI's.

    python -m bench.load --url http://127.0.0.1:8267/v1 --model NAME [--clients 16] [--prompt 128] [--tokens 64]

Prompts are random token ids, no two with a common beginning; what is drawn is random too, so that nothing repeats
itself and no server's guesses are flattered.
"""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import median

import httpx2

from bench.figures import prompt_ids


@dataclass(frozen=True, slots=True)
class Answer:
    """What one client saw: seconds from the common start, and the tokens that usage counts."""

    first: float
    last: float
    tokens: int


async def events(client: httpx2.AsyncClient, body: dict[str, object]) -> AsyncIterator[dict[str, object]]:
    """The events of a stream."""
    async with client.stream("POST", "completions", json=body) as response:
        if response.status_code != 200:
            raise SystemExit(f"{response.status_code}: {(await response.aread()).decode()}")
        async for line in response.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                yield json.loads(line[6:])


async def ask(client: httpx2.AsyncClient, arguments: argparse.Namespace, seed: int, started: float) -> Answer:
    """One client's answer."""
    body: dict[str, object] = {
        "model": arguments.model,
        "prompt": prompt_ids(arguments.vocabulary, arguments.prompt, seed),
        "max_tokens": arguments.tokens,
        "temperature": 1.0,
        "seed": seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    first, tokens = 0.0, 0
    async for event in events(client, body):
        if event.get("choices") and not first:
            first = time.perf_counter() - started
        if usage := event.get("usage"):
            assert isinstance(usage, dict)
            tokens = usage["completion_tokens"]
    return Answer(first, time.perf_counter() - started, tokens)


async def load(arguments: argparse.Namespace) -> list[Answer]:
    """All clients at once, after one short request that warms the server."""
    limits = httpx2.Limits(max_connections=None)
    url = arguments.url.rstrip("/") + "/"
    headers = {"Authorization": f"Bearer {arguments.key}"} if arguments.key else {}
    async with httpx2.AsyncClient(base_url=url, timeout=3600, limits=limits, headers=headers) as client:
        warm = argparse.Namespace(**vars(arguments) | {"prompt": 8, "tokens": 2})
        await ask(client, warm, 999, time.perf_counter())
        started = time.perf_counter()
        return await asyncio.gather(*(ask(client, arguments, seed, started) for seed in range(arguments.clients)))


def figures(answers: list[Answer]) -> dict[str, float]:
    """Sum of tokens over the time until the last came; seconds to the first token, median and longest."""
    firsts = [answer.first for answer in answers]
    rate = sum(answer.tokens for answer in answers) / max(answer.last for answer in answers)
    return {"tokens/s, sum": rate, "first token, median s": median(firsts), "first token, longest s": max(firsts)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8267/v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--key", default="")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--prompt", type=int, default=128, help="tokens")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--vocabulary", type=int, default=128256, help="ids are drawn below this, less 256")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = figures(asyncio.run(load(arguments)))
    if arguments.json:
        print(json.dumps(measured))
        return
    for name, value in measured.items():
        print(f"{name:24} {value:.2f}")


if __name__ == "__main__":
    main()
