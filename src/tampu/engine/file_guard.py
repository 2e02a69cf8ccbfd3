"""The model's file while it is served: its contents are compared with their checksums, and it is watched for changes.

A fingerprint is of the checksums that the file names; that the contents have them is found here, behind a server that
answers already. What was written into a mapped file changes answers at once, so a file that changes is read again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from tampu.errors import ModelError
from tampu.model.packed import FileId, file_id_of, verify_packed

TICK = 2.0  # seconds between two looks at the file
REST = 3.0  # times as long as reading took; the first reading takes a quarter of a core, so that nobody waits for it
log = logging.getLogger("tampu.engine")


class FileGuard:
    """Watches the packed file of a loaded model; `give_up` is told in words when it is not what it was packed as."""

    def __init__(
        self, path: Path, file_id: FileId, give_up: Callable[[str], None], tick: float = TICK, rest: float = REST
    ) -> None:
        self._path = path
        self._file_id = file_id
        self._give_up = give_up
        self._tick = tick
        self._rest = rest
        self.verified = False  # once the contents have been compared with their checksums

    async def run(self) -> None:
        """Compare the contents once, gently, then look for changes until cancelled."""
        await self._compare(self._rest)
        while True:
            await asyncio.sleep(self._tick)
            now = await asyncio.to_thread(file_id_of, self._path)
            # Another file of this name, or none: the worker still has the one that it mapped.
            if now is not None and now[:2] == self._file_id[:2] and now != self._file_id:
                log.warning("%s has changed while it is served: it is compared with its checksums.", self._path)
                self._file_id = now
                await self._compare(0.0)

    async def accept(self, file_id: FileId) -> str:
        """Why a worker that has mapped this file must not go on with the answers of others; empty where it may."""
        try:
            await asyncio.to_thread(verify_packed, self._path)
        except ModelError as error:
            return _told(error)
        if await asyncio.to_thread(file_id_of, self._path) != file_id:
            return f"{self._path} changed again while it was compared with its checksums."
        self._file_id = file_id
        return ""

    async def _compare(self, rest: float) -> None:
        try:
            await asyncio.to_thread(verify_packed, self._path, lambda seconds: time.sleep(rest * seconds))
        except ModelError as error:
            log.error("%s", _told(error))
            self._give_up(_told(error))
        else:
            self.verified = True


def _told(error: ModelError) -> str:
    return f"The model's file is not what it was packed as, so nothing more is answered from it. {error}"
