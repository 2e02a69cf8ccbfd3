"""The error tree. Each class knows its HTTP status, its code, the parameter it is about, and the exit code of the CLI.

TampuError
├── ServiceError                what a request can be answered with; worded per dialect
│   ├── InvalidRequest          400  something in the body is wrong; `param` names it
│   │   ├── NotJson             400  the body is not JSON, or has what no JSON should have
│   │   ├── Missing             400  a required field is absent
│   │   ├── WrongType           400  a value of another JSON type than the field's
│   │   ├── OutOfRange          400  a number outside [low, high]
│   │   ├── WrongLength         400  too few or too many characters, items or entries
│   │   ├── NotOneOf            400  a string that is none of those listed
│   │   ├── UnknownHost         400  the Host header has a name that is not the server's
│   │   ├── Unsupported         400  a known parameter that we do not offer
│   │   │   └── AdaptersUnsupported  400  the model takes no adapters
│   │   ├── UnknownField        400  a parameter that nobody knows, where that is refused
│   │   ├── BrokenRule          400  a rule of a provider's own, where we are as strict
│   │   ├── UnsupportedSchema   400  a constraint that cannot be enforced; names the keyword and its place
│   │   ├── SchemaTooComplex    400  a constraint beyond the limits of size, depth, time or memory
│   │   ├── PreviousNotFound    400  the response that a conversation is to go on from is not here any more
│   │   ├── InvalidPrompt       400  empty, or not a conversation that can be answered
│   │   ├── ContextTooLong      400  prompt + max_tokens do not fit the context
│   │   ├── UnknownAdapter      400  `lora` names no adapter of the model
│   │   ├── IncompleteAdapter   400  `lora` names a finetune of which a file has not come yet
│   │   └── InvalidAdapter      400  an adapter that is damaged, does not fit the model, or asks for what we do not do
│   ├── Unauthorized            401
│   ├── Forbidden               403  a page of another origin asks
│   ├── ModelNotFound           404
│   ├── RuledOut                404  the model is here, and the request rules its provider out
│   ├── ResponseNotFound        404
│   ├── AdapterNotFound         404
│   ├── RecordNotFound          404
│   ├── RouteNotFound           404
│   ├── MethodNotAllowed        405
│   ├── RequestTimeout          408  the body stopped arriving
│   ├── PayloadTooLarge         413
│   ├── UnsupportedMedia        415
│   ├── RateLimited             429
│   ├── EngineFailure           500  this request failed inside the engine; others go on
│   ├── StoreUnavailable        503  the file of records cannot be read or written
│   ├── Overloaded              503  the queue is full: try again after `retry_after`
│   └── NotReady                503  loading, draining or restarting
├── ModelError                  a checkpoint or packed file cannot be used; names the file and the tensor
│   ├── UnsupportedModel        an architecture or a feature we do not run
│   ├── DamagedFile             truncated, wrong checksum, not what its name says
│   ├── TensorMismatch          a missing, extra or misshapen tensor
│   └── TooLittleMemory         says how much is needed, and what would fit
├── ModelMissing                no such model here (CLI exit 4)
├── FileUnreadable              a file that the user names is missing, or cannot be read (CLI exit 2)
├── LicenceRequired             the hub wants the licence accepted first (CLI exit 5)
├── NetworkUnavailable          the hub cannot be reached (CLI exit 6)
├── PortTaken                   somebody else listens there (CLI exit 7)
├── DamagedStore                the file of records is damaged or not ours (CLI exit 3)
└── BadSetting                  a setting or environment variable is wrong (CLI exit 3)
"""

import difflib
from collections.abc import Iterable
from http import HTTPStatus


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Up to `count` of the `known` names that look most like `name`, best first."""
    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """` Did you mean a, b or c?` with up to three names like this one, never itself; else what is said `otherwise`."""
    *others, last = nearest(name, (other for other in known if other != name)) or [""]
    if not last:
        return otherwise
    return f" Did you mean {', '.join(others)} or {last}?" if others else f" Did you mean {last}?"


def reason(error: BaseException) -> str:
    """Why a file cannot be read or written, in words: no number of the system's, no name of a codec."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (byte {error.start})"
    return str(error)


class TampuError(Exception):
    """Anything that went wrong and that a person can be told about in one sentence."""

    exit_code = 1


class ServiceError(TampuError):
    """An answer to a request that is not a completion; `dialects` word it."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str | None = None
    error_type: str = "server"

    def __init__(self, message: str, *, param: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.model = ""  # that was asked for, once whoever knows has filled it in


class InvalidRequest(ServiceError):
    """The body is wrong; `param` names the field, as a path such as `messages[2].content`."""

    status = HTTPStatus.BAD_REQUEST
    error_type = "invalid_request"
    exit_code = 2


class NotJson(InvalidRequest):
    """The body is not JSON, or JSON with what breaks readers of it: a key twice, NUL, too deep."""


class Missing(InvalidRequest):
    """A required field is absent, or null."""

    def __init__(self, param: str) -> None:
        super().__init__(f"{param} is required.", param=param)


class WrongType(InvalidRequest):
    """A value of another JSON type than the field's; `expected` and `got` are in words: "a string"."""

    def __init__(self, param: str, *, expected: str, got: str) -> None:
        super().__init__(f"{param} must be {expected}, got {got}.", param=param)
        self.expected = expected
        self.got = got


class OutOfRange(InvalidRequest):
    """A number outside [low, high], or with `above` outside (low, high]; the message has all three."""

    def __init__(self, param: str, *, value: float, low: float, high: float, above: bool = False) -> None:
        bounds = f"above {low} and at most {high}" if above else f"between {low} and {high}"
        digits = str(value)
        got = digits if len(digits) <= 40 else f"{digits[:40]}…"
        super().__init__(f"{param} must be {bounds}, got {got}.", param=param)
        self.value = value
        self.low = low
        self.high = high
        self.above = above


class WrongLength(InvalidRequest):
    """Fewer than `low` or more than `high` of what `unit` names: characters, items, messages."""

    def __init__(self, param: str, *, count: int, low: int, high: int, unit: str) -> None:
        super().__init__(f"{param} takes {low} to {high} {unit}, got {count}.", param=param)
        self.count = count
        self.low = low
        self.high = high
        self.unit = unit


class NotOneOf(InvalidRequest):
    """A string that is none of `values`."""

    def __init__(self, param: str, *, value: str, values: Iterable[str]) -> None:
        self.values = tuple(values)
        super().__init__(f"{param} must be one of {', '.join(self.values)}, got {value}.", param=param)
        self.value = value


class UnknownHost(InvalidRequest):
    """The Host header has a name that is not the server's, as after DNS rebinding."""


class Unsupported(InvalidRequest):
    """A parameter that exists in the dialect and that we refuse instead of ignoring it."""

    code = "unsupported_parameter"

    def __init__(self, param: str, reason: str = "") -> None:
        super().__init__(f"{param} is not supported{': ' + reason if reason else ''}.", param=param)


class UnknownField(InvalidRequest):
    """A field that nobody knows, where unknown ones are refused."""

    code = "unknown_parameter"

    def __init__(self, param: str) -> None:
        super().__init__(f"Unknown parameter: '{param}'.", param=param)


class AdaptersUnsupported(Unsupported):
    """The model takes no adapters."""

    def __init__(self, model: str, param: str = "lora") -> None:
        super().__init__(param, "the served model takes no adapters")
        self.model = model


class BrokenRule(InvalidRequest):
    """A rule of a provider's own that only strict dialects hold; `code` is the provider's."""

    def __init__(self, message: str, *, param: str, code: str | None = None) -> None:
        super().__init__(message, param=param)
        self.code = code


class UnsupportedSchema(InvalidRequest):
    """A schema, regular expression or grammar that is wrong or cannot be enforced; the message has the place."""

    code = "unsupported_schema"


class SchemaTooComplex(InvalidRequest):
    """A schema, regular expression or grammar beyond the limits of size, depth, time or memory."""

    code = "schema_too_complex"


class InvalidPrompt(InvalidRequest):
    """A prompt or messages that leave nothing to answer, or hold what is not text."""

    code = "invalid_prompt"


class ContextTooLong(InvalidRequest):
    """Prompt and completion do not fit the context; the message has both counts.

    `at_least`: the prompt was not counted to its end.
    """

    code = "context_length_exceeded"

    def __init__(
        self, *, context: int, prompt: int, completion: int | None, param: str = "messages", at_least: bool = False
    ) -> None:
        about = "at least " if at_least else ""
        asked = (
            f"{about}{prompt} in the prompt, {'at least 1' if completion is None else completion} for the completion"
        )
        total = prompt + (1 if completion is None else completion)
        super().__init__(
            f"This model's maximum context length is {context} tokens. However, you requested {about}{total} tokens "
            f"({asked}). Please shorten the prompt or ask for fewer tokens.",
            param=param,
        )
        self.context = context
        self.total = total


class UnknownAdapter(InvalidRequest):
    """`lora` names no adapter of the model; the message has some that there are."""

    code = "adapter_not_found"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = list(known)
        there = f"There are {', '.join(names[:3])}." if names else "It has none."
        super().__init__(f"There is no adapter {name!r:.80} of this model. {there}", param="lora")


class IncompleteAdapter(InvalidRequest):
    """`lora` names a finetune whose files are not all there; the message has those that are missing."""

    code = "adapter_incomplete"

    def __init__(self, name: str, missing: Iterable[str]) -> None:
        super().__init__(f"The finetune {name} cannot be used yet: {', '.join(missing)} missing.", param="lora")


class InvalidAdapter(InvalidRequest):
    """An adapter that is damaged, that does not fit the model, or that is more than a LoRA of its linears; `param` is
    the field of adapter_config.json, or `config`, `weights` or `name`."""

    code = "invalid_adapter"


class Unauthorized(ServiceError):
    """No key or a wrong one; the same words whichever it was."""

    status = HTTPStatus.UNAUTHORIZED
    code = "invalid_api_key"
    error_type = "authentication"


class Forbidden(ServiceError):
    """A browser page of another origin asked; it may not, whatever it sends."""

    status = HTTPStatus.FORBIDDEN
    error_type = "permission"


class ModelNotFound(ServiceError):
    """A model id nobody here answers to; the message has the nearest names."""

    status = HTTPStatus.NOT_FOUND
    code = "model_not_found"
    error_type = "not_found"

    def __init__(self, model: str, known: Iterable[str], requested: Iterable[str] = ()) -> None:
        self.known = tuple(known)
        self.requested = tuple(requested) or (model,)  # with the models to fall back to
        names = list(self.known)
        hint = nearest(model, names) or names[:3]
        super().__init__(
            f"The model `{model}` does not exist or you do not have access to it. "
            f"Available here: {', '.join(hint) if hint else 'none'}.",
            param="model",
        )
        self.model = model


class RuledOut(ServiceError):
    """A model that is here, from a provider that the request does not want.

    `excluded_by` names the demand, and `field` the body's field with it; `reason` is what became of the model.
    """

    status = HTTPStatus.NOT_FOUND
    error_type = "not_found"

    def __init__(
        self, message: str, *, model: str, reason: str, excluded_by: str, field: str, detail: str = ""
    ) -> None:
        super().__init__(message, param=field)
        self.model = model
        self.reason = reason
        self.excluded_by = excluded_by
        self.detail = detail


class PreviousNotFound(InvalidRequest):
    """A response that a conversation is to go on from, and that is not here any more."""

    code = "previous_response_not_found"

    def __init__(self, response_id: str) -> None:
        super().__init__(
            f"Previous response with id {response_id[:80]!r} not found: it was never here, or is older than this "
            f"server's memory goes.",
            param="previous_response_id",
        )


class ResponseNotFound(ServiceError):
    """No response of that id is kept."""

    status = HTTPStatus.NOT_FOUND
    error_type = "not_found"

    def __init__(self, response_id: str) -> None:
        super().__init__(f"Response with id {response_id[:80]!r} not found.")


class AdapterNotFound(ServiceError):
    """No adapter of that name; the message has the nearest names."""

    status = HTTPStatus.NOT_FOUND
    code = "adapter_not_found"
    error_type = "not_found"
    exit_code = 4

    def __init__(self, name: str, known: Iterable[str], param: str = "name") -> None:
        names = list(known)
        hint = nearest(name, names) or names[:3]
        there = f"There {'is' if len(hint) == 1 else 'are'} {', '.join(hint)}" if hint else "There is none"
        super().__init__(f"There is no adapter {name!r:.80} of this model. {there}.", param=param)


class RecordNotFound(ServiceError):
    """No generation of this id is recorded, for this tenant."""

    status = HTTPStatus.NOT_FOUND
    code = "record_not_found"
    error_type = "not_found"
    exit_code = 4

    def __init__(self, id_: str, where: str = "here") -> None:
        super().__init__(f"There is no record of a generation {id_[:256]!r} {where}.", param="id")


class RouteNotFound(ServiceError):
    """No such path; the message says where to go instead."""

    status = HTTPStatus.NOT_FOUND
    error_type = "not_found"

    path = near = ""

    def __init__(self, message: str, *, path: str = "", near: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.near = near  # the path that was meant


class MethodNotAllowed(ServiceError):
    """The path exists, the method does not."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    error_type = "invalid_request"

    def __init__(self, message: str, *, method: str = "") -> None:
        super().__init__(message)
        self.method = method


class RequestTimeout(ServiceError):
    """The body stopped arriving; the connection is closed."""

    status = HTTPStatus.REQUEST_TIMEOUT
    error_type = "invalid_request"


class PayloadTooLarge(ServiceError):
    """A body beyond the cap, refused before it is read."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    error_type = "invalid_request"


class UnsupportedMedia(ServiceError):
    """A content encoding or type that we do not read."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    error_type = "invalid_request"


class RateLimited(ServiceError):
    """Too many requests of one client; `retry_after` seconds from now there is room."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "rate_limit_exceeded"
    error_type = "rate_limit"


class EngineFailure(ServiceError):
    """This request failed inside the engine; nothing else is disturbed."""


class StoreUnavailable(ServiceError):
    """The store of records cannot be read or written: a full disk, a lock that is held, a damaged file."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    error_type = "not_ready"


class Overloaded(ServiceError):
    """The queue is full; refused early instead of waiting without end."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    error_type = "overloaded"


class NotReady(ServiceError):
    """The model is loading, restarting or draining."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    error_type = "not_ready"


class ModelError(TampuError):
    """A checkpoint or packed file cannot be used; the message names file and tensor."""


class UnsupportedModel(ModelError):
    """An architecture, a tensor type or a configuration that tampu does not run."""


class DamagedFile(ModelError):
    """Truncated, failing its checksum, or not what its name says."""


class TensorMismatch(ModelError):
    """A tensor is missing, extra or of the wrong shape."""


class TooLittleMemory(ModelError):
    """A model needs more memory than there is; the message says how much, and what would fit."""


class ModelMissing(TampuError):
    """No such model on this machine; the message says how to get it."""

    exit_code = 4


class FileUnreadable(TampuError):
    """A file that a command is to read is missing, a directory, forbidden, or no text."""

    exit_code = 2

    def __init__(self, path: object, error: BaseException) -> None:
        super().__init__(f"{path} cannot be read: {reason(error)}.")


class LicenceRequired(TampuError):
    """The hub hands these weights out only after the licence is accepted."""

    exit_code = 5


class NetworkUnavailable(TampuError):
    """The hub did not answer, or the user asked to stay offline."""

    exit_code = 6


class PortTaken(TampuError):
    """Another program listens on the port; the message offers a free one."""

    exit_code = 7


class DamagedStore(TampuError):
    """A file of records that a server must not write to; the message has the way out."""

    exit_code = 3


class BadSetting(TampuError):
    """A setting or environment variable is unknown or has a bad value."""

    exit_code = 3
