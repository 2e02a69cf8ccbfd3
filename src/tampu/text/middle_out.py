"""A prompt that does not fit loses its middle, as OpenRouter's `middle-out` has it; only where a request asks for it.

Of a chat whole messages go first, from the middle outwards, a call with its results. The system messages at the
beginning and the last message stay, then the longest of what is left loses the middle of its text.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tampu.request import Message, Tool
from tampu.text.chat_format import render_segments
from tampu.text.tokenizer import Tokenizer

FIRST_GUESS = 4  # characters of a token in most texts
NEAR = 16  # a text within this part of its budget is not made longer


def shorten_chat(
    messages: Sequence[Message],
    tools: Sequence[Tool],
    tokenizer: Tokenizer,
    continue_last: bool,
    budget: int,
    date: str = "",
) -> tuple[Message, ...]:
    """The messages without their middle, so that they render to at most `budget` ids if that can be done."""
    messages = [_within(message, budget, tokenizer) for message in messages]
    costs, excess = _measure(messages, tools, tokenizer, continue_last, budget, date)
    kept = list(drop_middle(messages, costs, excess, _fixed(messages, bool(tools), continue_last)))
    for _ in range(len(kept)):
        _, excess = _measure(kept, tools, tokenizer, continue_last, budget, date)
        if excess <= 0:
            break
        place = max(range(len(kept)), key=lambda place: len(kept[place].content))
        text = kept[place].content
        room = max(0, len(tokenizer.encode(text)) - excess)
        kept[place] = replace(kept[place], content=cut_middle(text, room, lambda text: len(tokenizer.encode(text))))
    return tuple(kept)


def drop_middle(
    messages: Sequence[Message], costs: Sequence[int], excess: int, fixed: Collection[int]
) -> tuple[Message, ...]:
    """The messages without those in the middle that make up `excess`, or without all that are not `fixed`."""
    free = [group for group in _groups(messages) if not set(group) & set(fixed)]
    middle = (len(free) - 1) / 2
    dropped: set[int] = set()
    for index in sorted(range(len(free)), key=lambda index: abs(index - middle)):
        if excess <= 0:
            break
        dropped.update(free[index])
        excess -= sum(costs[place] for place in free[index])
    return tuple(message for place, message in enumerate(messages) if place not in dropped)


def cut_middle(text: str, budget: int, count: Callable[[str], int]) -> str:
    """The beginning and the end of the text, together of at most `budget` by `count`.

    What is much too long is never counted as a whole: what is kept grows to about the budget before it shrinks.
    """
    # What is only somewhat too long is counted whole, as version 0.1.0 did: its records are cut as they were.
    length = len(text) if len(text) <= FIRST_GUESS**2 * budget else FIRST_GUESS * budget
    while (used := count(_ends(text, length))) < budget - budget // NEAR and length < len(text):
        length = min(len(text), 2 * length, length * budget // max(used, 1) + 1)
    while used > budget:
        length = min(length - 1, length * budget // used)
        used = count(_ends(text, length))
    return _ends(text, length)


def _ends(text: str, length: int) -> str:
    return text if length >= len(text) else text[: (length + 1) // 2] + text[len(text) - length // 2 :]


def _within(message: Message, budget: int, tokenizer: Tokenizer) -> Message:
    """The message, without the middle of a text that has no room even alone."""
    if len(message.content) <= FIRST_GUESS**2 * budget:
        return message
    return replace(message, content=cut_middle(message.content, budget, lambda text: len(tokenizer.encode(text))))


def cut_ids(token_ids: tuple[int, ...], budget: int) -> tuple[int, ...]:
    """The first and the last ids, `budget` of them together."""
    return token_ids[: (budget + 1) // 2] + token_ids[len(token_ids) - budget // 2 :]


def _measure(
    messages: Sequence[Message],
    tools: Sequence[Tool],
    tokenizer: Tokenizer,
    continue_last: bool,
    budget: int,
    date: str,
) -> tuple[list[int], int]:
    """How many ids each message has, and how many too many all are."""
    costs, total = [0] * len(messages), 0
    for segment in render_segments(messages, tools, tokenizer, continue_last, date):
        total += len(segment.token_ids)
        if segment.message is not None:
            costs[segment.message] += len(segment.token_ids)
    return costs, total - budget


def _groups(messages: Sequence[Message]) -> list[list[int]]:
    """Places of messages that go together: results of tools with the message before them."""
    groups: list[list[int]] = []
    for place, message in enumerate(messages):
        if message.role == "tool" and groups:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _fixed(messages: Sequence[Message], with_tools: bool, continue_last: bool) -> set[int]:
    """Places of the messages that stay."""
    users = [place for place, message in enumerate(messages) if message.role == "user"]
    leading = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
    fixed = {*range(leading), len(messages) - 1}
    # The first message of the user shows the tools; a continued answer is one to the last.
    return fixed | set(users[:1] if with_tools else ()) | set(users[-1:] if continue_last else ())
