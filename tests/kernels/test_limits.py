from tampu.kernels import load_kernels
from tampu.kernels.limits import measure_limits, shortest_seconds


def test_limits_are_measured_for_any_kernels() -> None:
    limits = measure_limits(load_kernels("portable", 1))
    assert limits.read > 1e8 and limits.multiply > 1e8


def test_the_first_call_is_not_counted() -> None:
    calls: list[int] = []
    shortest_seconds(lambda: calls.append(1), repeats=3)
    assert len(calls) == 4
