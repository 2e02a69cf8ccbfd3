"""OpenAI's answers byte for byte: golden files say what goes over the wire for which chunks."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tampu.dialects.base import Answer, dumps
from tampu.dialects.logprobs import chat_logprobs, legacy_name, text_logprobs
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.errors import EngineFailure
from tampu.request import Chunk, Completion, TokenLogprob
from tests.dialects.examples import CONTEXT, OPERATIONS, chunks_from

GOLDEN = sorted((Path(__file__).parent / "golden" / "openai").glob("*.json"))


def load(path: Path) -> tuple[dict[str, Any], Answer, list[Any]]:
    golden = json.loads(path.read_text())
    call = OPERATIONS[golden["operation"]].parse({}, golden["body"], CONTEXT)
    return golden, call.answer, golden["chunks"]


def payload(event: bytes) -> str:
    assert event.startswith(b"data: ") and event.endswith(b"\n\n")
    return event[6:-2].decode()


@pytest.mark.parametrize("path", [path for path in GOLDEN if "whole" in path.name], ids=lambda path: path.stem)
def test_a_whole_answer_is_the_golden_one(path: Path) -> None:
    golden, answer, script = load(path)
    chunks = sorted(chunks_from(script), key=lambda pair: pair[0])
    completions = [
        Completion.fold(chunk for _, chunk in of_prompt) for _, of_prompt in groupby(chunks, lambda pair: pair[0])
    ]
    assert dumps(answer.render(completions)) == dumps(golden["answer"])


@pytest.mark.parametrize("path", [path for path in GOLDEN if "stream" in path.name], ids=lambda path: path.stem)
def test_a_stream_is_the_golden_one(path: Path) -> None:
    golden, answer, script = load(path)
    broken = script[-1] == "broken"
    events = [
        event
        for position, chunk in chunks_from(script[:-1] if broken else script)
        for event in answer.render_chunk(position, chunk)
    ]
    failure = EngineFailure("The engine failed.")
    events += answer.render_failure(failure, CONTEXT.request_id) if broken else answer.render_end()
    assert [payload(event) for event in events] == golden["events"]


def test_golden_files_cover_both_operations_whole_and_in_pieces() -> None:
    kinds = {tuple(path.stem.split("_")[:2]) for path in GOLDEN}
    assert kinds == {("chat", "whole"), ("chat", "stream"), ("completions", "whole"), ("completions", "stream")}


def test_a_chunk_without_text_is_not_sent() -> None:
    _, answer, _ = load(next(path for path in GOLDEN if path.stem == "chat_stream"))
    assert list(answer.render_chunk(0, Chunk(text="", token_ids=(5,)))) == []


def test_impossible_tokens_get_the_lowest_number_that_json_has() -> None:
    tokens = [TokenLogprob(0, b"a", -float("inf"), (TokenLogprob(1, b"b", -float("inf")),))]
    (token,) = chat_logprobs(tokens)["content"]
    assert (token["logprob"], token["top_logprobs"][0]["logprob"]) == (-9999.0, -9999.0)


def test_halves_of_a_character_and_control_tokens_stay_distinct_as_keys() -> None:
    names = [legacy_name(TokenLogprob(7, data, -1.0)) for data in ("é".encode(), b"\xc3", b"\xa9", b"")]
    assert names == ["é", "bytes:\\xc3", "bytes:\\xa9", "token_id:7"]


def test_a_control_token_has_no_bytes() -> None:
    (token,) = chat_logprobs([TokenLogprob(7, b"", -1.0)])["content"]
    assert (token["token"], token["bytes"]) == ("token_id:7", None)


def test_a_fingerprint_is_short_on_the_wire() -> None:
    assert wire_fingerprint("0123456789abcdef" * 4) == "fp_0123456789abcdef"


def test_text_offsets_count_characters() -> None:
    tokens = [TokenLogprob(0, data, -1.0) for data in ("é".encode(), b"\xf0\x9f", b"\x98\x80", b"!")]
    wire, offset = text_logprobs(tokens, 10)
    assert (wire["text_offset"], offset) == ([10, 11, 12, 12], 13)


def test_no_line_end_of_any_kind_is_bare_in_a_payload() -> None:
    text = "a\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b"
    assert len(dumps(text).decode().splitlines()) == 1
    assert json.loads(dumps(text)) == text
