"""The API described by the tables that run it, as OpenAPI."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from tampu import __version__
from tampu.dialects.base import Dialect, Operation, Reading, longest_prefix
from tampu.dialects.fields import Table, example_body, table_schema
from tampu.dialects.kinds import JSON
from tampu.dialects.workers_ai import ACCOUNT as ACCOUNT_PATH
from tampu.dialects.workers_ai_finetunes import FIELDS as FINETUNE_FIELDS
from tampu.server.samples import ARGUMENT, plain

OBJECT: JSON = {"type": "object"}
OBJECT_OR_LIST: JSON = {"type": ["object", "array"]}
EVENT: JSON = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}  # one of the stream
GENERATION_ERRORS = (400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503)
READING_ERRORS = (400, 401, 403, 404, 405, 413, 422, 429, 503)
MODEL = "cria"  # in examples
SUMMARY = "A Llama service that speaks the dialects of several providers: change a client's base URL, and it works."


def describe(dialects: Sequence[Dialect], with_key: bool) -> dict[str, JSON]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, JSON] = {}
    for dialect in dialects:
        for operation in dialect.operations:
            paths |= {plain(path): {"post": _generation(dialect, operation, path)} for path in operation.paths}
        for reading in dialect.readings:
            paths |= {plain(path): {reading.method.lower(): _reading(dialect, reading, path)} for path in reading.paths}
    paths |= _catalogue(dialects)
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
        "requestBody": {"required": True, "content": _bodies(operation)},
        "responses": {
            "200": {"description": "The answer, whole or as server-sent events", "content": content},
            **_errors(dialect, GENERATION_ERRORS),
        },
    }


def _bodies(operation: Operation) -> JSON:
    """A body as JSON with an example, and as a form where the operation takes one."""
    schema, example = table_schema(operation.table), example_body(operation.table, MODEL)
    form = {"multipart/form-data": {"schema": schema}} if operation.takes_forms else {}
    return {"application/json": {"schema": schema, "example": example}, **form}


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


def operation_id(dialect: str, name: str, paths: Sequence[str], path: str) -> str:
    """A name that no other route has: one that is served at several paths is counted from the second one."""
    index = paths.index(path)
    return f"{dialect}_{name}" + (f"_{index + 1}" if index else "")


def _catalogue(dialects: Sequence[Dialect]) -> dict[str, JSON]:
    one = "/models/{model}.json"
    errors, errors_of_one = (_errors(longest_prefix(dialects, path), READING_ERRORS) for path in ("/models", one))
    shown = {**_json("200", "Served models: names, prices, capabilities, speed", OBJECT), **errors}
    whole = {**_json("200", "A model, with fields, samples and errors of every operation", OBJECT), **errors_of_one}
    return {
        "/models": {"get": {"operationId": "catalogue", "responses": shown}},
        "/models.json": {"get": {"operationId": "catalogue_json", "responses": shown}},
        one: {"get": {"operationId": "catalogue_model", "parameters": _path_parameters(one), "responses": whole}},
    }


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
