"""Work behind everybody's back that must not end: where it breaks, it is logged and begun again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

log = logging.getLogger("tampu.background")
FIRST_PAUSE, LAST_PAUSE = 0.1, 30.0  # seconds before it begins again; doubled each time
LONG = 60.0  # seconds of work after which the next pause is short again


@dataclass(slots=True)
class Background:
    """Counts how often work had to begin again."""

    restarts: int = 0
    first_pause: float = FIRST_PAUSE

    async def keep_running(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work until it returns by itself; whatever it raises, it begins again after a pause."""
        loop = asyncio.get_running_loop()
        pause = self.first_pause
        while True:
            began = loop.time()
            try:
                return await work()
            except Exception:
                self.restarts += 1
                pause = self.first_pause if loop.time() - began > LONG else pause
                log.exception("%s broke; it begins again in %.1f s", name, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
