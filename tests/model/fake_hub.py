"""A Hugging Face hub small enough for tests: one repository, over HTTP on loopback."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


@dataclass(slots=True)
class FakeHub:
    """What the hub holds and how it behaves. `requests` records what was asked of it, as `GET /path bytes=0-`."""

    repository: str
    files: dict[str, bytes]
    gated: bool = False
    readers: tuple[str, ...] = ()  # tokens with which a gated repository may be read
    status: int = 0  # answer everything with this instead
    break_after: int = 0  # cut each file's transfer off after so many bytes
    ranges: bool = True
    corrupt: bool = False  # change what is sent, but neither its length nor its promised hash
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""

    def downloads(self) -> list[str]:
        """The requests that asked for the content of a file."""
        return [line for line in self.requests if line.startswith("GET") and "/resolve/" in line]


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """The hub, listening; its `endpoint` is set."""

    class Handler(_Handler):
        fake = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeHub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.fake.requests.append(" ".join(filter(None, (self.command, path, self.headers.get("Range")))))
        api = f"/api/models/{self.fake.repository}"
        if self.fake.status:
            self._send(self.fake.status, b"")
        elif not path.startswith((api, f"/{self.fake.repository}/")):
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif path.startswith(f"{api}/auth-check") or "/resolve/" in path:
            self._gated(path)
        elif path.startswith(f"{api}/tree/"):
            self._send_json([self._entry(name) for name in self.fake.files])
        else:
            siblings = [{"rfilename": name, **self._entry(name)} for name in self.fake.files]
            gated = "manual" if self.fake.gated else False
            self._send_json({"id": self.fake.repository, "sha": COMMIT, "siblings": siblings, "gated": gated})

    def _entry(self, name: str) -> dict[str, object]:
        data = self.fake.files[name]
        entry: dict[str, object] = {
            "type": "file",
            "path": name,
            "size": len(data),
            "oid": hashlib.sha1(data).hexdigest(),
        }
        if name.endswith((".safetensors", ".gguf")):
            digest = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": digest, "sha256": digest, "size": len(data), "pointerSize": 130}
        return entry

    def _gated(self, path: str) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.fake.gated and token not in self.fake.readers:
            self._send(403 if token else 401, b"", {"X-Error-Code": "GatedRepo"})
        elif "/resolve/" in path:
            self._send_file(path.partition("/resolve/")[2].partition("/")[2])
        else:
            self._send(200, b"")

    def _send_file(self, name: str) -> None:
        if name not in self.fake.files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data, entry = self.fake.files[name], self._entry(name)
        lfs = entry.get("lfs")
        etag = lfs["oid"] if isinstance(lfs, dict) else entry["oid"]
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if self.fake.corrupt:
            data = data[::-1]
        asked = self.headers.get("Range") if self.fake.ranges else None
        start = int((asked or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if asked else 200, data[start:], headers)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fake.break_after and len(body) > self.fake.break_after:
            self.wfile.write(body[: self.fake.break_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)
