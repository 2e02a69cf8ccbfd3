"""What is kept of a generation when it is over: counts, costs, times and how to replay it; text only when asked to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tampu.request import FinishReason, Usage


@dataclass(frozen=True, slots=True)
class ChoiceDigest:
    """What a choice was, without its text: SHA-256 and count of its token ids, and why it ended; None if it did not."""

    sha256: str
    num_tokens: int
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """One answered call. Times are seconds; `created` is Unix time, the others count from the request's first byte."""

    id: str  # of the request: `req_` and 32 hexadecimal digits
    answer_id: str  # under which the client knows the answer
    dialect: str
    operation: str
    model: str  # as it was asked for
    served_by: str  # the model's own name, with its adapter
    tenant: str
    created: float
    seconds: float
    seconds_to_first_chunk: float | None
    usage: Usage
    finish_reasons: tuple[FinishReason, ...]
    streamed: bool
    cancelled: bool
    seed: int
    fingerprint: str
    # Of the request, as the client sent them: user-agent, http-referer, x-title, and user and session_id of its body.
    client: Mapping[str, str] = field(default_factory=dict)
    # Of every request of the call, in order: SHA-256 of its text as `replay.digest` makes it, and its choices.
    prompt_digests: tuple[str, ...] = ()
    choice_digests: tuple[tuple[ChoiceDigest, ...], ...] = ()
    # Everything besides text that a replay needs, and the text where it is kept. See `server/recorder.py`.
    replay: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What a key has spent, in pico-dollars: in all, and since the beginning of the day, week and month (UTC)."""

    total: int = 0
    day: int = 0
    week: int = 0
    month: int = 0
