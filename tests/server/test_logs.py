"""Log lines have what operators need and never what users wrote."""

import json
import logging
import threading
from collections.abc import Iterator

import httpx2
import pytest

from tampu.server.logs import JsonFormatter, LineFormatter, Patient
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
        {"model": "canary-model", "prompt": "canary-prompt"},
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
