"""Sampling by hand on four tokens, the generator's published vectors, and the statistics of the draw."""

from typing import Any

import numpy as np
import pytest

from tampu.kernels.interface import F32
from tampu.kernels.reference import ReferenceKernels, sampling
from tests.kernels.cases import controls, sparse

# Probabilities 0.1, 0.4, 0.3, 0.2.
FOUR = np.log(np.array([0.1, 0.4, 0.3, 0.2])).astype(np.float32)


def possible(logits: F32, **changed: Any) -> set[int]:
    """The tokens that 200 draws of one distribution bring up."""
    arrays = {name: np.full(200, value, np.int32 if name == "top_k" else np.float32) for name, value in changed.items()}
    return set(ReferenceKernels().sample(np.tile(logits, (200, 1)), controls(200, **arrays)).tolist())


def one(logits: list[float], **changed: Any) -> int:
    """The token of a single greedy row."""
    arrays = {"temperature": np.zeros(1, np.float32)} | changed
    return int(ReferenceKernels().sample(np.array([logits], np.float32), controls(1, **arrays))[0])


def test_the_order_of_processors_is_behaviour() -> None:
    assert [process.__name__ for process in sampling.PROCESSORS] == [
        "add_logit_bias",
        "apply_penalties",
        "mask_grammar",
        "scale_temperature",
        "keep_min_p",
        "keep_top_a",
        "keep_top_k",
        "keep_top_p",
    ]


def test_nothing_cut_draws_every_token() -> None:
    assert possible(FOUR) == {0, 1, 2, 3}


def test_temperature_zero_takes_the_likeliest_and_the_lowest_of_equals() -> None:
    assert possible(FOUR, temperature=0) == {1}
    assert one([1, 3, 3, 2]) == 1


def test_top_k_keeps_the_likeliest_and_the_lowest_of_equals() -> None:
    assert possible(FOUR, top_k=2) == {1, 2}
    assert possible(np.zeros(4, np.float32), top_k=3) == {0, 1, 2}
    assert possible(FOUR, top_k=1) == {1}
    assert possible(FOUR, top_k=9) == {0, 1, 2, 3}


def test_top_p_keeps_the_fewest_that_reach_it_and_at_least_one() -> None:
    assert possible(FOUR, top_p=0.65) == {1, 2}
    assert possible(FOUR, top_p=0.75) == {1, 2, 3}
    assert possible(FOUR, top_p=0) == {1}
    assert possible(np.zeros(4, np.float32), top_p=0.5) == {0, 1}


def test_top_p_counts_only_what_top_k_left() -> None:
    # 0.4 and 0.3 are left: 0.4 / 0.7 = 0.57 of them.
    assert possible(FOUR, top_k=2, top_p=0.55) == {1}
    assert possible(FOUR, top_k=2, top_p=0.6) == {1, 2}


def test_min_p_is_a_share_of_the_likeliest() -> None:
    assert possible(FOUR, min_p=0.45) == {1, 2, 3}  # at least 0.18
    assert possible(FOUR, min_p=1) == {1}


def test_top_a_is_a_share_of_the_square_of_the_likeliest() -> None:
    # 0.1, 0.4, 0.3, 0.2: the square of the likeliest is 0.16.
    assert possible(FOUR, top_a=0) == {0, 1, 2, 3}
    assert possible(FOUR, top_a=0.6) == {0, 1, 2, 3}  # at least 0.096
    assert possible(FOUR, top_a=0.65) == {1, 2, 3}  # at least 0.104
    assert possible(FOUR, top_a=1) == {1, 2, 3}
    assert possible(np.array([5.0, 0.0], np.float32), top_a=0.01) == {0}  # 0.0067 against 0.0099


def test_top_a_counts_what_min_p_left() -> None:
    # Of 0.4, 0.3 and 0.2 the likeliest has a share of 0.44; 0.2 has one of 0.22.
    assert possible(FOUR, min_p=0.45, top_a=1) == {1, 2, 3}
    assert possible(np.log(np.array([0.6, 0.25, 0.15], np.float32)), min_p=0.3, top_a=0.6) == {0}


def test_temperature_comes_before_min_p() -> None:
    # At temperature 2 the ratios are square roots: 0.5, 1, 0.866, 0.707.
    assert possible(FOUR, temperature=2, min_p=0.6) == {1, 2, 3}
    assert possible(FOUR, min_p=0.6) == {1, 2}


def test_logit_bias_is_added_before_the_penalties() -> None:
    assert one([0, 1, 0, 0], logit_bias=sparse([{3: 2.0}])) == 3
    # Biased from -1 to 1, a repetition penalty of 4 divides it: 0.25 < 0.5.
    half = {"repetition_penalty": np.array([4], np.float32), "seen": sparse([{3: 1.0}])}
    assert one([0, 0, 0.5, -1], logit_bias=sparse([{3: 2.0}]), **half) == 2


def test_the_repetition_penalty_holds_for_the_prompt_too() -> None:
    penalty = np.array([2], np.float32)
    assert one([3, 2, 0, 0], repetition_penalty=penalty, seen=sparse([{0: 0.0}])) == 1
    assert one([-1, -1.5, -9, -9], repetition_penalty=penalty, seen=sparse([{0: 0.0}])) == 1


def test_presence_and_frequency_penalties_count_only_generated_tokens() -> None:
    presence = np.array([2], np.float32)
    assert one([3, 2, 0, 0], presence_penalty=presence, seen=sparse([{0: 0.0}])) == 0
    assert one([3, 2, 0, 0], presence_penalty=presence, seen=sparse([{0: 5.0}])) == 1
    frequency = np.array([0.5], np.float32)
    assert one([3, 2, 0, 0], frequency_penalty=frequency, seen=sparse([{0: 1.0}])) == 0
    assert one([3, 2, 0, 0], frequency_penalty=frequency, seen=sparse([{0: 3.0}])) == 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_with_nan_or_nothing_to_draw_gives_minus_one(temperature: float) -> None:
    logits = np.array([[0, np.nan, 1, 2], [-np.inf] * 4, [0, 5, 0, 0]], np.float32)
    drawn = ReferenceKernels().sample(logits, controls(3, temperature=np.full(3, temperature, np.float32)))
    assert drawn[:2].tolist() == [-1, -1]
    assert drawn[2] >= 0


def mask(*words: int) -> np.ndarray:
    return np.array([words], np.uint32)


def test_what_the_mask_leaves_out_is_never_drawn() -> None:
    rows = np.tile(mask(0b1001), (200, 1))
    drawn = ReferenceKernels().sample(np.tile(FOUR, (200, 1)), controls(200, mask=rows))
    assert set(drawn.tolist()) == {0, 3}
    assert one([9, 8, 7, 6], mask=mask(0b1100)) == 2
    assert one([0] * 40, mask=mask(0, 0b10000000)) == 39


def test_the_mask_comes_before_every_cut() -> None:
    # 0.3 and 0.2 are left: 0.6 and 0.4 of them.
    left = np.tile(mask(0b1100), (200, 1))
    for cut in ({"top_k": np.full(200, 1, np.int32)}, {"top_p": np.full(200, 0.55, np.float32)}):
        drawn = ReferenceKernels().sample(np.tile(FOUR, (200, 1)), controls(200, mask=left, **cut))
        assert set(drawn.tolist()) == {2}


def test_a_row_that_may_draw_nothing_gives_minus_one() -> None:
    assert one([1, 2, 3, 4], mask=mask(0)) == -1
    assert one([1, np.nan, 3, 4], mask=mask(0b0101)) == 2


def test_infinite_logits_share_everything() -> None:
    assert possible(np.array([1, np.inf, 2, np.inf], np.float32)) == {1, 3}
    assert possible(np.array([-np.inf, 0, -np.inf, -np.inf], np.float32)) == {1}


def test_a_tiny_temperature_is_nearly_greedy() -> None:
    assert possible(FOUR, temperature=1e-30) == {1}


def test_the_logits_are_left_as_they_are() -> None:
    logits = FOUR[None].copy()
    ReferenceKernels().sample(logits, controls(1, logit_bias=sparse([{0: 9.0}]), seen=sparse([{1: 2.0}])))
    assert logits.tolist() == [FOUR.tolist()]


def test_a_draw_depends_on_seed_choice_and_position_alone() -> None:
    rng = np.random.default_rng(0)
    logits = np.tile(rng.standard_normal(1000, np.float32), (3, 1))
    same = controls(3, seed=np.full(3, 7, np.uint64), position=np.full(3, 5, np.uint32))
    assert len(set(ReferenceKernels().sample(logits, same).tolist())) == 1
    for changed in (
        {"seed": np.array([1, 2**32, 3], np.uint64)},
        {"choice": np.array([0, 1, 2], np.uint32)},
        {"position": np.array([0, 1, 2], np.uint32)},
    ):
        constant = {"seed": np.full(3, 7, np.uint64), "position": np.full(3, 5, np.uint32)}
        assert len(set(ReferenceKernels().sample(logits, controls(3, **(constant | changed))).tolist())) == 3


def test_draws_follow_the_distribution() -> None:
    logits = np.tile(FOUR, (4000, 1))
    drawn = ReferenceKernels().sample(logits, controls(4000, seed=np.full(4000, 2026, np.uint64)))
    counts = np.bincount(drawn, minlength=4)
    expected = 4000 * np.array([0.1, 0.4, 0.3, 0.2])
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 11.34  # 1 % of honest generators with 3 degrees of freedom exceed it; the seed is fixed


def test_top_p_renormalises() -> None:
    logits = np.tile(FOUR, (4000, 1))
    drawn = ReferenceKernels().sample(logits, controls(4000, top_p=np.full(4000, 0.65, np.float32)))
    assert np.mean(drawn == 1) == pytest.approx(4 / 7, abs=0.03)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # Random123's kat_vectors for philox4x32 with ten rounds
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter: Any, key: Any, words: Any) -> None:
    assert sampling.philox4x32(counter, key) == words


def test_logprobs_are_a_log_softmax_and_the_top_breaks_ties_by_id() -> None:
    logits = np.log(np.array([[0.1, 0.4, 0.3, 0.2], [0.25, 0.25, 0.25, 0.25]])).astype(np.float32) + np.float32(3)
    result = ReferenceKernels().logprobs(logits, np.array([0, 3], np.int32), 3)
    np.testing.assert_allclose(result.chosen, np.log([0.1, 0.25]), atol=1e-6)
    assert result.top_ids.tolist() == [[1, 2, 3], [0, 1, 2]]
    np.testing.assert_allclose(result.top_logprobs, np.log([[0.4, 0.3, 0.2], [0.25] * 3]), atol=1e-6)


def test_logprobs_of_a_broken_row_are_nan() -> None:
    result = ReferenceKernels().logprobs(np.array([[0, np.nan]], np.float32), np.array([0], np.int32), 1)
    assert np.isnan(result.chosen[0]) and np.isnan(result.top_logprobs[0, 0])
    assert result.top_ids.tolist() == [[-1]]
