"""What of an error may stand in the log: never what a client wrote into a body."""

import re
from collections.abc import Mapping

from tampu.errors import (
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    NotOneOf,
    NotReady,
    OutOfRange,
    Overloaded,
    RateLimited,
    RouteNotFound,
    ServiceError,
    Unauthorized,
    UnknownHost,
    Unsupported,
    UnsupportedSchema,
    WrongLength,
    WrongType,
)

LONGEST = 80  # characters of an error in the log
# Their messages have paths, names, numbers and types, and nothing of a body's texts.
OPEN = (
    *(Forbidden, MethodNotAllowed, NotReady, Overloaded, RateLimited, RouteNotFound, Unauthorized, UnknownHost),
    *(OutOfRange, WrongLength, WrongType),
)
# Their messages give reasons, which may quote names, patterns and grammars: the field alone is said.
FIELD_ALONE: Mapping[type[ServiceError], str] = {
    Unsupported: "{param} is not supported.",
    UnsupportedSchema: "{param} cannot be enforced; the answer says why.",
}
NAME = re.compile(r"[A-Za-z0-9@/._:+-]{1,60}")
GOT = re.compile(r",? got .*", re.DOTALL)
QUOTED = re.compile(r"'[^']*'?|\"[^\"]*\"?|`[^`]*`?")


def safe_words(error: ServiceError) -> str:
    """The beginning of an error's message, without control characters, and without texts that came in a body."""
    return shorten(error.message if isinstance(error, OPEN) else without_values(error))


def without_values(error: ServiceError) -> str:
    """The message with what it quotes left out; a model's name stays where it looks like one."""
    if isinstance(error, ModelNotFound):
        asked = f"There is no model {error.model}" if NAME.fullmatch(error.model) else "The model asked for is not here"
        return f"{asked}; {', '.join(error.known[:3])} answer here."
    if isinstance(error, NotOneOf):
        return f"{error.param} must be one of {', '.join(error.values)}."
    for kind, sentence in FIELD_ALONE.items():
        if isinstance(error, kind):
            return sentence.format(param=error.param)
    words = GOT.sub(".", error.message) if isinstance(error, InvalidRequest) else error.message
    return QUOTED.sub("…", words)


def shorten(text: str, longest: int = LONGEST) -> str:
    """The text's beginning on one line, with a ? for each character that is not printable."""
    line = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text[:longest])
    return line if len(text) <= longest else f"{line[: longest - 1]}…"
