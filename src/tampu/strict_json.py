"""JSON without the holes of `json.loads`, bounded in what it may hold.

Short texts are read by the standard library's scanner in C. It lets no other thread run until it is through, so longer
texts are read by the same library's scanner in Python, whose steps are short; both find the same faults.
"""

import json
import re
from collections.abc import Callable
from itertools import islice
from json.decoder import JSONArray, JSONObject, scanstring  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, NoReturn

from tampu.errors import NotJson

MAX_DEPTH = 100
MAX_KEYS = 8192  # of one object: a schema may have 5,000 properties
MAX_CONTAINERS = 100_000  # arrays and objects of one text
MAX_VALUES = 524_288  # four prompts of 131,072 token ids
SHORT = 64 * 1024  # characters that the scanner in C reads within a few milliseconds, whatever they are
# An escaped NUL: \u0000 after an even number of backslashes.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
HALF_A_PAIR = "The body has half of a surrogate pair, which is no character."

Scan = Callable[[str, int], tuple[Any, int]]


def parse_json(body: bytes, short: int = SHORT) -> Any:
    """The value. Raises NotJson for whatever is not plain, finite, bounded JSON in UTF-8.

    A text of more than `short` characters is read in steps.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8: byte {error.start}.") from None
    read = read_at_once if len(text) <= short else read_in_steps
    try:
        return read(text)
    except RecursionError:
        raise too_deep() from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error}.") from None
    except ValueError:  # more digits than Python turns into an integer
        raise NotJson("The body has a number with too many digits.") from None


def read_at_once(text: str) -> Any:
    """The value, by the scanner in C; its limits on values and containers are those of the text's length."""
    value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    if "\\u" in text:
        _check_escapes(text, value)
    _check_depth(value)
    return value


def read_in_steps(text: str) -> Any:
    """The same value, by the scanner in Python: a thread that does this lets others run."""
    if text.startswith("\ufeff"):
        raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
    return SteppingDecoder().decode(text)


def loads(text: str) -> Any:
    """What `json.loads` gives, and raises; with the bounds of a body, and NotJson, where it is long."""
    return json.loads(text) if len(text) <= SHORT else SteppingDecoder(strictly=False).decode(text)


def dumps(value: Any, is_long: bool) -> str:
    """JSON text with non-ASCII letters as they are; of a long value in steps."""
    if not is_long:
        return json.dumps(value, ensure_ascii=False)
    return "".join(json.JSONEncoder(ensure_ascii=False).iterencode(value))


def count_values(value: Any, most: int) -> int:
    """How many values are in it, itself included; counted no further than `most`."""
    left, count = [value], 0
    while left and count < most:
        node = left.pop()
        count += 1
        if isinstance(node, dict | list):
            left.extend(islice(node.values() if isinstance(node, dict) else node, most))
    return count


class SteppingDecoder(json.JSONDecoder):
    """The standard library's decoder with its scanner in Python; counts while it reads. For one text each."""

    def __init__(self, strictly: bool = True) -> None:
        super().__init__()
        if strictly:
            self.object_pairs_hook, self.parse_constant, self.parse_float = _checked_object, _constant, _float
            self.parse_int, self.parse_string = _int, _string
        self.parse_array, self.parse_object = self._array, self._object
        self.scan_once = self._scan = py_make_scanner(self)
        self._depth = self._num_values = self._num_containers = 0

    def _value(self, text: str, place: int) -> tuple[Any, int]:
        self._num_values += 1
        if self._num_values > MAX_VALUES:
            raise NotJson(f"The body may have at most {MAX_VALUES} values.")
        found: tuple[Any, int] = self._scan(text, place)
        return found

    def _array(self, start: tuple[str, int], scan: Scan) -> tuple[Any, int]:  # noqa: ARG002 - ours counts
        self._enter()
        found: tuple[Any, int] = JSONArray(start, self._value)
        self._depth -= 1
        return found

    def _object(self, start: tuple[str, int], strict: bool, scan: Scan, *hooks: Any) -> tuple[Any, int]:  # noqa: ARG002
        self._enter()
        found: tuple[Any, int] = JSONObject(start, strict, self._value, *hooks)
        self._depth -= 1
        return found

    def _enter(self) -> None:
        self._depth += 1
        self._num_containers += 1
        if self._depth > MAX_DEPTH:
            raise too_deep()
        if self._num_containers > MAX_CONTAINERS:
            raise NotJson(f"The body may have at most {MAX_CONTAINERS} arrays and objects.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise NotJson(f"An object may have at most {MAX_KEYS} keys, got {len(pairs)}.")
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJson(f"The key {twice[:40]!r} is there twice.")
    return value


def _checked_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = _object(pairs)
    for key in value:
        _check_text(key)
    return value


def _string(text: str, place: int, strict: bool) -> tuple[str, int]:
    found: tuple[str, int] = scanstring(text, place, strict)
    _check_text(found[0])
    return found


def _check_text(text: str) -> None:
    if "\0" in text:
        _refuse_nul()
    if not text.isascii():
        _check_pairs(text)


def _constant(name: str) -> float:
    raise NotJson(f"{name} is not JSON.")


def _float(text: str) -> float:
    _check_digits(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NotJson(f"The number {text[:40]} is not finite.")
    return value


def _int(text: str) -> int:
    _check_digits(text)
    return int(text)


def _check_digits(text: str) -> None:
    if not text.isascii():  # the scanner in Python takes all that Unicode calls a digit
        raise NotJson("The body is not JSON: a digit is none of 0 to 9.")


def _check_escapes(text: str, value: Any) -> None:
    if NUL.search(text):
        _refuse_nul()
    _check_pairs(json.dumps(value, ensure_ascii=False))


def _check_pairs(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJson(HALF_A_PAIR) from None


def _refuse_nul() -> NoReturn:
    raise NotJson("The body has a NUL character.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if type(node) in (dict, list)
            for child in (node.values() if type(node) is dict else node)
            if type(child) in (dict, list)
        ]
        if not level:
            return
    raise too_deep()


def too_deep() -> NotJson:
    """The refusal of nesting beyond the limit."""
    return NotJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
