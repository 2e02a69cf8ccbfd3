"""The grammars of an engine: matchers are built beside its steps, and masks written while a forward pass runs. Masks
also hold what a request itself allows: some tokens only, or no end before so many of them.

This is the one place where the worker half reads a vocabulary: a grammar is about text, and its masks about tokens.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tampu.engine.batch import Batch
from tampu.engine.sequence import Sequence, SequenceSpec
from tampu.grammar.matcher import Grammars, MaskWriter, Matcher, Vocabulary
from tampu.kernels.interface import U32
from tampu.request import SamplingParams

# The masks of fewer tokens are written sooner than a thread has taken them over (30 us).
SMALL_VOCABULARY = 2**15
ALL_TOKENS = np.uint32(2**32 - 1)


@dataclass(frozen=True, slots=True)
class Built:
    """A sequence whose matcher is there, or why there is none."""

    spec: SequenceSpec
    matcher: Matcher | None
    error: str = ""


class GrammarRoom:
    """Where sequences with a grammar wait for their matchers, which a thread builds one after the other."""

    def __init__(self, read_vocabulary: Callable[[], Vocabulary]) -> None:
        self._read_vocabulary = read_vocabulary
        self._grammars: Grammars | None = None
        self._thread = ThreadPoolExecutor(1, "grammars")
        self._waiting: dict[int, Future[Built]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, spec: SequenceSpec) -> None:
        """Begin to build the matcher of this sequence, at the place after the tokens it has already."""
        self._waiting[spec.id] = self._thread.submit(self._build, spec)

    def abort(self, sequence_id: int) -> bool:
        """Forget a sequence; whether it was waiting here."""
        future = self._waiting.pop(sequence_id, None)
        return future is not None and (future.cancel() or True)

    def take(self, patience: float) -> list[Built]:
        """The sequences that wait no longer; when there is none yet, what `patience` seconds bring."""
        if not self._waiting:
            return []
        first = next(iter(self._waiting.values()))
        if patience and not first.done():
            try:
                first.exception(timeout=patience)
            except TimeoutError:
                return []
        done = [sequence_id for sequence_id, future in self._waiting.items() if future.done()]
        return [self._waiting.pop(sequence_id).result() for sequence_id in done]

    def _build(self, spec: SequenceSpec) -> Built:
        try:
            if self._grammars is None:
                self._grammars = Grammars(self._read_vocabulary())
            return Built(spec, self._grammars.matcher(spec.grammar, spec.output_token_ids))
        except Exception as error:
            return Built(spec, None, str(error))


class Masks:
    """The masks of a step, one row per draw; a row that nothing restricts may draw every token."""

    def __init__(self, vocab_size: int) -> None:
        self._num_words = -(-vocab_size // 32)
        self._writer: MaskWriter | None = None
        self._thread = ThreadPoolExecutor(1, "masks")

    def begin(self, batch: Batch) -> Callable[[], U32] | None:
        """Begin to write the masks of this batch, in a thread of their own where that is worth it; what gives them once
        they are written. None when no row is restricted."""
        rows, limited, count = list[tuple[Matcher, int, tuple[int, ...]]](), list[tuple[Sequence, int, int]](), 0
        for row in batch:
            if row.is_sampled:
                draws = 1 + len(row.guesses)
                if row.sequence.matcher is not None:
                    rows.append((row.sequence.matcher, count, row.guesses))
                elif is_limited(row.sequence):
                    limited.append((row.sequence, count, draws))
                count += draws
        if not rows and not limited:
            return None
        if not rows:
            return lambda: self._limit(np.full((count, self._num_words), ALL_TOKENS, np.uint32), limited)
        if 32 * self._num_words <= SMALL_VOCABULARY:
            masks = self._limit(self._write(rows, count), limited)
            return lambda: masks
        written = self._thread.submit(self._write, rows, count)
        return lambda: self._limit(written.result(), limited)

    def _write(self, rows: list[tuple[Matcher, int, tuple[int, ...]]], count: int) -> U32:
        if self._writer is None:
            self._writer = MaskWriter()
        masks = np.full((count, self._num_words), ALL_TOKENS, np.uint32)
        self._writer.write(rows, masks)
        return masks

    @staticmethod
    def _limit(masks: U32, limited: list[tuple[Sequence, int, int]]) -> U32:
        """The masks without the tokens that these sequences may not draw: (sequence, first row, rows) each."""
        for sequence, first, draws in limited:
            for draw in range(draws):
                limit_tokens(masks[first + draw], sequence.spec.sampling, sequence.num_generated + draw)
        return masks


def is_limited(sequence: Sequence) -> bool:
    """Whether its request leaves tokens out: for all of the answer, or still at the beginning."""
    sampling = sequence.spec.sampling
    return bool(sampling.allowed_token_ids) or sequence.num_generated < sampling.min_tokens


def limit_tokens(mask: U32, sampling: SamplingParams, num_generated: int) -> None:
    """Clear the bits of a row's mask [words] for what may not follow so many generated tokens."""
    if sampling.allowed_token_ids:
        ids = np.array(sampling.allowed_token_ids, np.uint32)
        kept = np.zeros_like(mask)
        np.bitwise_or.at(kept, ids // 32, np.uint32(1) << ids % np.uint32(32))
        mask &= kept
    if num_generated < sampling.min_tokens:
        for token_id in sampling.stop_token_ids:
            mask[token_id // 32] &= np.uint32(~(1 << token_id % 32) & 0xFFFFFFFF)
