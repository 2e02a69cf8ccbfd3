import pytest
from hypothesis import given
from hypothesis import strategies as st

from tampu.text.stop import StopMatcher

letters = st.text(alphabet="ab", max_size=40)
stop_strings = st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=4)


def cut_at_first(text: str, stops: list[str]) -> tuple[str, bool]:
    """The slow definition: the text up to the stop string that is complete first, the longest of those."""
    for end in range(1, len(text) + 1):
        if found := [stop for stop in stops if text[:end].endswith(stop)]:
            return text[: end - max(map(len, found))], True
    return text, False


def pushed(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    matcher = StopMatcher(stops)
    text = "".join(matcher.push(piece)[0] for piece in pieces)
    return text + matcher.flush(), matcher.stopped


def test_text_passes_at_once_when_nothing_can_stop_it() -> None:
    assert StopMatcher([]).push("hello\n") == ("hello\n", False)
    assert StopMatcher(["xyz"]).push("hello\n") == ("hello\n", False)


def test_a_stop_string_is_never_given_and_neither_is_what_follows() -> None:
    matcher = StopMatcher(["STOP"])
    assert matcher.push("one STOP two") == ("one ", True)
    assert matcher.push("three") == ("", True)
    assert matcher.flush() == ""


def test_a_stop_string_is_found_across_pieces() -> None:
    matcher = StopMatcher(["STOP"])
    assert [matcher.push(piece) for piece in ("one S", "TO", "P two")] == [("one ", False), ("", False), ("", True)]


def test_no_more_is_held_back_than_could_become_a_stop_string() -> None:
    matcher = StopMatcher(["aab"])
    assert matcher.push("xa") == ("x", False)
    assert matcher.push("a") == ("", False)
    assert matcher.push("a") == ("a", False)
    assert matcher.push("c") == ("aac", False)


def test_what_was_held_back_comes_at_the_end() -> None:
    matcher = StopMatcher(["STOP"])
    assert matcher.push("one STO") == ("one ", False)
    assert matcher.flush() == "STO"


@pytest.mark.parametrize(
    ("stops", "text", "kept"),
    [
        (["abcd", "bc"], "xabcd", "xa"),  # "bc" is complete before "abcd" is
        (["bc", "abc"], "xabcd", "x"),  # complete at once: the longer one
        (["b", "abc"], "xabc", "xa"),
        (["\n\n", "\n"], "one\n\ntwo", "one"),
        (["🦙"], "a🦙b", "a"),
    ],
)
def test_the_stop_string_that_is_complete_first_wins(stops: list[str], text: str, kept: str) -> None:
    assert pushed([text], stops) == (kept, True)
    assert pushed(list(text), stops) == (kept, True)


@given(st.lists(letters, max_size=8), stop_strings)
def test_any_pieces_give_what_the_whole_text_gives(pieces: list[str], stops: list[str]) -> None:
    assert pushed(pieces, stops) == cut_at_first("".join(pieces), stops)


@given(letters, stop_strings)
def test_what_is_held_back_is_the_longest_ending_that_may_become_a_stop_string(text: str, stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    emitted, stopped = matcher.push(text)
    if not stopped:
        beginnings = {stop[:length] for stop in stops for length in range(1, len(stop))}
        longest = max((start for start in beginnings if text.endswith(start)), key=len, default="")
        assert matcher.flush() == longest
        assert emitted + longest == text


def test_time_is_linear_however_alike_text_and_stop_strings_are() -> None:
    # Comparing afresh at each character would take 16 x 1024 x 100000 steps.
    matcher = StopMatcher(["a" * 1000 + chr(0x4E00 + number) for number in range(16)])
    emitted = sum(len(matcher.push("a" * 10)[0]) for _ in range(10_000))
    assert emitted == 100_000 - 1000
