"""What is remembered of a request while it runs: for its log line and the metrics. Never its text."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from tampu.request import Chunk, FinishReason, Usage


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
    headers_at: float | None = None
    finished_at: float | None = None
    # Filled by a generating route.
    operation: str = ""
    model: str = ""
    tenant: str = ""
    first_chunk_at: float | None = None
    usage: Usage = field(default_factory=Usage)
    finish_reasons: list[FinishReason] = field(default_factory=list)

    def note(self, chunk: Chunk) -> None:
        """Remember when the first chunk came, how choices ended, and what they counted."""
        if self.first_chunk_at is None:
            self.first_chunk_at = time.monotonic()
        if chunk.finish_reason is not None:
            self.finish_reasons.append(chunk.finish_reason)
        if chunk.usage is not None:
            self.usage += chunk.usage

    def end(self, reasons: Iterable[FinishReason] = ()) -> None:
        """The request is over; `reasons` are those of choices that did not end by themselves."""
        self.finish_reasons.extend(reasons)
        self.finished_at = time.monotonic()

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
        if self.model:
            first = self.seconds_to_first_chunk
            values |= {
                "model": self.model,
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
