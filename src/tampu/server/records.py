"""What is remembered of a request while it runs: for its log line and the metrics. Never its text."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from tampu.errors import ServiceError
from tampu.request import Chunk, FinishReason, Usage
from tampu.server.redaction import safe_words


def new_request_id() -> str:
    """`req_` and 32 hexadecimal digits."""
    return f"req_{secrets.token_hex(16)}"


@dataclass(slots=True)
class RequestRecord:
    """One HTTP request. Times are monotonic seconds."""

    id: str
    method: str
    path: str
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    origin: str = ""  # of the page that asks, where it is an allowed one of elsewhere
    error: str = ""  # why it was refused or broke off, without words of the client's
    kind: str = ""  # of error
    headers_at: float | None = None
    finished_at: float | None = None
    # Filled by a generating route.
    operation: str = ""
    model: str = ""  # as it was asked for
    served_by: str = ""  # the model's own name, with its adapter
    tenant: str = ""
    first_chunk_at: float | None = None
    usage: Usage = field(default_factory=Usage)
    num_delivered: int = 0  # tokens so far; what counts when the client does not wait for the usage
    finish_reasons: list[FinishReason] = field(default_factory=list)
    _opened: Usage = field(default_factory=Usage)

    def note(self, chunk: Chunk) -> None:
        """Remember when the first chunk came, how choices ended, and what they counted."""
        if self.first_chunk_at is None:
            self.first_chunk_at = time.monotonic()
        self.num_delivered += len(chunk.token_ids)
        if chunk.opening is not None:
            self._opened += Usage(chunk.opening.prompt_tokens, 0, chunk.opening.cached_tokens)
        if chunk.finish_reason is not None:
            self.finish_reasons.append(chunk.finish_reason)
        if chunk.usage is not None:
            self.usage += chunk.usage

    def refuse(self, error: ServiceError) -> None:
        """Remember why."""
        self.error, self.kind = safe_words(error), type(error).__name__

    def end(self) -> None:
        """The request is over."""
        self.finished_at = time.monotonic()

    def break_off(self, reason: FinishReason) -> None:
        """The request is over before its end: what was delivered until now counts."""
        self.finish_reasons.append(reason)
        self.usage = self._opened + Usage(completion_tokens=self.num_delivered)
        self.end()

    @property
    def seconds(self) -> float:
        """From the first byte to the end, or until now."""
        return (self.finished_at or time.monotonic()) - self.started

    @property
    def seconds_to_first_chunk(self) -> float | None:
        """From the first byte of the request to the first chunk of the answer."""
        return None if self.first_chunk_at is None else self.first_chunk_at - self.started

    def fields(self) -> dict[str, Any]:
        """What the log line says."""
        values: dict[str, Any] = {
            "request_id": self.id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "ms": round(1000 * self.seconds, 1),
        }
        if self.error:
            values["error"] = self.error
        if self.model:
            first = self.seconds_to_first_chunk
            values |= {
                "model": self.model,
                "served_by": self.served_by,
                "first_ms": None if first is None else round(1000 * first, 1),
                "prompt_tokens": self.usage.prompt_tokens,
                "cached_tokens": self.usage.cached_tokens,
                "completion_tokens": self.usage.completion_tokens,
                "finish": ",".join(self.finish_reasons),
            }
        return values


def record_of(scope: Scope) -> RequestRecord:
    """The record that the edge made for this request."""
    record: RequestRecord = scope["state"]["record"]
    return record
