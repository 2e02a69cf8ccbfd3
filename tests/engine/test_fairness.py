from tampu.engine.fairness import FairQueue
from tampu.engine.sequence import Sequence, SequenceStatus
from tests.fakes import sequence_spec


def waiting(arrival: int, tenant: bytes) -> Sequence:
    return Sequence(sequence_spec(arrival, [1], salt=tenant), arrival)


def drain(queue: FairQueue, cost: int = 10) -> list[int]:
    """Arrivals in the order in which the queue lets them in, each costing its tenant so many tokens."""
    order = []
    while (head := queue.head()) is not None:
        queue.pop(head)
        queue.charge(head.spec.salt, cost)
        order.append(head.arrival)
    return order


def test_one_tenant_is_served_in_order_of_arrival() -> None:
    queue = FairQueue()
    for arrival in (2, 0, 1):
        queue.push(waiting(arrival, b"a"))
    assert drain(queue) == [0, 1, 2]


def test_tenants_take_turns_however_many_one_of_them_sends() -> None:
    queue = FairQueue()
    for arrival in range(4):
        queue.push(waiting(arrival, b"flood"))
    queue.push(waiting(4, b"light"))
    queue.push(waiting(5, b"light"))
    assert drain(queue) == [0, 4, 1, 5, 2, 3]


def test_the_least_served_tenant_is_next() -> None:
    queue = FairQueue()
    queue.push(waiting(0, b"a"))
    queue.push(waiting(1, b"b"))
    queue.charge(b"a", 5)
    assert drain(queue) == [1, 0]


def test_a_tenant_claims_nothing_for_the_time_it_was_away() -> None:
    queue = FairQueue()
    for arrival in range(3):
        queue.push(waiting(arrival, b"busy"))
    for _ in range(2):
        queue.pop(waiting_head := queue.head() or waiting(9, b""))
        queue.charge(waiting_head.spec.salt, 100)
    for arrival in (3, 4, 5, 6):
        queue.push(waiting(arrival, b"late"))
    # busy was given 200 and let in last at 100: late starts at 100, not at 0.
    assert drain(queue, cost=60) == [3, 4, 2, 5, 6]


def test_an_aborted_sequence_is_skipped() -> None:
    queue = FairQueue()
    sequences = [waiting(arrival, b"a") for arrival in range(3)]
    for sequence in sequences:
        queue.push(sequence)
    sequences[0].status = sequences[1].status = SequenceStatus.FINISHED
    assert queue.head() is sequences[2]
    sequences[2].status = SequenceStatus.FINISHED
    assert queue.head() is None


def test_what_was_served_is_forgotten_when_nobody_is_left() -> None:
    queue = FairQueue()
    queue.charge(b"a", 1000)
    queue.reset()
    queue.push(waiting(0, b"a"))
    queue.push(waiting(1, b"b"))
    assert drain(queue) == [0, 1]
