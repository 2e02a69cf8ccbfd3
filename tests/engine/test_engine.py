from typing import Any

import pytest

from tampu.engine.engine import Engine
from tampu.engine.output import EngineStats, StepOutput
from tampu.engine.sequence import SequenceSpec
from tampu.errors import ContextTooLong, InvalidRequest
from tests.fakes import (
    FailingPool,
    HashModel,
    RepeatingModel,
    engine_settings,
    output_token_ids,
    run_engine,
    sequence_spec,
)


def engine_of(**settings: object) -> Engine:
    return Engine(HashModel(), engine_settings(**settings))


def alone(spec: SequenceSpec) -> list[int]:
    """The tokens of a sequence that has an engine to itself."""
    return output_token_ids(run_engine(engine_of(), [spec])[spec.id])


def test_a_sequence_is_one_output_per_token_and_one_end() -> None:
    outputs = run_engine(engine_of(), [sequence_spec(1, range(10), max_tokens=3)])[1]
    assert [len(output.token_ids) for output in outputs] == [1, 1, 1]
    assert [output.num_generated for output in outputs] == [1, 2, 3]
    assert [output.finish_reason for output in outputs] == [None, None, "length"]
    assert [output.num_cached_tokens for output in outputs] == [0, None, None]


def test_a_stop_token_ends_the_text_without_being_part_of_it() -> None:
    whole = alone(sequence_spec(1, range(10)))
    stop = whole[3]
    outputs = run_engine(engine_of(), [sequence_spec(1, range(10), stop_token_ids=(stop,))])[1]
    expected = whole[: whole.index(stop)]
    assert output_token_ids(outputs) == expected
    assert (outputs[-1].token_ids, outputs[-1].finish_reason) == ((), "stop")
    assert outputs[-1].num_generated == len(expected) + 1


def test_a_stop_token_has_its_log_probability() -> None:
    stop = alone(sequence_spec(1, range(10)))[0]
    (output,) = run_engine(engine_of(), [sequence_spec(1, range(10), stop_token_ids=(stop,), logprobs=1)])[1]
    assert (output.token_ids, [entry.token_id for entry in output.logprobs]) == ((), [stop])


def test_a_sequence_may_fill_the_context_to_its_last_token() -> None:
    outputs = run_engine(engine_of(num_blocks=4, max_model_len=16), [sequence_spec(1, range(9), max_tokens=7)])[1]
    assert (len(outputs), outputs[-1].finish_reason) == (7, "length")


def test_the_same_seed_gives_the_same_tokens_and_another_seed_or_choice_others() -> None:
    first = alone(sequence_spec(1, range(10), seed=1))
    assert alone(sequence_spec(2, range(10), seed=1)) == first
    assert alone(sequence_spec(1, range(10), seed=2)) != first
    assert alone(sequence_spec(1, range(10), seed=1, choice=1)) != first


def test_a_sequence_resumed_after_any_token_goes_on_with_the_same_ones() -> None:
    spec = sequence_spec(1, range(10), frequency_penalty=1.0, repetition_penalty=1.2)
    whole = alone(spec)
    for count in range(8):
        outputs = run_engine(engine_of(), [spec.resumed(whole[:count])])[1]
        assert output_token_ids(outputs) == whole[count:]
        assert outputs[-1].num_generated == 8


def test_choices_share_the_blocks_of_their_prompt() -> None:
    model = HashModel()
    engine = Engine(model, engine_settings())
    specs = [sequence_spec(choice, range(20), choice=choice, group=1, max_tokens=1) for choice in range(4)]
    outputs = run_engine(engine, specs)
    assert [output.num_cached_tokens for (output,) in outputs.values()] == [0, 16, 16, 16]
    assert model.num_computed == 20 + 3 * 4


def test_log_probabilities_come_with_the_tokens_they_are_about() -> None:
    spec = sequence_spec(1, range(6), logprobs=3, prompt_logprobs=3, max_tokens=2)
    first, second = run_engine(engine_of(), [spec])[1]
    assert first.prompt_logprobs is not None and second.prompt_logprobs is None
    assert [entry.token_id for entry in first.prompt_logprobs] == [0, 1, 2, 3, 4, 5]
    assert first.prompt_logprobs[0].logprob is None
    assert all(len(entry.top_ids) == 3 for entry in first.prompt_logprobs[1:])
    assert [entry.token_id for entry in first.logprobs + second.logprobs] == list(first.token_ids + second.token_ids)


def test_prompt_log_probabilities_do_not_depend_on_chunks_cache_or_preemption() -> None:
    spec = sequence_spec(1, [*range(30), *range(30)], prompt_logprobs=1, logprobs=1)
    expected = run_engine(engine_of(), [spec])[1][0].prompt_logprobs
    assert expected is not None and len(expected) == 60
    for settings in ({"max_num_batched_tokens": 7}, {"num_blocks": 20, "max_model_len": 80}):
        engine = engine_of(**settings)
        others = [sequence_spec(2, spec.prompt_token_ids), sequence_spec(0, [5] * 9, max_tokens=40)]
        run_engine(engine, others[:1])
        engine.add(others[1])
        assert run_engine(engine, [spec])[1][0].prompt_logprobs == expected


def test_the_logits_of_a_long_scored_prompt_are_made_in_pieces() -> None:
    model = HashModel()
    engine = Engine(model, engine_settings(max_model_len=256))
    (output,) = run_engine(engine, [sequence_spec(1, [3] * 200, prompt_logprobs=0, max_tokens=1)])[1]
    assert output.prompt_logprobs is not None and len(output.prompt_logprobs) == 200
    assert model.most_logits <= 64


def test_aborted_sequences_say_nothing_more_and_leave_no_block_behind() -> None:
    engine = engine_of()
    for sequence_id in (1, 2):
        engine.add(sequence_spec(sequence_id, range(sequence_id, 12)))
    engine.step()
    engine.abort(1)
    engine.check()
    assert engine.stats().running == 1
    assert {output.sequence_id for output in engine.step()} == {2}
    engine.abort(2)
    assert (engine.stats().blocks_used, engine.has_work()) == (0, False)
    assert engine.step() == []


def test_aborting_what_is_over_or_unknown_does_nothing() -> None:
    engine = engine_of()
    run_engine(engine, [sequence_spec(1, range(4))])
    engine.abort(1)
    engine.abort(99)
    engine.check()


def test_counters_add_up() -> None:
    engine = engine_of(block_size=4)
    run_engine(engine, [sequence_spec(1, range(9), max_tokens=3)])
    run_engine(engine, [sequence_spec(2, range(9), max_tokens=2)])
    assert engine.stats() == EngineStats(
        blocks_total=64, prefix_queries=18, prefix_hits=8, prompt_tokens=18, generation_tokens=5, steps=5
    )


@pytest.mark.parametrize(
    ("spec", "param", "message"),
    [
        (sequence_spec(1, []), "prompt", "must not be empty"),
        (sequence_spec(1, [32]), "prompt", "between 0 and 31, got 32"),
        (sequence_spec(1, [-1]), "prompt", "between 0 and 31, got -1"),
        (sequence_spec(1, [1]).resumed([32]), "output_token_ids", "between 0 and 31, got 32"),
        (sequence_spec(1, [1], logit_bias={32: 1.0}), "logit_bias", "between 0 and 31, got 32"),
        (sequence_spec(1, [1], temperature=5.5), "temperature", "between 0.0 and 5.0, got 5.5"),
        (sequence_spec(1, [1], max_tokens=2).resumed([1, 2]), "max_tokens", "already has"),
    ],
)
def test_what_cannot_be_generated_is_refused_by_the_name_of_the_field(
    spec: SequenceSpec, param: str, message: str
) -> None:
    engine = engine_of()
    with pytest.raises(InvalidRequest, match=message) as caught:
        engine.add(spec)
    assert caught.value.param == param
    assert not engine.has_work()


def test_a_token_beyond_the_context_is_refused_and_one_fewer_is_not() -> None:
    engine = engine_of(max_model_len=20)
    with pytest.raises(ContextTooLong):
        engine.add(sequence_spec(1, range(13), max_tokens=8))
    engine.add(sequence_spec(1, range(12), max_tokens=8))


def failed(outputs: dict[int, list[StepOutput]]) -> set[int]:
    return {sequence_id for sequence_id, some in outputs.items() if some[-1].error is not None}


def test_logits_that_are_not_numbers_fail_their_sequence_only() -> None:
    engine = Engine(HashModel(nan_token=31), engine_settings())
    healthy = [sequence_spec(sequence_id, range(sequence_id, 20), max_tokens=4) for sequence_id in (1, 2)]
    outputs = run_engine(engine, [healthy[0], sequence_spec(3, [4, 31, 5]), healthy[1]])
    assert failed(outputs) == {3}
    assert [output_token_ids(outputs[spec.id]) for spec in healthy] == [alone(spec) for spec in healthy]
    assert engine.stats().blocks_used == 0


def test_blocks_computed_for_a_failed_sequence_are_never_shared() -> None:
    engine = Engine(HashModel(nan_token=31), engine_settings(max_num_batched_tokens=8))
    assert failed(run_engine(engine, [sequence_spec(1, [31, *range(19)])])) == {1}
    engine.add(sequence_spec(2, [31, *range(19)]))
    engine.step()
    assert engine.stats().prefix_hits == 0


def test_a_forward_pass_that_raises_fails_only_the_sequence_that_makes_it_raise() -> None:
    engine = Engine(HashModel(explosive_token=31), engine_settings())
    healthy = [sequence_spec(sequence_id, range(sequence_id, 20), max_tokens=4) for sequence_id in (1, 2)]
    outputs = run_engine(engine, [healthy[0], sequence_spec(3, [4, 31, 5]), healthy[1]])
    assert failed(outputs) == {3}
    assert outputs[3] == [StepOutput(3, error="The engine failed on this sequence: MemoryError.")]
    assert [output_token_ids(outputs[spec.id]) for spec in healthy] == [alone(spec) for spec in healthy]
    assert engine.stats().blocks_used == 0


def test_whichever_allocation_fails_every_sequence_ends_as_it_would_have() -> None:
    specs = [
        sequence_spec(0, range(10)),
        sequence_spec(1, range(10), choice=1, group=3),
        sequence_spec(2, range(10), choice=2, group=3),
        sequence_spec(3, range(5, 14), prompt_logprobs=0),
    ]
    expected = {spec.id: alone(spec) for spec in specs}
    pool = FailingPool(64, 4, fails_at=0)
    run_engine(Engine(HashModel(), engine_settings(), pool), specs)
    assert pool.num_allocations > 10
    for fails_at in range(1, pool.num_allocations + 1):
        engine = Engine(HashModel(), engine_settings(), FailingPool(64, 4, fails_at))
        outputs = run_engine(engine, specs)
        assert {sequence_id: output_token_ids(some) for sequence_id, some in outputs.items()} == expected
        assert engine.stats().blocks_used == 0


def test_a_light_tenant_gets_its_first_token_soon_while_another_floods() -> None:
    engine = engine_of(num_blocks=256, max_num_seqs=8, max_num_batched_tokens=32)
    for sequence_id in range(500):
        engine.add(sequence_spec(sequence_id, [sequence_id % 31] * 20, max_tokens=50, salt=b"flood"))
    for _ in range(30):
        engine.step()
    engine.add(sequence_spec(1000, [3] * 20, salt=b"light"))
    steps_until_first_token = next(
        count for count in range(1, 500) if any(output.sequence_id == 1000 for output in engine.step())
    )
    assert steps_until_first_token <= 2


QUOTE = [1, 2, 3, 4, 5, 6, 7] * 2  # what a model that repeats every seventh token goes on with


WRONG = [1, 2, 3, 1, 9, 8, 1, 2, 3]  # a model that repeats every third token goes on otherwise than is guessed


def repeating(strength: float = 20.0, **settings: object) -> Engine:
    """An engine that repeats itself, always or now and then."""
    return Engine(RepeatingModel(strength, period=7), engine_settings(**settings))


@pytest.mark.parametrize("strength", [20.0, 6.0])
@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": 0.0},
        {"temperature": 1.0},
        {"temperature": 1.0, "frequency_penalty": 0.2, "presence_penalty": -1.0, "repetition_penalty": 1.1},
        {"temperature": 0.7, "top_p": 0.9, "logit_bias": {5: 3.0}, "logprobs": 2, "prompt_logprobs": 2},
    ],
)
def test_guesses_change_no_output_and_save_steps(strength: float, sampling: dict[str, Any]) -> None:
    specs = [sequence_spec(choice, QUOTE, choice=choice, max_tokens=60, **sampling) for choice in range(3)]
    plain, guessing = repeating(strength, speculate="off"), repeating(strength)
    assert run_engine(guessing, specs) == run_engine(plain, specs)
    assert plain.stats().guessed_tokens == 0
    assert guessing.stats().right_guesses > 10
    assert guessing.stats().steps < plain.stats().steps


def test_a_text_that_repeats_itself_takes_a_few_steps() -> None:
    engine = repeating()
    outputs = run_engine(engine, [sequence_spec(1, QUOTE, max_tokens=60)])[1]
    assert output_token_ids(outputs) == (QUOTE * 5)[:60]
    assert [len(output.token_ids) for output in outputs] == [1] * 60
    assert engine.stats().steps <= 8
    assert engine.stats().guessed_tokens == engine.stats().right_guesses


def test_the_first_output_of_a_step_says_what_was_guessed_in_it() -> None:
    engine = repeating()
    engine.add(sequence_spec(1, QUOTE, max_tokens=60))
    guessed = [(output.num_guessed, output.num_right) for _ in range(2) for output in engine.step()]
    assert guessed == [(0, 0), (2, 2), (0, 0), (0, 0)]


def test_a_text_that_never_repeats_itself_is_hardly_guessed() -> None:
    # Two tokens at random: there is always a place to look up, and what followed there is mostly not what follows.
    engine = engine_of(num_blocks=256, max_model_len=1024)
    run_engine(engine, [sequence_spec(1, [1, 2, 3], max_tokens=1000, logit_bias=dict.fromkeys(range(6), 50.0))])
    stats = engine.stats()
    assert 20 < stats.guessed_tokens < 400
    assert stats.right_guesses < stats.guessed_tokens / 2


def test_a_stop_token_among_right_guesses_ends_the_sequence_there() -> None:
    spec = sequence_spec(1, QUOTE, max_tokens=60, stop_token_ids=(6,), logprobs=0)
    whole = run_engine(repeating(speculate="off"), [spec])[1]
    engine = repeating()
    outputs = run_engine(engine, [spec])[1]
    assert outputs == whole
    assert output_token_ids(outputs) == [1, 2, 3, 4, 5]
    assert (outputs[-1].token_ids, outputs[-1].finish_reason, outputs[-1].num_generated) == ((), "stop", 6)
    assert engine.stats().right_guesses > 0


@pytest.mark.parametrize("max_tokens", range(1, 20))
def test_guesses_never_go_past_the_last_token_allowed(max_tokens: int) -> None:
    engine = repeating(max_model_len=len(QUOTE) + max_tokens, num_blocks=9)
    outputs = run_engine(engine, [sequence_spec(1, QUOTE, max_tokens=max_tokens)])[1]
    assert (len(outputs), outputs[-1].finish_reason, outputs[-1].num_generated) == (max_tokens, "length", max_tokens)


def test_a_resumed_sequence_guesses_from_what_it_had_generated() -> None:
    spec = sequence_spec(1, QUOTE[:7], max_tokens=60)
    whole = output_token_ids(run_engine(repeating(), [spec])[1])
    for count in (1, 5, 30, 59):
        engine = repeating()
        assert output_token_ids(run_engine(engine, [spec.resumed(whole[:count])])[1]) == whole[count:]
        assert engine.stats().steps <= 12


def test_an_abort_between_guesses_leaves_no_block_behind() -> None:
    engine = repeating()
    engine.add(sequence_spec(1, QUOTE, max_tokens=60))
    for _ in range(3):
        engine.step()
        engine.check()
    assert engine.stats().right_guesses > 0
    engine.abort(1)
    engine.check()
    assert engine.stats().blocks_used == 0


def test_a_full_pool_drops_guesses_and_preempts_nobody_for_them() -> None:
    specs = [sequence_spec(index, QUOTE, choice=index, max_tokens=10) for index in range(4)]
    for num_blocks in range(6, 28):
        settings = {"num_blocks": num_blocks, "max_model_len": 24}
        plain, guessing = repeating(4.0, **settings, speculate="off"), repeating(4.0, **settings)
        assert run_engine(guessing, specs) == run_engine(plain, specs)
        assert guessing.stats().preemptions <= plain.stats().preemptions
        assert guessing.stats().guessed_tokens > 0


def test_blocks_of_wrong_guesses_are_given_back_at_once_and_found_by_nobody() -> None:
    # The model goes on with 1 2 3; what followed 2 3 1 before was 9.
    engine = Engine(RepeatingModel(period=3), engine_settings(block_size=1))
    engine.add(sequence_spec(1, WRONG, max_tokens=20))
    engine.step()
    engine.add(sequence_spec(2, [9], max_tokens=1))
    while engine.has_work():
        engine.step()
        engine.check()
        assert engine.stats().blocks_used <= len(WRONG) + engine.stats().generation_tokens
    assert engine.stats().guessed_tokens > engine.stats().right_guesses


def test_a_guess_that_makes_the_forward_pass_raise_is_dropped() -> None:
    spec = sequence_spec(1, WRONG, max_tokens=12)
    model = RepeatingModel(period=3)
    engine = Engine(model, engine_settings())
    engine.add(spec)
    first = engine.step()
    model.explosive_token = 9  # it comes as a guess, and never as a token
    outputs = first + run_engine(engine)[1]
    assert outputs == run_engine(Engine(RepeatingModel(period=3), engine_settings(speculate="off")), [spec])[1]
    assert engine.stats().guessed_tokens > engine.stats().right_guesses


def test_blocks_filled_by_right_guesses_are_found_by_others() -> None:
    engine = repeating()
    outputs = run_engine(engine, [sequence_spec(1, QUOTE, max_tokens=30)])[1]
    engine.add(sequence_spec(2, [*QUOTE, *output_token_ids(outputs)], max_tokens=1))
    (output,) = engine.step()
    assert output.num_cached_tokens == 40
