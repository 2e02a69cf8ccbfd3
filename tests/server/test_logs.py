"""Log lines have what operators need and never what users wrote."""

import json
import logging
import re
import threading
from collections.abc import Iterator

import httpx2
import pytest

from tampu.errors import OutOfRange
from tampu.request import Usage
from tampu.server.logs import (
    BURST,
    PAUSE,
    JsonFormatter,
    LineFormatter,
    Patient,
    Sparing,
    TerminalFormatter,
    formatter_for,
)
from tampu.server.records import RequestRecord
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import eventually, live


def record(message: str = "request", **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("tampu.access", logging.INFO, "", 0, message, None, None)
    made.created = 0.5
    made.fields = fields
    return made


def test_a_line_for_people_has_words_and_values() -> None:
    line = LineFormatter().format(record(status=200, model="cria", finish="", first_ms=None))
    assert line == "00:00:00 info request status=200 model=cria"


def test_a_line_for_programs_is_one_json_object() -> None:
    line = JsonFormatter().format(record(status=200, model="cria"))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500000+00:00",
        "level": "info",
        "logger": "tampu.access",
        "message": "request",
        "status": 200,
        "model": "cria",
    }


def test_what_a_client_wrote_starts_no_line_and_moves_no_cursor() -> None:
    forged = "/x\n00:00:00 info request status=200\x1b[2J"
    line = LineFormatter().format(record(path=forged, error='with "quotes" and spaces…'))
    assert line == (
        '00:00:00 info request path="/x\\n00:00:00 info request status=200\\u001b[2J" '
        'error="with \\"quotes\\" and spaces…"'
    )


def asked(status: int, operation: str = "", path: str = "/v1/chat/completions") -> RequestRecord:
    made = RequestRecord("req_1", "POST", path, started=10.0, status=status, operation=operation)
    made.finished_at = 10.068
    return made


def on_terminal(request: RequestRecord, **fields: object) -> str:
    """What a terminal shows of a request, after the time."""
    made = record()
    made.fields, made.request = fields, request
    time, _, line = TerminalFormatter().format(made).partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    return line


def test_a_terminal_gets_a_short_line_for_an_answer() -> None:
    request = asked(200, "chat")
    request.model, request.usage, request.finish_reasons = "cria", Usage(11, 14), ["stop"]
    assert on_terminal(request) == "200 chat cria 11→14 tokens 68 ms"
    request.finish_reasons = ["length", "stop"]
    assert on_terminal(request) == "200 chat cria 11→14 tokens 68 ms length"


def test_a_terminal_gets_the_reason_of_a_refusal() -> None:
    request = asked(400, "chat")
    request.refuse(OutOfRange("n", value=5, low=1, high=4))
    assert on_terminal(request) == "400 chat n must be between 1 and 4, got 5."
    lost = asked(404, path="/x\x1b[2J")
    lost.error = "There is no /x?[2J here."
    assert on_terminal(lost, unshown=57) == "404 POST /x?[2J There is no /x?[2J here. (57 more like it)"


def test_a_terminal_gets_other_lines_as_they_are() -> None:
    assert TerminalFormatter().format(record("The worker ended.")) == "00:00:00 info The worker ended."


def test_a_pipe_gets_long_lines_and_json_is_for_who_asks() -> None:
    assert type(formatter_for("line", terminal=True)) is TerminalFormatter
    assert type(formatter_for("line", terminal=False)) is LineFormatter
    assert type(formatter_for("json", terminal=True)) is JsonFormatter


def test_errors_without_end_of_one_kind_leave_a_line_now_and_then_with_their_number() -> None:
    now = [0.0]
    sparing = Sparing(lambda: now[0])

    def shown(kind: str) -> dict[str, object] | None:
        made = record()
        made.kind = kind
        return made.__dict__["fields"] if sparing.filter(made) else None

    assert [shown("Unauthorized") for _ in range(BURST)] == [{}] * BURST
    assert [shown("Unauthorized") for _ in range(100)] == [None] * 100
    assert shown("OutOfRange") == {}
    now[0] = PAUSE
    assert [shown("Unauthorized") for _ in range(2)] == [{"unshown": 100}, None]
    assert [shown("") for _ in range(1000)] == [{}] * 1000


def test_a_warning_without_end_is_spared_too() -> None:
    made = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, "Invalid HTTP request received.", None, None)
    sparing = Sparing(lambda: 0.0)
    assert sum(sparing.filter(made) for _ in range(1000)) == BURST


@pytest.mark.parametrize(
    ("path", "headers", "kind", "words"),
    [
        ("/chat/completions", {}, "RouteNotFound", "There is no /chat/completions here."),
        ("/v1/models", {"host": "evil.example"}, "UnknownHost", "The Host 'evil.example' is not this server's"),
        (
            "/v1/models",
            {"origin": "http://localhost:3000"},
            "Forbidden",
            "of http://localhost:3000 need --allowed-origins http://",
        ),
        ("/v1/models", {}, "Unauthorized", "No API key, or not a valid one."),
        ("/v1/models/llama", {"authorization": "Bearer canary-key"}, "ModelNotFound", "There is no model llama; cria"),
        ("/v1/chat/completions", {}, "MethodNotAllowed", "GET is not allowed at /v1/chat/completions; use POST."),
    ],
)
def test_whoever_is_turned_away_leaves_a_line_with_the_reason(
    path: str, headers: dict[str, str], kind: str, words: str, collected: list[logging.LogRecord]
) -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("canary-key"))) as server:
        httpx2.get(server.url + path, headers=headers)
        httpx2.get(f"{server.url}/livez")
    (line,) = [made for made in collected if made.name == "tampu.access" and made.levelno == logging.INFO]
    assert line.__dict__["kind"] == kind
    assert words in line.__dict__["fields"]["error"] and len(line.__dict__["fields"]["error"]) <= 80


def test_a_stream_that_breaks_says_why(collected: list[logging.LogRecord]) -> None:
    body = {"model": "cria", "prompt": "hi", "stream": True}
    with live(FakeUpstream("a", RuntimeError("broke"))) as server:
        httpx2.post(f"{server.url}/v1/completions", json=body)
    (fields,) = [made.__dict__["fields"] for made in collected if made.name == "tampu.access"]
    assert (fields["status"], fields["finish"]) == (200, "error")
    assert fields["error"].startswith("The engine failed on this request")


def test_a_traceback_stays_in_the_one_line_of_json() -> None:
    made = record("failed")
    try:
        raise ValueError("why")
    except ValueError as error:
        made.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: why" in json.loads(JsonFormatter().format(made))["trace"]
    assert "ValueError: why" in LineFormatter().format(made)


class Collecting(logging.Handler):
    """Keeps every record of every logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def collected() -> Iterator[list[logging.LogRecord]]:
    handler, root = Collecting(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.records
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_prompt_completion_or_key_is_ever_logged(collected: list[logging.LogRecord]) -> None:
    settings = ServerSettings(api_key=Secret("canary-key"))
    headers = {"authorization": "Bearer canary-key"}
    bodies = [
        {"model": "cria", "prompt": "canary-prompt"},
        {"model": "cria", "prompt": "canary-prompt", "stream": True},
        {"model": "cria", "prompt": "canary-prompt", "stop": 3},
        {"model": "canary model", "prompt": "canary-prompt"},
    ]
    with live(FakeUpstream("canary-completion", RuntimeError("broke")), settings) as server:
        for body in bodies:
            httpx2.post(f"{server.url}/v1/completions", json=body, headers=headers)
        httpx2.post(f"{server.url}/v1/completions", content=b'{"canary-prompt', headers=headers)
        httpx2.get(f"{server.url}/v1/models", headers={"authorization": "Bearer canary-wrong-key"})
        metrics = httpx2.get(f"{server.url}/metrics", headers=headers).text
    ours = [made for made in collected if made.name.startswith(("tampu", "uvicorn"))]
    lines = "\n".join(formatter.format(made) for made in ours for formatter in (LineFormatter(), JsonFormatter()))
    assert "request_id=req_" in lines and "RuntimeError: broke" in lines
    assert "canary" not in lines and "canary" not in metrics


def test_lines_are_written_in_order_by_a_thread_of_their_own() -> None:
    collecting = Collecting()
    handler = Patient(collecting)
    for number in range(100):
        handler.emit(record(str(number)))
    handler.flush()
    assert [made.getMessage() for made in collecting.records] == [str(number) for number in range(100)]


def test_lines_beyond_the_queue_are_dropped() -> None:
    stuck = threading.Event()

    class Stuck(Collecting):
        def emit(self, record: logging.LogRecord) -> None:
            stuck.wait(10)
            super().emit(record)

    writer = Stuck()
    handler = Patient(writer, capacity=3)
    for number in range(100):
        handler.emit(record(str(number)))
    stuck.set()
    assert eventually(lambda: 3 <= len(writer.records) <= 4)
