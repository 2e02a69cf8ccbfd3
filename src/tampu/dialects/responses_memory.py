"""What bodies of the Responses API refer to instead of sending it: earlier items and responses, put in place here.

A kept response is `{"response", "input", "previous"}`: what was answered, the new items of its input, and the id of the
response that it went on from. A kept item is the item.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tampu.dialects.base import Page, Question, Reading, Recall, View
from tampu.dialects.kinds import JSON
from tampu.errors import InvalidPrompt, PreviousNotFound, ResponseNotFound

PREVIOUS = "previous_response_id"
PATH = "/v1/responses/{response}"
MAX_TURNS = 1000  # that are gone back


def expanded(body: JSON, recall: Recall) -> JSON:
    """The body with earlier items in the place of their ids, and the conversation before it in front of its input.

    Raises InvalidPrompt for an item that is not here any more, PreviousNotFound for a response.
    """
    if not isinstance(body, dict):
        return body
    asked, previous = body.get("input"), body.get(PREVIOUS)
    if not isinstance(asked, str | list) or not isinstance(previous, str | None):
        return body  # the table says what is wrong with it
    if not previous and not (isinstance(asked, list) and any(map(is_reference, asked))):
        return body
    before = earlier(previous, recall) if previous else []
    return {**body, "input": [*before, *new_items(asked, recall)]}


def new_items(asked: str | list[JSON], recall: Recall) -> list[JSON]:
    """The items of an input, without references. Raises InvalidPrompt."""
    if isinstance(asked, str):
        return [{"role": "user", "content": asked}]
    return [_item(index, item, recall) if is_reference(item) else item for index, item in enumerate(asked)]


def is_reference(item: JSON) -> bool:
    """Whether an item is nothing but the id of another one."""
    return isinstance(item, dict) and (item.get("type") == "item_reference" or set(item) == {"id"})


def _item(index: int, reference: Mapping[str, Any], recall: Recall) -> JSON:
    item_id = reference.get("id")
    item = recall(item_id) if isinstance(item_id, str) else None
    if item is None:
        raise InvalidPrompt(
            f"Item with id {str(item_id)[:80]!r} not found: it is older than this server's memory goes. Send the item "
            f"itself, as clients do that are told store: false.",
            param=f"input[{index}].id",
        )
    return item


def earlier(response_id: str, recall: Recall) -> list[JSON]:
    """The items of the conversation up to and with a response. Raises PreviousNotFound."""
    turns: list[list[JSON]] = []
    following: str | None = response_id
    while following and len(turns) < MAX_TURNS:
        kept = recall(following)
        if not is_response(kept):
            raise PreviousNotFound(response_id)
        turns.append([*kept["input"], *kept["response"]["output"]])
        following = kept["previous"]
    return [item for turn in reversed(turns) for item in turn]


def is_response(kept: JSON) -> bool:
    """Whether what is kept is a response, not an item."""
    return isinstance(kept, dict) and "response" in kept


def memories(response: Mapping[str, Any], body: Mapping[str, Any], recall: Recall) -> dict[str, JSON]:
    """What is kept of an answered body, by id."""
    kept = {"response": response, "input": new_items(body["input"], recall), "previous": body.get(PREVIOUS)}
    return {response["id"]: kept, **{item["id"]: item for item in response["output"]}}


def show(question: Question, view: View) -> JSON:
    """A response that is kept. Raises ResponseNotFound."""
    return _kept(question, view)["response"]


def show_input(question: Question, view: View) -> JSON:
    """The items of its input, the newest first. Raises ResponseNotFound."""
    kept = _kept(question, view)
    items = list(_numbered(question.path_args["response"], kept["input"]))[::-1]
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": items, **ends, "has_more": False}


def _kept(question: Question, view: View) -> Mapping[str, Any]:
    response_id = question.path_args["response"]
    kept = view.recall(response_id)
    if not is_response(kept):
        raise ResponseNotFound(response_id)
    return dict(kept)


def _numbered(response_id: str, items: list[JSON]) -> Iterator[dict[str, JSON]]:
    """The items with ids, types and parts, as the API shows them."""
    for index, item in enumerate(items):
        shown = {"id": f"msg_{response_id.removeprefix('resp_')}i{index:02x}", "type": "message", **item}
        if isinstance(shown.get("content"), str):
            shown["content"] = [{"type": "input_text", "text": shown["content"]}]
        yield shown


READINGS: tuple[Reading, ...] = (
    Page("response", (PATH,), show),
    Page("response_input", (f"{PATH}/input_items",), show_input),
)
