"""JSON has no holes, and of a long text no step takes long."""

import contextlib
import gc
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tampu.errors import InvalidRequest, NotJson
from tampu.strict_json import MAX_CONTAINERS, MAX_VALUES, SHORT, dumps, loads, parse_json

HOLES = {
    "not JSON": b"hello",
    "nothing": b"",
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "trailing comma": b'{"a": 1,}',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "not UTF-8": b'{"a": "\xff"}',
    "an overlong character": b'{"a": "\xc0\x80"}',
    "a coded surrogate": b'{"a": "\xed\xa0\x80"}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "-1e400 deep inside": b'{"a": [[{"b": -1e400}]]}',
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice deep inside": b'{"a": [{"b": 1, "b": 1}]}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "the other half": b'{"a": "\\udc00x"}',
    "half a pair in a key": b'{"\\ud800": 1}',
    "NUL": b'{"a": "\\u0000"}',
    "NUL after a backslash": b'{"a": "\\\\\\u0000"}',
    "a bare NUL": b'{"a": "\x00"}',
    "a bare line end in a string": b'{"a": "\n"}',
    "5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "arrays 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "arrays 100,000 deep, open": b"[" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000,
    "101 levels": b"[" * 101 + b"]" * 101,
    "100,000 keys": json.dumps({str(i): i for i in range(100_000)}).encode(),
    "many long numbers": b"[" + b",".join([b"9" * 4301] * 800) + b"]",
}


@pytest.mark.parametrize("name", HOLES)
def test_a_hole_of_json_is_refused_quickly(name: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidRequest) as caught:
        parse_json(HOLES[name])
    assert time.perf_counter() - started < 0.5  # 0.05 on a quiet machine
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "\xc3\xa9"]}', {"a": [1, 2.5, True, None, "é"]}),
        (b'{"a": "\\ud83d\\ude00 \\u00e9"}', {"a": "😀 é"}),
        (b'{"a": "\\\\u0000 \\\\ud800"}', {"a": "\\u0000 \\ud800"}),
        (b" 3 ", 3),
        (b"[" * 100 + b"]" * 100, json.loads("[" * 100 + "]" * 100)),
        (b'{"a": 1e-400}', {"a": 0.0}),
    ],
    ids=str,
)
def test_plain_json_is_read(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


def outcome(body: bytes, short: int = SHORT) -> str:
    """The value, or the fault and its words."""
    try:
        return f"a value: {json.dumps(parse_json(body, short))}"
    except InvalidRequest as error:
        return f"{type(error).__name__}: {error}"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    value=VALUES, cut=st.integers(0, 40), extra=st.sampled_from(["", ",", "]", "}", '"', "1", "\n", "\\u00", "e5", "٣"])
)
def test_both_scanners_read_and_refuse_the_same(value: Any, cut: int, extra: str) -> None:
    text = json.dumps(value)
    text = text[:cut] + extra + text[cut:] if extra else text
    body = text.encode(errors="surrogatepass")
    at_once, stepwise = outcome(body, short=len(text)), outcome(body, short=-1)
    # Of two faults in one text, one may see the first and the other the second.
    assert at_once == stepwise or (at_once.startswith("NotJson") and stepwise.startswith("NotJson"))


@pytest.mark.parametrize("name", HOLES)
def test_both_scanners_word_a_hole_alike(name: str) -> None:
    at_once = outcome(HOLES[name], short=len(HOLES[name]))
    assert at_once == outcome(HOLES[name], short=-1)
    assert at_once.startswith("NotJson")


@pytest.mark.parametrize(
    ("item", "count", "words"),
    [
        (b"[],", MAX_CONTAINERS, f"at most {MAX_CONTAINERS} arrays and objects"),
        (b"{},", MAX_CONTAINERS, f"at most {MAX_CONTAINERS} arrays and objects"),
        (b"1,", MAX_VALUES, f"at most {MAX_VALUES} values"),
        (b'"",', MAX_VALUES, f"at most {MAX_VALUES} values"),
    ],
)
def test_a_text_holds_so_much_and_no_more(item: bytes, count: int, words: str) -> None:
    assert len(parse_json(b"[" + item * (count - 2) + b"1]")) == count - 1
    with pytest.raises(NotJson, match=words):
        parse_json(b"[" + item * count + b"1]")


LONG = {
    "integers": b"1,",
    "token ids": b"12345,",
    "arrays": b"[1],",
    "deep arrays": b"[" * 90 + b"]" * 90 + b",",
    "objects": b"{},",
    "small objects": b'{"a":1},',
    "strings": b'"ab",',
    "escapes": b'"\\u00e9",',
    "floats": b"1.5,",
    "long numbers": b"9" * 4000 + b",",
    "literals": b"null,",
}


class Pulse:
    """A thread that wants to run every millisecond, and notes for how long it could not."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.is_set():
            started = time.perf_counter()
            time.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - started)


@pytest.mark.parametrize("name", LONG)
def test_reading_four_megabytes_lets_other_threads_run(name: str) -> None:
    body = b"[" + LONG[name] * (4_000_000 // len(LONG[name])) + b"1]"
    assert any(pause_while_reading(body) < 0.1 for _ in range(3))


def pause_while_reading(body: bytes) -> float:
    """For how long another thread could not run: milliseconds on a quiet machine, 50 to 650 with the scanner in C.

    What other tests left behind is kept from the garbage collector, which stops all threads for as long as it looks.
    """
    gc.collect()
    gc.freeze()
    with Pulse() as pulse, contextlib.suppress(NotJson):
        parse_json(body)
    gc.unfreeze()
    return pulse.longest


@pytest.mark.parametrize("padding", ["", " " * SHORT])
@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"a": [NaN, 1e400, "\\u0000"]}', "[1, 2.5, null]", '{"a": }', "[1"]
)
def test_the_text_of_arguments_is_read_as_the_standard_library_reads_it(text: str, padding: str) -> None:
    def told(read: Callable[[str], Any]) -> str:
        try:
            return repr(read(padding + text))
        except ValueError as error:
            return str(error)

    assert told(loads) == told(json.loads)


def test_the_text_of_arguments_is_bounded_where_it_is_long() -> None:
    with pytest.raises(NotJson, match="arrays and objects"):
        loads("[" + "[]," * MAX_CONTAINERS + "1]")


def test_json_written_in_steps_is_the_same_text() -> None:
    value: Any = {"a": [1, 2.5, None, True, "é\n", {"b": {}}], "c": []}
    assert dumps(value, is_long=True) == dumps(value, is_long=False) == json.dumps(value, ensure_ascii=False)
