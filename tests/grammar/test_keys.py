import pytest

from tampu.grammar.keys import START, are_scarce, marked, read, unmarked


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 1}]}',
        b'{"a": "\\"a\\": 1", "\\"a": "a", "a\\\\": {}}',
        b'["a", "a", {"a": "a"}]',
        b'{"name": "f", "parameters": {}}; {"name": "f", "parameters": {}}',
        b'no JSON: {"a": 1, "a": 1}',
        '{"é": 1, "è": 2}'.encode(),
    ],
)
def test_names_that_differ_or_stand_in_other_objects_may_come(text: bytes) -> None:
    assert read(START, text) is not None


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a"',
        b'{"a": {"b": 1}, "a"',
        b'[{"a": [{}], "b": "}", "a"',
        b'{"": 1, ""',
        b'{"\\"": {"a": "\\\\"}, "\\""',
        b'{"a": 1}; {"x": 1, "x"',
    ],
)
def test_a_name_that_comes_twice_is_found_at_its_closing_quote(text: bytes) -> None:
    assert read(START, text[:-1]) is not None and read(START, text) is None


def test_a_place_is_the_same_in_however_many_pieces_the_text_came() -> None:
    text = '{"é": "\\\\\\"", "b": [{"c": {}}, '.encode()
    place = START
    for byte in text:
        after = read(place, bytes((byte,)))
        assert after is not None
        place = after
    assert place == read(START, text)


def test_a_grammar_keeps_what_is_said_of_its_names() -> None:
    assert unmarked(marked("a\nb", scarce=False)) == ("a\nb", True, False)
    assert unmarked(marked("a", scarce=True)) == ("a", True, True)
    assert unmarked('start: "a"') == ('start: "a"', False, False)


@pytest.mark.parametrize(
    ("pattern", "scarce"),
    [("^x-", False), ("^[a-z]+$", False), (r"^\w*$", False), ("", False), ("^[a-z]{2}$", True), ("^(a|b)$", True)],
)
def test_names_may_run_out_where_a_pattern_has_an_end(pattern: str, scarce: bool) -> None:
    assert are_scarce([{"items": {"patternProperties": {pattern: {}}}}]) == scarce
    assert are_scarce([{}, {"$defs": {"a": {"patternProperties": {pattern: {}}}}}]) == scarce
