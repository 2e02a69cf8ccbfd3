"""From logits to tokens: the sampling controls of all rows as arrays, one call to draw, one to score.

B draws, V vocabulary. A row draws one token, and one more after each of its guesses.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from operator import attrgetter
from typing import Any

import numpy as np

from tampu.engine.batch import Batch, Row
from tampu.engine.output import Logprobs
from tampu.engine.sequence import Sequence, TokenNumbers
from tampu.kernels.interface import F32, U32, Kernels, SampleRows, SparseRows

# Each control: its type, and where a sequence has it.
COLUMNS: Mapping[str, tuple[Any, Callable[[Sequence], float]]] = {
    "temperature": (np.float32, attrgetter("spec.sampling.temperature")),
    "top_p": (np.float32, attrgetter("spec.sampling.top_p")),
    "top_k": (np.int32, attrgetter("spec.sampling.top_k")),
    "min_p": (np.float32, attrgetter("spec.sampling.min_p")),
    "top_a": (np.float32, attrgetter("spec.sampling.top_a")),
    "repetition_penalty": (np.float32, attrgetter("spec.sampling.repetition_penalty")),
    "presence_penalty": (np.float32, attrgetter("spec.sampling.presence_penalty")),
    "frequency_penalty": (np.float32, attrgetter("spec.sampling.frequency_penalty")),
    "seed": (np.uint64, attrgetter("spec.sampling.seed")),
    "choice": (np.uint32, attrgetter("spec.choice")),
}


@dataclass(slots=True)
class Sampled:
    """What a step found out about one row; a row that is not at its end yet has no token.

    All tokens but the last are right guesses.
    """

    token_ids: list[int] = field(default_factory=list)
    logprobs: list[Logprobs] = field(default_factory=list)  # one per token, where asked for
    prompt_logprobs: list[Logprobs] = field(default_factory=list)  # of the row's scored positions
    error: str | None = None


NOT_A_NUMBER = "The model's logits for this sequence are not numbers."


class Sampler:
    """Draws and scores with the kernels of the model."""

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def sample(self, logits: F32, batch: Batch, masks: U32 | None = None) -> list[Sampled]:
        """What each row of the batch comes to, from the logits f32[L, V] that `Runner.forward` gave.

        `masks` has a row per draw, as SampleRows wants them.
        """
        results = [Sampled() for _ in batch]
        at_end = [(row, result) for row, result in zip(batch, results, strict=True) if row.is_sampled]
        start = self._draw(logits, at_end, masks) if at_end else 0
        for row, result in zip(batch, results, strict=True):
            if positions := row.scored:
                self._score_prompt(logits[start : start + len(positions)], row.sequence, positions, result)
                start += len(positions)
        return results

    def _draw(self, logits: F32, rows: list[tuple[Row, Sampled]], masks: U32 | None) -> int:
        """Draw and score the tokens of these rows, from the first of the logits; from how many."""
        controls = sample_rows([row for row, _ in rows], masks)
        count = len(controls.position)
        token_ids = self._kernels.sample(logits[:count], controls).tolist()
        start, scored = 0, list[tuple[int, Row, Sampled]]()
        for row, result in rows:
            end = start + 1 + len(row.guesses)
            result.token_ids = _accepted(token_ids[start:end], row.guesses, logits.shape[1])
            if not result.token_ids:
                result.error = NOT_A_NUMBER
            elif row.sequence.spec.sampling.logprobs is not None:
                scored += [(start + index, row, result) for index in range(len(result.token_ids))]
            start = end
        if scored:
            self._score_draws(logits, token_ids, scored, masks)
        return count

    def _score_draws(
        self, logits: F32, token_ids: list[int], scored: list[tuple[int, Row, Sampled]], masks: U32 | None
    ) -> None:
        indices = [index for index, _, _ in scored]
        chosen = logits[indices]
        if masks is not None:
            for place, (index, row, _) in enumerate(scored):
                if row.sequence.spec.sampling.masked_logprobs:
                    chosen[place] = mask_logits(chosen[place], masks[index])
        tops = [row.sequence.spec.sampling.logprobs or 0 for _, row, _ in scored]
        entries = self._score(chosen, [token_ids[index] for index in indices], tops)
        for (_, _, result), entry in zip(scored, entries, strict=True):
            result.logprobs.append(entry)

    def _score_prompt(self, logits: F32, sequence: Sequence, positions: range, result: Sampled) -> None:
        """The logits of position p say how likely token p + 1 was."""
        token_ids = sequence.token_ids[positions.start + 1 : positions.stop + 1].tolist()
        tops = [sequence.spec.sampling.prompt_logprobs or 0] * len(token_ids)
        result.prompt_logprobs = self._score(logits, token_ids, tops)
        if any(math.isnan(entry.logprob or 0.0) for entry in result.prompt_logprobs):
            result.error = NOT_A_NUMBER

    def _score(self, logits: F32, token_ids: list[int], tops: list[int]) -> list[Logprobs]:
        """One entry per row: the token's log-probability, and the likeliest `tops[row]`."""
        scores = self._kernels.logprobs(logits, np.array(token_ids, np.int32), max(tops))
        columns = (token_ids, scores.chosen.tolist(), scores.top_ids.tolist(), scores.top_logprobs.tolist(), tops)
        return [
            _entry(token_id, logprob, top_ids[:top], top_logprobs[:top])
            for token_id, logprob, top_ids, top_logprobs, top in zip(*columns, strict=True)
        ]


def sample_rows(rows: Batch, masks: U32 | None = None) -> SampleRows:
    """The controls of these sampled rows, for each token that is drawn: as if the guesses before it were its own."""
    sequences, positions, seen = list[Sequence](), list[int](), list[TokenNumbers]()
    for sequence, _, end, guesses, _ in rows:
        sequences += [sequence] * (1 + len(guesses))
        positions += range(end, end + 1 + len(guesses))
        seen += sequence.seen.stages(guesses)
    count = len(sequences)
    columns = {name: np.fromiter(map(read, sequences), dtype, count) for name, (dtype, read) in COLUMNS.items()}
    return SampleRows(
        **columns,
        position=np.array(positions, np.uint32),
        logit_bias=_sparse_rows([sequence.logit_bias for sequence in sequences]),
        seen=_sparse_rows(seen),
        mask=masks,
    )


def mask_logits(logits: F32, mask: U32) -> F32:
    """The logits [V] with -inf for the tokens whose bit is 0."""
    bits = np.unpackbits(mask.astype("<u4").view(np.uint8), count=len(logits), bitorder="little")
    return np.where(bits == 1, logits, np.float32(-np.inf))


def _entry(token_id: int, logprob: float, top_ids: list[int], top_logprobs: list[float]) -> Logprobs:
    """Without those of the likeliest that a mask leaves out."""
    count = sum(value != -math.inf for value in top_logprobs)
    return Logprobs(token_id, logprob, tuple(top_ids[:count]), tuple(top_logprobs[:count]))


def _accepted(drawn: list[int], guesses: tuple[int, ...], vocab_size: int) -> list[int]:
    """The tokens drawn up to the first that is not as guessed, that one included; none from one that is no token."""
    accepted: list[int] = []
    for token_id, guess in zip_longest(drawn, guesses):
        if not 0 <= token_id < vocab_size:
            break
        accepted.append(token_id)
        if token_id != guess:
            break
    return accepted


def _sparse_rows(numbers: list[TokenNumbers]) -> SparseRows:
    offsets = np.array([0, *accumulate(map(len, numbers))], np.int32)
    token_ids = np.empty(offsets[-1], np.int32)
    values = np.empty(offsets[-1], np.float32)
    for start, row in zip(offsets, numbers, strict=False):
        if row:
            token_ids[start : start + len(row)] = row.token_ids
            values[start : start + len(row)] = row.values
    return SparseRows(offsets, token_ids, values)
