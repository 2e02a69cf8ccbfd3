"""The tables in docs/ that follow from code: `scripts/docs` writes them, `test_docs.py` compares them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from typer.testing import CliRunner

from tampu.cli.commands import COMMANDS
from tampu.cli.main import app
from tampu.dialects.base import Dialect, Policy
from tampu.dialects.dataoorts import Dataoorts
from tampu.dialects.deepinfra import build_deepinfra
from tampu.dialects.fields import Table
from tampu.dialects.openai import OpenAI
from tampu.dialects.openrouter import OpenRouter
from tampu.dialects.openrouter_models import QUERY
from tampu.dialects.parameters import parameters
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai_errors import NUMBERS
from tampu.dialects.workers_ai_fields import FIELDS
from tampu.request import Range, SamplingParams
from tampu.settings import EngineSettings, Secret, ServerSettings, environment_name

DOCS = Path(__file__).parent.parent / "docs"


def sampling_table() -> Iterator[str]:
    """One line per sampling parameter: name, default, range, what it does."""
    yield "| parameter | default | range | what it does |"
    yield "|---|---|---|---|"
    for item in fields(SamplingParams):
        bounds: Range | None = item.metadata.get("range")
        span = _span(bounds.low, bounds.high) if bounds else ""
        yield f"| `{item.name}` | {_default(item)} | {span} | {item.metadata['doc']} |"


def settings_table(kind: type[Any]) -> Iterator[str]:
    """One line per setting: flag, environment variable, default, range or choices, what it does."""
    types = get_type_hints(kind)
    yield "| flag | environment | default | range | what it does |"
    yield "|---|---|---|---|---|"
    for item in fields(kind):
        low, high = item.metadata["low"], item.metadata["high"]
        span = _span(low, high) if low is not None else ""
        if get_origin(types[item.name]) is not None:
            span = ", ".join(get_args(types[item.name]))
        flag = "--" + item.name.replace("_", "-")
        yield f"| `{flag}` | `{environment_name(item.name)}` | {_default(item)} | {span} | {item.metadata['doc']} |"


def commands() -> Iterator[str]:
    """A section per command, as the program itself explains it."""
    for heading, group in COMMANDS.items():
        yield f"## {heading}\n"
        for name, summary in group.items():
            yield f"### tampu {name}\n\n{summary}\n\n```text\n{_help_of(name)}```\n"


def fields_table(table: Table) -> Iterator[str]:
    """One line per field of a body and of objects in it: name, what it takes, default, what it does."""
    yield "| field | takes | default | what it does |"
    yield "|---|---|---|---|"
    yield from _field_rows(table)


def _field_rows(table: Table) -> Iterator[str]:
    for row in parameters(table):
        default = "" if row.default is None else f"`{row.default}`"
        needed = ", required" if row.required else ""
        yield f"| `{row.name}` | {row.takes}{needed} | {default} | {row.doc} |"


def ranges_table() -> Iterator[str]:
    """One line per sampling parameter that a dialect narrows: what each provider takes, and its default."""
    dialects = {operation_of.provider: operation_of for operation_of in reversed(build_dialects(Policy()))}
    shown = {provider.title: _by_last_name(dialects[provider].operations[0].table) for provider in reversed(dialects)}
    yield f"| parameter | {' | '.join(shown)} |"
    yield "|---" * (len(shown) + 1) + "|"
    for item in fields(SamplingParams):
        if item.metadata.get("range") and item.name not in ("logprobs", "prompt_logprobs"):
            cells = (rows.get(item.name, "") for rows in shown.values())
            yield f"| `{item.name}` | {' | '.join(cells)} |"


def _by_last_name(table: Table) -> dict[str, str]:
    """The bounds of a field, by the last part of its name: `temperature` for `data.temperature`."""
    cells = {}
    for row in parameters(table):
        default = "" if row.default is None else f", else {row.default:,}"
        bounds = row.takes.partition(", ")[2]
        cells[row.name.rpartition(".")[2]] = f"{bounds}{default}" if bounds else "no effect"
    return cells


def operation_tables(dialect: Dialect) -> dict[str, Iterable[str]]:
    """The fields of each operation of a dialect, by its name."""
    return {operation.name: fields_table(operation.table) for operation in dialect.operations}


def numbers_table() -> Iterator[str]:
    """One line per number of Workers AI: number, status, text."""
    yield "| number | status | text |"
    yield "|---|---|---|"
    rows = {(number, status, text) for status, number, text in NUMBERS.values()}
    for number, status, text in sorted(rows):
        shown = re.sub(r"{(?:error[.])?(\w+)}", r"*\1*", text)
        yield f"| {number} | {status} | {shown} |"


def deepinfra_tables() -> dict[str, Iterable[str]]:
    """The fields of DeepInfra's operations; of completions, those that chats do not have."""
    (chat, text), (inference,) = (dialect.operations for dialect in build_deepinfra(Policy()))
    return {
        "chat": fields_table(chat.table),
        "completions": fields_table(tuple(field for field in text.table if field not in chat.table)),
        "inference": fields_table(inference.table),
    }


def openrouter_tables() -> dict[str, Iterable[str]]:
    """The fields of OpenRouter's operations, of its `provider` object, and of its query for models."""
    chat, text = (operation.table for operation in OpenRouter.build(Policy()).operations)
    return {
        "chat": fields_table(tuple(field for field in chat if field.name != "provider")),
        "completions": fields_table(tuple(field for field in text if field not in chat)),
        "provider": fields_table(tuple(field for field in chat if field.name == "provider")),
        "query": fields_table(QUERY),
    }


def _help_of(*command: str) -> str:
    plain = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
    return CliRunner().invoke(app, [*command, "--help"], env=plain, prog_name="tampu").stdout


def _span(low: float, high: float) -> str:
    return f"{low:,} to {high:,}"


def _default(item: Any) -> str:
    if item.default is MISSING or item.default is None or item.default == ():
        return ""
    return "" if isinstance(item.default, Secret) or item.default == "" else f"`{item.default}`"


PARAMETERS = """# Sampling parameters

What a token is picked by. They run in this order: logit bias, penalties, temperature, min_p, top_a, top_k, top_p, draw.
What a request leaves open is as the model's makers recommend in `generation_config.json` (temperature and top_p),
else the default here. Generated from `SamplingParams`.

{sampling}

## What each dialect takes of them

In its first operation; `else` is what holds where a body says nothing and the dialect has a default of its own. All
fields of all operations:
[OpenAI](openai.md), [DeepInfra](deepinfra.md), [OpenRouter](openrouter.md), [Cloudflare Workers AI](workers-ai.md),
[Dataoorts](dataoorts.md); and on any server `/docs`, `/openapi.json` and the page of each [model](models.md).

{ranges}
"""
SETTINGS = """# Settings

Each is a flag and an environment variable; the flag wins. Whole numbers take units (`32k` is 32,000, `32K` is 32,768),
switches are on or off. 0 means that tampu chooses, where the text says so.
`TAMPU_HOME` moves configuration, data, state and cache together; `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE` and `NO_COLOR`
are honoured.

## Engine

{engine}

## Server

{server}

### How a server ends

SIGTERM, Ctrl-C and a terminal that closes do the same: nothing new is taken, and answers under way get `--drain`
seconds. The second of these signals ends them at once. The server says `stopped`, and all its processes are gone.
The exit code is 130 after Ctrl-C, and 0 otherwise. A server started with `nohup` outlives its terminal.

With `--port 0` the first line says which port was taken. With `--log-format json` the lines of the start are objects
with `url` and `port`, and the one that says "is ready" has `model`, too.
"""

COMMAND_PAGE = """# Commands

What `tampu --help` and `tampu COMMAND --help` print. Without a command `tampu` serves in the background and chats.

```text
{program}```

{commands}"""


def filled(path: Path, tables: Mapping[str, Iterable[str]]) -> str:
    """The page with each table between its marks."""
    text = path.read_text()
    for name, lines in tables.items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(begin)
        text = before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]
    return text


def pages() -> dict[Path, str]:
    """Path to whole text of every generated page."""
    return {
        DOCS / "commands.md": COMMAND_PAGE.format(program=_help_of(), commands="\n".join(commands())),
        DOCS / "parameters.md": PARAMETERS.format(
            sampling="\n".join(sampling_table()), ranges="\n".join(ranges_table())
        ),
        DOCS / "openai.md": filled(DOCS / "openai.md", operation_tables(OpenAI.build(Policy()))),
        DOCS / "workers-ai.md": filled(
            DOCS / "workers-ai.md", {"fields": fields_table(FIELDS), "errors": numbers_table()}
        ),
        DOCS / "dataoorts.md": filled(DOCS / "dataoorts.md", operation_tables(Dataoorts.build(Policy()))),
        DOCS / "deepinfra.md": filled(DOCS / "deepinfra.md", deepinfra_tables()),
        DOCS / "openrouter.md": filled(DOCS / "openrouter.md", openrouter_tables()),
        DOCS / "settings.md": SETTINGS.format(
            engine="\n".join(settings_table(EngineSettings)), server="\n".join(settings_table(ServerSettings))
        ),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
