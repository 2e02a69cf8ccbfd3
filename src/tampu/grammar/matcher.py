"""Matchers: which tokens a grammar allows next, after the tokens a sequence has.

What they say depends on the grammar and on those tokens alone: a matcher that is built again and given the same tokens
gives the same masks, so that crashes, preemption and guesses change nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, cast

from tampu.errors import TampuError
from tampu.grammar.compile import limits
from tampu.grammar.guard import U32, NameGuard
from tampu.grammar.keys import START, Place, read, unmarked

CACHE_BYTES = 64 * 2**20
# A built grammar's share of the cache, from the length of its text: more than any of those measured.
BYTES_PER_GRAMMAR = 100_000
BYTES_PER_CHARACTER = 400
SPECIAL = b"\xff"  # with which llguidance marks a token that is no text


class GrammarFailure(TampuError):
    """A grammar that cannot be gone on with: beyond a limit, or at a place where no token fits."""


class Matcher:
    """A place in a grammar: after all tokens that were taken."""

    def __init__(self, matcher: Any, guard: NameGuard | None = None, is_scarce: bool = False) -> None:
        self._matcher = matcher
        self._guard = guard
        self._is_scarce = is_scarce
        self._place = START

    @property
    def handle(self) -> Any:
        """What llguidance calls a matcher."""
        return self._matcher

    def advance(self, token_ids: Sequence[int]) -> bool:
        """Take these tokens; whether the grammar ends with them. GrammarFailure when they do not fit it."""
        place = self._after(self._place, token_ids)
        if place is None:
            raise GrammarFailure("The grammar of this request cannot be followed any further: a name would come twice.")
        if not self._matcher.consume_tokens(list(token_ids)):
            self.check()
        self._place = place
        return self.is_finished

    @property
    def is_finished(self) -> bool:
        """Whether the text is whole, and nothing can follow."""
        return bool(self._matcher.is_stopped() and self._matcher.is_accepting())

    def check(self) -> None:
        """GrammarFailure if there is no going on."""
        if self._matcher.is_stopped() and not self._matcher.is_accepting():
            reason = self._matcher.get_error().partition("\n")[0] or self._matcher.stop_reason()
            raise GrammarFailure(f"The grammar of this request cannot be followed any further: {reason}.")

    def forced(self, limit: int) -> tuple[int, ...]:
        """Up to `limit` tokens that come next whatever is drawn, where the grammar leaves no choice."""
        return self._unique(self._matcher.compute_ff_tokens()[: max(0, limit)])

    def allowed(self, token_ids: Sequence[int]) -> int:
        """How many of these tokens, from the first, may come next."""
        return len(self._unique(token_ids[: self._matcher.validate_tokens(list(token_ids))]))

    def restrict(self, masks: U32, guesses: Sequence[int]) -> None:
        """Take from a mask, and from those after each guess, what would repeat a name. GrammarFailure when nothing is
        left to draw."""
        if self._guard is None:
            return
        place, matcher = self._place, self._matcher.deep_copy() if self._is_scarce else None
        for mask, guess in zip_longest(masks, guesses):
            self._guard.forbid(place, mask, matcher)
            if not mask.any():
                raise GrammarFailure("The grammar of this request cannot be followed any further: no name is left.")
            after = None if guess is None else self._after(place, (guess,))
            if after is None or (matcher is not None and not matcher.consume_token(guess)):
                return
            place = after

    def _unique(self, token_ids: Sequence[int]) -> tuple[int, ...]:
        """These tokens, up to the first that repeats a name."""
        place: Place | None = self._place
        for index, token_id in enumerate(token_ids):
            if place is None or (place := self._after(place, (token_id,))) is None:
                return tuple(token_ids[:index])
        return tuple(token_ids)

    def _after(self, place: Place, token_ids: Sequence[int]) -> Place | None:
        if self._guard is None:
            return place
        return read(place, b"".join(self._guard.tokens[token_id] for token_id in token_ids))


class Vocabulary:
    """A model's vocabulary as llguidance wants it: bytes per token, and how text becomes tokens.

    `special` has the names of the tokens that are no text: no grammar of a client's allows them. Those of
    `eos_token_ids` may come where a text may end. `encode` tells which tokens forced text consists of.
    """

    is_tokenizer_wrapper = True
    bos_token_id = None

    def __init__(
        self,
        tokens: Iterable[bytes],
        special: Mapping[int, str],
        eos_token_ids: Sequence[int],
        encode: Callable[[str], list[int]],
    ) -> None:
        self.special_token_ids = sorted(special)
        self.tokens = list(tokens)
        for token_id, name in special.items():
            self.tokens[token_id] = SPECIAL + name.encode()
        self.eos_token_ids = list(eos_token_ids)
        self.eos_token_id = self.eos_token_ids[0]
        self._encode = encode

    def __call__(self, text: str) -> list[int]:
        """The tokens of a text."""
        return self._encode(text)


class Grammars:
    """Builds matchers for one vocabulary, and keeps the grammars of late. Its methods may be called in any thread, by
    one at a time."""

    def __init__(self, vocabulary: Vocabulary, cache_bytes: int = CACHE_BYTES) -> None:
        import llguidance  # 8 MB and 40 ms that only constrained requests need

        self._new = llguidance.LLMatcher
        # It has all of a TokenizerWrapper that is read.
        wrapper = cast(llguidance.TokenizerWrapper, vocabulary)
        self._tokenizer = llguidance.LLTokenizer(wrapper, eos_token=vocabulary.eos_token_ids)
        self._guard = NameGuard(vocabulary.tokens, vocabulary.special_token_ids)
        self._limits = limits()
        self._built: OrderedDict[str, Any] = OrderedDict()
        self._room = cache_bytes

    def matcher(self, grammar: str, token_ids: Sequence[int] = ()) -> Matcher:
        """A matcher at the place after these tokens. GrammarFailure when there is none."""
        built = self._built.pop(grammar, None)
        if built is None:
            built = self._new(self._tokenizer, unmarked(grammar)[0], limits=self._limits, log_level=0)
            self._room -= weight(grammar)
        self._built[grammar] = built
        while self._room < 0 and len(self._built) > 1:
            oldest, _ = self._built.popitem(last=False)
            self._room += weight(oldest)
        _, is_unique, is_scarce = unmarked(grammar)
        matcher = Matcher(built.deep_copy(), self._guard if is_unique else None, is_scarce)
        matcher.advance(token_ids)
        matcher.check()
        return matcher

    @property
    def num_cached(self) -> int:
        """How many grammars are kept."""
        return len(self._built)


def weight(grammar: str) -> int:
    """How many bytes a built grammar counts for."""
    return BYTES_PER_GRAMMAR + BYTES_PER_CHARACTER * len(grammar)


class MaskWriter:
    """Writes the masks of a step's draws: a bit per token, 1 where it may come."""

    def __init__(self) -> None:
        import llguidance  # see `Grammars`

        self._executor = llguidance.LLExecutor(1)

    def write(self, rows: Sequence[tuple[Matcher, int, tuple[int, ...]]], masks: U32) -> None:
        """For each (matcher, row, guesses): a row of the masks, and a row after each guess, as if the guesses were
        taken. Rows after a guess that is not allowed stay as they are."""
        address, size = masks.ctypes.data, 4 * masks.shape[1]
        guessing = [(matcher.handle, row, list(guesses)) for matcher, row, guesses in rows if guesses]
        if guessing:
            self._executor.unsafe_compute_mask_ptr_with_draft_token(guessing, address, size, masks.shape[0])
        for matcher, row, guesses in rows:
            if not guesses:
                matcher.handle.unsafe_compute_mask_ptr(address + row * size, size)
            matcher.restrict(masks[row : row + 1 + len(guesses)], guesses)
