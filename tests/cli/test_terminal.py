import io

import pytest

from tampu.cli.terminal import counted, duration, note, print_json, progress_bar, shown, table


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_a_terminal_gets_no_control_characters_and_a_pipe_gets_all() -> None:
    text = "a\x1b[2J\x07\n\tb\x9b31m"
    assert shown(text, Terminal()) == "a\ufffd[2J\ufffd\n\tb\ufffd31m"
    assert shown(text, io.StringIO()) == text


def test_notes_are_for_people_and_dim_unless_colour_is_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for stream, expected in ((io.StringIO(), ""), (Terminal(), "\x1b[2mhello\x1b[0m\n")):
        monkeypatch.setattr("sys.stderr", stream)
        note("hello")
        assert stream.getvalue() == expected
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    monkeypatch.setattr("sys.stderr", plain)
    note("hello")
    assert plain.getvalue() == "hello\n"


def test_bars_are_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, draws in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr("sys.stderr", stream)
        with progress_bar("bytes") as advance:
            advance("downloading", 5, 10)
        assert ("downloading" in stream.getvalue()) is draws


def test_json_is_one_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": ["ñ"]})
    assert capsys.readouterr().out == '{"a": ["ñ"]}\n'


def test_one_has_no_plural() -> None:
    assert (counted(0, "line"), counted(1, "line"), counted(2, "line")) == ("0 lines", "1 line", "2 lines")


def test_a_duration_below_a_second_is_in_milliseconds() -> None:
    assert (duration(0.0031), duration(0.9999), duration(61.254)) == ("3 ms", "1.00 s", "61.25 s")


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("a", "bb"), [("xxx", "y"), ("z", "")]) == "a    bb\nxxx  y\nz"
