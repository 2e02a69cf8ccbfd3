"""The words of Workers AI's batches: what is taken, and how answers are put together."""

from typing import Any

import pytest

from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai_batches import (
    MAX_ELEMENTS,
    batch_not_found,
    read_batch,
    read_poll,
    render_done,
    render_failure,
    render_response,
    render_status,
    whole,
)
from tampu.errors import InvalidRequest, Missing, OutOfRange, WrongLength, WrongType

REQUEST_ID = "req_" + "0" * 32


def test_bodies_are_taken_as_they_come() -> None:
    bodies = ({"prompt": "a"}, {"prompt": 5}, "hello", None)
    assert read_batch({"requests": list(bodies), "unknown": 1}) == bodies


@pytest.mark.parametrize(
    ("requests", "error"),
    [([], WrongLength), ([{}] * (MAX_ELEMENTS + 1), WrongLength), ({}, WrongType), ("a", WrongType), (None, Missing)],
)
def test_a_batch_is_a_list_within_bounds(requests: JSON, error: type[InvalidRequest]) -> None:
    with pytest.raises(error) as caught:
        read_batch({"requests": requests})
    assert caught.value.param == "requests"


def test_a_poll_names_a_batch() -> None:
    assert read_poll({"request_id": "a"}) == "a"
    for request_id in ("", "a" * 65, 5, None):
        with pytest.raises(InvalidRequest) as caught:
            read_poll({"request_id": request_id})
        assert caught.value.param == "request_id"
    assert (batch_not_found("a").number, batch_not_found("a").status) == (5099, 404)


def test_an_element_is_answered_whole() -> None:
    assert whole({"prompt": "a", "stream": True, "external_reference": "r"}) == {
        "prompt": "a",
        "stream": None,
        "external_reference": "r",
    }
    for element in (None, "hello", ["prompt"], {"external_reference": 5}, {"external_reference": "r" * 1025}):
        with pytest.raises(InvalidRequest):
            whole(element)


def test_answers_and_failures_have_one_shape() -> None:
    error = OutOfRange("temperature", value=6, low=0, high=5)
    answered = render_response(3, {"external_reference": "r"}, {"response": "a"})
    assert answered == {"id": 3, "result": {"response": "a"}, "success": True, "external_reference": "r"}
    failed = render_failure(4, "hello", error, REQUEST_ID)
    message = "AiError: AiError: Error: '/temperature' must be <= 5 (00000000-0000-0000-0000-000000000000)"
    assert failed == {
        "id": 4,
        "result": {},
        "success": False,
        "errors": [{"message": message, "code": 5006}],
        "external_reference": None,
    }


@pytest.mark.parametrize("element", [{}, {"external_reference": None}, {"external_reference": 5}, None, "hello"])
def test_what_has_no_reference_gets_null(element: JSON) -> None:
    assert render_response(0, element, {})["external_reference"] is None


def test_a_batch_that_is_done_sums_the_usage_of_what_succeeded() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    responses: list[dict[str, Any]] = [{"result": {"usage": usage}}, {"result": {}}, {"result": {"usage": usage}}]
    assert render_done(responses) == {
        "responses": responses,
        "usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6},
    }
    assert render_status("queued", "a", "cria") == {"status": "queued", "request_id": "a", "model": "cria"}
