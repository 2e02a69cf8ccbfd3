import json
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tampu.text.tool_calls import MAX_HEAD, MAX_MISTAKES, CallPiece, Event, ToolCallParser

NAMES = {"get_weather", "add", "calendar.new"}
WEATHER = '{"name": "get_weather", "parameters": {"city": "Lima"}}'
Folded = tuple[str, list[tuple[str, str]]]

# What models write, by what it comes to: the text, and name and arguments of each call.
CALLS: list[tuple[str, str, list[tuple[str, str]]]] = [
    (WEATHER, "", [("get_weather", '{"city": "Lima"}')]),
    ('{"name":"add","arguments":{"a":1}}', "", [("add", '{"a":1}')]),
    ('  \n{"type": "function", "name": "add", "parameters": {}}\n', "", [("add", "{}")]),
    ('{"id": "x", "function": "add", "parameters": null}', "", [("add", "{}")]),
    ('{"name": "add"}', "", [("add", "{}")]),
    ('{"name": "\\u0061dd", "parameters": {"é": "\\u00e9 \\"}{"}}', "", [("add", '{"é": "\\u00e9 \\"}{"}')]),
    (f"{WEATHER}; {WEATHER}", "", [("get_weather", '{"city": "Lima"}')] * 2),
    (f"{WEATHER}\n{WEATHER}", "", [("get_weather", '{"city": "Lima"}')] * 2),
    (f"[{WEATHER}, {WEATHER}]", "", [("get_weather", '{"city": "Lima"}')] * 2),
    (f"[\n  {WEATHER}\n]", "", [("get_weather", '{"city": "Lima"}')]),
    ('{"name": "add", "parameters": {"a": [1, {"b": "]}"}]}, "note": "x"}', "", [("add", '{"a": [1, {"b": "]}"}]}')]),
    ("[add(a=1, b='x'), add()]", "", [("add", '{"a": 1, "b": "x"}'), ("add", "{}")]),
    (
        "[calendar.new(day=\"it's\", at=[1.5, None, True], who={'a': -1})]",
        "",
        [("calendar.new", '{"day": "it\'s", "at": [1.5, null, true], "who": {"a": -1}}')],
    ),
    (f"Let me see.\n{WEATHER}", "Let me see.\n", [("get_weather", '{"city": "Lima"}')]),
    (f"{WEATHER}\nThat is all.", "That is all.", [("get_weather", '{"city": "Lima"}')]),
    ('{"name": "add", "parameters": {"a": 1', "", [("add", '{"a": 1')]),  # cut short
]
TEXTS = [
    "",
    "Hello.",
    "  \n\n ",
    '{"name": "other", "parameters": {}}',
    '{"name": "add", "parameters": [1]}',
    '{"parameters": {}, "name": "add"}',
    '{"name": ["add"], "parameters": {}}',
    '{"a": 1}',
    "{",
    '{"name": "ad',
    "[1, 2, 3]",
    "[add(a=b)]",
    "[add(1)]",
    "[add(**x)]",
    "[add(a=1), other(b=2)]",
    "[add(a=1)",
    "[add(a=1, a=2)]",
    "[add(a={[]: 1})]",
    "[add(a={[]})]",
    "[add(a=1e999)]",
    '[add(a="\\ud800")]',
    "[add(a={1: 2}, b=1j)]",
    "[add" + "()" * 700 + "]",
    "[add(), add" + ".a" * 1500 + "()]",
    "[adder(a=1)]",
    f"I would call {WEATHER} now",
    f'{{"calls": [\n  {WEATHER}\n]}}',
    f'```json\n[\n"x",\n{WEATHER}\n```',
    "a { b } c\nd",
]


def fold(events: Iterable[Event]) -> Folded:
    """The text, and name and arguments of each call."""
    text, calls = "", list[tuple[str, str]]()
    for event in events:
        if isinstance(event, str):
            text += event
        elif event.name:
            assert event.index == len(calls)
            calls.append((event.name, event.arguments))
        else:
            name, arguments = calls[event.index]
            calls[event.index] = name, arguments + event.arguments
    return text, calls


def parse(pieces: Iterable[str], **options: bool) -> Folded:
    parser = ToolCallParser(NAMES, **options)
    return fold([event for piece in pieces for event in parser.push(piece)] + parser.flush())


@pytest.mark.parametrize(("text", "rest", "calls"), CALLS, ids=[text[:40] for text, *_ in CALLS])
def test_what_models_write_is_parsed_at_every_split_size(text: str, rest: str, calls: list[tuple[str, str]]) -> None:
    for size in range(1, len(text) + 1):
        assert parse(text[start : start + size] for start in range(0, len(text), size)) == (rest, calls)
    for cut in range(len(text)):
        assert parse((text[:cut], text[cut:])) == (rest, calls)


@pytest.mark.parametrize("text", TEXTS, ids=[text[:30] for text in TEXTS])
def test_what_is_no_call_is_text_to_the_letter(text: str) -> None:
    for size in range(1, min(len(text), 100) + 1):
        assert parse(text[start : start + size] for start in range(0, len(text), size)) == (text, [])


TYPING = ("{", "}", "[", "]", '"', "\\", "\n", "\n\n", " ", ";", ",", "(", ")", "=", ":", "'", "é")
FRAGMENTS = st.sampled_from(
    (WEATHER, '{"name": "add", "parameters": ', '"name"', '"add"', "add(", "a=1", "{}", "null", "hello", *TYPING)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=14).map("".join), st.data())
def test_the_pieces_make_no_difference(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert parse(pieces) == parse([text])
    assert parse(text) == parse([text])


def test_arguments_come_as_they_are_written() -> None:
    parser = ToolCallParser(NAMES)
    assert parser.push('{"name": "get_weather", "para') == []
    assert parser.push('meters": {"ci') == [CallPiece(0, '{"ci', "get_weather")]
    assert parser.push('ty": "Li') == [CallPiece(0, 'ty": "Li')]
    assert parser.push('ma"}') == [CallPiece(0, 'ma"}')]
    assert parser.push("}; ") == []
    assert parser.flush() == []


def test_text_is_held_back_no_longer_than_it_may_be_a_call() -> None:
    parser = ToolCallParser(NAMES)
    assert parser.push("Hi") == ["Hi"]
    assert parser.push("!\n") == ["!"]
    assert parser.push("Then") == ["\nThen"]
    assert parser.push('\n{"na') == ["\n"]
    assert parser.push('tion"') == ['{"nation"']


def test_behind_the_tag_a_call_may_stand_in_the_middle_of_a_line() -> None:
    parser = ToolCallParser(NAMES)
    events = parser.push("I look: ") + parser.tag() + parser.push(WEATHER) + parser.flush()
    assert fold(events) == ("I look: ", [("get_weather", '{"city": "Lima"}')])


def test_one_call_may_be_all_of_the_answer() -> None:
    parser = ToolCallParser(NAMES, one_call=True)
    events = parser.push(WEATHER[:-1])
    assert not parser.is_finished
    events += parser.push("}")
    assert parser.is_finished
    assert fold(events) == ("", [("get_weather", '{"city": "Lima"}')])
    assert parse(["[add(a=1), add(a=2)]"], one_call=True)[1] == [("add", '{"a": 1}')]


def test_calls_at_the_beginning_only_where_that_is_asked_for() -> None:
    assert parse([f"Well.\n{WEATHER}"], first_only=True) == (f"Well.\n{WEATHER}", [])
    assert len(parse([f"{WEATHER}; {WEATHER}"], first_only=True)[1]) == 2


def test_a_text_full_of_mistakes_is_text() -> None:
    mistakes = '\n\n{"name": "other"}' * (MAX_MISTAKES + 1)
    assert parse([mistakes + "\n\n" + WEATHER]) == (mistakes + "\n\n" + WEATHER, [])
    assert len(parse(['\n\n{"name": "other"}' * 3 + "\n\n" + WEATHER])[1]) == 1


def test_a_call_that_takes_too_long_to_begin_is_text() -> None:
    for text in (
        "{" + " " * (MAX_HEAD + 1) + WEATHER[1:],
        " " * (MAX_HEAD + 1) + "\n" + WEATHER,
        "x\n" + " " * MAX_HEAD + WEATHER,
    ):
        assert parse([text]) == parse(text) == (text, [])


MEGABYTE = 1_000_000
HOSTILE = ["{", "[", "\n{", "\n\n{", '\n\n{"name": "', '"', "\\", " ", "\n", "[add(", '{"name": "add", ', "a{b}\n"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_of_hostile_text_is_read_at_once_and_invents_no_call(unit: str) -> None:
    text = (unit * MEGABYTE)[:MEGABYTE]
    started = time.process_time()
    assert parse([text]) == (text, [])
    assert time.process_time() - started < 1.0  # 1 to 6 ms; a quadratic parser takes minutes


@pytest.mark.parametrize("unit", ["x\n", " ", "\n", "a\n ", '{"name": '])
def test_small_pieces_of_hostile_text_take_no_longer(unit: str) -> None:
    text = unit + " " * 30_000
    started = time.process_time()
    assert parse(text) == (text, [])
    assert time.process_time() - started < 1.5  # 30 ms; a quadratic parser takes half a minute


def test_a_megabyte_of_arguments_is_read_at_once_in_small_pieces() -> None:
    arguments = json.dumps({"a" * 10 + str(index): ["x", {"y": "}"}] for index in range(30_000)})
    text = f'{{"name": "add", "parameters": {arguments}}}'
    started = time.process_time()
    assert parse(text[start : start + 16] for start in range(0, len(text), 16)) == ("", [("add", arguments)])
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize("word", ["from", "class", "in", "None", "lambda", "is"])
def test_an_argument_or_a_function_may_be_named_as_a_word_of_pythons(word: str) -> None:
    for text, name in ((f'[look({word}="a {word}=b", at=1)]', "look"), (f"[{word}(x={{'{word}': 2}})]", word)):
        parser = ToolCallParser({"look", word})
        events = [event for character in text for event in parser.push(character)] + parser.flush()
        (call,) = [event for event in events if isinstance(event, CallPiece)]
        assert call.name == name
        arguments = json.loads(call.arguments)
        assert arguments == ({word: f"a {word}=b", "at": 1} if name == "look" else {"x": {word: 2}})


CUT = '{"name": "look", "parameters": {"at": "x"}}; {"name": "look", "parameters": {}}'


@pytest.mark.parametrize("length", range(len(CUT)))
def test_where_a_call_must_come_no_cut_leaves_text(length: int) -> None:
    parser = ToolCallParser({"look"}, first_only=True, never_text=True)
    events = [event for character in CUT[:length] for event in parser.push(character)] + parser.flush()
    assert [event for event in events if isinstance(event, str)] == []
    assert parser.num_calls == (0 if length < CUT.index(': {"at') + 3 else 1 if length < len(CUT) - 2 else 2)
