"""A small model that guesses for a large one (Leviathan et al., ICML 2023, arXiv 2211.17192).

It reads whatever the large one reads, into a key-value cache of its own that has the same blocks: what a sequence
finds in the prefix cache, both find. Its guesses are drawn as the large model's tokens are, with the same controls and
the same random number, so that they agree as often as the models do. A guess that is wrong costs time alone; so does
whatever may be wrong in the draft's cache.
"""

import logging
from dataclasses import replace

from tampu.engine.batch import Batch, Row
from tampu.engine.runner import Model, Runner
from tampu.engine.sampler import Sampler
from tampu.engine.sequence import Sequence, SequenceSpec
from tampu.engine.speculate import MAX_GUESS
from tampu.settings import EngineSettings

log = logging.getLogger("tampu.engine")
MAX_READ = 512  # tokens that it catches up with in one step


class DraftModel:
    """The small model and its cache. `cost` is what one of its tokens costs, in tokens of the large model."""

    def __init__(self, model: Model, settings: EngineSettings, cost: float) -> None:
        self.cost = cost
        self._runner = Runner(model, settings.num_blocks, settings.block_size, settings.kv_dtype)
        self._sampler = Sampler(model.kernels)

    def read(self, batch: Batch) -> None:
        """Read the prompts that the large model has read in this step."""
        rows = []
        for row in batch:
            if row.end - row.start > 1:
                shadow = _follow(row.sequence, row.start)
                rows.append(Row(shadow, shadow.num_computed_tokens, row.end))
        self._compute([row for row in rows if row.start < row.end])

    def guess(self, wanted: list[tuple[Row, int]]) -> list[tuple[int, ...]]:
        """For each row, up to so many tokens that may follow it; the row's blocks reach as far."""
        shadows = [_follow(row.sequence, row.start) for row, _ in wanted]
        guesses: list[tuple[int, ...]] = [()] * len(wanted)
        unfinished = list(range(len(wanted)))
        while unfinished:
            rows = [_next_row(shadows[index]) for index in unfinished]
            drawn = self._compute(rows)
            for index, token_ids in zip(unfinished, drawn, strict=True):
                shadows[index].token_ids.extend(token_ids)
                guesses[index] += token_ids
            unfinished = [
                index
                for index, token_ids in zip(unfinished, drawn, strict=True)
                if token_ids and len(guesses[index]) < wanted[index][1]
            ]
        return guesses

    def _compute(self, batch: Batch) -> list[tuple[int, ...]]:
        """The token drawn after each row, none where the row does not reach its sequence's end or nothing came."""
        if not batch:
            return []
        try:
            results = self._sampler.sample(self._runner.forward(batch), batch)
        except Exception:
            log.exception("the draft model failed: this step has no guesses of it")
            return [()] * len(batch)
        for row in batch:
            row.sequence.num_computed_tokens = row.end
        return [tuple(result.token_ids) for result in results]


def _follow(sequence: Sequence, num_computed: int) -> Sequence:
    """The sequence's shadow, with its tokens: what was guessed and did not come is gone."""
    shadow = sequence.shadow
    if shadow is None:
        shadow = sequence.shadow = Sequence(_plain(sequence.spec), sequence.arrival)
        shadow.block_table = sequence.block_table
        shadow.num_computed_tokens = num_computed  # from the prefix cache, or read by the large model alone
    same = max(0, min(shadow.num_tokens - MAX_GUESS, sequence.num_tokens))  # guesses are at the end only
    end = min(shadow.num_tokens, sequence.num_tokens)
    while same < end and shadow.token_ids[same] == sequence.token_ids[same]:
        same += 1
    del shadow.token_ids[same:]
    shadow.token_ids.extend(sequence.token_ids[same:])
    shadow.num_computed_tokens = min(shadow.num_computed_tokens, same)
    return shadow


def _next_row(shadow: Sequence) -> Row:
    start = shadow.num_computed_tokens
    return Row(shadow, start, min(shadow.num_tokens, start + MAX_READ))


def _plain(spec: SequenceSpec) -> SequenceSpec:
    """Nothing to score, and no penalties: they would have to be counted back for each wrong guess."""
    plain = replace(
        spec.sampling,
        logprobs=None,
        prompt_logprobs=None,
        repetition_penalty=1.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
    )
    return replace(spec, sampling=plain, adapter="")
