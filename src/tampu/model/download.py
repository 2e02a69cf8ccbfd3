"""One file of the hub into its cache, from where an earlier try stopped.

The cache is Hugging Face's own: `blobs/<etag>` has the bytes, `snapshots/<commit>/<file>` links to them. While a file
comes it is `blobs/<etag>.part`. (The hub's own library starts a file afresh after an interruption.)
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx2
import huggingface_hub

from tampu.errors import DamagedFile, ModelError

ANSWER_SECONDS = 5.0
SILENCE_SECONDS = 30.0
TRIES = 5
PIECE = 2**20

Report = Callable[[int], None]  # bytes done since the last report; negative when they were of no use


@dataclass(frozen=True, slots=True)
class Download:
    """A file of the hub and where it goes. `home` is the repository's directory in the cache."""

    url: str
    endpoint: str
    token: str | bool
    home: Path
    commit: str
    file: str
    pause: float = 1.0  # seconds, times the number of tries so far, before another try

    @property
    def link(self) -> Path:
        """The path under which the file is found once it is here."""
        return self.home / "snapshots" / self.commit / self.file

    def run(self, downloaded: Report, checked: Report) -> None:
        """Fetch, check and link the file. Raises DamagedFile, and what httpx2 and the hub's library raise."""
        for attempt in range(TRIES):
            if self.link.exists():
                return
            try:
                self._attempt(downloaded, checked)
            except httpx2.TransportError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(attempt * self.pause)

    def _attempt(self, downloaded: Report, checked: Report) -> None:
        # Asked anew each time: the address of the bytes is good for an hour at most.
        known = huggingface_hub.get_hf_file_metadata(
            self.url, token=self.token, timeout=ANSWER_SECONDS, endpoint=self.endpoint
        )
        name = (known.etag or "").strip('"')
        if not re.fullmatch(r"[0-9a-zA-Z-]+", name) or known.size is None:
            raise DamagedFile(f"The hub names no hash or size for {self.file}.")
        blob = self.home / "blobs" / name
        blob.parent.mkdir(parents=True, exist_ok=True)
        if not blob.exists():
            with _locked(blob.with_name(f"{name}.part")) as part:
                self._fill(part, known.location, known.size, downloaded)
                _check(part, blob, checked)
        self._link(blob)

    def _fill(self, part: BinaryIO, address: str, size: int, downloaded: Report) -> None:
        """Append what is missing of the file."""
        start = part.seek(0, os.SEEK_END)
        downloaded(start)
        if start == size:
            return
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={start}-"}
        if address.startswith(self.endpoint) and isinstance(self.token, str):
            headers["Authorization"] = f"Bearer {self.token}"
        timeout = httpx2.Timeout(SILENCE_SECONDS, connect=ANSWER_SECONDS)
        try:
            with httpx2.stream("GET", address, headers=headers, timeout=timeout, follow_redirects=True) as response:
                response.raise_for_status()
                if response.status_code != 206:  # the whole file comes, not the part asked for
                    downloaded(-start)
                    part.truncate(part.seek(0))
                for piece in response.iter_bytes():
                    part.write(piece)
                    downloaded(len(piece))
        except httpx2.TransportError:
            downloaded(-part.tell())
            raise
        if part.tell() != size:
            part.truncate(0)
            raise DamagedFile(f"{self.file} came with {part.tell()} bytes instead of {size}. Pull again.")

    def _link(self, blob: Path) -> None:
        self.link.parent.mkdir(parents=True, exist_ok=True)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.path.relpath(blob, self.link.parent))


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, open at its end; ModelError when another process is writing it."""
    with path.open("ab+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError(
                "Another process is fetching this model. Wait for it, or end it and pull again."
            ) from error
        yield file


def _check(part: BinaryIO, blob: Path, checked: Report) -> None:
    """Make the finished part the blob if its SHA-256 is the blob's name, which large files have; else empty it."""
    part.flush()
    if re.fullmatch("[0-9a-f]{64}", blob.name):
        digest = hashlib.sha256()
        part.seek(0)
        while piece := part.read(PIECE):
            digest.update(piece)
            checked(len(piece))
        if digest.hexdigest() != blob.name:
            part.truncate(0)
            raise DamagedFile("A file that came is not what the hub promised, and was deleted. Pull again.")
    Path(part.name).replace(blob)
