"""Prompts that are too long lose their middle, and no more of it than they must."""

from typing import Any

import pytest

from tampu.request import Message, Tool, ToolCall
from tampu.text.chat_format import render
from tampu.text.middle_out import cut_ids, cut_middle, drop_middle, shorten_chat
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import tokenizer_json

TOKENIZER = Tokenizer.from_json(tokenizer_json())  # a token per byte
SYSTEM = Message("system", "be kind")
CALL = ToolCall("c", "add", "{}")


def turns(count: int) -> list[Message]:
    return [Message("assistant" if place % 2 else "user", f"turn {place}") for place in range(count)]


def contents(messages: Any) -> list[str]:
    return [message.content for message in messages]


def shorten(messages: list[Message], budget: int, continue_last: bool = False, *tools: Tool) -> tuple[Message, ...]:
    kept = shorten_chat(messages, tools, TOKENIZER, continue_last, budget)
    assert len(render(kept, tools, TOKENIZER, continue_last)) <= budget
    return kept


@pytest.mark.parametrize(
    ("excess", "left"),
    [(0, "01234"), (1, "0234"), (10, "0234"), (11, "034"), (21, "34"), (31, "4"), (99, "4")],
)
def test_messages_go_from_the_middle_outwards_until_it_fits(excess: int, left: str) -> None:
    messages = [Message("user", str(place)) for place in range(5)]
    kept = drop_middle([*messages], [10] * 5, excess, fixed={4})
    assert "".join(contents(kept)) == left


def test_what_stands_in_the_middle_of_those_that_may_go_goes_first() -> None:
    messages = [SYSTEM, *turns(6)]
    kept = drop_middle(messages, [10] * 7, excess=1, fixed={0, 6})
    assert contents(kept) == ["be kind", "turn 0", "turn 1", "turn 3", "turn 4", "turn 5"]


def test_results_of_tools_go_with_their_call() -> None:
    messages = [
        Message("user", "first"),
        Message("assistant", "", (CALL, CALL)),
        Message("tool", "3"),
        Message("tool", "4"),
        Message("user", "last"),
    ]
    kept = drop_middle(messages, [10] * 5, excess=1, fixed={0, 4})
    assert contents(kept) == ["first", "last"]


def test_a_chat_that_fits_is_left_as_it_is() -> None:
    messages = [SYSTEM, *turns(5)]
    assert shorten(messages, 1000) == tuple(messages)


def test_the_system_message_and_the_last_one_stay() -> None:
    kept = shorten([SYSTEM, *turns(21)], 80)
    assert kept[0] == SYSTEM
    assert kept[-1].content == "turn 20"
    assert 2 < len(kept) < 22


def test_no_more_goes_than_must() -> None:
    messages = [SYSTEM, *turns(9)]
    whole = len(render(messages, (), TOKENIZER))
    assert len(shorten(messages, whole - 1)) == len(messages) - 1


def test_where_nothing_else_may_go_the_longest_text_loses_its_middle() -> None:
    kept = shorten([SYSTEM, Message("user", "a" * 100 + "b" * 100)], 120)
    assert kept[0] == SYSTEM
    text = kept[1].content
    assert text == "a" * text.count("a") + "b" * text.count("b")
    assert text.count("a") - text.count("b") in (0, 1)
    assert 40 < len(text) < 120


def test_several_texts_lose_theirs_where_one_is_not_enough() -> None:
    kept = shorten([Message("system", "s" * 100), Message("user", "u" * 101)], 50)
    assert contents(kept) == ["s" * 16, ""]


def test_the_question_behind_a_continued_answer_stays() -> None:
    messages = [*turns(21), Message("assistant", "Once")]
    assert contents(shorten(messages, 60, True))[-2:] == ["turn 20", "Once"]


def test_the_message_that_shows_the_tools_stays() -> None:
    tool = Tool("add")
    base = len(render(turns(1), (tool,), TOKENIZER))
    kept = shorten(turns(21), base + 60, False, tool)
    assert (kept[0].content, kept[-1].content) == ("turn 0", "turn 20")


@pytest.mark.parametrize(("budget", "text"), [(10, "0123456789"), (5, "01289"), (2, "09"), (1, "0"), (0, "")])
def test_a_text_keeps_its_beginning_and_its_end(budget: int, text: str) -> None:
    assert cut_middle("0123456789", budget, len) == text


def test_characters_stay_whole() -> None:
    kept = cut_middle("é" * 50, 21, lambda text: len(text.encode()))
    assert kept == "é" * 10


@pytest.mark.parametrize(("budget", "ids"), [(5, (0, 1, 2, 3, 4)), (4, (0, 1, 3, 4)), (3, (0, 1, 4)), (1, (0,))])
def test_ids_keep_their_beginning_and_their_end(budget: int, ids: tuple[int, ...]) -> None:
    assert cut_ids((0, 1, 2, 3, 4), budget) == ids
