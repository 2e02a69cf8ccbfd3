from tampu.engine.groups import Groups
from tampu.engine.sequence import Sequence, SequenceStatus
from tests.fakes import sequence_spec


def member(sequence_id: int, group: int | None) -> Sequence:
    return Sequence(sequence_spec(sequence_id, [1], group=group), sequence_id)


def test_the_first_of_a_group_leads_and_the_others_wait_until_it_is_through() -> None:
    groups = Groups()
    first, second, third = (member(sequence_id, 7) for sequence_id in range(3))
    assert [groups.leads(sequence) for sequence in (first, second, third)] == [True, False, False]
    assert groups.release(second) == []
    assert groups.release(first) == [second, third]
    assert groups.release(first) == []


def test_groups_do_not_wait_for_each_other_and_who_has_none_waits_for_nobody() -> None:
    groups = Groups()
    assert [groups.leads(member(sequence_id, group)) for sequence_id, group in enumerate((1, 2, None, None))] == [
        True,
        True,
        True,
        True,
    ]


def test_who_was_aborted_while_waiting_is_not_released() -> None:
    groups = Groups()
    first, second, third = (member(sequence_id, 7) for sequence_id in range(3))
    for sequence in (first, second, third):
        groups.leads(sequence)
    second.status = SequenceStatus.FINISHED
    assert groups.release(first) == [third]
