"""Errors name what is wrong and what would be right."""

import re

import pytest

from tampu import errors
from tampu.errors import ContextTooLong, ModelNotFound, OutOfRange, ServiceError, TampuError, nearest


def subclasses(kind: type[TampuError]) -> list[type[TampuError]]:
    """The class and all below it that the module defines."""
    below = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(deeper for child in below for deeper in subclasses(child))]


INDENT = 4  # columns of the drawing for each level
BRANCH = re.compile(r"(?P<trunk>[│ ]*)[├└]── (?P<name>\w+) +(?P<status>\d{3})?")


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Parent and status of every class in the docstring's drawing; only the root has no parent."""
    path, drawn = ["TampuError"], dict[str, tuple[str, str | None]]()
    for line in (errors.__doc__ or "").splitlines():
        if branch := BRANCH.match(line):
            depth = len(branch["trunk"]) // INDENT + 1
            path[depth:] = [branch["name"]]
            assert branch["name"] not in drawn, f"{branch['name']} is drawn twice"
            drawn[branch["name"]] = (path[depth - 1], branch["status"])
    return drawn


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    parents = {name: parent for name, (parent, _) in drawn_tree().items()}
    assert parents == {kind.__name__: kind.__base__.__name__ for kind in subclasses(TampuError)[1:] if kind.__base__}


@pytest.mark.parametrize("kind", subclasses(ServiceError)[1:], ids=lambda kind: kind.__name__)
def test_the_drawn_status_is_the_status(kind: type[ServiceError]) -> None:
    assert drawn_tree()[kind.__name__][1] == str(int(kind.status))


def test_out_of_range_says_the_value_and_both_ends() -> None:
    assert OutOfRange("top_k", value=80, low=1, high=50).message == "top_k must be between 1 and 50, got 80."


def test_a_context_that_is_too_long_says_both_counts() -> None:
    message = ContextTooLong(context=8192, prompt=9000, completion=16).message
    assert "maximum context length is 8192 tokens" in message
    assert "9016 tokens (9000 in the prompt, 16 for the completion)" in message


def test_a_prompt_that_fills_the_context_leaves_no_room_for_an_answer() -> None:
    message = ContextTooLong(context=2048, prompt=2048, completion=None).message
    assert "2049 tokens (2048 in the prompt, at least 1 for the completion)" in message


def test_an_unknown_model_gets_the_nearest_names() -> None:
    assert "Available here: cria." in ModelNotFound("crya", ["cria", "llama3.1:8b"]).message


def test_nearest_names_come_best_first() -> None:
    assert nearest("temprature", ["temperature", "top_p", "seed"]) == ["temperature"]
