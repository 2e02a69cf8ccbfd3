"""Takes from the masks of JSON texts the tokens that would give an object the same name twice."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tampu.grammar.keys import Place, read

U32 = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.intp]

MAX_TRIES = 32  # tokens that are looked past for one mask; each costs a mask of its own


class NameGuard:
    """Knows the tokens of a vocabulary that open or close names."""

    def __init__(self, tokens: Sequence[bytes], special: Sequence[int]) -> None:
        self.tokens = list(tokens)
        for token_id in special:
            self.tokens[token_id] = b""
        counts = np.array([token.count(b'"') for token in self.tokens])
        # By how many quotes they have: 1 closes a name, 2 open and close one, 3 close a string first.
        self._with_quotes = [np.flatnonzero(counts >= least) for least in range(4)]

    @cached_property
    def _by_text(self) -> dict[bytes, list[int]]:
        found = dict[bytes, list[int]]()
        for token_id, token in enumerate(self.tokens):
            found.setdefault(token, []).append(token_id)
        return found

    @cached_property
    def _with_comma(self) -> Ids:
        return np.array([token_id for token_id, token in enumerate(self.tokens) if b"," in token], np.intp)

    def forbid(self, place: Place, mask: U32, scarce: Any = None) -> None:
        """Clear the bits of tokens that repeat a name here. `scarce`, the matcher that stands here, is given where
        there may be no new name: tokens after which every name repeats are cleared, too."""
        if not place.open and place.is_json:
            return
        least = (1 if place.repeats_are_near else 3) if place.is_text else 2
        for token_id in _among(mask, self._with_quotes[least]):
            if read(place, self.tokens[token_id]) is None:
                _clear(mask, token_id)
        tries = iter(range(MAX_TRIES))
        for token_id in _among(mask, self._doubtful(place)) if scarce is not None else ():
            after = read(place, self.tokens[token_id])
            if after is not None and self._is_dead(scarce, token_id, after, tries):
                _clear(mask, token_id)

    def _doubtful(self, place: Place) -> Ids:
        """Tokens that begin a name, or go on as a name that is there does."""
        if place.name is None:
            return self._with_comma
        size = len(place.name)
        rests = [name[size:] for name in place.open[-1] or () if name.startswith(place.name)]
        parts = {rest[:length] for rest in rests for length in range(1, len(rest) + 1)}
        found = [token_id for part in parts for token_id in self._by_text.get(part, ())]
        return np.union1d(self._with_comma, np.array(found, np.intp))

    def _is_dead(self, matcher: Any, token_id: int, place: Place, tries: Iterator[int]) -> bool:
        """Whether only names that are there can follow this token. No after too many tries: the answer may then fail
        later, but others do not wait for it."""
        if not (place.awaits_name or place.repeats_are_near) or next(tries, None) is None:
            return False
        after = matcher.deep_copy()
        if not after.consume_token(token_id):
            return True
        mask = np.frombuffer(bytearray(after.compute_bitmask()), np.uint32)
        self.forbid(place, mask)
        allowed = _all(mask)
        doubtful = allowed if place.awaits_name else _among(mask, self._doubtful(place))
        if len(doubtful) < len(allowed):
            return False
        followed = ((each, read(place, self.tokens[each])) for each in doubtful)
        return all(self._is_dead(after, each, found, tries) for each, found in followed if found is not None)


def _among(mask: U32, token_ids: Ids) -> list[int]:
    bits = mask[token_ids >> 5] >> (token_ids & 31).astype(np.uint32) & 1
    return [int(token_id) for token_id in token_ids[bits != 0]]


def _all(mask: U32) -> list[int]:
    return [int(token_id) for token_id in np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))]


def _clear(mask: U32, token_id: int) -> None:
    mask[token_id >> 5] &= ~np.uint32(1 << (token_id & 31))
