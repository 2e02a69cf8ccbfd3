"""Programs for an operation that run as they are printed: for a shell and in Python, for whole answers and streams.

They follow from the operation's path and the examples in its table. Where the path is one that the `openai` package
calls, Python uses that; else what comes with Python.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tampu.dialects.base import Dialect, Operation
from tampu.dialects.fields import Nested, Table, example_body
from tampu.dialects.kinds import JSON

ARGUMENT = re.compile(r"\{(\w+)(?::path)?\}")  # of a route pattern
ACCOUNT = "me"  # in paths that name one: here everybody may call theirs as they like
KEY = "TAMPU_API_KEY"


@dataclass(frozen=True, slots=True)
class Sample:
    """A program, and what it shows."""

    title: str
    language: str  # shell or python
    text: str


@dataclass(frozen=True, slots=True)
class Package:
    """How the openai package calls a path: its method, the text of an answer, and what to do with a stream's event."""

    method: str
    answer: str
    event: str


PIECES = """    for choice in event.choices:
        print(choice.{text} or "", end="", flush=True)"""
RESPONSE_PIECES = """    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)"""
PACKAGE: Mapping[str, Package] = {
    "/chat/completions": Package(
        "chat.completions.create", "answer.choices[0].message.content", PIECES.format(text="delta.content")
    ),
    "/completions": Package("completions.create", "answer.choices[0].text", PIECES.format(text="text")),
    "/responses": Package("responses.create", "answer.output_text", RESPONSE_PIECES),
}
WITH_PACKAGE = """{os}from openai import OpenAI

client = OpenAI(base_url={base}, api_key={key})
"""
WITH_PYTHON = """import json
{os}from urllib.request import Request, urlopen

url = {url}
headers = {{"content-type": "application/json"{bearer}}}
"""


def demo_name(provider: str) -> str:  # noqa: ARG001 - a function of the provider's key
    """What the demo model is called, in every dialect."""
    return "cria"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: the server's address as they see it, the name of the model in a provider's words, and whether
    they need a key."""

    address: str = "http://127.0.0.1:8267"
    name_in: Callable[[str], str] = demo_name
    needs_key: bool = False

    def samples(self, dialect: Dialect, operation: Operation) -> tuple[Sample, ...]:
        """Programs for an operation."""
        body = example_body(operation.table, self.name_in(dialect.provider.key))
        path, streamed = self.path(dialect, operation), streaming(operation.table, body)
        suffix = next((suffix for suffix in PACKAGE if path.endswith(suffix)), "")
        return (
            Sample("curl", "shell", self.command("curl", path, body)),
            Sample("curl, streaming", "shell", self.command("curl --no-buffer", path, streamed)),
            Sample("Python", "python", self.head(path, suffix) + whole(suffix, body)),
            Sample("Python, streaming", "python", self.head(path, suffix) + pieces(suffix, streamed)),
        )

    def path(self, dialect: Dialect, operation: Operation) -> str:
        """The operation's first path with its arguments filled in."""
        name = quote(self.name_in(dialect.provider.key), safe="/@:")
        return ARGUMENT.sub(lambda found: ACCOUNT if found[1] == "account_id" else name, operation.paths[0])

    def command(self, program: str, path: str, body: JSON) -> str:
        """A command for a shell."""
        headers = ["-H 'content-type: application/json'"]
        if self.needs_key:
            headers.append(f'-H "authorization: Bearer ${KEY}"')
        data = f"-d {shlex.quote(json.dumps(body, indent=2, ensure_ascii=False))}"
        return " \\\n  ".join((f"{program} {shlex.quote(self.address + path)}", *headers, data))

    def head(self, path: str, suffix: str) -> str:
        """The beginning of a Python program: whom it asks, and as whom."""
        key, os = (f'os.environ["{KEY}"]', "import os\n") if self.needs_key else ('"none"', "")
        if suffix:
            base = json.dumps(self.address + path.removesuffix(suffix))
            return WITH_PACKAGE.format(os=os, base=base, key=key)
        bearer = f', "authorization": "Bearer " + {key}' if self.needs_key else ""
        return WITH_PYTHON.format(os=os, url=json.dumps(self.address + path), bearer=bearer)


def plain(path: str) -> str:
    """A route pattern as people and OpenAPI write it: `{model}` for `{model:path}`."""
    return path.replace(":path}", "}")


def whole(suffix: str, body: Mapping[str, JSON]) -> str:
    """The rest of a Python program that prints a whole answer."""
    if not suffix:
        return f"{asking(body)}print(json.load(urlopen(request)))"
    return f"answer = {calling(suffix, body)}\nprint({PACKAGE[suffix].answer})"


def pieces(suffix: str, body: Mapping[str, JSON]) -> str:
    """The rest of a Python program that prints a stream as it comes."""
    if not suffix:
        return f'{asking(body)}for line in urlopen(request):\n    print(line.decode(), end="", flush=True)'
    return f"for event in {calling(suffix, body)}:\n{PACKAGE[suffix].event}"


def asking(body: Mapping[str, JSON]) -> str:
    """The request of a program that uses what comes with Python."""
    rows = "".join(f"    {literal(name)}: {literal(value)},\n" for name, value in body.items())
    return f"body = {{\n{rows}}}\nrequest = Request(url, json.dumps(body).encode(), headers)\n"


def calling(suffix: str, body: Mapping[str, JSON]) -> str:
    """The call of a program that uses the openai package."""
    rows = "".join(f"    {name}={literal(value)},\n" for name, value in body.items())
    return f"client.{PACKAGE[suffix].method}(\n{rows})"


def streaming(table: Table, body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The body with `stream`, wherever the table has it."""
    if any(row.name == "stream" for row in table):
        return {**body, "stream": True}
    nested = {row.name: row.kind.table for row in table if isinstance(row.kind, Nested)}
    return {name: streaming(nested[name], value) if name in nested else value for name, value in body.items()}


def literal(value: JSON) -> str:
    """The value as Python writes it, with double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
