"""The HTTP server alone: tokens per second of server-sent events from a fake engine, and the cost of a dialect's parts.

    python -m bench.server [--streams 600] [--tokens 200] [--json]

The server runs in a process of its own on one core, the client on another where there is one. The fake engine gives
every stream one token per pass as fast as the server takes them. Besides the clock, the server's processor time is
measured: on a machine that others use, tokens per second of processor time is the figure that repeats.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import timeit
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from uvicorn.loops.auto import auto_loop_factory

from bench.machine import machine
from tampu.dialects.base import Context, Operation, Policy, dumps
from tampu.dialects.table import build_dialects
from tampu.engine.card import EngineStatus, ModelCard
from tampu.engine.entry import entry_of
from tampu.engine.front import FrontStats
from tampu.engine.output import EngineStats
from tampu.request import Choice, Chunk, Completion, GenerateRequest, Opening, Usage
from tampu.server.lifecycle import Lifecycle
from tampu.server.ports import bind
from tampu.server.serve import build_server
from tampu.settings import ServerSettings

CARD = ModelCard(
    "fake", 8192, 1000, "int8", "bf16", "fake", (), num_blocks=1, block_size=32, isa="-", threads=1, packed=""
)
BODY = {"model": "fake", "messages": [{"role": "user", "content": "hello"}], "stream": True}


class StepUpstream:
    """Gives every open stream one token per pass, once all of them are there; no model, no worker."""

    name = "fake"
    card = CARD
    status = EngineStatus("ready", 1.0)
    stats = FrontStats(EngineStats())
    adapters = None

    def __init__(self, num_streams: int) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._num_streams = num_streams
        self._num_open = 0

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Chunk]:
        """`max_tokens` chunks of one word."""
        opening: Opening | None = Opening(request.sampling.seed or 0, "fake", 8, 0)
        self._num_open += 1
        count = request.sampling.max_tokens or 1
        for _ in range(count):
            await self._step()
            yield Chunk(0, " token", (1,), opening=opening)
            opening = None
        self._num_streams -= 1  # who is done is not waited for
        yield Chunk(0, finish_reason="length", usage=Usage(8, count, 0))

    async def _step(self) -> None:
        step = asyncio.get_running_loop().create_future()
        self._waiting.append(step)
        if len(self._waiting) >= self._num_streams:
            waiting, self._waiting = self._waiting, []
            # The next loop pass: what this step made is written first, as with a real engine.
            asyncio.get_running_loop().call_soon(_release, waiting)
        await step


def _release(waiting: list[asyncio.Future[None]]) -> None:
    for future in waiting:
        future.set_result(None)


def run_server(num_streams: int, core: int) -> None:
    """Serve until standard input closes; print the port, and at the end the processor seconds used for streams."""
    os.sched_setaffinity(0, {core})
    listener = bind("127.0.0.1", 0)
    server = build_server(StepUpstream(num_streams), ServerSettings(), Lifecycle())
    print(listener.getsockname()[1], flush=True)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(server.serve([listener]))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Client(asyncio.Protocol):
    """One stream: counts its tokens."""

    def __init__(self, request: bytes, done: "asyncio.Future[None]") -> None:
        self._request = request
        self.done = done
        self._tail = b""
        self.events = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count what came."""
        self.events += data.count(b'"content":" token"')
        self._tail = (self._tail + data)[-16:]
        if b"[DONE]" in self._tail and not self.done.done():
            self.done.set_result(None)


def _itself(client: Client) -> Client:
    return client


async def ask(port: int, num_streams: int, num_tokens: int) -> tuple[list[Client], float]:
    """The clients after their streams ended, and the seconds it took."""
    loop = asyncio.get_running_loop()
    raw = json.dumps({**BODY, "max_tokens": num_tokens}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(raw)}\r\n\r\n".encode()
    started = time.perf_counter()
    clients = [Client(head + raw, loop.create_future()) for _ in range(num_streams)]
    for client in clients:
        await loop.create_connection(partial(_itself, client), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), 300)
    return clients, time.perf_counter() - started


def bench_streams(num_streams: int, num_tokens: int) -> dict[str, Any]:
    """Figures of one run."""
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "bench.server", "--serve", str(num_streams), "--core", str(cores[0])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.sched_setaffinity(0, {cores[-1]})
        time.sleep(0.5)
        before = cpu_seconds(server.pid)
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            clients, seconds = runner.run(ask(port, num_streams, num_tokens))
        used = cpu_seconds(server.pid) - before
        server.kill()
    os.sched_setaffinity(0, cores)
    tokens = sum(client.events for client in clients)
    assert tokens == num_streams * num_tokens, f"{tokens} tokens came of {num_streams * num_tokens}"
    return {
        "streams": num_streams,
        "tokens": tokens,
        "seconds": round(seconds, 2),
        "server_cpu_seconds": round(used, 2),
        "tokens_per_second": round(tokens / seconds),
        "tokens_per_cpu_second": round(tokens / used),
    }


# Name of an operation -> its body, from messages and controls.
BODIES: dict[str, Callable[[list[dict[str, str]], dict[str, Any]], dict[str, Any]]] = {
    "chat": lambda messages, controls: {"messages": messages, **controls},
    "responses": lambda messages, controls: {"input": messages, **controls},
    "run": lambda messages, controls: {"messages": messages, **controls},
    "generate": lambda messages, controls: {"model": "cria", "data": {"messages": messages, **controls}},
    "inference": lambda messages, controls: {"input": str(messages), **controls},
}


def bench_dialects() -> dict[str, dict[str, float]]:
    """Microseconds to parse 21 messages, to word a whole answer, and to word one chunk, by dialect and operation."""
    return {
        f"{dialect.name} {operation.name}": bench_operation(operation)
        for dialect in build_dialects(Policy())
        for operation in dialect.operations
        if operation.name in BODIES
    }


def bench_operation(operation: Operation) -> dict[str, float]:
    """The same for one operation that takes messages."""
    entry, messages = entry_of(CARD, created=1), [{"role": "user", "content": "hello there"}] * 21
    context = Context("req_" + "0" * 32, 1, 5, lambda name: entry)  # noqa: ARG005
    controls = {"model": "cria", "temperature": 0.7, "top_p": 0.9, "stream": True}
    body, path_args = BODIES[operation.name](messages, controls), {"model": "cria"}
    whole, pieces = (operation.parse(path_args, body, context).answer for _ in range(2))
    opening, usage = Opening(5, "fake", 8, 0), Usage(8, 1, 0)
    completion = Completion((Choice(0, "hello " * 50, (1,) * 50, (), "stop"),), opening, usage)
    list(pieces.render_chunk(0, Chunk(opening=opening)))
    chunk = Chunk(text=" token", token_ids=(1,))
    return {
        "parse_us": microseconds(lambda: operation.parse(path_args, body, context), 2000),
        "whole_us": microseconds(lambda: dumps(whole.render([completion])), 5000),
        "chunk_us": microseconds(lambda: list(pieces.render_chunk(0, chunk)), 50_000),
    }


def microseconds(work: Callable[[], object], number: int) -> float:
    """What one of so many runs in a row takes, in the best of five rows."""
    return round(1e6 * min(timeit.repeat(work, number=number, repeat=5)) / number, 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=600)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        return run_server(given.serve, given.core)
    figures = {"machine": machine(), **bench_streams(given.streams, given.tokens), "dialects": bench_dialects()}
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name.replace('_', ' '):>24}  {value}" for name, value in figures.items()))
    return None


if __name__ == "__main__":
    main()
