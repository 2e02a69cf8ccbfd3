"""The chat format of Llama 3 and 3.1: messages to token ids.

    <|begin_of_text|>
    <|start_header_id|>ROLE<|end_header_id|>\\n\\n CONTENT <|eot_id|>      once per message, content stripped
    <|start_header_id|>assistant<|end_header_id|>\\n\\n                    the open header that the model goes on from

- A control token is set by id. All else is encoded as plain text piece by piece, so nothing a caller writes, in
  whatever field, becomes a control token.
- Where the checkpoint's own template has dates, as those of Llama 3.1 to 3.3 have, every chat begins with a system
  message that tells them. Without them (Llama 3) there is no system message unless one is given that is not empty.
- With tools the system message also names an ipython environment, always with dates, and the tools stand in front of
  the first user message.
- The day is the template's default, so that the same chat has the same ids on any day, or what the request asks for.
- Of a tool's schema the model is shown what tells it something: not `$schema`, nor that no other keys may come.
- An answer of a tool is put in an `ipython` message as it is. (Llama 3.1's template quotes it as a JSON string, which
  Meta's own reference code does not.)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tampu.errors import InvalidRequest, NotJson
from tampu.request import Message, PromptDates, Role, Tool, ToolCall
from tampu.strict_json import SHORT, dumps, loads
from tampu.text.tokenizer import Tokenizer
from tampu.text.vocabulary import BEGIN_OF_TEXT

START_HEADER, END_HEADER, END_OF_TURN = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
HEADER_OF_ROLE: dict[Role, str] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "ipython"}

ENVIRONMENT = "Environment: ipython\n"
LLAMA31_DATES = PromptDates("December 2023", "26 Jul 2024")
TOOL_GUIDANCE = (
    "Given the following functions, please respond with a JSON for a function call with its proper arguments that "
    "best answers the given prompt.\n\n"
    'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.'
    "Do not use variables.\n\n"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the prompt: a control token by its name, or plain text, with its ids.

    `message` is the index of the message it belongs to; None for what no message brought.
    """

    text: str
    token_ids: tuple[int, ...] = ()
    control: bool = False
    message: int | None = None


def render(
    messages: Sequence[Message],
    tools: Sequence[Tool],
    tokenizer: Tokenizer,
    continue_last: bool = False,
    date: str = "",
) -> list[int]:
    """Token ids of a chat, up to where the assistant's next words belong.

    With `continue_last` the last message is the assistant's and stays open. `date` is the day that the model is told,
    where it is told one. Raises InvalidRequest when the messages
    do not allow what is asked, UnsupportedModel when the tokenizer lacks the format's control tokens.
    """
    segments = render_segments(messages, tools, tokenizer, continue_last, date)
    return [token_id for segment in segments for token_id in segment.token_ids]


def render_segments(
    messages: Sequence[Message],
    tools: Sequence[Tool],
    tokenizer: Tokenizer,
    continue_last: bool = False,
    date: str = "",
) -> list[Segment]:
    """What `render` gives, stretch by stretch, for people to look at."""
    _check(messages, tools, continue_last)
    told = tokenizer.dates or (LLAMA31_DATES if tools else None)
    if date and told is None:
        raise InvalidRequest("The chat format of this model tells no date.", param="chat_template_kwargs.date_string")
    beginning = (ENVIRONMENT if tools else "") + (_dates(told.knowledge, date or told.today) if told else "")
    return [
        Segment(piece.text, _token_ids(piece, tokenizer), piece.control, piece.message)
        for piece in _pieces(messages, tools, beginning, continue_last)
        if piece.text
    ]


def render_raw(text: str, tokenizer: Tokenizer) -> list[int]:
    """Token ids of a raw prompt: control tokens in it are parsed, and one begin-of-text stands in front."""
    token_ids = tokenizer.encode_raw(text)
    if tokenizer.bos_id is None or token_ids[:1] == [tokenizer.bos_id]:
        return token_ids
    return [tokenizer.bos_id, *token_ids]


def _token_ids(piece: Segment, tokenizer: Tokenizer) -> tuple[int, ...]:
    return (tokenizer.control_id(piece.text),) if piece.control else tuple(tokenizer.encode(piece.text))


def _check(messages: Sequence[Message], tools: Sequence[Tool], continue_last: bool) -> None:
    if not messages:
        raise InvalidRequest("messages must have at least one message.", param="messages")
    if tools and not any(message.role == "user" for message in messages):
        raise InvalidRequest("tools are shown in the first user message, and messages has none.", param="messages")
    if continue_last and messages[-1].role != "assistant":
        raise InvalidRequest(
            f"Only an assistant message can be continued; the last one is the {messages[-1].role}'s.", param="messages"
        )


def _dates(knowledge: str, today: str) -> str:
    return f"Cutting Knowledge Date: {knowledge}\nToday Date: {today}\n\n"


def end_ids(tokenizer: Tokenizer) -> tuple[int, ...]:
    """The ids that end an answer in this format, whatever its checkpoint says: end of turn, of message and of text."""
    ends = (tokenizer.eot_id, tokenizer.eom_id, tokenizer.eos_id)
    return tuple(id_ for id_ in ends if id_ is not None)


def _pieces(
    messages: Sequence[Message], tools: Sequence[Tool], beginning: str, continue_last: bool
) -> Iterator[Segment]:
    """`beginning` is what the system message begins with; without any there need not be one."""
    yield Segment(BEGIN_OF_TEXT, control=True)
    if beginning and messages[0].role != "system":
        yield from _turn("system", beginning, None)
    first_user = next((place for place, message in enumerate(messages) if message.role == "user"), None)
    for place, message in enumerate(messages):
        content = _content(message)
        if place == 0 and message.role == "system":
            content = beginning + content
            if not content and not continue_last:
                continue
        if tools and place == first_user:
            content = TOOL_GUIDANCE + "".join(_tool_text(tool) + "\n\n" for tool in tools) + content
        is_open = continue_last and place == len(messages) - 1
        yield from _turn(message.role, content, place, is_open)
    if not continue_last:
        yield from _header("assistant", None)


def _turn(role: Role, content: str, message: int | None, is_open: bool = False) -> Iterator[Segment]:
    yield from _header(role, message)
    yield Segment(content, message=message)
    if not is_open:
        yield Segment(END_OF_TURN, control=True, message=message)


def _header(role: Role, message: int | None) -> Iterator[Segment]:
    yield Segment(START_HEADER, control=True, message=message)
    yield Segment(HEADER_OF_ROLE[role], message=message)
    yield Segment(END_HEADER, control=True, message=message)
    yield Segment("\n\n", message=message)


def _content(message: Message) -> str:
    """The text of a message: what it says, then the calls it makes."""
    calls = "; ".join(map(_call_text, message.tool_calls))
    return "\n".join(filter(None, (message.content.strip(), calls)))


def _call_text(call: ToolCall) -> str:
    """A call as Llama 3.1 writes it."""
    return f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "parameters": {_respaced(call.arguments)}}}'


def _respaced(arguments: str) -> str:
    """JSON text with the spaces that Llama 3.1 was trained on; text that is no JSON as it is."""
    try:
        return dumps(loads(arguments), is_long=len(arguments) > SHORT)
    except (ValueError, RecursionError, NotJson):
        return arguments


def _telling(schema: Any) -> Any:
    """A schema without what tells a validator something, and a model nothing: its dialect, and that no other keys may
    come. Client libraries add both to every schema."""
    if isinstance(schema, Mapping):
        return {key: _telling(value) for key, value in schema.items() if not _is_for_validators(key, value)}
    return [_telling(value) for value in schema] if isinstance(schema, list) else schema


def _is_for_validators(key: str, value: Any) -> bool:
    return (key == "$schema" and isinstance(value, str)) or (key == "additionalProperties" and value is False)


def _tool_text(tool: Tool) -> str:
    """A function on offer as Llama 3.1's template shows it; keys that the caller left out stay out."""
    try:
        function = {"name": tool.name, "description": tool.description, "parameters": _telling(tool.parameters)}
        shown = {key: value for key, value in function.items() if value or key == "name"}
        return json.dumps({"type": "function", "function": shown}, indent=4, ensure_ascii=False)
    except RecursionError:
        raise InvalidRequest(f"The parameters of the tool {tool.name} are nested too deep.", param="tools") from None
