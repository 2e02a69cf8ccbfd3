"""What to do about a worker that died or hangs: pure rules over a clock that is passed in.

A worker's death costs its streams a pause, never a token. Three things could turn that promise against everybody else:
a worker that hangs without dying (Watchdog), one that dies at once every time (Backoff), and a request that takes every
worker down with it (PoisonList, and `crashes` of a stream).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]  # seconds, never going back


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the front half waits for what, in seconds."""

    unhealthy_after: float = 10.0  # no step while work is pending
    kill_after: float = 30.0
    # A worker that computes is slow, not hung: one step of a big model on a small machine may take minutes.
    kill_busy_after: float = 300.0
    resume_deadline: float = 30.0  # without any worker, until the streams that wait for one are given up
    poison_refusal: float = 600.0
    first_backoff: float = 0.05
    longest_backoff: float = 5.0
    stable_after: float = 60.0  # a worker that lived this long starts the back-off anew
    load_attempts: int = 3  # deaths in a row before the first `Ready` that make us give up
    max_unread: int = 1024  # chunks per choice, about 256 KB on the wire, until a client that does not read is dropped
    tick: float = 0.25  # how often the deadlines are looked at
    file_tick: float = 2.0  # how often the model's file is looked at


@dataclass(slots=True)
class Watchdog:
    """Judges a worker by its step counter: silence with work pending is a hang, unless it computes."""

    patience: Patience
    clock: Clock
    _last_step: float = 0.0
    _last_look: float = 0.0
    _last_cpu: float = 0.0
    _busy: bool = False

    def stepped(self) -> None:
        """A step was finished, or there was nothing to do: the silence begins again."""
        self._last_step = self.clock()
        self._busy = False

    def look(self, cpu_seconds: float) -> None:
        """Note how much processor time the worker has used so far; a tenth of a core counts as computing."""
        now = self.clock()
        if now > self._last_look:
            self._busy = cpu_seconds - self._last_cpu >= 0.1 * (now - self._last_look)
        self._last_look, self._last_cpu = now, cpu_seconds

    @property
    def unhealthy(self) -> bool:
        """Silent for too long to send more clients to."""
        return not self._busy and self._silence() >= self.patience.unhealthy_after

    @property
    def hung(self) -> bool:
        """Silent for so long that a new worker will be there sooner."""
        return self._silence() >= (self.patience.kill_busy_after if self._busy else self.patience.kill_after)

    def _silence(self) -> float:
        return self.clock() - self._last_step


@dataclass(slots=True)
class Backoff:
    """Delays between restarts: doubling while workers die young and without having given anything."""

    patience: Patience
    clock: Clock
    _next: float = 0.0
    _started: float = math.inf

    def started(self) -> None:
        """A worker was started now."""
        self._started = self.clock()

    def gave(self) -> None:
        """The worker gave a token: to begin anew at once brings the requests further, whatever it dies of."""
        self._next = 0.0

    def delay(self) -> float:
        """Seconds to wait before the next start; the first restart after a stable worker is nearly at once."""
        if self._next == 0.0 or self.clock() - self._started >= self.patience.stable_after:
            self._next = self.patience.first_backoff
        self._started = math.inf
        delay, self._next = self._next, min(2 * self._next, self.patience.longest_backoff)
        return delay


@dataclass(slots=True)
class Bisection:
    """How many suspects a worker gets together: half of those that it died with, twice those that it lived with."""

    size: int = 1

    def died_with(self, num_suspects: int) -> None:
        """One of these may be what kills workers."""
        self.size = max(1, num_suspects // 2)

    def lived(self) -> None:
        """All of the last ones are cleared."""
        self.size *= 2


class PoisonList:
    """Fingerprints of requests that took two workers down, refused for a while."""

    def __init__(self, patience: Patience, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, fingerprint: str) -> None:
        """Refuse this fingerprint from now on."""
        self._until[fingerprint] = self._clock() + self._patience.poison_refusal

    def __len__(self) -> int:
        now = self._clock()
        self._until = {known: until for known, until in self._until.items() if until > now}
        return len(self._until)

    def __contains__(self, fingerprint: str) -> bool:
        return len(self) > 0 and fingerprint in self._until
