"""Who may use a route. Attached to routes, never to a path string; a route without it stands in PUBLIC."""

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request

from tampu.errors import BadSetting, RouteNotFound, Unauthorized, reason
from tampu.server.records import record_of
from tampu.settings import Secret, ServerSettings, check_key

# Routes that answer without a key: they hold nothing of anybody's.
PUBLIC = frozenset({"/", "/livez", "/readyz", "/health", "/healthz", "/version", "/docs", "/openapi.json"})
# Routes that do so where the operator wants lists of models to be read by everybody.
MODEL_LISTS = frozenset(
    {
        *("/models", "/models.json", "/models/{model:path}.json"),
        *("/v1/models", "/v1/models/{model:path}", "/v1/openai/models", "/models/list", "/models/featured"),
        *("/openrouter/models", "/models/{model:path}", "/api/v1/models", "/api/v1/models/count"),
        *("/api/v1/model/{model:path}", "/api/v1/models/{model:path}/endpoints", "/api/v1/providers"),
    }
)
# Headers with `Bearer KEY`: everybody's, and that of a gateway of Cloudflare's.
BEARER = ("authorization", "cf-aig-authorization")
# Everybody's permission to read or write, and the group's to write: then a key is no secret. A group may read it, as
# service managers and containers set files up.
TOO_OPEN = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP
MOST = 8192  # bytes of a key's file that are read
REFUSAL = "No API key, or not a valid one. Send it in the header `Authorization: Bearer KEY`."


class Authenticator:
    """The dependency of every route that is not public. Without a configured key everybody may come in."""

    def __init__(self, key: Secret) -> None:
        self._digest = digest(key.reveal()) if key.reveal() else None

    async def __call__(self, request: Request) -> None:
        """Note the tenant. Raises Unauthorized with the same words whatever was wrong."""
        if self._digest is None:
            return
        # Both sides are hashes of whole keys: the comparison takes the same time whatever was sent.
        if not hmac.compare_digest(digest(given_key(request.headers)), self._digest):
            raise Unauthorized(REFUSAL)
        record_of(request.scope).tenant = self._digest.hex()[:16]


class OneAccount:
    """The dependency of every route that is not public: an account in its path is the configured one, if one is."""

    def __init__(self, account: str) -> None:
        self._account = account

    async def __call__(self, request: Request) -> None:
        """Raises RouteNotFound for another account."""
        if self._account and request.path_params.get("account_id", self._account) != self._account:
            path = request.url.path[:200]
            raise RouteNotFound(f"There is no {path} here: the account is another one.", path=path)


def with_key(settings: ServerSettings) -> ServerSettings:
    """The settings with the key from its file, where one is named. Raises BadSetting."""
    if not settings.api_key_file:
        return settings
    key = read_key(Path(settings.api_key_file).expanduser())
    if settings.api_key.reveal() not in ("", key.reveal()):
        raise BadSetting("api_key and api_key_file have two keys: give one of them.")
    return replace(settings, api_key=key)


def read_key(path: Path) -> Secret:
    """The one line of a file. Raises BadSetting for a file that others may read, and for what is no key."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MOST).decode("ascii", "replace")
    except OSError as error:
        raise BadSetting(f"api_key_file {path} cannot be read: {reason(error)}.") from None
    # Pipes have no modes that matter: `--api-key-file <(pass show tampu)`.
    if stat.S_ISREG(mode) and mode & TOO_OPEN:
        raise BadSetting(f"api_key_file {path} can be read or changed by others: chmod 600 {path}")
    key = Secret(text.strip("\r\n"))
    check_key(f"api_key_file {path}", key)
    return key


def given_key(headers: Mapping[str, str]) -> str:
    """The key that was sent, in the first of the headers that providers' clients put it in; "" for none."""
    for name in BEARER:
        if name in headers:
            scheme, _, given = headers[name].partition(" ")
            return given.strip() if scheme.lower() == "bearer" else ""
    return headers.get("x-auth-key", "").strip()


def digest(key: str) -> bytes:
    """SHA-256 of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
