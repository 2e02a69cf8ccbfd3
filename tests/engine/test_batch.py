from tampu.engine.batch import MAX_SCORED_TOKENS, Budget, Row
from tampu.engine.output import Logprobs
from tampu.engine.sequence import Sequence
from tests.fakes import sequence_spec


def sequence_of(num_tokens: int, num_computed_tokens: int = 0, *, prompt_logprobs: int | None = None) -> Sequence:
    sequence = Sequence(sequence_spec(1, [3] * num_tokens, prompt_logprobs=prompt_logprobs), arrival=0)
    sequence.num_computed_tokens = num_computed_tokens
    return sequence


def test_a_row_is_sampled_when_it_reaches_the_last_token() -> None:
    sequence = sequence_of(10)
    assert [Row(sequence, 0, end).is_sampled for end in (9, 10)] == [False, True]


def test_only_prompt_positions_without_a_score_and_not_the_last_are_scored() -> None:
    sequence = sequence_of(10, prompt_logprobs=0)
    sequence.prompt_logprobs += [Logprobs(3, -1.0)] * 4
    assert Row(sequence, 0, 10).scored == range(4, 9)
    assert Row(sequence, 6, 8).scored == range(6, 8)
    assert len(Row(sequence, 0, 3).scored) == 0
    assert len(Row(sequence_of(10), 0, 10).scored) == 0


def test_a_budget_deals_what_a_sequence_is_behind_and_then_what_is_left() -> None:
    budget = Budget(12)
    assert budget.deal(sequence_of(9, num_computed_tokens=4))[1:3] == (4, 9)
    assert budget.deal(sequence_of(20))[1:3] == (0, 7)
    assert budget.deal(sequence_of(20))[1:3] == (0, 0)


def test_a_budget_deals_only_so_many_positions_to_be_scored() -> None:
    budget = Budget(1000)
    first = sequence_of(50, prompt_logprobs=0)
    budget.deal(first)
    assert budget.num_scored == MAX_SCORED_TOKENS - 49
    assert budget.deal(sequence_of(100, prompt_logprobs=0))[1:3] == (0, 15)
    assert budget.deal(sequence_of(100))[1:3] == (0, 100)
