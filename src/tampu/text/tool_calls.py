"""Tool calls in the text of an answer, found as it comes.

Llama 3.1 writes `{"name": "f", "parameters": {"a": 1}}`, several of them joined by `; ` or in a JSON array, at times
behind the token <|python_tag|>, which has no text; Llama 3.2 also writes `[f(a=1), g(b="x")]`. A call may stand at the
beginning of the answer, at the beginning of a line, behind the tag, or after another call, and must name a function on
offer. Whatever begins like a call and is none is text again, to the letter.

The parser is a machine that reads every character once; what it makes of a text does not depend on the pieces in which
the text comes, and a whole answer is the fold of its pieces.
"""

import ast
import json
import keyword
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_HEAD = 1024  # characters of a call before its arguments, blanks included
MAX_PYTHONIC = 16_384  # characters of a call as Python
MAX_DEPTH = 32  # brackets in such a call
MAX_MISTAKES = 64  # things that look like a call and are none; after so many the answer is text

BLANKS = re.compile(r"\s*")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
LINE_THAT_BEGINS = re.compile(r"\n[ \t]{0,1023}(?=[\[{])")  # MAX_HEAD with the line feed
LAST_LINE = re.compile(r"\n[ \t]*\Z")
IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*")
# To the next bracket, over whole strings; and to the end of a string.
TO_BRACKET = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
TO_QUOTE = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
PYTHON_STRUCTURE = re.compile(r"[\"'()\[\]{}\\]")
NAME_KEYS, ARGUMENT_KEYS, OTHER_KEYS = ("name", "function"), ("parameters", "arguments"), ("type", "id")
# Words that Python keeps for itself, where they are the name of an argument or of a function; strings stand apart.
PYTHON_STRING = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", re.DOTALL)
KEPT_WORD = re.compile(rf"\b({'|'.join(keyword.kwlist)})(?=\s*(?:\(|=(?!=)))")
MARK = "tampu_word_"
KEYS = NAME_KEYS + ARGUMENT_KEYS + OTHER_KEYS


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A piece of the arguments of call `index`; the first piece of a call has its name too."""

    index: int
    arguments: str = ""
    name: str = ""


Event = str | CallPiece  # text, or a piece of a call


class Unfinished(Exception):
    """What has come so far may become a call, or not."""


@dataclass(slots=True)
class ToolCallParser:
    """The calls and the text of one answer. `names` are the functions on offer.

    With `one_call` the answer ends with its first call; with `first_only` calls stand at the beginning of the answer or
    nowhere. With `never_text` a grammar lets nothing but a call begin like one: of one that is cut off before its
    arguments nothing is given.
    """

    names: Collection[str]
    one_call: bool = False
    first_only: bool = False
    never_text: bool = False
    num_calls: int = field(default=0, init=False)
    _state: "Callable[[], Iterator[Event]] | None" = field(init=False)  # None: no calls any more, all is text
    _held: str = field(default="", init=False)  # not yet certain
    _lead: str = field(default="", init=False)  # blanks that are text if no call follows
    _in_array: bool = field(default=False, init=False)
    _mistakes: int = field(default=0, init=False)
    # In arguments, and in a Python list: how far it has been read, brackets open, and the quote of the string open.
    _at: int = field(default=0, init=False)
    _depth: int = field(default=0, init=False)
    _quote: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._state = self._begin

    @property
    def is_finished(self) -> bool:
        """Whether nothing can follow: the only call is whole."""
        return self.one_call and self._state == self._after_call

    def push(self, text: str) -> list[Event]:
        """What these further characters make certain."""
        self._held += text
        events: list[Event] = []
        while self._held and self._state is not None:
            state, before = self._state, self._held
            try:
                events += state()
            except Unfinished:
                break
            if self._state == state and self._held == before:
                break
        if self._state is None and self._held:
            events.append(self._take())
        return _joined(events)

    def tag(self) -> list[Event]:
        """The token <|python_tag|> comes here: a call may follow."""
        if self._state != self._text:
            return []
        events: list[Event] = [self._take()] if self._held else []
        self._state = self._begin
        return _joined(events)

    def flush(self) -> list[Event]:
        """What was held, now that no more comes."""
        if self._state in (self._after_call, self._call_end):
            return []
        if self._state == self._arguments:
            events: list[Event] = [CallPiece(self.num_calls - 1, self._take())]
        elif self.never_text and self._state in (self._begin, self._pythonic) and self._held[:1] in ("", "[", "{"):
            events = []
        else:
            events = [self._lead + self._take()]
        self._state, self._lead, self._held = None, "", ""
        return _joined(events)

    # States: each reads what it can of what is held

    def _begin(self) -> Iterator[Event]:
        """Where a call may begin."""
        blanks = self._blanks()
        self._lead += self._held[:blanks]
        self._held = self._held[blanks:]
        if len(self._lead) > MAX_HEAD:
            self._state = None
            yield self._lead
            self._lead = ""
        elif self._held:
            yield from self._try(self._call)
        else:
            raise Unfinished

    def _text(self) -> Iterator[Event]:
        """Text, up to a line that begins like a call."""
        if found := LINE_THAT_BEGINS.search(self._held):
            yield self._held[: found.end()]
            self._held, self._state = self._held[found.end() :], self._begin
            return
        last = LAST_LINE.search(self._held)
        end = last.start() if last and len(self._held) - last.start() <= MAX_HEAD else len(self._held)
        if end:
            yield self._take(end)

    def _rejected(self) -> Iterator[Event]:
        """After something that is no call: text to the next empty line, so that nothing inside it is taken for one."""
        end = self._held.find("\n\n")
        if end >= 0:
            self._state = self._text
            yield self._take(end + 1)
            return
        keep = 1 if self._held.endswith("\n") else 0
        if len(self._held) > keep:
            yield self._take(len(self._held) - keep)

    def _arguments(self) -> Iterator[Event]:
        """The JSON object of a call, as it is, to its last bracket."""
        end = self._find_end()
        done = end >= 0
        piece = self._take(end if done else self._at)
        self._at = 0
        if done:
            self._state = self._call_end
        if piece:
            yield CallPiece(self.num_calls - 1, piece)

    def _call_end(self) -> Iterator[Event]:
        """To the bracket that closes the call; what else stands there is dropped."""
        end = self._held.find("}")
        self._held = self._held[end + 1 :] if end >= 0 else ""
        if end >= 0:
            self._state = self._after_call
        yield from ()

    def _after_call(self) -> Iterator[Event]:
        """Between calls: what joins them is dropped, anything else is text."""
        rest = self._held.lstrip(" \t\r\n;,")
        if self._in_array and rest.startswith("]"):
            self._in_array, rest = False, rest[1:].lstrip(" \t\r\n;,")
        self._held = rest
        if not rest:
            raise Unfinished
        yield from self._try(self._call)

    def _pythonic(self) -> Iterator[Event]:
        """All calls of a Python list, once it has come whole."""
        yield from self._try(self._python_calls)

    # A call

    def _try(self, read: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        try:
            yield from read()
        except ValueError:
            yield from self._no_call()

    def _no_call(self) -> Iterator[Event]:
        lead, self._lead = self._lead, ""
        self._in_array = False
        begins_like_one = self._held[0] in "[{"
        self._mistakes += begins_like_one
        if self.first_only or self._mistakes > MAX_MISTAKES:
            self._state = None
        else:
            self._state = self._rejected if begins_like_one else self._text
        if lead:
            yield lead

    def _call(self) -> Iterator[Event]:
        """The head of the call that what is held begins with, or all of it. ValueError when it begins with none."""
        start = self._held[0]
        if start == "[" and not self._in_array:
            after = self._next(1)
            if self._held[after] == "{":
                name, end, is_whole = self._head(after)
                self._in_array = True
            else:
                self._check_word(after)
                self._state, self._at, self._depth, self._quote = self._pythonic, 0, 0, ""
                return
        elif start == "{":
            name, end, is_whole = self._head(0)
        else:
            raise ValueError
        yield self._open(name, "{}" if is_whole else "")
        self._held = self._held[end:]
        self._state = self._after_call if is_whole else self._arguments

    def _open(self, name: str, arguments: str) -> CallPiece:
        self._lead = ""
        self.num_calls += 1
        self._at, self._depth, self._quote = 0, 0, ""
        return CallPiece(self.num_calls - 1, arguments, name)

    def _head(self, at: int) -> tuple[str, int, bool]:
        """The name in the object at this place, where its arguments begin, or where it ends and has none."""
        name, at = "", at + 1
        while True:
            key, at = self._string(self._next(at))
            if key not in KEYS:
                raise ValueError
            at = self._next(self._expect(":", self._next(at)))
            if key in NAME_KEYS and not name:
                name, at = self._string(at)
                if name not in self.names:
                    raise ValueError
            elif key in OTHER_KEYS:
                _, at = self._string(at)
            elif key in ARGUMENT_KEYS and name:
                if self._held[at] == "{":
                    return name, at, False
                at = self._literal("null", at)
            else:
                raise ValueError
            at = self._next(at)
            if self._held[at] == "}":
                if not name:
                    raise ValueError
                return name, at + 1, True
            at = self._expect(",", at)

    def _check_word(self, at: int) -> None:
        """A Python list of calls begins with a function on offer."""
        word = IDENTIFIER.match(self._held, at)
        if word is None:
            raise ValueError
        if word.end() == len(self._held) and word.end() <= MAX_HEAD:
            raise Unfinished
        if word[0] not in self.names:
            raise ValueError

    def _python_calls(self) -> Iterator[Event]:
        end = self._python_end()
        calls = _read_python(self._held[:end], self.names)
        self._held, self._state = self._held[end:], self._after_call
        for name, arguments in calls[: 1 if self.one_call else None]:
            yield self._open(name, arguments)

    def _python_end(self) -> int:
        """Where the Python list at the beginning of what is held ends; reads on from where it was."""
        while found := PYTHON_STRUCTURE.search(self._held, self._at):
            character, self._at = found[0], found.end()
            if character == "\\":
                self._at += 1
            elif self._quote:
                self._quote = "" if character == self._quote else self._quote
            elif character in "\"'":
                self._quote = character
            else:
                self._depth += 1 if character in "([{" else -1
                if self._depth == 0:
                    return self._at
            if self._depth > MAX_DEPTH or self._at > MAX_PYTHONIC:
                raise ValueError
        self._at = max(self._at, len(self._held))
        if self._at > MAX_PYTHONIC:
            raise ValueError
        raise Unfinished

    # Characters

    def _find_end(self) -> int:
        """The end of the arguments in what is held, or -1; reads on from where it was."""
        while True:
            found = (TO_QUOTE if self._quote else TO_BRACKET).match(self._held, self._at)
            assert found is not None, "both match nothing at least"
            self._at = found.end()
            if self._at == len(self._held):
                return -1
            character = self._held[self._at]
            if character == "\\":  # the last one that has come
                return -1
            self._at += 1
            if character == '"':
                self._quote = "" if self._quote else character
                continue
            self._depth += 1 if character in "{[" else -1
            if self._depth == 0:
                return self._at

    def _take(self, end: int | None = None) -> str:
        """What is held, up to there."""
        end = len(self._held) if end is None else end
        taken, self._held = self._held[:end], self._held[end:]
        return taken

    def _blanks(self) -> int:
        found = BLANKS.match(self._held)
        return found.end() if found else 0

    def _next(self, at: int) -> int:
        """The place of the next character that is no blank."""
        found = BLANKS.match(self._held, at)
        at = found.end() if found else at
        if at > MAX_HEAD:
            raise ValueError
        if at >= len(self._held):
            raise Unfinished
        return at

    def _string(self, at: int) -> tuple[str, int]:
        found = STRING.match(self._held, at)
        if found:
            return str(json.loads(found[0], strict=False)), found.end()
        if self._held[at] != '"' or len(self._held) - at > MAX_HEAD:
            raise ValueError
        raise Unfinished

    def _expect(self, character: str, at: int) -> int:
        if self._held[at] != character:
            raise ValueError
        return at + 1

    def _literal(self, word: str, at: int) -> int:
        came = self._held[at : at + len(word)]
        if not word.startswith(came):
            raise ValueError
        if len(came) < len(word):
            raise Unfinished
        return at + len(word)


def _read_python(text: str, names: Collection[str]) -> list[tuple[str, str]]:
    """Name and JSON arguments of the calls in a Python list; ValueError when it holds anything else."""
    try:
        tree = ast.parse(_with_marked_words(text), mode="eval").body
        if not isinstance(tree, ast.List) or not tree.elts:
            raise ValueError("no list of calls")
        return [_read_python_call(element, names) for element in tree.elts]
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError from error


def _with_marked_words(text: str) -> str:
    """The text with a mark before each name that is a keyword of Python, which could not be read otherwise."""
    pieces = PYTHON_STRING.split(text)
    return "".join(piece if place % 2 else KEPT_WORD.sub(rf"{MARK}\1", piece) for place, piece in enumerate(pieces))


def _read_python_call(element: ast.expr, names: Collection[str]) -> tuple[str, str]:
    if not isinstance(element, ast.Call) or element.args:
        raise ValueError
    name = _python_name(element.func)
    if name not in names:
        raise ValueError
    arguments: dict[str, Any] = {}
    for argument in element.keywords:
        name_of_argument = (argument.arg or "").removeprefix(MARK)
        if not name_of_argument or name_of_argument in arguments:
            raise ValueError
        arguments[name_of_argument] = ast.literal_eval(argument.value)
    written = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    written.encode()  # a lone surrogate is no text
    return name, written


def _python_name(function: ast.expr) -> str:
    """`a` or `a.b.c`."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        raise ValueError
    return ".".join(part.removeprefix(MARK) for part in (function.id, *reversed(parts)))


def _joined(events: list[Event]) -> list[Event]:
    """Neighbouring texts in one, and neighbouring pieces of one call; nothing empty."""
    joined: list[Event] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, str) and isinstance(last, str):
            joined[-1] = last + event
        elif isinstance(event, CallPiece) and isinstance(last, CallPiece) and event.index == last.index:
            joined[-1] = CallPiece(last.index, last.arguments + event.arguments, last.name)
        elif event:
            joined.append(event)
    return joined
