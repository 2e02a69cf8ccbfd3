"""Constraints are compiled in processes that are killed when one takes too long or too much memory.

A time-out that cannot kill is no time-out: whatever a client sends, the event loop and the worker go on.
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict
from collections.abc import Sequence

from tampu.errors import EngineFailure, Overloaded, SchemaTooComplex
from tampu.grammar.child import decode, encode
from tampu.grammar.schema import check_length
from tampu.request import Constraint

COMPILER = (sys.executable, "-P", "-m", "tampu.grammar.child")
MAX_LINE = 4 * 2**20
START_SECONDS = 20.0  # that a process may take to load what it needs


class CompilePool:
    """Up to `size` processes, started when there is something to compile, and the grammars of late."""

    def __init__(
        self,
        size: int = 2,
        seconds: float = 2.0,
        memory: int = 512 * 2**20,
        cache_bytes: int = 16 * 2**20,
        command: Sequence[str] = COMPILER,
    ) -> None:
        self._command = command
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Process] = []
        self._seconds = seconds
        self._memory = memory
        self._cache: OrderedDict[Constraint, str] = OrderedDict()
        self._room = cache_bytes

    async def compile(self, constraint: Constraint) -> str:
        """The grammar of a constraint; UnsupportedSchema or SchemaTooComplex where there is none."""
        check_length(constraint.source, constraint.param)
        if constraint in self._cache:
            self._cache.move_to_end(constraint)
            return self._cache[constraint]
        try:
            await asyncio.wait_for(self._slots.acquire(), self._seconds)
        except TimeoutError:
            raise Overloaded("Too many schemas are being compiled.", retry_after=1) from None
        try:
            grammar = await self._ask(constraint)
        finally:
            self._slots.release()
        self._keep(constraint, grammar)
        return grammar

    @property
    def num_cached(self) -> int:
        """How many grammars are kept."""
        return len(self._cache)

    @property
    def num_idle(self) -> int:
        """How many processes wait for something to compile."""
        return len(self._idle)

    async def close(self) -> None:
        """End the processes."""
        for process in self._idle:
            await _kill(process)
        self._idle.clear()

    async def _ask(self, constraint: Constraint) -> str:
        process = self._idle.pop() if self._idle else await self._start()
        try:
            line = await asyncio.wait_for(_exchange(process, encode(constraint)), self._seconds)
        except BaseException as error:
            # The time is over, the process is dead of its limit, or the client is gone.
            await _kill(process)
            if isinstance(error, TimeoutError | EOFError | OSError):
                raise self._too_complex(constraint) from None
            raise
        self._idle.append(process)
        return decode(line)

    async def _start(self) -> Process:
        # A session of its own: Ctrl-C at the terminal is not for it. It ends when its input does.
        process = await asyncio.create_subprocess_exec(
            *self._command, str(self._memory), stdin=PIPE, stdout=PIPE, limit=MAX_LINE, start_new_session=True
        )
        try:
            await asyncio.wait_for(_exchange(process, b""), START_SECONDS)
        except (TimeoutError, EOFError, OSError) as error:
            await _kill(process)
            raise EngineFailure("The process that compiles schemas does not start.") from error
        return process

    def _too_complex(self, constraint: Constraint) -> SchemaTooComplex:
        return SchemaTooComplex(
            f"{constraint.param} takes more than {self._seconds:g} s or {self._memory >> 20} MB to compile.",
            param=constraint.param,
        )

    def _keep(self, constraint: Constraint, grammar: str) -> None:
        """Keep a grammar, and forget those unused for longest until all fit."""
        if self._cache.pop(constraint, None) is None:
            self._room -= len(constraint.source) + len(grammar)
        self._cache[constraint] = grammar
        while self._room < 0:
            oldest, text = self._cache.popitem(last=False)
            self._room += len(oldest.source) + len(text)


async def _exchange(process: Process, request: bytes) -> bytes:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(request)
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
