"""What a request leaves out of its own answer: tokens that are not allowed, and ends that come too early."""

from typing import Any

import pytest

from tampu.engine.engine import Engine
from tests.fakes import HashModel, RepeatingModel, engine_settings, output_token_ids, run_engine, sequence_spec

ALLOWED = (3, 9, 17, 31)


def tokens(model: Any = None, count: int = 12, **sampling: Any) -> tuple[list[int], str | None]:
    """The tokens of a sequence that has an engine to itself, and why it ended."""
    engine = Engine(model or HashModel(), engine_settings())
    outputs = run_engine(engine, [sequence_spec(1, range(10), max_tokens=count, **sampling)])[1]
    return output_token_ids(outputs), outputs[-1].finish_reason


def test_no_token_but_the_allowed_ones_is_drawn() -> None:
    free, limited = tokens()[0], tokens(allowed_token_ids=ALLOWED)[0]
    assert not set(free) <= set(ALLOWED)
    assert set(limited) <= set(ALLOWED) and len(set(limited)) > 1


def test_a_stop_token_is_not_drawn_before_the_least_number_of_tokens() -> None:
    early = tokens()[0][0]
    assert tokens(stop_token_ids=(early,)) == ([], "stop")
    for least in (1, 4, 12):
        drawn, _ = tokens(stop_token_ids=(early,), min_tokens=least)
        assert len(drawn) >= least and early not in drawn[:least]


def test_after_the_least_number_of_tokens_the_stop_token_ends_the_answer() -> None:
    ends = tuple(range(0, 32, 2))  # half of all tokens
    drawn, reason = tokens(count=64, stop_token_ids=ends, min_tokens=6)
    assert (len(drawn) >= 6, reason) == (True, "stop")


@pytest.mark.parametrize(
    "limits", [{"allowed_token_ids": ALLOWED}, {"stop_token_ids": (1, 2, 3), "min_tokens": 9}], ids=str
)
def test_a_limited_sequence_is_the_same_with_guesses_among_others_and_resumed(limits: dict[str, Any]) -> None:
    spec = sequence_spec(1, [1, 2, 3, 4] * 4, max_tokens=12, logprobs=2, **limits)
    plain = Engine(RepeatingModel(), engine_settings(speculate="off"))
    expected = run_engine(plain, [spec])[1]
    whole = output_token_ids(expected)
    others = [sequence_spec(number, range(number, number + 9)) for number in range(2, 6)]
    guessing = Engine(RepeatingModel(), engine_settings(speculate="auto"))
    assert output_token_ids(run_engine(guessing, [spec, *others])[1]) == whole
    for count in range(1, len(whole)):
        engine = Engine(RepeatingModel(), engine_settings(speculate="auto"))
        assert output_token_ids(run_engine(engine, [spec.resumed(whole[:count])])[1]) == whole[count:]


def test_rows_without_limits_draw_what_they_draw_alone() -> None:
    free = sequence_spec(1, range(10))
    alone = output_token_ids(run_engine(Engine(HashModel(), engine_settings()), [free])[1])
    limited = sequence_spec(2, range(10), allowed_token_ids=ALLOWED)
    together = run_engine(Engine(HashModel(), engine_settings()), [free, limited])
    assert output_token_ids(together[1]) == alone
