"""Which web pages may use the server. None but its own do, unless the operator names their origins."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from tampu.errors import BadSetting, Forbidden
from tampu.settings import ServerSettings

# An origin as a browser writes it; in a setting the port may be *, and the host of what is no web page.
ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,40})://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}|\*)?"
    r"(?P<port>:(?:[0-9]{1,5}|\*))?"
)
WEB = ("http", "https")
# Every page of the world sends one of these if it likes.
ANYBODY = ("*", "null")
HEADER_NAMES = re.compile(r"[A-Za-z0-9_.,\- ]{1,1000}")
METHODS = "DELETE, GET, HEAD, PATCH, POST, PUT"
REMEMBER = "600"  # seconds for which a browser need not ask again


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose pages may use the server, each a pattern."""

    allowed: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: ServerSettings) -> "Origins":
        """Those in the settings. Raises BadSetting for what is no origin, and for all origins without a key."""
        items = (item.strip().lower() for item in settings.allowed_origins.split(","))
        allowed = tuple(item if item.endswith("://") else item.removesuffix("/") for item in items if item)
        for item in allowed:
            check_pattern(item)
        if not settings.api_key.reveal() and (open_to_all := [item for item in allowed if item in ANYBODY]):
            raise BadSetting(
                f"allowed_origins {open_to_all[0]!r} lets every page that you visit use this server. Name the origins "
                f"of your pages instead, such as http://localhost:3000, or ask for a key: set TAMPU_API_KEY."
            )
        return cls(allowed)

    def check(self, headers: Headers) -> str:
        """The origin to let in, "" where none is named or it is our own. Raises Forbidden with the setting to change.

        A page is our own when its address is the one it asked: that is a name which the Host check has let through.
        """
        origin, host = ", ".join(headers.getlist("origin")), headers.get("host", "").lower()
        if "origin" not in headers or origin.lower() in {f"{scheme}://{host}" for scheme in WEB}:
            return ""
        if not any(matches(pattern, origin.lower()) for pattern in self.allowed):
            raise Forbidden(refusal(origin))
        return origin

    def mark(self, headers: MutableHeaders, origin: str) -> None:
        """Let the page of this origin read an answer with these headers. Cookies are never asked for."""
        if self.allowed:
            headers.add_vary_header("origin")
        if origin:
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = "*"


def check_pattern(item: str) -> None:
    """Raise BadSetting unless it is an origin, or a pattern of origins that is not too wide."""
    match = ORIGIN.fullmatch(item)
    if item in ANYBODY or (match and (match["host"] != "*" or match["scheme"] not in WEB)):
        return
    raise BadSetting(
        f"allowed_origins takes origins such as http://localhost:3000, https://app.example, http://localhost:* or "
        f"vscode-webview://*, got {item[:80]!r}."
    )


def matches(pattern: str, origin: str) -> bool:
    """Whether an origin is the pattern, where a * of the pattern is any host or any port."""
    if pattern == "*":
        return True
    whole, found = ORIGIN.fullmatch(pattern), ORIGIN.fullmatch(origin)
    if whole is None or found is None:
        return pattern == origin
    return whole["scheme"] == found["scheme"] and all(
        f":{whole[part]}".endswith("*") or whole[part] == found[part] for part in ("host", "port")
    )


def refusal(origin: str) -> str:
    """What a page hears that may not ask, and the log says, too: there the beginning has to do."""
    if origin == "null":
        return (
            "Files and sandboxed frames have no origin to allow. Serve the page over HTTP, as `python -m http.server` "
            "does, and name its origin in --allowed-origins or TAMPU_ALLOWED_ORIGINS."
        )
    if not ORIGIN.fullmatch(origin.lower()):
        return "Pages of other origins need --allowed-origins or TAMPU_ALLOWED_ORIGINS to use this server."
    shown = origin[:80]
    return f"Pages of {shown} need --allowed-origins {shown} or TAMPU_ALLOWED_ORIGINS. Allow only pages that you trust."


def is_preflight(method: str, headers: Headers, origin: str) -> bool:
    """Whether a browser asks what the page of an allowed origin may send."""
    return method == "OPTIONS" and bool(origin) and "access-control-request-method" in headers


def preflight(headers: Headers) -> Response:
    """The answer to it: every method, and the headers that were asked for."""
    wanted = headers.get("access-control-request-headers", "")
    allow = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": wanted if HEADER_NAMES.fullmatch(wanted) else "authorization, content-type",
        "access-control-max-age": REMEMBER,
    }
    # Chrome asks on behalf of public pages that reach into a private network, such as loopback.
    if headers.get("access-control-request-private-network") == "true":
        allow["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=allow)
