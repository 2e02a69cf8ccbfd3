"""The API described by the tables that run it: OpenAPI for programs, one page without scripts for people."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any

from tampu import __version__
from tampu.dialects.base import Dialect, Operation, Reading
from tampu.dialects.fields import Field, Table, table_schema
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai import ACCOUNT as ACCOUNT_PATH
from tampu.dialects.workers_ai_finetunes import FIELDS as FINETUNE_FIELDS

ARGUMENT = re.compile(r"\{(\w+)(?::path)?\}")  # of a route pattern
OBJECT: JSON = {"type": "object"}
OBJECT_OR_LIST: JSON = {"type": ["object", "array"]}
EVENT: JSON = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}  # one of the stream
GENERATION_ERRORS = (400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503)
READING_ERRORS = (400, 401, 403, 404, 405, 413, 422, 429, 503)
SUMMARY = "A Llama service. The dialect is OpenAI's; point a client's base URL at /v1."


def describe(dialects: Sequence[Dialect], with_key: bool) -> dict[str, JSON]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, JSON] = {}
    for dialect in dialects:
        for operation in dialect.operations:
            paths |= {plain(path): {"post": _generation(dialect, operation, path)} for path in operation.paths}
        for reading in dialect.readings:
            paths |= {plain(path): {reading.method.lower(): _reading(dialect, reading, path)} for path in reading.paths}
    paths |= _adapters(dialects[0])
    paths |= _finetunes(next(dialect for dialect in dialects if dialect.name == "workers_ai"))
    paths |= {path: {"get": _health()} for path in ("/readyz", "/health", "/healthz")}
    paths |= {path: {"get": _plain(f"get{path.replace('/', '_')}")} for path in ("/livez", "/version", "/")}
    metrics = {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
    paths["/metrics"] = {
        "get": {"operationId": "metrics", "responses": {"200": metrics, **_errors(dialects[0], (401,))}}
    }
    key = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "tampu", "version": __version__, "description": SUMMARY},
        "paths": paths,
        **({"components": {"securitySchemes": {"key": key}}, "security": [{"key": []}]} if with_key else {}),
    }


def _generation(dialect: Dialect, operation: Operation, path: str) -> JSON:
    content = {
        "application/json": {"schema": operation.answer_schema},
        "text/event-stream": {"schema": EVENT},
    }
    return {
        "operationId": operation_id(dialect.name, operation.name, operation.paths, path),
        "parameters": _path_parameters(path),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": table_schema(operation.table)}},
        },
        "responses": {
            "200": {"description": "The answer, whole or as server-sent events", "content": content},
            **_errors(dialect, GENERATION_ERRORS),
        },
    }


def _reading(dialect: Dialect, reading: Reading, path: str) -> JSON:
    body = {"requestBody": {"content": {"application/json": {"schema": OBJECT}}}} if reading.method == "POST" else {}
    return {
        "operationId": operation_id(dialect.name, reading.name, reading.paths, path),
        "parameters": _path_parameters(path) + _query_parameters(reading.query),
        **body,
        "responses": {**_json("200", "What there is to show", OBJECT_OR_LIST), **_errors(dialect, READING_ERRORS)},
    }


def _path_parameters(path: str) -> list[JSON]:
    schema = {"type": "string", "minLength": 1}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in ARGUMENT.findall(path)]


def _query_parameters(query: Table) -> list[JSON]:
    return [
        {"name": row.name, "in": "query", "required": row.required, "schema": row.kind.schema(), "description": row.doc}
        for row in query
    ]


def plain(path: str) -> str:
    """A route pattern as OpenAPI writes it: `{model}` for `{model:path}`."""
    return path.replace(":path}", "}")


def operation_id(dialect: str, name: str, paths: Sequence[str], path: str) -> str:
    """A name that no other route has: one that is served at several paths is counted from the second one."""
    index = paths.index(path)
    return f"{dialect}_{name}" + (f"_{index + 1}" if index else "")


def _adapters(dialect: Dialect) -> dict[str, JSON]:
    name = {"name": "adapter", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    read = {**_json("200", "LoRA adapters of the served model", OBJECT), **_errors(dialect, READING_ERRORS)}
    added = {**_json("200", "The adapter, checked and stored", OBJECT), **_errors(dialect, GENERATION_ERRORS)}
    text, file = {"type": "string"}, {"type": "string", "format": "binary"}
    parts = {"name": text, "config": file, "weights": file}
    form = {"type": "object", "required": list(parts), "properties": parts}
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return {
        "/v1/adapters": {
            "get": {"operationId": "adapters", "responses": read},
            "post": {"operationId": "add_adapter", "requestBody": body, "responses": added},
        },
        "/v1/adapters/{adapter}": {
            "get": {"operationId": "adapter", "parameters": [name], "responses": read},
            "delete": {"operationId": "remove_adapter", "parameters": [name], "responses": read},
        },
    }


def _finetunes(dialect: Dialect) -> dict[str, JSON]:
    path, text = f"{ACCOUNT_PATH}/finetunes", {"type": "string"}
    file = {"type": "string", "format": "binary"}
    read = {**_json("200", "Finetunes: LoRA adapters by name and id", OBJECT), **_errors(dialect, READING_ERRORS)}
    body = {"required": True, "content": {"application/json": {"schema": table_schema(FINETUNE_FIELDS)}}}
    form = {"type": "object", "required": ["file_name", "file"], "properties": {"file_name": text, "file": file}}
    asset = {"required": True, "content": {"multipart/form-data": {"schema": form}}}

    def route(name: str, at: str, **more: JSON) -> JSON:
        return {"operationId": name, "parameters": _path_parameters(at), "responses": read, **more}

    one, assets = f"{path}/{{finetune}}", f"{path}/{{finetune}}/finetune-assets"
    return {
        path: {"get": route("finetunes", path), "post": route("add_finetune", path, requestBody=body)},
        f"{path}/public": {"get": route("public_finetunes", path)},
        one: {"get": route("finetune", one), "delete": route("remove_finetune", one)},
        assets: {"post": route("add_finetune_asset", assets, requestBody=asset)},
    }


def _health() -> JSON:
    ready = _json("200", "A request would be answered", OBJECT)
    return {"security": [], "responses": {**ready, **_json("503", "Not now; how far it is", OBJECT)}}


def _plain(name: str) -> JSON:
    return {"operationId": name, "security": [], "responses": _json("200", "A small object", OBJECT)}


def _errors(dialect: Dialect, statuses: Iterable[int]) -> dict[str, JSON]:
    return {
        code: response
        for status in statuses
        for code, response in _json(str(status), HTTPStatus(status).phrase, dialect.error_schema).items()
    }


def _json(status: str, description: str, schema: Mapping[str, JSON]) -> dict[str, JSON]:
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
body>div{overflow-x:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}
pre{background:#f4f1ec;padding:1rem;overflow:auto}code{font:14px ui-monospace,monospace}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1a18}pre{background:#2a2825}td,th{border-color:#444}}
"""
VIEWPORT = '<meta name="viewport" content="width=device-width">'
SAMPLE = """curl {address}{path} {headers} -d '
{body}'"""
ACCOUNT = "me"  # in paths that name one: here everybody may call theirs as they like
# What a sample gives for the fields that an operation needs.
EXAMPLES: dict[str, JSON] = {
    "messages": [{"role": "user", "content": "hello"}],
    "prompt": "Once upon a time",
    "input": "Once upon a time",
    "data": {"messages": [{"role": "user", "content": "hello"}]},
}


@dataclass(frozen=True, slots=True)
class Reader:
    """What the examples on the page are to work with: the server as its reader sees it, and a model that it serves."""

    address: str = "http://127.0.0.1:8267"
    model: str = "cria"
    needs_key: bool = False

    def sample(self, operation: Operation) -> str:
        """A command for a shell."""
        headers = "-H 'content-type: application/json'"
        if self.needs_key:
            headers += ' -H "authorization: Bearer $TAMPU_API_KEY"'
        examples = {**EXAMPLES, "model": self.model}
        needed = [row.name for row in operation.table if row.required]
        if not EXAMPLES.keys() & needed:  # any of them will do
            needed.append("messages")
        body = json.dumps({name: examples[name] for name in needed})
        path = plain(operation.paths[0]).replace("{account_id}", ACCOUNT).replace("{model}", self.model)
        return SAMPLE.format(address=self.address, path=path, headers=headers, body=body)


def page(dialects: Sequence[Dialect], reader: Reader) -> tuple[str, str]:
    """The HTML page with every field of every operation, and the content security policy it needs."""
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'"
    sections = "".join(_section(dialect, operation, reader) for dialect in dialects for operation in dialect.operations)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>tampu</title>{VIEWPORT}<style>{STYLE}</style>'
    intro = f'<h1>tampu {__version__}</h1><p>{SUMMARY} For programs: <a href="/openapi.json">/openapi.json</a>.</p>'
    return f"{head}{intro}{sections}</html>", policy


def _section(dialect: Dialect, operation: Operation, reader: Reader) -> str:
    rows = "".join(f"<tr>{cells}</tr>" for cells in _rows(operation.table))
    head = "<tr><th>field</th><th>takes</th><th>what it does</th></tr>"
    title, sample = f"POST {plain(operation.paths[0])} ({dialect.name})", reader.sample(operation)
    return f"<h2>{escape(title)}</h2><pre>{escape(sample)}</pre><div><table>{head}{rows}</table></div>"


def _rows(table: Iterable[Field]) -> Iterator[str]:
    for field in table:
        name = f"<code>{field.name}</code>{' (required)' if field.required else ''}"
        default = "" if field.default is None else f" By default {field.default}."
        yield f"<td>{name}</td><td>{escape(takes(field))}</td><td>{escape(field.doc + default)}</td>"


def takes(field: Field) -> str:
    """The kind of a field in words, with its bounds."""
    bounds: Any = getattr(field.kind, "bounds", None)
    if not bounds:
        return field.kind.noun
    low, high = _shown(bounds.low), _shown(bounds.high)
    return f"{field.kind.noun}, above {low} up to {high}" if bounds.above else f"{field.kind.noun}, {low} to {high}"


def _shown(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else str(number)
