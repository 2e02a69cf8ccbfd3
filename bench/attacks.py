"""What a server does to others while it is attacked: memory, gaps of a stream beside it, answers of /livez.

    python -m bench.attacks [--tampu PATH] [ATTACK ...]

Starts a server with cria on a free port of this machine and attacks nothing else. `--tampu` is the program to start,
such as that of another checkout, to compare two versions in turn. Attacker and onlooker are one process beside the
server's, so that on two cores a gap is in part theirs: compare with the row of no attack.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tampu.server.ports import free_port

BIG = 3_900_000  # bytes of a large body
SECONDS = 8.0  # that an attack without an end goes on
QUIET = 3.0  # seconds after an attack until the memory that stays is read
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
JSON_TYPE = {"content-type": "application/json"}
ENDS = {"4097": -100, "4104": -100, "4105": -100}  # cria's ends: the stream beside an attack goes on to max_tokens


@dataclass(slots=True)
class Watch:
    """What a client beside the attack sees, and what the server's processes take."""

    port: int
    pid: int
    gaps: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    peak: dict[str, int] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stream, probe and weigh until the block ends."""
        threads = [threading.Thread(target=work) for work in (self._stream, self._probe, self._weigh)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _stream(self) -> None:
        body = {"model": "cria", "prompt": "Once", "max_tokens": 1500, "stream": True, "seed": 1, "logit_bias": ENDS}
        while not self.over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            last = time.monotonic()
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", TEXT, json.dumps(body), JSON_TYPE)
                answer = connection.getresponse()
                while not self.over.is_set() and answer.read1(65536):
                    now = time.monotonic()
                    self.gaps.append(now - last)
                    last = now
            connection.close()

    def _probe(self) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            with contextlib.suppress(OSError, http.client.HTTPException):
                ask(self.port, "GET", "/livez")
            self.probes.append(time.monotonic() - began)
            time.sleep(0.005)

    def _weigh(self) -> None:
        while not self.over.is_set():
            for name, size in memory(self.pid).items():
                self.peak[name] = max(self.peak.get(name, 0), size)
            time.sleep(0.05)


def memory(pid: int) -> dict[str, int]:
    """Resident bytes of the front, and of all its children together."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {"front": resident(pid), "others": sum(map(resident, map(int, children)))}


def resident(pid: int) -> int:
    """Resident bytes of a process; none of one that is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def ask(port: int, method: str, path: str, body: str | bytes | None = None, timeout: float = 60.0) -> str:
    """The status of an answer, or what became of the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, JSON_TYPE)
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def together(count: int, work: Callable[[int], str]) -> list[str]:
    """What this many clients at once are told."""
    told: list[str] = []
    threads = [threading.Thread(target=lambda number=number: told.append(work(number))) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def chat(content: str) -> str:
    """A body with one message."""
    return json.dumps({"model": "cria", "messages": [{"role": "user", "content": content}], "max_tokens": 5})


def raw(port: int, *pieces: bytes, pause: float = 0.05, endless: bytes = b"") -> str:
    """Send bytes as they are, then `endless` ones until SECONDS are over; the statuses that come back."""
    came = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        deadline = time.monotonic() + SECONDS
        with contextlib.suppress(OSError):
            while endless and time.monotonic() < deadline:
                line.sendall(endless)
        line.settimeout(1)
        with contextlib.suppress(OSError):
            while part := line.recv(65536):
                came += part
    return (
        " ".join(each.split(b" ")[1].decode() for each in came.split(b"\r\n") if each.startswith(b"HTTP/1.1 ")) or "cut"
    )


POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def smuggle(port: int) -> list[str]:
    """A body that reads like a request, after the offer of another protocol."""
    inner = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(inner)
    return [raw(port, head, inner, pause=0.2)]


def digits(port: int) -> list[str]:
    """Eight chats of 3.9 MB of digits, and a small one after them."""
    body = chat("7" * BIG).encode()
    told = together(8, lambda _: ask(port, "POST", CHAT, body))
    return [*told, ask(port, "POST", CHAT, chat("hi"))]


def middle_out(port: int) -> list[str]:
    """One of them whose middle may go."""
    body = {"model": "cria", "prompt": "7 " * (BIG // 2), "max_tokens": 5, "transforms": ["middle-out"]}
    return [ask(port, "POST", "/api/v1/completions", json.dumps(body), timeout=120)]


def leave(port: int) -> list[str]:
    """Sixteen that leave at once."""

    body = chat("7" * BIG).encode()

    def send(_: int) -> str:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return "left"

    return together(16, send)


def nested(port: int) -> list[str]:
    """Lists, 90 deep; a prompt of a million lists; messages without anything in them."""
    deep = b'{"model":"cria","messages":[' + b",".join([b"[" * 89 + b"]" * 89] * (BIG // 180)) + b"]}"
    prompt = b'{"model":"cria","prompt":[' + b",".join([b"[1]"] * (BIG // 4)) + b"]}"
    messages = b'{"model":"cria","messages":[' + b",".join([b"{}"] * (BIG // 3)) + b"]}"
    return [
        status
        for path, body in ((CHAT, deep), (TEXT, prompt), (CHAT, messages))
        for status in together(2, lambda _, path=path, body=body: ask(port, "POST", path, body))  # type: ignore[misc]
    ]


def trailers(port: int) -> list[str]:
    """Trailers without an end."""
    return [raw(port, CHUNKED, b"0\r\n", endless=b"x-filler: " + b"a" * 4000 + b"\r\n")]


def extensions(port: int) -> list[str]:
    """A chunk whose extensions have no end."""
    return [raw(port, CHUNKED, b"1", endless=b";a=" + b"b" * 4000)]


def crumbs(port: int) -> list[str]:
    """Chunks of one byte without an end."""
    return [raw(port, CHUNKED, endless=b"1\r\n \r\n" * 1000)]


def schemas(port: int) -> list[str]:
    """Ten schemas at once that are a lot of work."""
    schema: Any = {"type": "string", "maxLength": 500}
    for _ in range(11):
        schema = {"type": "object", "properties": {"a": schema, "b": schema}, "required": ["a"]}
    form = {"type": "json_schema", "json_schema": {"name": "bomb", "schema": schema}}
    body = json.loads(chat("hi")) | {"response_format": form}
    return together(10, lambda number: ask(port, "POST", CHAT, json.dumps({**body, "seed": number})))


def idle(port: int) -> list[str]:
    """Two thousand connections that say nothing."""
    lines = []
    with contextlib.suppress(OSError):
        lines += [socket.create_connection(("127.0.0.1", port)) for _ in range(2000)]
    time.sleep(3)
    told = ask(port, "POST", CHAT, chat("hi"))
    for line in lines:
        line.close()
    return [told]


def deaf(port: int) -> list[str]:
    """Sixty streams that nobody reads."""
    body = json.dumps(json.loads(chat("hi")) | {"stream": True, "max_tokens": 1500, "logit_bias": ENDS}).encode()
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    for line in lines:
        line.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(SECONDS)
    for line in lines:
        line.close()
    return [ask(port, "POST", CHAT, chat("hi"))]


def nothing(port: int) -> list[str]:
    """No attack: what the stream, the probes and the memory are by themselves."""
    time.sleep(4)
    return [ask(port, "POST", CHAT, chat("hi"))]


COLUMNS = ("attack", "answers", "s", "front, peak MB", "others", "front, after", "gap ms", "probe p99 ms", "max")
ATTACKS = (nothing, smuggle, digits, middle_out, leave, nested, trailers, extensions, crumbs, schemas, idle, deaf)


@contextmanager
def serving(program: str, home: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a server that is ready."""
    port = free_port("127.0.0.1")
    command = [program, "serve", "--port", str(port), "--store", "off", "--log-format", "json"]
    with subprocess.Popen(command, env={**os.environ, "TAMPU_HOME": home}, stderr=subprocess.DEVNULL) as server:
        try:
            while ask(port, "GET", "/readyz") != "200":
                time.sleep(0.1)
            yield port, server.pid
        finally:
            server.terminate()


def measure(program: str, attack: Callable[[int], list[str]]) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as home, serving(program, home) as (port, pid):
        ask(port, "POST", CHAT, chat("hi"))
        watch = Watch(port, pid)
        began = time.monotonic()
        with watch.watching():
            time.sleep(0.5)
            told = Counter(attack(port))
            seconds = time.monotonic() - began
        time.sleep(QUIET)
        left = memory(pid)["front"]
    probes = sorted(watch.probes)
    answers = ", ".join(f"{count} x {status}" if count > 1 else status for status, count in told.items())
    cells = (
        *(attack.__name__, answers, f"{seconds:.1f}"),
        *(f"{watch.peak[name] / 1e6:.0f}" for name in ("front", "others")),
        f"{left / 1e6:.0f}",
        *(f"{1000 * value:.0f}" for value in (max(watch.gaps, default=0), probes[len(probes) * 99 // 100], probes[-1])),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tampu", default=str(Path(__file__).parent.parent / ".venv" / "bin" / "tampu"))
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(attack.__name__ for attack in ATTACKS))
    given = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for attack in ATTACKS:
        if not given.attacks or attack.__name__ in given.attacks:
            print(measure(given.tampu, attack), flush=True)


if __name__ == "__main__":
    main()
