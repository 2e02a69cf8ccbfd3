"""A stream that runs while the server is under attack, and must not notice."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import httpx2

from tampu.request import Chunk, GenerateRequest, Usage
from tests.fakes import FakeUpstream
from tests.server.live import Live, live

CANARY_SEED = 777_777


class CountingUpstream(FakeUpstream):
    """Answers the canary's request with 0, 1, 2, ... until told to stop; all others as a fake does."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()
        self.num_counted = 0

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk, None]:
        """A number every few milliseconds, or the usual pieces."""
        if request.sampling.seed != CANARY_SEED:
            async for chunk in super().generate(request):
                yield chunk
            return
        opening = self._opening(request)
        while not self.done.is_set():
            yield Chunk(0, f"{self.num_counted} ", opening=opening if self.num_counted == 0 else None)
            self.num_counted += 1
            await asyncio.sleep(0.005)
        yield Chunk(0, finish_reason="stop", usage=Usage(1, self.num_counted))


@contextmanager
def attacked() -> Iterator[Live]:
    """A server to attack. Afterwards the canary has every token once, and the server is ready."""
    upstream = CountingUpstream()
    pieces: list[str] = []
    with live(upstream) as server:
        canary = threading.Thread(target=_listen, args=(server.url, pieces))
        canary.start()
        try:
            yield server
        finally:
            upstream.done.set()
            canary.join(10)
        assert pieces == [f"{number} " for number in range(upstream.num_counted)]
        assert upstream.num_counted > 1
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        assert server.lifecycle.num_open == 0


def _listen(url: str, pieces: list[str]) -> None:
    body = {"model": "cria", "prompt": "count", "seed": CANARY_SEED, "stream": True, "max_tokens": 500}
    with httpx2.Client(timeout=60) as client, client.stream("POST", f"{url}/v1/completions", json=body) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: {"):
                text = json.loads(line.removeprefix("data: "))["choices"][0]["text"]
                pieces.extend([text] if text else [])
