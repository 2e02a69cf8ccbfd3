"""Answers of Workers AI besides its transcripts: padding, neurons, and what was cut before it was what it had to be."""

import json

import pytest

from tampu.catalogue import Price
from tampu.dialects.workers_ai_answers import RunAnswer, Wanted, neurons, neurons_header, padding
from tampu.dialects.workers_ai_errors import Numbered
from tampu.request import Chunk, Completion, Opening, ToolCallDelta, Usage
from tests.dialects.examples import CONTEXT

OPENING = Opening(42, "f", prompt_tokens=11, cached_tokens=0)
ID = "00000000-0000-0000-0000-000000000000"


def test_every_event_of_text_has_a_response_and_padding_of_its_own() -> None:
    lengths = [len(padding(42, index)) for index in range(2000)]
    assert (min(lengths), max(lengths)) == (1, 36)
    assert padding(42, 1) == padding(42, 1) == b"abcdefghijklmnopqrstuvwx"
    assert [padding(43, index) for index in range(9)] != [padding(42, index) for index in range(9)]
    assert 17 < sum(lengths) / len(lengths) < 20


@pytest.mark.parametrize(
    ("pico", "number", "header"),
    [(0, 0.0, "0"), (11_000_000, 1.0, "1"), (115_170_000, 10.47, "10.47"), (1, 0.0, "0"), (110, 0.00001, "0.00001")],
)
def test_neurons_follow_from_the_cost(pico: int, number: float, header: str) -> None:
    assert (neurons(pico), neurons_header(pico)) == (number, header)


def run_answer(wanted: Wanted = Wanted()) -> RunAnswer:  # noqa: B008 - it is frozen
    return RunAnswer(CONTEXT.request_id, 42, Price(1_000_000, 2_000_000), wanted)


def completion(text: str, reason: str = "stop", *calls: ToolCallDelta, cost: int = 0) -> Completion:
    usage = Usage(11, 2, 0, prompt_cost=cost)
    return Completion.fold([Chunk(0, text, (1,), (), reason, calls, OPENING, usage)])  # type: ignore[arg-type]


def test_headers_have_the_id_twice_and_what_is_known_of_the_cost() -> None:
    whole = run_answer().headers([completion("hi", cost=22_000_000)])
    assert whole == {"cf-ai-req-id": ID, "x-request-id": ID, "cf-ai-neurons": "2"}
    streamed = run_answer()
    assert streamed.headers(())["cf-ai-neurons"] == "0"
    list(streamed.render_chunk(0, Chunk(0, "hi", (1,), opening=OPENING)))
    assert streamed.headers(())["cf-ai-neurons"] == "1"


@pytest.mark.parametrize(("text", "reason"), [('{"a": ', "length"), ("", "length"), ('{"a": "b', "stop")])
def test_json_that_was_cut_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(Numbered) as caught:
        run_answer(Wanted(json_mode=True)).render([completion(text, reason)])
    error = caught.value
    assert (error.number, error.status, error.message) == (5098, 400, "JSON Mode couldn't be met")


def test_a_call_that_had_to_come_and_was_cut_is_an_error_in_both_forms() -> None:
    cut = ToolCallDelta(0, '{"a": ', "call_a", "add")
    answer = run_answer(Wanted(must_call=True))
    with pytest.raises(Numbered) as whole:
        answer.render([completion("", "length", cut)])
    with pytest.raises(Numbered) as streamed:
        list(answer.render_chunk(0, Chunk(0, "", (1,), (), "length", (cut,), OPENING)))
    assert (whole.value.number, streamed.value.number) == (8006, 8006)


def test_nothing_is_sent_of_a_call_that_had_to_come_before_it_is_whole() -> None:
    answer = run_answer(Wanted(must_call=True))
    assert list(answer.render_chunk(0, Chunk(0, '{"name":', (1,), opening=OPENING))) == []
    with pytest.raises(Numbered):
        list(answer.render_chunk(0, Chunk(0, "", (), (), "stop")))


def test_a_call_without_text_leaves_no_response() -> None:
    call = ToolCallDelta(0, "", "call_a", "now")
    result = run_answer().result(completion("", "tool_calls", call))
    assert (result["response"], result["tool_calls"]) == (None, [{"name": "now", "arguments": {}, "id": "call_a"}])


def test_calls_may_have_openais_shape() -> None:
    call = ToolCallDelta(0, '{"a": 1}', "call_a", "add")
    wire = {"id": "call_a", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    answer = run_answer(Wanted(openai_calls=True))
    assert answer.result(completion("", "tool_calls", call))["tool_calls"] == [wire]
    (event,) = answer.render_chunk(0, Chunk(0, "", (1,), (), "tool_calls", (call,), OPENING))
    assert json.loads(event.removeprefix(b"data: "))["tool_calls"] == [{"index": 0, **wire}]


def test_json_mode_gives_text_to_tool_calls_all_the_same() -> None:
    call = ToolCallDelta(0, "{}", "call_a", "now")
    result = run_answer(Wanted(json_mode=True)).result(completion("", "tool_calls", call))
    assert result["response"] is None


def test_the_note_on_the_default_cap_comes_only_where_it_was_the_cap() -> None:
    assert run_answer(Wanted(default_limit=256)).render([completion("hi")])["messages"] == []
    assert run_answer(Wanted()).render([completion("hi", "length")])["messages"] == []
