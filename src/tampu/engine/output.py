"""What a step of the engine hands out: token ids and numbers, in types that a msgpack frame carries."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

EndReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Log-probabilities at one position, under the model's own distribution: of the token there, and the likeliest.

    `logprob` is None for the first token of a prompt. `top_ids` and `top_logprobs` are in order of likelihood.
    """

    token_id: int
    logprob: float | None
    top_ids: tuple[int, ...] = ()
    top_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StepOutput:
    """What a step did for one sequence: new tokens, its end, or both.

    A sequence ends with exactly one output that has `finish_reason` or `error`. The stop token that ended it is
    counted in `num_generated` and is not among `token_ids`.
    """

    sequence_id: int
    token_ids: tuple[int, ...] = ()
    finish_reason: EndReason | None = None
    # Generated since the prompt, the tokens of an earlier engine and the stop token included.
    num_generated: int = 0
    # One per token of `token_ids`, where asked for.
    logprobs: tuple[Logprobs, ...] = ()
    # Only in a sequence's first output: prompt tokens that came from the prefix cache, and
    # one entry per prompt token, where asked for.
    num_cached_tokens: int | None = None
    prompt_logprobs: tuple[Logprobs, ...] | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Only types that msgpack carries, and only what is not the default; `from_dict` undoes it."""
        values = {name: value for name, default in _DEFAULTS if (value := getattr(self, name)) != default}
        for name in ("logprobs", "prompt_logprobs"):
            if name in values:
                values[name] = [
                    (entry.token_id, entry.logprob, entry.top_ids, entry.top_logprobs) for entry in values[name]
                ]
        return values | {"sequence_id": self.sequence_id}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "StepOutput":
        """The output that `to_dict` was called on; lists stand for tuples."""
        given = dict(values)
        for name in ("logprobs", "prompt_logprobs"):
            if name in given:
                given[name] = tuple(
                    Logprobs(token_id, logprob, tuple(top_ids), tuple(top_logprobs))
                    for token_id, logprob, top_ids, top_logprobs in given[name]
                )
        return cls(**given | {"token_ids": tuple(given.get("token_ids", ()))})


_DEFAULTS = tuple((item.name, item.default) for item in fields(StepOutput) if item.name != "sequence_id")


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Gauges of this moment and counters since the engine was built."""

    running: int = 0
    waiting: int = 0
    blocks_used: int = 0
    blocks_total: int = 0
    preemptions: int = 0
    # In prompt tokens: looked up in the prefix cache, and found there.
    prefix_queries: int = 0
    prefix_hits: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0
    # Steps that computed something; it stands still while work is pending only when the engine is stuck.
    steps: int = 0
