"""What OpenAI-shaped answers are made of; tests/dialects/test_golden.py holds them byte for byte."""

import json

from tampu.dialects.base import dumps
from tampu.dialects.logprobs import chat_logprobs, legacy_name, text_logprobs
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.request import Chunk, TokenLogprob
from tests.dialects.examples import parse


def test_a_chunk_without_text_is_not_sent() -> None:
    answer = parse("chat", stream=True).answer
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
