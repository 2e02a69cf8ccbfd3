"""The outermost layer: each request gets an id, a record and a clean path; who may not ask is turned away."""

import ipaddress
import logging
import re
import time
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tampu.errors import EngineFailure, InvalidRequest, ServiceError, UnknownHost
from tampu.server.body import ClientGone, Incoming
from tampu.server.origins import Origins, is_preflight, preflight
from tampu.server.records import RequestRecord, new_request_id

# Names that nobody can register: this machine's for itself, and for the containers on it.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "host.docker.internal", "host.containers.internal")
HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")
# A proxy may look at the first of two, and a server at the second.
SINGLE_HEADERS = ("authorization", "cf-aig-authorization", "x-auth-key", "content-type", "content-encoding", "origin")
SLASHES = re.compile(r"/{2,}")
logger = logging.getLogger("tampu.server")
access_logger = logging.getLogger("tampu.access")

RenderError = Callable[[ServiceError, RequestRecord], Response]


class Edge:
    """Pure ASGI middleware around everything else."""

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: Iterable[str],
        origins: Origins,
        render_error: RenderError,
        observe: Callable[[RequestRecord], None],
    ) -> None:
        self._app = app
        self._allowed_hosts = frozenset(name.lower() for name in allowed_hosts)
        self._origins = origins
        self._render_error = render_error
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens, with an id and in the dialect's shape."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        record = RequestRecord(new_request_id(), scope["method"], clean_path(scope["path"]))
        scope = {**scope, "path": record.path, "state": {**scope.get("state", {}), "record": record}}
        try:
            incoming = Incoming(receive)
            await self._answer(scope, incoming, stamped(polite(send, incoming, scope), record, self._origins), record)
        finally:
            if record.finished_at is None:
                record.end()
            self._observe(record)
            # Probes come every second and say nothing unless somebody looks for them.
            level = logging.INFO if record.operation or record.error else logging.DEBUG
            extra = {"fields": record.fields(), "request": record, "kind": record.kind}
            access_logger.log(level, "request", extra=extra)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, record: RequestRecord) -> None:
        try:
            headers = Headers(scope=scope)
            check_single(headers)
            check_host(", ".join(headers.getlist("host")), self._allowed_hosts)
            record.origin = self._origins.check(headers)
            if is_preflight(record.method, headers, record.origin):
                await preflight(headers)(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        except ClientGone:
            record.break_off("abort")
        except Exception as error:
            if not isinstance(error, ServiceError):
                logger.exception("%s failed", record.id)
                error = EngineFailure("Something went wrong inside the server. The log has this request's id.")
            if record.status:
                raise
            await self._render_error(error, record)(scope, receive, send)


def stamped(send: Send, record: RequestRecord, origins: Origins) -> Send:
    """`send` that adds to the head the request's id, the time it took and who may read it, and notes the status."""

    async def send_stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
            record.headers_at = time.monotonic()
            headers = MutableHeaders(scope=message)
            headers.setdefault("x-request-id", record.id)
            headers["openai-processing-ms"] = str(round(1000 * (record.headers_at - record.started)))
            headers["x-content-type-options"] = "nosniff"
            origins.mark(headers, record.origin)
        await send(message)

    return send_stamped


def polite(send: Send, incoming: Incoming, scope: Scope) -> Send:
    """`send` that lets the client finish speaking before it is refused, unless the client waits to be asked."""
    waits = "expect" in Headers(scope=scope)

    async def send_politely(message: Message) -> None:
        if message.get("status", 0) >= 400 and not waits:
            await incoming.discard()
        await send(message)

    return send_politely


def clean_path(path: str) -> str:
    """The path with single slashes and without one at its end; "/" stays."""
    return SLASHES.sub("/", path).rstrip("/") or "/"


def check_single(headers: Headers) -> None:
    """Raise InvalidRequest for a header that two readers could read differently because it is there twice."""
    for name in SINGLE_HEADERS:
        if len(headers.getlist(name)) > 1:
            raise InvalidRequest(f"The header {name} is there twice. Send it once.")


def check_host(host: str, allowed: frozenset[str]) -> None:
    """Raise UnknownHost unless the Host header has an allowed name, or is an address, which no one can rebind."""
    match = HOST.fullmatch(host)
    name = match["name"].lower().rstrip(".") if match else ""
    if match is None or not (name in allowed or is_address(name)):
        shown = host[:80] if host.isprintable() else "?"
        raise UnknownHost(
            f"The Host {shown!r} is not this server's name. If it is, add it to --allowed-hosts or TAMPU_ALLOWED_HOSTS."
        )


def is_address(name: str) -> bool:
    """Whether it is an IPv4 address, or an IPv6 one in brackets."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
