"""OpenRouter's errors: an integer code, a word for programs, and what became of the model that was asked for."""

from collections.abc import Iterator, Mapping

from tampu.dialects.kinds import JSON
from tampu.dialects.openrouter_routing import PROVIDER
from tampu.errors import (
    ContextTooLong,
    Forbidden,
    InvalidPrompt,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    NotReady,
    Overloaded,
    PayloadTooLarge,
    RateLimited,
    RequestTimeout,
    RuledOut,
    ServiceError,
    Unauthorized,
    UnsupportedMedia,
    WrongLength,
)

DOCUMENTS = "https://openrouter.ai/docs/errors"
NOT_FOUND = 404
BUSY_SECONDS = 1  # to wait, where nobody knows better
# The most special class wins.
ERROR_TYPES: Mapping[type[ServiceError], str] = {
    ContextTooLong: "context_length_exceeded",
    InvalidPrompt: "invalid_prompt",
    InvalidRequest: "invalid_request",
    Unauthorized: "authentication",
    Forbidden: "permission_denied",
    ModelNotFound: "invalid_request",
    MethodNotAllowed: "invalid_request",
    RequestTimeout: "timeout",
    PayloadTooLarge: "payload_too_large",
    UnsupportedMedia: "invalid_request",
    RateLimited: "rate_limit_exceeded",
    Overloaded: "rate_limit_exceeded",
    NotReady: "provider_unavailable",
    ServiceError: "server",
}
# Statuses that are not the error's own: a name that is no model, and a full queue, which should be tried elsewhere.
STATUSES: Mapping[type[ServiceError], int] = {ModelNotFound: 400, Overloaded: 429}


def status_of(error: ServiceError) -> int:
    """The HTTP status, which is the code, too."""
    return STATUSES.get(type(error), int(error.status))


def error_type(error: ServiceError) -> str:
    """OpenRouter's word for the kind of error."""
    if isinstance(error, WrongLength) and error.unit == "characters" and error.count > error.high:
        return "string_too_long"
    if error.status == NOT_FOUND and not isinstance(error, ModelNotFound):
        return "not_found"
    return next(ERROR_TYPES[kind] for kind in type(error).__mro__ if kind in ERROR_TYPES)


def message_of(error: ServiceError) -> str:
    """OpenRouter's sentence where there is one, else ours."""
    if not isinstance(error, ModelNotFound):
        return error.message
    *others, last = error.requested
    return f"{', '.join(others)} and {last} are not valid model IDs" if others else f"{last} is not a valid model ID"


def retry_after(error: ServiceError) -> int | None:
    """Whole seconds to wait, as the header has them; None where waiting does not help, or nobody knows."""
    if error.retry_after is not None:
        return max(1, round(error.retry_after))
    return BUSY_SECONDS if isinstance(error, Overloaded) else None


def render_error_object(error: ServiceError) -> dict[str, JSON]:
    """The object under `error`, as it stands in a stream, too."""
    metadata: dict[str, JSON] = {"error_type": error_type(error)}
    if isinstance(error, Overloaded):
        metadata |= {"provider_name": PROVIDER, "raw": error.message, "is_byok": False}
        metadata["retry_after_seconds"] = retry_after(error)
    return {"code": status_of(error), "message": message_of(error), "metadata": metadata}


def render_error(error: ServiceError) -> dict[str, JSON]:
    """The object under `error` of a whole body: what is in the metadata beside it as well, and the availability."""
    available = availability(error)
    return {
        **render_error_object(error),
        "error_type": error_type(error),
        "http_status": status_of(error),
        **({"availability": available} if available else {}),
    }


def availability(error: ServiceError) -> dict[str, JSON]:
    """What became of the model; empty for errors that are not about one."""
    if isinstance(error, ModelNotFound):
        return _availability("model_not_found", error.requested)
    asked = (error.model,) if error.model else ()
    if isinstance(error, RuledOut):
        return _availability(error.reason, asked, **_rule(error))
    if isinstance(error, Overloaded):
        return _availability("capacity_exhausted", asked, retry_after=retry_after(error))
    if isinstance(error, NotReady):
        return _availability("temporarily_unavailable", asked, retry_after=retry_after(error))
    return {}


def _rule(error: RuledOut) -> dict[str, JSON]:
    rule: dict[str, JSON] = {"affected_providers": [PROVIDER], "excluded_by": [error.excluded_by]}
    if error.reason == "constraint_filtered":
        rule["constraint"] = {"field": error.param, "detail": error.detail}
    return rule


def _availability(code: str, requested: tuple[str, ...], **more: JSON) -> dict[str, JSON]:
    retryable = code in ("capacity_exhausted", "temporarily_unavailable")
    further: Iterator[tuple[str, JSON]] = ((key, value) for key, value in more.items() if value is not None)
    return {
        "code": code,
        "retryable": retryable,
        "requested_models": list(requested),
        **dict(further),
        "docs_url": f"{DOCUMENTS}#{code}",
    }
