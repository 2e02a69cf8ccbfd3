from tampu.engine.sequence import SeenTokens, Sequence
from tests.fakes import sequence_spec


def test_a_stop_token_ends_the_sequence_and_is_counted_but_not_kept() -> None:
    sequence = Sequence(sequence_spec(1, [5, 6], stop_token_ids=(9,)), arrival=0)
    assert sequence.append(4) is None
    assert sequence.append(9) == "stop"
    assert sequence.output_token_ids == (4,)
    assert sequence.num_generated == 2


def test_the_last_allowed_token_ends_the_sequence_and_is_kept() -> None:
    sequence = Sequence(sequence_spec(1, [5, 6], max_tokens=2), arrival=0)
    assert [sequence.append(4), sequence.append(4)] == [None, "length"]
    assert sequence.output_token_ids == (4, 4)


def test_a_resumed_sequence_counts_what_it_had_generated_before() -> None:
    spec = sequence_spec(1, [5, 6], max_tokens=3).resumed([7, 8])
    sequence = Sequence(spec, arrival=0)
    assert (sequence.num_tokens, sequence.num_prompt_tokens, sequence.num_generated) == (4, 2, 2)
    assert sequence.append(4) == "length"


def test_seen_tokens_count_what_was_generated_and_list_the_prompt_with_zero() -> None:
    seen = SeenTokens([3, 4, 3], [4, 5])
    seen.add(5)
    seen.add(6)
    assert dict(zip(seen.token_ids, seen.values, strict=True)) == {3: 0.0, 4: 1.0, 5: 2.0, 6: 1.0}


def test_tokens_are_counted_only_where_a_penalty_asks_for_it() -> None:
    assert len(Sequence(sequence_spec(1, [5, 6]), arrival=0).seen) == 0
    for spec in (
        sequence_spec(1, [5, 6], repetition_penalty=1.5),
        sequence_spec(1, [5, 6], presence_penalty=1.5),
        sequence_spec(1, [5, 6], frequency_penalty=1.5),
    ):
        sequence = Sequence(spec, arrival=0)
        sequence.append(7)
        assert list(sequence.seen.token_ids) == [5, 6, 7]


def test_prompt_positions_but_the_last_are_scored_where_asked_for() -> None:
    assert Sequence(sequence_spec(1, [5, 6, 7], prompt_logprobs=0), arrival=0).num_unscored == 2
    assert Sequence(sequence_spec(1, [5, 6, 7]), arrival=0).num_unscored == 0
