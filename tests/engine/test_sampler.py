import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tampu.engine.batch import Row
from tampu.engine.sampler import COLUMNS, Sampler, sample_rows
from tampu.engine.sequence import Sequence, SequenceSpec
from tampu.kernels.interface import F32
from tampu.kernels.reference import ReferenceKernels
from tests.fakes import sequence_spec

LOGITS = np.log(np.array([0.4, 0.3, 0.2, 0.1], np.float32))


def row_of(spec: SequenceSpec) -> Row:
    """The row of a sequence whose last token is computed now."""
    sequence = Sequence(spec, arrival=0)
    return Row(sequence, sequence.num_tokens - 1, sequence.num_tokens)


def test_every_control_reaches_the_kernels() -> None:
    spec = SequenceSpec.resumed(
        sequence_spec(
            1,
            [3, 2, 3],
            choice=6,
            temperature=0.5,
            top_p=0.25,
            top_k=3,
            min_p=0.125,
            top_a=0.25,
            repetition_penalty=1.5,
            presence_penalty=0.75,
            frequency_penalty=-0.25,
            logit_bias={1: 2.0, 0: -1.0},
            seed=2**63 - 1,
        ),
        [2, 1, 1],
    )
    rows = sample_rows([row_of(sequence_spec(2, [1])), row_of(spec)])
    controls = {name: getattr(rows, name).tolist()[1] for name in (*COLUMNS, "position")}
    assert controls == {
        "temperature": 0.5,
        "top_p": 0.25,
        "top_k": 3,
        "min_p": 0.125,
        "top_a": 0.25,
        "repetition_penalty": 1.5,
        "presence_penalty": 0.75,
        "frequency_penalty": -0.25,
        "seed": 2**63 - 1,
        "choice": 6,
        "position": 6,
    }
    assert rows.logit_bias.offsets.tolist() == [0, 0, 2]
    assert rows.logit_bias.token_ids.tolist() == [1, 0]
    assert rows.logit_bias.values.tolist() == [2.0, -1.0]
    assert rows.seen.offsets.tolist() == [0, 0, 3]
    assert rows.seen.token_ids.tolist() == [3, 2, 1]
    assert rows.seen.values.tolist() == [0.0, 1.0, 2.0]


def test_types_are_those_of_the_kernel_interface() -> None:
    rows = sample_rows([row_of(sequence_spec(1, [1], seed=0))])
    types = {name: getattr(rows, name).dtype.name for name in (*COLUMNS, "position")}
    assert types == {
        "temperature": "float32",
        "top_p": "float32",
        "top_k": "int32",
        "min_p": "float32",
        "top_a": "float32",
        "repetition_penalty": "float32",
        "presence_penalty": "float32",
        "frequency_penalty": "float32",
        "seed": "uint64",
        "choice": "uint32",
        "position": "uint32",
    }


def test_only_rows_at_their_end_draw() -> None:
    unfinished = Row(Sequence(sequence_spec(1, [1, 2, 3]), 0), 0, 2)
    at_end = row_of(sequence_spec(2, [1], temperature=0.0))
    results = Sampler(ReferenceKernels()).sample(LOGITS[None], [unfinished, at_end])
    assert [result.token_ids for result in results] == [[], [0]]


def test_logprobs_are_those_of_the_model_before_any_control() -> None:
    batch = [
        row_of(sequence_spec(1, [1], temperature=0.0, logit_bias={3: 100.0}, logprobs=2)),
        row_of(sequence_spec(2, [1], temperature=0.0)),
        row_of(sequence_spec(3, [1], temperature=0.0, logprobs=0)),
    ]
    first, second, third = Sampler(ReferenceKernels()).sample(np.stack([LOGITS] * 3), batch)
    assert first.token_ids == [3]
    (entry,) = first.logprobs
    assert entry.logprob == pytest.approx(math.log(0.1), abs=1e-6)
    assert entry.top_ids == (0, 1)
    assert entry.top_logprobs == pytest.approx((math.log(0.4), math.log(0.3)), abs=1e-6)
    assert second.logprobs == []
    (entry,) = third.logprobs
    assert (entry.token_id, entry.top_ids) == (0, ())


def test_scored_prompt_positions_say_how_likely_the_next_prompt_token_was() -> None:
    sequence = Sequence(sequence_spec(1, [0, 3, 1], temperature=0.0, prompt_logprobs=True), 0)
    (result,) = Sampler(ReferenceKernels()).sample(np.stack([LOGITS] * 3), [Row(sequence, 0, 3)])
    assert result.token_ids == [0]
    assert [entry.token_id for entry in result.prompt_logprobs] == [3, 1]
    assert [entry.logprob for entry in result.prompt_logprobs] == pytest.approx(
        [math.log(0.1), math.log(0.3)], abs=1e-6
    )


def with_nan(logits: F32) -> F32:
    damaged = logits.copy()
    damaged[2] = np.nan
    return damaged


def test_a_row_of_logits_that_are_not_numbers_fails_alone() -> None:
    batch = [row_of(sequence_spec(index, [1], temperature=0.0, logprobs=1)) for index in range(3)]
    results = Sampler(ReferenceKernels()).sample(np.stack([LOGITS, with_nan(LOGITS), LOGITS]), batch)
    assert [result.token_ids for result in results] == [[0], [], [0]]
    assert [result.error is None for result in results] == [True, False, True]
    assert results[2].logprobs == results[0].logprobs


def test_a_prompt_scored_on_logits_that_are_not_numbers_fails() -> None:
    sequence = Sequence(sequence_spec(1, [0, 3, 1], prompt_logprobs=True), 0)
    (result,) = Sampler(ReferenceKernels()).sample(np.stack([LOGITS, LOGITS, with_nan(LOGITS)]), [Row(sequence, 0, 3)])
    assert result.error is not None


def guessing_row(*guesses: int, **sampling: Any) -> Row:
    return row_of(sequence_spec(1, [3, 2], temperature=0.0, **sampling))._replace(guesses=guesses)


def test_guesses_are_accepted_up_to_the_first_that_is_not_the_token_drawn() -> None:
    sampler = Sampler(ReferenceKernels())
    logits = np.stack([LOGITS, LOGITS, LOGITS[::-1], LOGITS])  # the likeliest: 0 0 3 0
    for guesses, expected in [((0, 0, 3), [0, 0, 3, 0]), ((0, 0, 2), [0, 0, 3]), ((0, 1, 3), [0, 0]), ((1, 0, 3), [0])]:
        (result,) = sampler.sample(np.ascontiguousarray(logits), [guessing_row(*guesses, logprobs=1)])
        assert result.token_ids == expected
        assert [entry.token_id for entry in result.logprobs] == expected


def test_each_draw_has_the_position_and_the_tokens_seen_that_it_would_have_without_guesses() -> None:
    row = guessing_row(0, 2, 0, frequency_penalty=0.5)
    rows = sample_rows([row_of(sequence_spec(2, [1])), row])
    assert rows.position.tolist() == [1, 2, 3, 4, 5]
    bounds = rows.seen.offsets.tolist()
    seen = [
        dict(zip(rows.seen.token_ids[start:end].tolist(), rows.seen.values[start:end].tolist(), strict=True))
        for start, end in pairwise(bounds)
    ]
    assert seen == [{}, {3: 0, 2: 0}, {3: 0, 2: 0, 0: 1}, {3: 0, 2: 1, 0: 1}, {3: 0, 2: 1, 0: 2}]
    assert dict(zip(row.sequence.seen.token_ids, row.sequence.seen.values, strict=True)) == {3: 0, 2: 0}


def test_guesses_after_logits_that_are_not_numbers_are_not_accepted_and_fail_nobody() -> None:
    (result,) = Sampler(ReferenceKernels()).sample(np.stack([LOGITS, LOGITS, with_nan(LOGITS)]), [guessing_row(0, 0)])
    assert (result.token_ids, result.error) == ([0, 0], None)
