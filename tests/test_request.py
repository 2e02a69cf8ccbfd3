"""The nouns that cross seams keep their promises."""

import math
from typing import Any

import pytest

from tampu.errors import InvalidRequest, OutOfRange
from tampu.request import Chunk, Completion, Opening, Range, SamplingParams, TokenLogprob, Usage

OPENING = Opening(seed=1, fingerprint="fp", prompt_tokens=3, cached_tokens=0)
BOUNDS = [
    ("temperature", 0.0, 5.0),
    ("top_p", 0.0, 1.0),
    ("top_k", 0, 1_000_000),
    ("min_p", 0.0, 1.0),
    ("top_a", 0.0, 1.0),
    ("repetition_penalty", 0.01, 5.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
    ("seed", 0, 2**63 - 1),
    ("n", 1, 128),
    ("max_tokens", 1, 1_000_000),
    ("logprobs", 0, 20),
]


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_both_ends_of_a_range_are_taken_and_one_past_is_refused_by_name(name: str, low: float, high: float) -> None:
    def params(value: Any) -> SamplingParams:
        return SamplingParams(**{name: value})

    for value in (low, high):
        params(value).check()
    for value in (low - 1, high + 1):
        with pytest.raises(OutOfRange, match=f"{name} must be between {low} and {high}") as raised:
            params(value).check()
        assert raised.value.param == name


def test_a_dialect_may_narrow_a_range() -> None:
    with pytest.raises(OutOfRange, match="temperature must be between 0 and 2, got 3"):
        SamplingParams(temperature=3).check({"temperature": Range(0, 2)})


def test_nan_is_in_no_range() -> None:
    with pytest.raises(OutOfRange):
        SamplingParams(temperature=math.nan).check()


@pytest.mark.parametrize(
    ("params", "param"),
    [
        (SamplingParams(stop=("x",) * 17), "stop"),
        (SamplingParams(stop=("",)), "stop"),
        (SamplingParams(stop=("x" * 1025,)), "stop"),
        (SamplingParams(stop_token_ids=tuple(range(129))), "stop_token_ids"),
        (SamplingParams(logit_bias={1: 101.0}), "logit_bias"),
        (SamplingParams(logit_bias={1: math.inf}), "logit_bias"),
        (SamplingParams(logit_bias=dict.fromkeys(range(1025), 1.0)), "logit_bias"),
    ],
)
def test_lists_beyond_their_caps_are_refused_by_name(params: SamplingParams, param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        params.check()
    assert raised.value.param == param


def test_a_completion_is_the_fold_of_its_chunks_whatever_their_order_between_choices() -> None:
    chunks = [
        Chunk(index=1, text="B", token_ids=(2,), opening=OPENING),
        Chunk(index=0, text="A", token_ids=(1,)),
        Chunk(index=0, text="a", token_ids=(3,), finish_reason="stop"),
        Chunk(index=1, finish_reason="length", usage=Usage(3, 3, 0)),
    ]
    completion = Completion.fold(chunks)
    assert [(choice.text, choice.token_ids, choice.finish_reason) for choice in completion.choices] == [
        ("Aa", (1, 3), "stop"),
        ("B", (2,), "length"),
    ]
    assert (completion.opening, completion.usage.total_tokens) == (OPENING, 6)


def test_a_tokens_bytes_need_not_be_whole_text() -> None:
    assert TokenLogprob(1, "é".encode()[:1], -0.5).text == "�"


def test_usages_add_up() -> None:
    assert Usage(1, 2, 3) + Usage(10, 20, 30) == Usage(11, 22, 33)
