from tampu.engine.supervision import Backoff, Bisection, Patience, PoisonList, Watchdog


class HandClock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(seconds: float, cpu_per_second: float) -> Watchdog:
    """A watchdog after this many silent seconds, looked at every second."""
    clock = HandClock()
    watchdog = Watchdog(Patience(), clock)
    watchdog.stepped()
    for second in range(1, int(seconds) + 1):
        clock.now = 1000.0 + second
        watchdog.look(second * cpu_per_second)
    return watchdog


def test_a_worker_that_just_stepped_is_healthy() -> None:
    watchdog = watched(0, cpu_per_second=0.0)
    assert not watchdog.unhealthy and not watchdog.hung


def test_ten_silent_seconds_are_unhealthy_and_thirty_are_a_hang() -> None:
    assert not watched(9, cpu_per_second=0.0).unhealthy
    assert watched(10, cpu_per_second=0.0).unhealthy
    assert not watched(29, cpu_per_second=0.0).hung
    assert watched(30, cpu_per_second=0.0).hung


def test_a_worker_that_computes_is_slow_and_not_hung_until_five_minutes_have_passed() -> None:
    assert not watched(60, cpu_per_second=1.0).unhealthy
    assert not watched(299, cpu_per_second=1.0).hung
    assert watched(300, cpu_per_second=1.0).hung


def test_a_step_ends_the_silence() -> None:
    watchdog = watched(29, cpu_per_second=0.0)
    watchdog.stepped()
    assert not watchdog.unhealthy and not watchdog.hung


def test_restarts_wait_twice_as_long_each_time_up_to_the_longest() -> None:
    backoff = Backoff(Patience(first_backoff=1.0, longest_backoff=5.0), HandClock())
    assert [backoff.delay() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_worker_that_lived_long_starts_the_back_off_anew() -> None:
    clock = HandClock()
    backoff = Backoff(Patience(first_backoff=1.0, stable_after=60.0), clock)
    backoff.started()
    assert [backoff.delay(), backoff.delay()] == [1.0, 2.0]
    backoff.started()
    clock.now += 60.0
    assert backoff.delay() == 1.0


def test_a_worker_that_gave_a_token_starts_the_back_off_anew() -> None:
    backoff = Backoff(Patience(), HandClock())
    assert [backoff.delay() for _ in range(3)] == [0.05, 0.1, 0.2]
    backoff.gave()
    assert [backoff.delay() for _ in range(2)] == [0.05, 0.1]


def test_poison_is_refused_for_ten_minutes_and_then_forgiven() -> None:
    clock = HandClock()
    poison = PoisonList(Patience(), clock)
    poison.add("abc")
    clock.now += 599.0
    assert "abc" in poison and "other" not in poison
    clock.now += 1.0
    assert "abc" not in poison


def test_suspects_are_tried_by_halves_after_a_death_and_by_twice_as_many_after_a_success() -> None:
    bisection, sizes = Bisection(), []
    for num_suspects in (9, 4, 2, 1):
        bisection.died_with(num_suspects)
        sizes.append(bisection.size)
    assert sizes == [4, 2, 1, 1]
    bisection.lived()
    bisection.lived()
    assert bisection.size == 4
