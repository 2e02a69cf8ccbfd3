"""How long a prompt is, before anything is done with it."""

from collections.abc import Callable, Iterator
from math import ceil

from tampu.request import GenerateRequest, Message, Prompt
from tampu.strict_json import count_values
from tampu.text.tokenizer import Tokenizer

LONG = 32_768  # characters of a prompt that is made ready in some milliseconds
PER_MESSAGE = 32  # characters that a message counts for besides its text: its header is encoded, too
PER_VALUE = 8  # and a value of a tool's schema
DENSE = 4  # characters of a token in most texts
MARGIN = 2  # a text in slices has some more ids than in one piece, and never twice as many


def length_of(request: GenerateRequest) -> int:
    """About how many characters are to be encoded; of tools counted no further than LONG."""
    prompt = request.prompt
    if isinstance(prompt, str) or not _is_chat(prompt):
        return len(prompt)
    length = sum(_length(part) for part in prompt if isinstance(part, Message))
    for tool in request.offered_tools:
        length += len(tool.description) + PER_VALUE * count_values(tool.parameters, max(0, LONG - length))
    return length


def least_tokens(request: GenerateRequest, tokenizer: Tokenizer, enough: int) -> int:
    """A number of ids that the prompt has at least; it need not be near where it is less than `enough`."""
    prompt = request.prompt
    if isinstance(prompt, str):
        return _least([prompt], tokenizer, tokenizer.encode_raw, enough)
    if not _is_chat(prompt):
        return len(prompt)
    return _least(list(_shown(request)), tokenizer, tokenizer.encode, enough)


def _least(texts: list[str], tokenizer: Tokenizer, encode: Callable[[str], list[int]], enough: int) -> int:
    characters = sum(map(len, texts))
    if characters <= enough:
        return 0
    least = ceil(characters / tokenizer.longest_token)
    if least > enough or characters <= DENSE * enough:
        return least
    counted = 0
    for text in texts:
        for piece in tokenizer.slices(text):
            counted += len(encode(piece))
            if counted > MARGIN * enough + MARGIN:
                return counted // MARGIN
    return least


def _is_chat(prompt: Prompt) -> bool:
    return bool(prompt) and isinstance(prompt[0], Message)


def _length(message: Message) -> int:
    return PER_MESSAGE + len(message.content) + sum(len(call.arguments) for call in message.tool_calls)


def _shown(request: GenerateRequest) -> Iterator[str]:
    """Texts that every chat format shows as they are. Arguments of calls are not: their spaces may go."""
    for part in request.prompt:
        if isinstance(part, Message):
            yield part.content.strip()
    for tool in request.offered_tools:
        yield tool.description
