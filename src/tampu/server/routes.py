"""The routes. Each is one small function over the service; generating ones come from the dialects' tables."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tampu import __version__
from tampu.dialects.base import Dialect, Operation, Question, Reading, dumps
from tampu.dialects.kinds import Text
from tampu.errors import InvalidRequest, MethodNotAllowed, RouteNotFound, ServiceError, Unauthorized
from tampu.server.body import is_form, parse_form
from tampu.server.documents import describe
from tampu.server.home_page import home_page
from tampu.server.html import error_page, prefers_html
from tampu.server.operation_pages import docs_page
from tampu.server.recorder import Asked, Recorder, client_of
from tampu.server.records import record_of
from tampu.server.service import Service
from tampu.server.signposts import signpost
from tampu.server.streaming import EventStream, WholeAnswer
from tampu.strict_json import parse_json

Endpoint = Callable[[Request], Awaitable[Response]]
Dress = Callable[[Endpoint], Endpoint]
AddRoute = Callable[[str, Endpoint, list[str]], None]  # path, endpoint, methods
READ = ["GET", "HEAD"]
KEY_HINT = "A browser sends no key by itself: with --public-models the server shows its models to everybody."
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Deferring(Protocol):
    """Takes bodies that are not to be answered at once."""

    def max_body(self, query: Mapping[str, str]) -> int:
        """Bytes that a body may have."""

    async def answer(self, request: Request, body: Any) -> Response | None:
        """What is answered at once instead; None to a body that is not for later. Raises ServiceError."""


class NothingDeferred:
    """Answers everything at once."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    def max_body(self, query: Mapping[str, str]) -> int:  # noqa: ARG002 - as the protocol has it
        """As the settings say."""
        return self._max_body

    async def answer(self, request: Request, body: Any) -> Response | None:  # noqa: ARG002
        """Nothing."""
        return None


def generating(service: Service, dialect: Dialect, operation: Operation, later: Deferring) -> Endpoint:
    """The endpoint of one of a dialect's operations."""

    async def generate(request: Request) -> Response:
        record = record_of(request.scope)
        record.operation = operation.name
        service.lifecycle.admit()
        service.card()
        cap = later.max_body(request.query_params)
        async with service.bodies.reading(request, cap, form=operation.takes_forms) as sent:
            body = await sent.work(partial(read_values, sent.data, request.headers, operation))
            if (response := await later.answer(request, body)) is not None:
                return response
            context = service.context(request, record)
            call = await sent.work(partial(operation.parse, request.path_params, body, context))
        call, model = service.with_adapter(call)
        record.model, record.served_by = call.model, model.ids[0]
        facts = service.replay_facts(request.path_params, request.query_params)
        asked = Asked(dialect.name, operation.name, client_of(request.headers, body), facts)
        remember = partial(service.memory.keep, record.tenant)
        recorder = Recorder(call, model, asked, record, service.store.add, service.settings.log_text, remember)
        if call.stream:
            return EventStream(recorder, service.upstream, service.lifecycle, service.settings.keep_alive)
        return WholeAnswer(recorder, service.upstream, service.lifecycle)

    return generate


def read_values(data: bytes, headers: Headers, operation: Operation) -> Any:
    """The body's fields, which may come as JSON, and for some operations as a form."""
    if not is_form(headers):
        return parse_json(data)
    return parse_form(data, headers, {row.name for row in operation.table if isinstance(row.kind, Text)})


def add_generating(add: AddRoute, service: Service, deferring: Mapping[str, Deferring]) -> None:
    """The routes of every operation of every dialect; `deferring` has, by path, those that take work for later."""
    at_once = NothingDeferred(service.settings.max_body)
    for dialect in service.dialects:
        for operation in dialect.operations:
            for path in operation.paths:
                add(path, generating(service, dialect, operation, deferring.get(path, at_once)), ["POST"])


def reading(service: Service, shown: Reading) -> Endpoint:
    """The endpoint of one of a dialect's readings."""

    async def read(request: Request) -> Response:
        body = None
        if shown.method == "POST":
            async with service.bodies.reading(request, service.settings.max_body) as sent:
                body = await sent.work(partial(parse_json, sent.data))
        record = record_of(request.scope)
        question = Question(request.path_params, dict(request.query_params), int(time.time()), record.tenant, body)
        view = await service.view(shown.asks(question), record.tenant)
        return as_json(shown.render(question, view), shown.headers(record.id))

    return read


def as_it_is(endpoint: Endpoint) -> Endpoint:
    """The endpoint."""
    return endpoint


def add_readings(add: AddRoute, service: Service, dress: Mapping[str, Dress]) -> None:
    """The routes of every reading of every dialect; some paths have something else for browsers."""
    for dialect in service.dialects:
        for shown in dialect.readings:
            for path in shown.paths:
                endpoint = dress.get(path, as_it_is)(reading(service, shown))
                add(path, endpoint, READ if shown.method == "GET" else [shown.method])


def add_metrics(add: AddRoute, service: Service) -> None:
    """/metrics, for Prometheus."""

    async def metrics(request: Request) -> Response:  # noqa: ARG001 - a route's signature
        return Response(service.metrics.render(), headers={"content-type": PROMETHEUS})

    add("/metrics", metrics, READ)


def health(service: Service) -> tuple[int, dict[str, Any]]:
    """200 when a request would be answered, else 503; and what the engine is doing."""
    status = service.upstream.status
    if service.lifecycle.draining:
        return 503, {"status": "draining", "open": service.lifecycle.num_open}
    ready = status.phase == "ready" and status.healthy
    word = "ok" if ready else status.phase if status.healthy else "stuck"
    phase = status.detail or status.phase
    return 200 if ready else 503, {"status": word, "phase": phase, "progress": round(status.progress, 4)}


def add_public(add: AddRoute, service: Service) -> None:
    """The routes that need no key."""
    schema = dumps(describe(service.dialects, service.needs_key()))

    async def ready(request: Request) -> Response:  # noqa: ARG001 - a route's signature
        status, body = health(service)
        return JSONResponse(body, status)

    async def alive(request: Request) -> Response:  # noqa: ARG001
        return JSONResponse({"status": "alive"})

    async def version(request: Request) -> Response:  # noqa: ARG001
        return JSONResponse({"name": "tampu", "version": __version__, "api": "/v1", "docs": "/docs"})

    async def openapi(request: Request) -> Response:  # noqa: ARG001
        return Response(schema, media_type="application/json")

    async def docs(request: Request) -> Response:
        model = service.entry() if service.is_loaded() else None
        return await asyncio.to_thread(docs_page, service.dialects, service.reader(request, model))

    async def home(request: Request) -> Response:
        if not prefers_html(request.headers.get("accept", "")):
            response: Response = await version(request)
        else:
            model = service.entry() if service.is_loaded() else None
            reader = service.reader(request, model)
            response = await asyncio.to_thread(home_page, service.dialects, reader, service.upstream.status, model)
        response.headers["vary"] = "accept"
        return response

    routes: dict[Endpoint, tuple[str, ...]] = {
        home: ("/",),
        ready: ("/readyz", "/health", "/healthz"),
        alive: ("/livez",),
        version: ("/version",),
        openapi: ("/openapi.json",),
        docs: ("/docs",),
    }
    for endpoint, paths in routes.items():
        for path in paths:
            add(path, endpoint, READ)


def as_json(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(dumps(value), headers=headers, media_type="application/json")


def add_error_handlers(app: FastAPI, service: Service) -> None:
    """Our errors, and those of the framework turned into ours, all worded by the dialect."""

    async def refuse(request: Request, error: Exception) -> Response:
        ours, headers = translate(error, request)
        response = service.render_error(ours, record_of(request.scope))
        response.headers.update(headers)
        return page_for_people(ours, response) if wants_page(request) else response

    for kind in (ServiceError, HTTPException):
        app.add_exception_handler(kind, refuse)


def wants_page(request: Request) -> bool:
    """Whether somebody reads the answer in a browser."""
    return request.method == "GET" and prefers_html(request.headers.get("accept", ""))


def page_for_people(error: ServiceError, refusal: Response) -> Response:
    """An error as a page, with the status and the headers of what a program gets."""
    hint = (KEY_HINT,) if isinstance(error, Unauthorized) else ()
    page = error_page("This cannot be shown", error.message, *hint)
    page.status_code = refusal.status_code
    for name, value in refusal.headers.items():
        page.headers.setdefault(name, value)
    page.headers["vary"] = "accept"
    return page


def translate(error: Exception, request: Request) -> tuple[ServiceError, dict[str, str]]:
    """One of our errors, and the headers it must carry."""
    if isinstance(error, ServiceError):
        return error, {}
    assert isinstance(error, HTTPException), error
    headers = dict(error.headers or {})
    method, path = request.method, request.url.path[:200]
    if error.status_code == 405:
        allowed = headers.get("Allow", "another method")
        return MethodNotAllowed(f"{method} is not allowed at {path}; use {allowed}.", method=method), headers
    if error.status_code == 404:
        return lost(path, request), headers
    return InvalidRequest(str(error.detail)), headers


def lost(path: str, request: Request) -> RouteNotFound:
    """The error of a path that is not here, with where to go instead."""
    patterns = (route.path for route in request.app.routes if hasattr(route, "path"))
    post = signpost(path, f"{request.url.scheme}://{request.headers['host']}", patterns)
    return RouteNotFound(post.words, path=path, near=post.near)
