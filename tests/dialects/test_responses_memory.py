"""What a body refers to is put in its place."""

from typing import Any

import pytest

from tampu.dialects.responses_memory import expanded, memories
from tampu.errors import InvalidPrompt, PreviousNotFound

SAID = {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
USER = {"role": "user", "content": "hello"}
KEPT: dict[str, Any] = {
    "msg_1": SAID,
    "resp_1": {"response": {"id": "resp_1", "output": [SAID]}, "input": [USER], "previous": None},
    "resp_2": {"response": {"id": "resp_2", "output": []}, "input": [{"role": "user", "content": "again"}],
               "previous": "resp_1"},
    "resp_3": {"response": {"id": "resp_3", "output": []}, "input": [], "previous": "resp_0"},
}  # fmt: skip


def test_a_body_that_refers_to_nothing_is_as_it_was() -> None:
    for body in ({"input": "hello"}, {"input": [USER]}, {"input": 5, "previous_response_id": "resp_1"}, [1], {}):
        assert expanded(body, KEPT.get) is body


def test_a_reference_is_the_item() -> None:
    for reference in ({"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}):
        assert expanded({"input": [USER, reference]}, KEPT.get) == {"input": [USER, SAID]}


@pytest.mark.parametrize("item_id", ["msg_2", None, 5])
def test_an_item_that_is_not_here_is_an_invalid_prompt(item_id: Any) -> None:
    with pytest.raises(InvalidPrompt, match="Send the item itself") as caught:
        expanded({"input": [USER, {"type": "item_reference", "id": item_id}]}, KEPT.get)
    assert caught.value.param == "input[1].id"


def test_a_conversation_goes_on_from_all_that_was_before() -> None:
    body = {"input": "more", "previous_response_id": "resp_2"}
    wanted = [USER, SAID, {"role": "user", "content": "again"}, {"role": "user", "content": "more"}]
    assert expanded(body, KEPT.get)["input"] == wanted


@pytest.mark.parametrize("response_id", ["resp_0", "resp_3", "msg_1"])
def test_a_conversation_that_has_lost_its_beginning_cannot_go_on(response_id: str) -> None:
    with pytest.raises(PreviousNotFound) as caught:
        expanded({"input": "more", "previous_response_id": response_id}, KEPT.get)
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")


def test_a_response_and_its_items_are_kept_with_what_was_new_in_the_input() -> None:
    response = {"id": "resp_9", "output": [SAID]}
    kept = memories(response, {"input": [{"id": "msg_1"}], "previous_response_id": "resp_1"}, KEPT.get)
    assert kept == {"resp_9": {"response": response, "input": [SAID], "previous": "resp_1"}, "msg_1": SAID}
