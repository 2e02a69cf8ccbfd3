"""A thread for work that may take long, with a bound on what may wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tampu.errors import Overloaded

T = TypeVar("T")
RETRY_AFTER = 2.0


class Lane:
    """One piece of work at a time, in the order of arrival, so that short work never waits behind long work.

    Work that is cancelled before its turn is not done. `what` stands in the refusal: "long prompts".
    """

    def __init__(self, what: str, max_bytes: int) -> None:
        self._what = what
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"tampu {what}")

    async def run(self, num_bytes: int, work: Callable[[], T]) -> T:
        """What `work`, which is about so many bytes, gives. Raises Overloaded when too many wait already."""
        self.take(num_bytes)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self.give_back(num_bytes)

    def take(self, num_bytes: int) -> None:
        """Count bytes that wait. Raises Overloaded when they are too many; one piece alone is never too much."""
        if self._num_bytes and self._num_bytes + num_bytes > self._max_bytes:
            raise Overloaded(
                f"Too many {self._what} at once: {self._max_bytes} bytes of them are held already.",
                retry_after=RETRY_AFTER,
            )
        self._num_bytes += num_bytes

    def give_back(self, num_bytes: int) -> None:
        """These bytes wait no more."""
        self._num_bytes -= num_bytes
