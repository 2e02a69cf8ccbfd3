"""What a step of the engine hands out: token ids and numbers, in types that a msgpack frame carries."""

from dataclasses import dataclass
from typing import Literal

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
    """What a step did for one sequence: a new token, its end, or both. A step that guessed right has more than one.

    A sequence ends with exactly one output that has `finish_reason` or `error`. The stop token that ended it is
    counted in `num_generated` and is not among `token_ids`.
    """

    sequence_id: int
    token_ids: tuple[int, ...] = ()
    finish_reason: EndReason | None = None
    # Generated since the prompt, the tokens of an earlier engine and the stop token included.
    num_generated: int = 0
    # One per token of `token_ids`, then that of the stop token; where asked for.
    logprobs: tuple[Logprobs, ...] = ()
    # Only in a sequence's first output: prompt tokens that came from the prefix cache, and
    # one entry per prompt token, where asked for.
    num_cached_tokens: int | None = None
    prompt_logprobs: tuple[Logprobs, ...] | None = None
    # Only in the first output of a step: tokens guessed in it, and how many of them came.
    num_guessed: int = 0
    num_right: int = 0
    error: str | None = None


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
    # Tokens computed on the guess that they come next, and how many of them did.
    guessed_tokens: int = 0
    right_guesses: int = 0
    # Tokens that a grammar left no choice about, computed beside others.
    forced_tokens: int = 0
    # Adapters in memory, the bytes they take, and how often one was loaded.
    adapters_loaded: int = 0
    adapter_bytes: int = 0
    adapter_loads: int = 0
    # Steps that computed something; it stands still while work is pending only when the engine is stuck.
    steps: int = 0
