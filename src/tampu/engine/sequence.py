"""Sequences: one row being generated each, and the frozen specification from which it can be built again anywhere."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from tampu.engine.kv_cache import block_hash, root_hash
from tampu.engine.output import EndReason, Logprobs
from tampu.engine.speculate import Drafter
from tampu.grammar.matcher import Matcher
from tampu.request import SamplingParams


@dataclass(frozen=True, slots=True)
class SequenceSpec:
    """All that the tokens of a sequence depend on, besides the model: the same specification gives the same tokens.

    `sampling` is resolved: `seed` and `max_tokens` are numbers, `stop_token_ids` has the model's own unless they are
    to be ignored; its `stop` and `n` mean nothing here (strings and choices are the front's).
    """

    id: int
    prompt_token_ids: tuple[int, ...]
    sampling: SamplingParams
    # Tokens generated before, by an engine that was lost: generation goes on after them, and they count as generated.
    output_token_ids: tuple[int, ...] = ()
    # Which of the n choices this is; it goes into every draw.
    choice: int = 0
    # The choices of one request have one group: they wait for their first member's prompt, then share its blocks.
    group: int | None = None
    # The tenant: blocks are shared, and steps dealt out fairly, between equal salts only.
    salt: bytes = b""
    # Fingerprint of the adapter that it is generated with; none where empty. Blocks are shared between equal ones only.
    adapter: str = ""
    # What the output must match, as `compile_constraint` gives it; nothing for anything.
    grammar: str = ""

    def resumed(self, output_token_ids: Iterable[int]) -> "SequenceSpec":
        """The same sequence, going on after these tokens."""
        return replace(self, output_token_ids=tuple(output_token_ids))


class SequenceStatus(Enum):
    """Where a sequence is in its life."""

    WAITING = "waiting"  # no blocks; never computed
    RUNNING = "running"  # has blocks
    PREEMPTED = "preempted"  # no blocks; its tokens will be computed again
    FINISHED = "finished"  # no blocks, for good


class TokenNumbers:
    """Distinct token ids with a number each."""

    __slots__ = ("token_ids", "values")

    def __init__(self, numbers: Mapping[int, float]) -> None:
        # In the C types that become int32 and float32 without a copy.
        self.token_ids = array("i", numbers.keys())
        self.values = array("f", numbers.values())

    def __len__(self) -> int:
        return len(self.token_ids)

    def stages(self, token_ids: tuple[int, ...]) -> "list[TokenNumbers]":
        """The numbers as they are, then as they would be after each of these tokens."""
        return [self] * (1 + len(token_ids))


class SeenTokens(TokenNumbers):
    """The tokens of a sequence, and how often each was generated; a new token costs O(1)."""

    __slots__ = ("_index",)

    def __init__(self, prompt_token_ids: Iterable[int], output_token_ids: Iterable[int]) -> None:
        super().__init__(dict.fromkeys(prompt_token_ids, 0.0))
        self._index = {token_id: index for index, token_id in enumerate(self.token_ids)}
        for token_id in output_token_ids:
            self.add(token_id)

    def add(self, token_id: int) -> None:
        """Count a generated token."""
        index = self._index.setdefault(token_id, len(self._index))
        if index == len(self.token_ids):
            self.token_ids.append(token_id)
            self.values.append(0.0)
        self.values[index] += 1.0

    def stages(self, token_ids: tuple[int, ...]) -> list[TokenNumbers]:
        """The counts as they are, then as they would be after each of these tokens; they stay as they are."""
        if not token_ids:
            return [self]
        stages, num_known = [self._copy()], len(self)
        for token_id in token_ids:
            self.add(token_id)
            stages.append(self._copy())
        for token_id in token_ids:
            self.values[self._index[token_id]] -= 1.0
        for token_id in self.token_ids[num_known:]:
            del self._index[token_id]
        del self.token_ids[num_known:], self.values[num_known:]
        return stages

    def _copy(self) -> TokenNumbers:
        copy = TokenNumbers({})
        copy.token_ids, copy.values = self.token_ids[:], self.values[:]
        return copy


NO_NUMBERS = TokenNumbers({})


@dataclass(slots=True, eq=False)
class Sequence:
    """One row being generated.

    Token positions: [0, num_prompt_tokens) prompt · [num_prompt_tokens, num_tokens) output.
    Cache: [0, num_computed_tokens) is in blocks of `block_table` · [num_computed_tokens, num_tokens) is still to do.
    """

    spec: SequenceSpec
    arrival: int  # earlier ones are admitted first and preempted last
    matcher: Matcher | None = None  # of the grammar, after all tokens of the output
    token_ids: "array[int]" = field(init=False)  # prompt and output, in the C type that becomes int32 without a copy
    num_prompt_tokens: int = field(init=False)
    num_generated: int = field(init=False)  # output tokens, and the stop token that is not among them
    max_tokens: int = field(init=False)
    status: SequenceStatus = SequenceStatus.WAITING
    num_computed_tokens: int = 0
    num_cached_tokens: int | None = None  # prompt tokens found in the prefix cache when first admitted
    block_table: "array[int]" = field(default_factory=lambda: array("i"))
    # [0, num_registered_blocks) of the block table are in the prefix cache, or were when this sequence came to them.
    num_registered_blocks: int = 0
    prompt_logprobs: list[Logprobs] = field(default_factory=list)  # entry p is about token p + 1
    logit_bias: TokenNumbers = field(init=False)
    seen: TokenNumbers = NO_NUMBERS  # kept only where a penalty asks for it
    drafter: Drafter = field(default_factory=Drafter)
    # What the draft model makes of it: the same tokens, those it guessed after them, and the same blocks.
    shadow: "Sequence | None" = None
    _hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        spec = self.spec
        assert spec.sampling.max_tokens is not None and spec.sampling.seed is not None, "the front resolves them"
        self.token_ids = array("i", spec.prompt_token_ids + spec.output_token_ids)
        self.num_prompt_tokens = len(spec.prompt_token_ids)
        self.num_generated = len(spec.output_token_ids)
        self.max_tokens = spec.sampling.max_tokens
        self.logit_bias = TokenNumbers(spec.sampling.logit_bias) if spec.sampling.logit_bias else NO_NUMBERS
        if has_penalty(spec.sampling):
            self.seen = SeenTokens(spec.prompt_token_ids, spec.output_token_ids)

    @property
    def id(self) -> int:
        """The id that the front gave it."""
        return self.spec.id

    @property
    def num_tokens(self) -> int:
        """Prompt and output together."""
        return len(self.token_ids)

    @property
    def output_token_ids(self) -> tuple[int, ...]:
        """Generated tokens, those of an earlier engine included."""
        return tuple(self.token_ids[self.num_prompt_tokens :])

    @property
    def num_unscored(self) -> int:
        """Prompt positions whose logits are still wanted for `prompt_logprobs`."""
        if self.spec.sampling.prompt_logprobs is None:
            return 0
        return self.num_prompt_tokens - 1 - len(self.prompt_logprobs)

    def hashes(self, num_blocks: int, block_size: int) -> list[bytes]:
        """Hashes of the first `num_blocks` blocks of tokens, each worked out once."""
        known = self._hashes
        for start in range(len(known) * block_size, num_blocks * block_size, block_size):
            parent = known[-1] if known else root_hash(self.spec.salt, self.spec.adapter)
            known.append(block_hash(parent, self.token_ids[start : start + block_size]))
        return known[:num_blocks]

    def guess(self, limit: int, cost: float) -> tuple[int, ...]:
        """Up to `limit` tokens that may follow, at `cost` each; none that the grammar does not allow."""
        return self.allowed(self.drafter.guess(self.token_ids, limit, cost))

    def allowed(self, guesses: tuple[int, ...]) -> tuple[int, ...]:
        """The guesses before the first that the grammar forbids."""
        return guesses if self.matcher is None or not guesses else guesses[: self.matcher.allowed(guesses)]

    def append(self, token_id: int) -> EndReason | None:
        """Take a sampled token; the reason why generation ends with it, if it does. A stop token is not kept.

        A grammar that is matched and allows nothing more ends it too. GrammarFailure where a grammar is stuck.
        """
        self.num_generated += 1
        if token_id in self.spec.sampling.stop_token_ids:
            if self.matcher is not None:
                self.matcher.check()
            return "stop"
        self.token_ids.append(token_id)
        if isinstance(self.seen, SeenTokens):
            self.seen.add(token_id)
        if self.matcher is not None and self.matcher.advance((token_id,)):
            return "stop"
        return "length" if self.num_generated >= self.max_tokens else None


def has_penalty(sampling: SamplingParams) -> bool:
    """Whether the tokens seen so far change the distribution."""
    return (sampling.repetition_penalty, sampling.presence_penalty, sampling.frequency_penalty) != (1.0, 0.0, 0.0)
