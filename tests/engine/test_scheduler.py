"""Scheduling without a model: `step` plays the forward pass and appends a token where one would be sampled."""

import pytest

from tampu.engine.batch import MAX_SCORED_TOKENS
from tampu.engine.kv_cache import BlockPool
from tampu.engine.output import Logprobs
from tampu.engine.scheduler import Limits, Scheduler
from tampu.engine.sequence import Sequence, SequenceStatus
from tampu.errors import ContextTooLong
from tests.fakes import sequence_spec

Rows = list[tuple[int, int, int]]  # id, start, end


def scheduler_of(
    num_blocks: int = 16, *, max_num_seqs: int = 8, budget: int = 8, prefix_caching: bool = True
) -> Scheduler:
    """A scheduler over blocks of 4 tokens."""
    limits = Limits(max_num_seqs, budget, num_blocks * 4, prefix_caching)
    return Scheduler(BlockPool(num_blocks, 4), limits)


def step(scheduler: Scheduler, token_id: int = 1) -> Rows:
    batch = scheduler.schedule()
    rows = [(row.sequence.id, row.start, row.end) for row in batch]
    for row in batch:
        is_sampled, scored = row.is_sampled, row.scored
        scheduler.commit(row)
        row.sequence.prompt_logprobs += [Logprobs(token_id, -1.0)] * len(scored)
        if is_sampled and row.sequence.append(token_id):
            scheduler.finish(row.sequence)
    scheduler.check()
    return rows


def running(scheduler: Scheduler) -> list[int]:
    return [sequence.id for sequence in scheduler.running]


def sequence_of(scheduler: Scheduler, sequence_id: int) -> Sequence:
    sequence = scheduler.get(sequence_id)
    assert sequence is not None
    return sequence


def test_a_prompt_is_cut_to_the_budget_and_then_decodes_one_token_per_step() -> None:
    scheduler = scheduler_of(budget=8)
    scheduler.add(sequence_spec(1, range(19), max_tokens=3))
    assert [step(scheduler) for _ in range(6)] == [
        [(1, 0, 8)],
        [(1, 8, 16)],
        [(1, 16, 19)],
        [(1, 19, 20)],
        [(1, 20, 21)],
        [],
    ]


def test_decodes_are_dealt_their_token_before_prompts_take_the_rest() -> None:
    scheduler = scheduler_of(budget=8)
    scheduler.add(sequence_spec(1, range(3)))
    assert step(scheduler) == [(1, 0, 3)]
    scheduler.add(sequence_spec(2, range(10, 30)))
    assert step(scheduler) == [(1, 3, 4), (2, 0, 7)]
    assert step(scheduler) == [(1, 4, 5), (2, 7, 14)]


def test_several_short_prompts_share_a_step() -> None:
    scheduler = scheduler_of(budget=8)
    for sequence_id in (1, 2, 3):
        scheduler.add(sequence_spec(sequence_id, [sequence_id] * 3))
    assert step(scheduler) == [(1, 0, 3), (2, 0, 3), (3, 0, 2)]
    assert step(scheduler) == [(1, 3, 4), (2, 3, 4), (3, 2, 3)]


def test_no_more_sequences_run_than_a_step_may_have() -> None:
    scheduler = scheduler_of(max_num_seqs=2)
    for sequence_id in (1, 2, 3):
        scheduler.add(sequence_spec(sequence_id, [sequence_id], max_tokens=2))
    assert step(scheduler) == [(1, 0, 1), (2, 0, 1)]
    assert scheduler.num_waiting == 1
    assert step(scheduler) == [(1, 1, 2), (2, 1, 2)]
    assert step(scheduler) == [(3, 0, 1)]


def test_no_more_sequences_run_than_tokens_are_dealt_so_that_none_stalls() -> None:
    scheduler = scheduler_of(budget=1)
    for sequence_id in (1, 2):
        scheduler.add(sequence_spec(sequence_id, [sequence_id], max_tokens=2))
    assert [step(scheduler) for _ in range(4)] == [[(1, 0, 1)], [(1, 1, 2)], [(2, 0, 1)], [(2, 1, 2)]]


def test_prompts_that_wait_to_be_scored_do_not_crowd_out_others() -> None:
    scheduler = scheduler_of(num_blocks=5000, max_num_seqs=200, budget=2 * MAX_SCORED_TOKENS)
    for sequence_id in range(200):
        scheduler.add(sequence_spec(sequence_id, range(100), prompt_logprobs=0))
    step(scheduler)
    assert len(scheduler.running) == 2 * MAX_SCORED_TOKENS


def test_a_cached_prefix_is_not_computed_again_but_for_its_last_token() -> None:
    scheduler = scheduler_of(budget=16)
    scheduler.add(sequence_spec(1, range(12), max_tokens=1))
    step(scheduler)
    scheduler.add(sequence_spec(2, range(12), max_tokens=1))
    assert sequence_of(scheduler, 2).num_cached_tokens is None
    rows = step(scheduler)
    assert rows == [(2, 8, 12)]
    assert (scheduler.num_prefix_queries, scheduler.num_prefix_hits) == (24, 8)


def test_the_cache_may_be_switched_off() -> None:
    scheduler = scheduler_of(budget=16, prefix_caching=False)
    for sequence_id in (1, 2):
        scheduler.add(sequence_spec(sequence_id, range(12), max_tokens=1))
        assert step(scheduler) == [(sequence_id, 0, 12)]


def test_a_tenant_never_finds_the_blocks_of_another() -> None:
    scheduler = scheduler_of(budget=16)
    for sequence_id, salt in enumerate((b"a", b"b", b"a")):
        scheduler.add(sequence_spec(sequence_id, range(12), max_tokens=1, salt=salt))
    assert step(scheduler) == [(0, 0, 12), (1, 0, 4)]
    assert step(scheduler) == [(1, 4, 12), (2, 8, 12)]


def test_generated_tokens_are_found_too() -> None:
    scheduler = scheduler_of(budget=16)
    scheduler.add(sequence_spec(1, range(6), max_tokens=3))
    while scheduler.has_sequences:
        step(scheduler, token_id=9)
    scheduler.add(sequence_spec(2, [*range(6), 9, 9, 5]))
    assert step(scheduler) == [(2, 8, 9)]


def test_choices_wait_for_the_first_ones_prompt_and_then_share_it() -> None:
    scheduler = scheduler_of(budget=8)
    for choice in range(3):
        scheduler.add(sequence_spec(choice, range(14), choice=choice, group=5))
    assert step(scheduler) == [(0, 0, 8)]
    assert step(scheduler) == [(0, 8, 14)]
    assert step(scheduler) == [(0, 14, 15), (1, 12, 14), (2, 12, 14)]


@pytest.mark.parametrize("num_steps", [0, 1])
def test_when_the_first_choice_is_aborted_the_next_one_computes_the_prompt(num_steps: int) -> None:
    scheduler = scheduler_of(budget=8)
    for choice in range(4):
        scheduler.add(sequence_spec(choice, range(14), choice=choice, group=5))
    for _ in range(num_steps):
        step(scheduler)
    scheduler.finish(sequence_of(scheduler, 1))
    scheduler.finish(sequence_of(scheduler, 0))
    first = 8 * num_steps  # what the first choice computed stays cached
    assert step(scheduler) == [(2, first, min(first + 8, 14))]
    assert scheduler.num_waiting == 1


def test_choices_of_a_prompt_that_has_no_whole_block_do_not_wait() -> None:
    scheduler = scheduler_of(budget=8)
    for choice in range(2):
        scheduler.add(sequence_spec(choice, range(4), choice=choice, group=5))
    assert step(scheduler) == [(0, 0, 4), (1, 0, 4)]


def test_the_latest_arrival_gives_its_blocks_back_and_starts_again_later() -> None:
    scheduler = scheduler_of(num_blocks=4, budget=8)
    scheduler.add(sequence_spec(1, [1, 1, 1], max_tokens=10))
    scheduler.add(sequence_spec(2, [2, 2, 2], max_tokens=10))
    while scheduler.num_preemptions == 0:
        step(scheduler)
    assert running(scheduler) == [1]
    second = sequence_of(scheduler, 2)
    assert second.status is SequenceStatus.PREEMPTED
    assert list(second.token_ids) == [2, 2, 2, *[1] * (second.num_tokens - 3)]
    while scheduler.has_sequences:
        step(scheduler)
    assert scheduler.num_preemptions == 1


def test_a_preempted_sequence_finds_what_is_still_cached_of_it() -> None:
    scheduler = scheduler_of(num_blocks=5, budget=8)
    scheduler.add(sequence_spec(1, [1, 1, 1], max_tokens=8))
    scheduler.add(sequence_spec(2, [2] * 7, max_tokens=8))
    while scheduler.num_preemptions == 0:
        rows = step(scheduler)
    while not (rows := [row for row in step(scheduler) if row[0] == 2]):
        pass
    assert rows[0][1] > 0
    assert sequence_of(scheduler, 2).num_cached_tokens == 0  # what counts as cached is the first admission's


def test_what_can_never_fit_is_refused_with_both_numbers() -> None:
    scheduler = scheduler_of(num_blocks=4)
    with pytest.raises(ContextTooLong, match=r"16 tokens.*17 tokens \(9 in the prompt, 8 for the completion\)"):
        scheduler.add(sequence_spec(1, range(9), max_tokens=8))
    assert not scheduler.has_sequences
    scheduler.add(sequence_spec(1, range(8), max_tokens=8))
    while scheduler.has_sequences:
        step(scheduler)


def test_who_waits_for_blocks_is_not_passed_over_by_a_smaller_one() -> None:
    scheduler = scheduler_of(num_blocks=4, budget=16)
    scheduler.add(sequence_spec(1, [1] * 7, max_tokens=5))
    step(scheduler)
    scheduler.add(sequence_spec(2, [2] * 8, max_tokens=1))
    scheduler.add(sequence_spec(3, [3], max_tokens=1))
    order = [row[0] for _ in range(8) for row in step(scheduler)]
    assert order == [1, 1, 1, 1, 2, 3]


def test_a_flooding_tenant_gives_way_to_a_light_one_until_both_have_their_share() -> None:
    scheduler = scheduler_of(num_blocks=64, max_num_seqs=4, budget=16)
    for sequence_id in range(8):
        scheduler.add(sequence_spec(sequence_id, [sequence_id], salt=b"flood", max_tokens=100))
    step(scheduler)
    assert running(scheduler) == [0, 1, 2, 3]
    for sequence_id in range(8, 12):
        scheduler.add(sequence_spec(sequence_id, [sequence_id], salt=b"light", max_tokens=100))
    assert step(scheduler)[-1] == (8, 0, 1)
    step(scheduler)
    assert running(scheduler) == [0, 1, 8, 9]
    for _ in range(20):
        step(scheduler)
    assert running(scheduler) == [0, 1, 8, 9]
    assert scheduler.num_preemptions == 2


def test_a_single_tenant_never_gives_way_to_itself() -> None:
    scheduler = scheduler_of(max_num_seqs=2)
    for sequence_id in range(6):
        scheduler.add(sequence_spec(sequence_id, [sequence_id], max_tokens=5))
    while scheduler.has_sequences:
        step(scheduler)
    assert scheduler.num_preemptions == 0


def test_prompt_positions_to_be_scored_bound_the_logits_of_a_step() -> None:
    scheduler = scheduler_of(num_blocks=64, budget=128)
    scheduler.add(sequence_spec(1, range(100), prompt_logprobs=0))
    scheduler.add(sequence_spec(2, [7] * 10, max_tokens=1))
    batch = scheduler.schedule()
    assert [(row.sequence.id, row.start, row.end) for row in batch] == [(1, 0, MAX_SCORED_TOKENS), (2, 0, 10)]
    assert batch[0].scored == range(MAX_SCORED_TOKENS)


def test_a_prompt_to_be_scored_is_computed_though_it_is_cached() -> None:
    scheduler = scheduler_of(budget=16)
    scheduler.add(sequence_spec(1, range(12), max_tokens=1))
    step(scheduler)
    scheduler.add(sequence_spec(2, range(12), prompt_logprobs=0))
    assert [(row.start, row.end, row.scored) for row in scheduler.schedule()] == [(0, 12, range(11))]


def test_blocks_are_found_only_after_their_tokens_are_computed() -> None:
    scheduler = scheduler_of(budget=16)
    scheduler.add(sequence_spec(1, range(8)))
    scheduler.add(sequence_spec(2, range(8)))
    assert step(scheduler) == [(1, 0, 8), (2, 0, 8)]


def test_blocks_of_a_damaged_sequence_are_not_found_afterwards() -> None:
    scheduler = scheduler_of(budget=16)
    scheduler.add(sequence_spec(1, range(12)))
    step(scheduler)
    scheduler.finish(sequence_of(scheduler, 1), is_damaged=True)
    scheduler.add(sequence_spec(2, range(12)))
    assert step(scheduler) == [(2, 0, 12)]


def test_an_abort_frees_blocks_at_once() -> None:
    scheduler = scheduler_of()
    scheduler.add(sequence_spec(1, range(7)))
    step(scheduler)
    assert scheduler.pool.num_free == 14
    scheduler.finish(sequence_of(scheduler, 1))
    scheduler.check()
    assert (scheduler.pool.num_free, scheduler.has_sequences) == (16, False)
