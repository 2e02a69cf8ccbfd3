"""Who may knock, under which name, and what every answer carries."""

import httpx2
import pytest

from tampu.errors import InvalidRequest
from tampu.server.app import allowed_hosts
from tampu.server.edge import LOOPBACK_NAMES, check_host, clean_path
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import exchange, live

ALLOWED = frozenset({"localhost", "127.0.0.1", "[::1]", "llama.example"})


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "localhost.", "127.0.0.1:8267", "[::1]:8267", "10.1.2.3", "llama.example:443"]
)
def test_our_names_and_addresses_are_answered(host: str) -> None:
    check_host(host, ALLOWED)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8267", "localhost.evil.example", "x/health?y=", "localhost/x", "a b", "[::1",
     "localhost:port", "localhost:123456", "127.0.0.1.evil.example", "user@localhost", "löcalhost", "a" * 300],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    with pytest.raises(InvalidRequest, match="--allowed-hosts"):
        check_host(host, ALLOWED)


def test_settings_add_names() -> None:
    names = allowed_hosts(ServerSettings(host="0.0.0.0", allowed_hosts="a.example, b.example"))
    assert {"localhost", "a.example", "b.example"} <= set(names)


def test_a_container_reaches_the_server_of_its_machine() -> None:
    for name in ("host.docker.internal", "host.containers.internal"):
        check_host(f"{name}:8267", frozenset(LOOPBACK_NAMES))


@pytest.mark.parametrize(
    ("path", "clean"),
    [("/", "/"), ("//", "/"), ("//v1//models/", "/v1/models"), ("/v1/models", "/v1/models"), ("/a/b//", "/a/b")],
)
def test_slashes_are_collapsed(path: str, clean: str) -> None:
    assert clean_path(path) == clean


def test_every_answer_has_an_id_of_its_own_and_the_time_it_took() -> None:
    with live(FakeUpstream()) as server:
        answers = [httpx2.get(server.url + path) for path in ("/health", "/nowhere", "/v1/models")]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 3 and all(len(name) == 36 and name.startswith("req_") for name in ids)
    assert all(int(answer.headers["openai-processing-ms"]) >= 0 for answer in answers)
    assert answers[1].json()["error"]["metadata"]["request_id"] == ids[1]


@pytest.mark.parametrize(("path", "status"), [("/v1/completions", 413), ("/v1/nowhere", 404), ("/livez", 405)])
def test_a_client_that_speaks_at_length_hears_its_refusal(path: str, status: int) -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.post(server.url + path, content=b"a" * 8_000_000, headers={"connection": "close"})
    assert answer.status_code == status


def test_a_client_that_asks_before_it_speaks_hears_its_refusal_at_once() -> None:
    with live(FakeUpstream()) as server:
        head = (
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\nExpect: 100-continue\r\n"
        )
        answer, _ = exchange(server.port, head + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("//v1//models/", "Host: localhost", 200),
        ("/v1/models", "Host: evil.example", 400),
        ("/v1/models", "Host: x/health?y=", 400),
        ("/v1/models", "Host: localhost\r\nHost: evil.example", 400),
        ("/v1/models", "X-Nothing: 1", 400),
        ("/v1/models", "Host: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b", 400),
        ("/v1/models", "Host: localhost\r\nAuthorization: Bearer a\r\nauthorization: Bearer a", 400),
        ("/v1/models", "Host: localhost\r\nX-Auth-Key: a\r\nX-Auth-Key: b", 400),
        ("/v1/models", "Host: localhost\r\nOrigin: null", 403),
        ("/v1/models", "Host: localhost\r\nOrigin: http://evil.example", 403),
        ("/v1/%2e%2e/metrics", "Host: localhost", 404),
        ("/v1/../metrics", "Host: localhost", 404),
        ("/v1/models/%2e%2e", "Host: localhost", 404),
        ("/v1/models/cria%00", "Host: localhost", 404),
        ("/v1/models/%ff%fe", "Host: localhost", 404),
        ("/v1/v1/models", "Host: localhost", 404),
    ],
)
def test_hostile_requests_get_an_error_in_the_usual_shape(target: str, headers: str, status: int) -> None:
    with live(FakeUpstream()) as server:
        head, body = exchange(server.port, f"GET {target} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n".encode())
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-request-id: req_" in head
    assert body.startswith(b'{"error":{"message":' if status != 200 else b'{"object":"list"')
