from array import array

import pytest

from tampu.engine.speculate import ALLOWANCE, INITIAL_CREDIT, MAX_GUESS, MAX_READ, Drafter, Lookup, cost_of_guess

CHEAP = cost_of_guess(1)


def found(*token_ids: int) -> int | None:
    return Lookup().find(array("i", token_ids))


def test_the_latest_tokens_are_found_where_they_stood_before() -> None:
    assert found(1, 2, 3, 4, 9, 1, 2, 3) == 3


def test_fewer_than_three_equal_tokens_are_no_match() -> None:
    assert found(7, 2, 3, 4, 9, 1, 2, 3) is None
    assert found(2, 2) is None
    assert found() is None


def test_the_longest_match_wins_and_of_equal_ones_the_latest() -> None:
    assert found(8, 1, 2, 3, 5, 9, 1, 2, 3, 6, 8, 1, 2, 3) == 4
    assert found(1, 2, 3, 5, 9, 1, 2, 3, 6, 8, 1, 2, 3) == 8


def test_a_match_may_overlap_the_end() -> None:
    assert found(4, 4, 4, 4) == 3


def test_tokens_that_come_later_are_found_too() -> None:
    lookup = Lookup()
    token_ids = array("i", [1, 2, 3, 4])
    assert lookup.find(token_ids) is None
    token_ids.extend([5, 2, 3, 4])
    assert lookup.find(token_ids) == 4
    token_ids.extend([6, 2, 3, 4])
    assert lookup.find(token_ids) == 8


def test_a_long_prompt_is_read_in_pieces() -> None:
    lookup = Lookup()
    token_ids = array("i", [*range(3 * MAX_READ), 5000, 5001, 5002])
    assert [lookup.find(token_ids) for _ in range(3)] == [None, 5003, 5003]


def test_a_guess_is_what_followed_and_goes_round_where_that_ends() -> None:
    quoting = array("i", [1, 2, 3, 4, 5, 6, 1, 2, 3])
    drafter = Drafter()
    assert drafter.guess(quoting, 9, CHEAP) == (4, 5)
    drafter.learn(2, 2)
    assert drafter.guess(quoting, 9, CHEAP) == (4, 5, 6, 1, 2, 3)
    assert drafter.guess(quoting, 1, CHEAP) == (4,)
    assert drafter.guess(quoting, 0, CHEAP) == ()


def guesses_of(drafter: Drafter, num_steps: int, cost: float, *, right: bool) -> list[int]:
    """How many tokens are guessed in each of so many steps over a text where there is always something to guess."""
    text = array("i", [1] * 8)
    counts = []
    for _ in range(num_steps):
        counts.append(len(drafter.guess(text, 100, cost)))
        drafter.learn(counts[-1], counts[-1] if right else 0)
    return counts


@pytest.mark.parametrize("num_tokens", [1, 8, 64, 512])
def test_wrong_guesses_never_cost_more_than_is_allowed(num_tokens: int) -> None:
    cost = cost_of_guess(num_tokens)
    spent = sum(guesses_of(Drafter(), 1000, cost, right=False)) * cost
    assert 5 < spent <= INITIAL_CREDIT + 1000 * ALLOWANCE


def test_right_guesses_become_as_long_as_a_guess_may_be() -> None:
    assert guesses_of(Drafter(), 5, CHEAP, right=True) == [2, 6, 14, 15, 15]
    assert guesses_of(Drafter(), 400, cost_of_guess(64), right=True)[-1] == MAX_GUESS


def test_a_sequence_that_begins_to_repeat_itself_is_noticed_after_a_long_time_without() -> None:
    drafter = Drafter()
    guesses_of(drafter, 1000, CHEAP, right=False)
    assert max(guesses_of(drafter, 20, CHEAP, right=True)) == MAX_GUESS


def test_a_time_of_right_guesses_buys_no_long_time_of_wrong_ones() -> None:
    drafter = Drafter()
    guesses_of(drafter, 1000, CHEAP, right=True)
    assert sum(guesses_of(drafter, 50, CHEAP, right=False)) < 2 * MAX_GUESS


def test_a_guess_costs_nearly_a_token_in_a_full_step_and_little_in_an_empty_one() -> None:
    assert [cost_of_guess(count) for count in (1, 4, 60)] == pytest.approx([0.2, 0.5, 0.9375])
