"""Pages of elsewhere stay out unless the operator lets them in; then they can read everything, errors too."""

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from tampu.errors import BadSetting, Forbidden
from tampu.server.app import create_app
from tampu.server.origins import Origins
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import Live, live

APP = "http://localhost:3000"
CHAT = {"model": "cria", "messages": [{"role": "user", "content": "hi"}]}
ASKS = {
    "origin": APP,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-lang",
    "access-control-request-private-network": "true",
}


def origins(setting: str, key: str = "") -> Origins:
    return Origins.of(ServerSettings(allowed_origins=setting, api_key=Secret(key)))


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", APP, "https://localhost", "", "x://localhost:8267", "http://[::1"]
)
def test_pages_of_other_origins_are_refused_and_told_which_setting_lets_them_in(origin: str) -> None:
    with pytest.raises(Forbidden, match="--allowed-origins"):
        origins("").check(Headers({"host": "localhost:8267", "origin": origin}))


def test_an_origin_that_is_let_in_lets_in_no_other() -> None:
    allowed = origins(f"{APP}/, https://App.example")
    for name in (APP, "https://app.example"):
        assert allowed.check(Headers({"host": "localhost:8267", "origin": name})) == name
    for name in ("http://localhost:30000", "http://localhost", "https://localhost:3000", "null", f"{APP}, {APP}"):
        with pytest.raises(Forbidden):
            allowed.check(Headers({"host": "localhost:8267", "origin": name}))


def test_two_origins_are_none() -> None:
    headers = Headers(raw=[(b"host", b"localhost"), (b"origin", APP.encode()), (b"origin", b"http://evil.example")])
    with pytest.raises(Forbidden):
        origins(APP).check(headers)


@pytest.mark.parametrize("headers", [{}, {"origin": "http://localhost:8267"}, {"origin": "http://LOCALHOST:8267"}])
def test_programs_and_our_own_pages_need_no_setting(headers: dict[str, str]) -> None:
    assert origins("").check(Headers({"host": "localhost:8267", **headers})) == ""


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("vscode-webview://*", "vscode-webview://0f3a-77"),
        ("http://localhost:*", "http://localhost:5173"),
        ("http://localhost:*", "http://localhost"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("file://", "file://"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_star_stands_for_any_port_and_for_the_host_of_what_is_no_web_page(pattern: str, origin: str) -> None:
    headers = Headers({"host": "localhost:8267", "origin": origin})
    assert origins(pattern).check(headers) == origin
    with pytest.raises(Forbidden):
        origins(pattern).check(Headers({"host": "localhost:8267", "origin": "http://localhost.evil.example:5173"}))


@pytest.mark.parametrize(
    "setting", ["http://*", "https://*:443", "localhost:3000", "http://a.example/app", "http://a b"]
)
def test_what_is_no_origin_or_too_wide_is_a_bad_setting(setting: str) -> None:
    with pytest.raises(BadSetting, match="allowed_origins takes origins such as"):
        origins(setting)


@pytest.mark.parametrize("setting", ["*", "null", f"{APP}, *"])
def test_all_pages_of_the_world_are_let_in_only_where_there_is_a_key(setting: str) -> None:
    with pytest.raises(BadSetting, match="every page that you visit"):
        origins(setting)
    for origin in ("https://any.example", "null") if "*" in setting else ("null",):
        assert origins(setting, "llama-key").check(Headers({"host": "localhost", "origin": origin})) == origin


def test_every_route_answers_the_preflight_of_an_allowed_page_without_a_key() -> None:
    settings = ServerSettings(allowed_origins=APP, api_key=Secret("llama-key"))
    app = create_app(FakeUpstream(), settings)
    paths = sorted(route.path.replace("{model:path}", "cria") for route in app.routes if isinstance(route, APIRoute))
    with live(FakeUpstream(), settings) as server, httpx2.Client(base_url=server.url) as client:
        answers = [client.options(path.replace("{", "").replace("}", ""), headers=ASKS) for path in paths]
        stranger = client.options("/v1/models", headers={**ASKS, "origin": "http://evil.example"})
    assert len(paths) > 30 and {answer.status_code for answer in answers} == {204}
    head = answers[0].headers
    assert head["access-control-allow-origin"] == APP
    assert head["access-control-allow-headers"] == ASKS["access-control-request-headers"]
    assert "POST" in head["access-control-allow-methods"] and "DELETE" in head["access-control-allow-methods"]
    assert head["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in head
    assert stranger.status_code == 403 and "access-control-allow-origin" not in stranger.headers
    assert "--allowed-origins http://evil.example" in stranger.json()["error"]["message"]


def test_a_preflight_that_asks_for_no_private_network_is_told_nothing_of_it() -> None:
    asks = {name: value for name, value in ASKS.items() if not name.endswith("network")}
    with live(FakeUpstream(), ServerSettings(allowed_origins=APP)) as server:
        answer = httpx2.options(f"{server.url}/v1/models", headers=asks)
    assert answer.status_code == 204 and "access-control-allow-private-network" not in answer.headers


def answers_of(server: Live) -> list[httpx2.Response]:
    """A whole answer, a stream, a reading, and errors of three layers."""
    chats = f"{server.url}/v1/chat/completions"
    with httpx2.Client(headers={"origin": APP}) as client:
        return [
            client.post(chats, json=CHAT),
            client.post(chats, json={**CHAT, "stream": True}),
            client.get(f"{server.url}/v1/models"),
            client.post(chats, json={**CHAT, "n": 99}),
            client.get(f"{server.url}/nowhere"),
            client.put(chats),
        ]


def test_streams_and_errors_can_be_read_by_an_allowed_page_and_by_no_cache_for_another() -> None:
    with live(FakeUpstream(), ServerSettings(allowed_origins=APP)) as server:
        answers = answers_of(server)
        alone = httpx2.get(f"{server.url}/v1/models")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 404, 405]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["access-control-expose-headers"] == "*"  # x-request-id, x-tampu-seed, retry-after, ...
        assert answer.headers["vary"] == "origin"
    assert alone.headers["vary"] == "origin" and "access-control-allow-origin" not in alone.headers


def test_an_allowed_page_needs_the_key_as_everybody_does() -> None:
    with live(FakeUpstream(), ServerSettings(allowed_origins="*", api_key=Secret("llama-key"))) as server:
        answer = httpx2.get(f"{server.url}/v1/models", headers={"origin": "https://any.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://any.example")


def test_a_name_that_was_rebound_to_this_machine_is_refused_even_as_its_own_page() -> None:
    with live(FakeUpstream(), ServerSettings(allowed_origins=APP)) as server:
        answer = httpx2.get(
            f"{server.url}/v1/models", headers={"host": "evil.example", "origin": "http://evil.example"}
        )
    assert answer.status_code == 400 and "--allowed-hosts" in answer.json()["error"]["message"]
