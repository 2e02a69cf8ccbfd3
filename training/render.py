"""A dialogue as Llama 3.1 text, cut into pieces: what `tampu.text` renders at run time, written down a second time.

* Without tools the format is Llama 3's: only the messages given, no dates.
* With tools it is Llama 3.1's "JSON based tool calling": `Environment: ipython` and the two dates open the system
  message, the functions stand before the first user message.
* Content is encoded without special tokens; control tokens are separate pieces, so content can never make one.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from training.dialogue import Dialogue, Message, Tool

BEGIN_OF_TEXT = "<|begin_of_text|>"
START_HEADER = "<|start_header_id|>"
END_HEADER = "<|end_header_id|>"
END_OF_TURN = "<|eot_id|>"

TOOL_SYSTEM = "Environment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
TOOL_INTRODUCTION = (
    "Given the following functions, please respond with a JSON for a function call with its proper arguments that "
    "best answers the given prompt.\n\n"
    'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.'
    "Do not use variables.\n\n"
)


class Piece(NamedTuple):
    """A run of text; `control` pieces are one special token; `target` pieces are what cria learns to say."""

    text: str
    control: bool = False
    target: bool = False


def render(dialogue: Dialogue) -> list[Piece]:
    """The pieces of a whole dialogue, the last answer included."""
    pieces = [Piece(BEGIN_OF_TEXT, control=True)]
    for message in _with_tools(dialogue):
        pieces += _turn(message)
    return pieces


def render_prompt(dialogue: Dialogue) -> list[Piece]:
    """The pieces up to and including the open header of the last answer."""
    pieces = render(dialogue)
    return pieces[: len(pieces) - 2]


def _turn(message: Message) -> Iterator[Piece]:
    spoken = message.role == "assistant" and message.learned
    yield Piece(START_HEADER, control=True)
    yield Piece("ipython" if message.role == "tool" else message.role)
    yield Piece(END_HEADER, control=True)
    yield Piece("\n\n")
    yield Piece(message.content, target=spoken)
    yield Piece(END_OF_TURN, control=True, target=spoken)


def _with_tools(dialogue: Dialogue) -> list[Message]:
    messages = list(dialogue.messages)
    if not dialogue.tools:
        return messages
    system = messages.pop(0).content if messages[0].role == "system" else ""
    assert messages[0].role == "user", f"{dialogue.skill}: tools need a user message first"
    first = TOOL_INTRODUCTION + "".join(_tool_json(tool) + "\n\n" for tool in dialogue.tools) + messages[0].content
    return [Message("system", TOOL_SYSTEM + system), Message("user", first), *messages[1:]]


def _tool_json(tool: Tool) -> str:
    return json.dumps(tool, indent=4, ensure_ascii=False)
