"""Errors as Workers AI words them: numbers, sentences, and two envelopes: of its edge, and of its models.

The sentences of number 5006 are those of Cloudflare's validator, built from the facts that our errors carry.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from uuid import UUID

from tampu.dialects.kinds import JSON
from tampu.errors import (
    AdaptersUnsupported,
    ContextTooLong,
    Forbidden,
    IncompleteAdapter,
    InvalidPrompt,
    InvalidRequest,
    MethodNotAllowed,
    Missing,
    ModelNotFound,
    NotJson,
    NotOneOf,
    OutOfRange,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    RequestTimeout,
    RouteNotFound,
    SchemaTooComplex,
    ServiceError,
    Unauthorized,
    UnknownAdapter,
    Unsupported,
    UnsupportedMedia,
    UnsupportedSchema,
    WrongLength,
    WrongType,
)

# Numbers of the edge: their envelope has no result, and their texts no prefix.
EDGE = frozenset({7000, 7001, 7003, 10000})
JSON_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
INDEX = re.compile(r"\[(\d+)\]")
JSON_UNMET = "JSON Mode couldn't be met"
CAPACITY = "Capacity temporarily exceeded, please try again."
CONTEXT = (
    "The estimated number of input and maximum output tokens ({error.total}) exceeded this model context window limit "
    "({error.context})"
)
ALLOWANCE = (
    "you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's Workers Paid plan "
    "if you would like to continue usage."
)


class Numbered(ServiceError):
    """An error that is Cloudflare's own: it has one of its numbers, and its text is the message."""

    error_type = "invalid_request"

    def __init__(
        self, number: int, message: str, *, status: int = HTTPStatus.BAD_REQUEST, param: str | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.number = number
        self.status = status


def json_unmet() -> Numbered:
    """The answer was cut before it was the JSON that was asked for."""
    return Numbered(5098, JSON_UNMET, param="max_tokens")


def call_unmet() -> Numbered:
    """A call had to come, and `max_tokens` cut it."""
    return Numbered(8006, "The tool call does not fit max_tokens", param="max_tokens")


def no_schema_in_streams() -> Numbered:
    """Upstream streams no JSON schema; nor do we where we are strict."""
    return Numbered(5023, "JSON Schema mode is not supported with stream mode.", param="stream")


def out_of_form(form: str, error: InvalidRequest) -> Numbered:
    """What Cloudflare's validator says of a body that is neither a prompt nor messages, though it has `form`."""
    complaint = sentence(error)
    complaints = [complaint if name == form else missing("/", name) for name in ("prompt", "messages")]
    return Numbered(5006, f"Error: oneOf at '/' not met, 0 matches: {', '.join(complaints)}", param=error.param)


def missing(place: str, name: str) -> str:
    """The validator's words for a property that is not there."""
    return f"required properties at '{place}' are '{name}'"


def pointer(param: str | None) -> str:
    """The path of a field as a JSON pointer: `messages[0].content` is /messages/0/content."""
    return "/" + INDEX.sub(r".\1", param or "").replace(".", "/").strip("/")


def sentence(error: InvalidRequest) -> str:
    """What is wrong with a field, in the validator's words."""
    place = pointer(error.param)
    match error:
        case Missing():
            parent, _, name = place.rpartition("/")
            return missing(parent or "/", name)
        case WrongType():
            return f"Type mismatch of '{place}', '{json_types(error.got)}' not in '{json_types(error.expected)}'"
        case OutOfRange():
            return f"'{place}' must be {_bound(error)}"
        case WrongLength():
            bound = f">= {error.low}" if error.count < error.low else f"<= {error.high}"
            return f"Length of '{place}' must be {bound}"
        case NotOneOf():
            return f"enum {error.value} not in {','.join(error.values)} at '{place}'"
    return error.message


def _bound(error: OutOfRange) -> str:
    """The bound that was crossed."""
    if error.value < error.low or (error.above and error.value == error.low):
        return f"{'>' if error.above else '>='} {_shown(error.low)}"
    return f"<= {_shown(error.high)}"


def _shown(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def json_types(words: str) -> str:
    """The JSON types in a phrase of ours, as the validator lists them: "a string or an array ..." is string,array."""
    found = [name for part in words.split(" or ") for name in JSON_TYPES if re.match(rf"(an? )?{name}\b", part)]
    return ",".join(dict.fromkeys(found)) or words


# Class -> status, number and text; the first that fits.
NUMBERS: Mapping[type[ServiceError], tuple[int, int, str]] = {
    Unauthorized: (401, 10000, "Authentication error"),
    Forbidden: (403, 10000, "Authentication error"),
    NotJson: (400, 3003, "Request is missing headers or body: {error.message}"),
    UnsupportedMedia: (415, 3003, "Request is missing headers or body: {error.message}"),
    ModelNotFound: (400, 5007, "No such model {error.model} or task"),
    UnknownAdapter: (400, 3039, "Finetune not found"),
    IncompleteAdapter: (400, 3039, "Finetune is missing required files (model.safetensors and config.json)"),
    ContextTooLong: (
        413,
        5021,
        CONTEXT,
    ),
    PayloadTooLarge: (413, 3006, "Request is too large"),
    RequestTimeout: (408, 3007, "Request timeout"),
    Overloaded: (429, 3040, CAPACITY),
    UnsupportedSchema: (400, 5098, JSON_UNMET),
    SchemaTooComplex: (400, 5098, JSON_UNMET),
    InvalidPrompt: (400, 8001, "Invalid input: {error.message}"),
    Missing: (400, 5006, "Error: {sentence}"),
    WrongType: (400, 5006, "Error: {sentence}"),
    OutOfRange: (400, 5006, "Error: {sentence}"),
    WrongLength: (400, 5006, "Error: {sentence}"),
    NotOneOf: (400, 5006, "Error: {sentence}"),
    AdaptersUnsupported: (405, 5005, "The model {error.model} does not support LoRa inference"),
    Unsupported: (400, 5006, "Error: {sentence}"),
    MethodNotAllowed: (405, 7001, "{error.method} not supported for requested URI."),
    RouteNotFound: (404, 7000, "No route for that URI"),
    InvalidRequest: (400, 8001, "Invalid input: {error.message}"),
}


def numbered(error: ServiceError) -> Numbered:
    """The same error with its number, status and text."""
    if isinstance(error, Numbered):
        return error
    if isinstance(error, RateLimited):
        # Without a time to come back the allowance is used up; with one, it is only too much at once.
        number, text = (4006, ALLOWANCE) if error.retry_after is None else (3040, CAPACITY)
        return Numbered(number, text, status=429)
    for kind, (status, number, text) in NUMBERS.items():
        if isinstance(error, kind):
            words = sentence(error) if isinstance(error, InvalidRequest) else ""
            return Numbered(number, text.format(error=error, sentence=words), status=status, param=error.param)
    return Numbered(int(error.status), error.message, status=int(error.status))


def request_uuid(request_id: str) -> str:
    """The id of a request as Cloudflare writes them."""
    return str(UUID(request_id.removeprefix("req_")))


def render_errors(error: ServiceError, request_id: str) -> list[JSON]:
    """The list under `errors`."""
    ours = numbered(error)
    if isinstance(error, RouteNotFound):
        lost = f"Could not route to {error.path}, perhaps your object identifier is invalid?"
        return [{"code": 7003, "message": lost}, {"code": ours.number, "message": ours.message}]
    if ours.number in EDGE:
        return [{"code": ours.number, "message": ours.message}]
    return [{"message": ai_error(ours, request_id), "code": ours.number}]


def ai_error(error: Numbered, request_id: str) -> str:
    """The text of a model's error: prefixed twice, and with the request's id."""
    return f"AiError: AiError: {error.message} ({request_uuid(request_id)})"


def render_envelope_of(error: ServiceError, request_id: str) -> tuple[int, dict[str, JSON]]:
    """Status and body of an error: the edge has no result, a model an empty one."""
    ours = numbered(error)
    errors = render_errors(error, request_id)
    if ours.number in EDGE:
        return int(ours.status), {"success": False, "errors": errors, "messages": _notes(error, ours), "result": None}
    return int(ours.status), {"errors": errors, "success": False, "result": {}, "messages": _notes(error, ours)}


def _notes(error: ServiceError, ours: Numbered) -> Sequence[JSON]:
    """What an exact text does not say: which part of a schema cannot be enforced, and which path was meant."""
    says_more = isinstance(error, UNENFORCED) or (isinstance(error, RouteNotFound) and error.near)
    return [{"code": ours.number, "message": error.message}] if says_more else []


UNENFORCED = (UnsupportedSchema, SchemaTooComplex)
