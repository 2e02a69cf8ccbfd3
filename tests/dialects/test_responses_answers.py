"""Responses as their own package reads them, and streams that add up; test_golden.py holds both byte for byte."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tampu.dialects.base import dumps
from tampu.errors import Overloaded
from tests.dialects.examples import OPERATIONS, parse
from tests.dialects.golden import golden_files, stream, whole

TRANSCRIPTS = {path.stem: path for path in golden_files("openai") if path.stem.startswith("responses")}
UNBROKEN = [name for name in TRANSCRIPTS if "broken" not in name]
STREAMS = [name for name in TRANSCRIPTS if "stream" in name]
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def load(path: Path) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads(path.read_text())
    return golden


def payload(event: str) -> str:
    """The data of an event that has the name of its type."""
    name, data = event.split("\ndata: ")
    assert name == f"event: {json.loads(data)['type']}"
    return data


def payloads(name: str) -> list[str]:
    """The data of all events of a transcript, streamed."""
    return [payload(event) for event in stream("openai", load(TRANSCRIPTS[name]))]


@pytest.mark.parametrize("name", UNBROKEN)
def test_a_response_is_as_its_schema_and_its_package_have_it(name: str) -> None:
    response = whole("openai", load(TRANSCRIPTS[name]))
    jsonschema.validate(json.loads(response), OPERATIONS["responses"].answer_schema)
    Response.model_validate_json(response)


@pytest.mark.parametrize("name", STREAMS)
def test_events_are_named_numbered_and_as_their_package_has_them(name: str) -> None:
    events = payloads(name)
    assert [json.loads(event)["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        EVENT.validate_json(event)


@pytest.mark.parametrize("name", UNBROKEN)
def test_a_stream_ends_with_the_whole_response(name: str) -> None:
    last = json.loads(payloads(name)[-1])
    assert last["type"] == f"response.{last['response']['status']}"
    assert dumps(last["response"]).decode() == whole("openai", load(TRANSCRIPTS[name]))


@pytest.mark.parametrize("name", UNBROKEN)
def test_the_deltas_of_an_item_are_its_text(name: str) -> None:
    events = [json.loads(event) for event in payloads(name)]
    deltas: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            deltas[event["item_id"]] = deltas.get(event["item_id"], "") + event["delta"]
    items = events[-1]["response"]["output"]
    texts = {item["id"]: item["arguments"] if "arguments" in item else item["content"][0]["text"] for item in items}
    assert deltas == {key: text for key, text in texts.items() if text}


def test_there_are_transcripts_of_text_calls_logprobs_and_every_end() -> None:
    assert {name.removeprefix("responses_") for name in TRANSCRIPTS} == {
        "whole", "whole_tools", "whole_logprobs", "whole_incomplete",
        "stream", "stream_tools", "stream_only_call", "stream_logprobs", "stream_logprobs_tools", "stream_incomplete",
        "stream_empty", "stream_broken",
    }  # fmt: skip


def test_what_breaks_before_the_response_was_begun_is_an_error_alone() -> None:
    (event,) = parse("responses").answer.render_failure(Overloaded("The queue is full."), "req_1")
    assert json.loads(payload(event.decode().removesuffix("\n\n"))) == {
        "type": "error",
        "sequence_number": 0,
        "code": "server_error",
        "message": "The queue is full.",
        "param": None,
    }
