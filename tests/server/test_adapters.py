"""Adapters over HTTP: what comes in is bytes, checked before it is taken, and nothing is left of what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.engine.adapter_shelf import AdapterShelf
from tampu.model.adapter_config import MAX_CONFIG
from tampu.model.adapter_store import AdapterStore
from tampu.settings import Paths, Secret, ServerSettings
from tests.adapters import write_adapter
from tests.checkpoints import tiny_config
from tests.fakes import FakeUpstream
from tests.server.live import Live, eventually, exchange, live

HELLO = {"messages": [{"role": "user", "content": "hello"}]}


@dataclass(frozen=True, slots=True)
class Station:
    """A server of a model that takes adapters, and where they lie."""

    server: Live
    upstream: FakeUpstream
    directory: Path

    def url(self, path: str = "") -> str:
        return f"{self.server.url}/v1/adapters{path}"

    def stored(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir()) if self.directory.is_dir() else []

    def ask(self, **body: Any) -> httpx2.Response:
        return httpx2.post(f"{self.server.url}/v1/chat/completions", json={"model": "cria", **HELLO, **body})


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    store = AdapterStore(Paths(*[tmp_path / "home"] * 4), "cria")
    upstream = FakeUpstream()
    upstream.adapters = AdapterShelf(store, tiny_config(), "int8", 2**20)
    with live(upstream, ServerSettings(max_adapters=2)) as server:
        yield Station(server, upstream, store.directory)


def form(source: Path, **changes: Any) -> dict[str, Any]:
    """The parts of an upload; `changes` win, None leaves one out."""
    parts = {
        "name": (None, "pirate"),
        "config": ("config.json", (source / "adapter_config.json").read_bytes()),
        "weights": ("../../../etc/passwd", (source / "adapter_model.safetensors").read_bytes()),
    }
    return {name: part for name, part in (parts | changes).items() if part is not None}


def refused(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["param"]


def test_an_adapter_comes_in_is_listed_and_goes(station: Station, tmp_path: Path) -> None:
    added = httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source")))
    assert added.status_code == 200, added.text
    shown = added.json()
    assert (shown["id"], shown["model"], shown["parent"], shown["rank"]) == ("pirate", "cria:pirate", "cria", 4)
    assert "directory" not in shown and str(tmp_path) not in added.text
    assert httpx2.get(station.url()).json() == {"object": "list", "data": [shown]}
    assert httpx2.get(station.url("/pirate")).json() == shown
    gone = httpx2.delete(station.url("/pirate"))
    assert gone.json() == {"id": "pirate", "object": "adapter", "deleted": True}
    assert station.stored() == []
    assert (
        refused(httpx2.get(station.url("/pirate"))) == refused(httpx2.delete(station.url("/pirate"))) == (404, "name")
    )


@pytest.mark.parametrize("model", ["cria:pirate", "pirate"])
def test_a_request_names_its_adapter_in_the_model(station: Station, tmp_path: Path, model: str) -> None:
    httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source")))
    answer = station.ask(model=model)
    assert (answer.status_code, answer.json()["model"]) == (200, model)
    assert station.ask(lora="pirate").status_code == 200
    assert station.ask().status_code == 200
    assert [request.adapter for request in station.upstream.requests] == ["pirate", "pirate", ""]


def test_adapters_stand_in_the_list_of_models_under_their_parent(station: Station, tmp_path: Path) -> None:
    httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source")))
    models = httpx2.get(f"{station.server.url}/v1/models").json()["data"]
    assert [(each["id"], each.get("parent")) for each in models] == [("cria", None), ("cria:pirate", "cria")]
    assert models[0]["system_fingerprint"] != models[1]["system_fingerprint"]
    for name in ("cria:pirate", "pirate"):
        one = httpx2.get(f"{station.server.url}/v1/models/{name}").json()
        assert (one["id"], one["parent"]) == (name, "cria")


def test_unknown_adapters_are_refused_with_the_field(station: Station, tmp_path: Path) -> None:
    httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source")))
    assert refused(station.ask(model="cria:parrot")) == (404, "model")
    assert "cria:pirate" in station.ask(model="cria:pirat").json()["error"]["message"]
    assert refused(station.ask(lora="parrot")) == (400, "lora")
    assert refused(station.ask(model="cria:pirate", lora="parrot")) == (400, "lora")
    assert refused(station.ask(lora=3)) == (400, "lora")
    assert station.upstream.requests == []


def test_a_name_can_be_given_to_another_adapter(station: Station, tmp_path: Path) -> None:
    first = httpx2.post(station.url(), files=form(write_adapter(tmp_path / "1", seed=1))).json()
    second = httpx2.post(station.url(), files=form(write_adapter(tmp_path / "2", seed=2))).json()
    assert first["fingerprint"] != second["fingerprint"]
    assert httpx2.get(station.url()).json()["data"] == [second]
    assert station.stored() == ["pirate"]


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"name": (None, "../pirate")}, 400, "name"),
        ({"name": (None, "a" * 300)}, 413, "name"),
        ({"name": (None, b"\xff\xfe")}, 400, "name"),
        ({"name": None}, 400, "name"),
        ({"config": None}, 400, "config"),
        ({"weights": None}, 400, "weights"),
        ({"config": ("c", b"{}")}, 400, "peft_type"),
        ({"config": ("c", b" " * (MAX_CONFIG + 1))}, 413, "config"),
        ({"weights": ("w", b"\x80\x04\x95pickle")}, 400, "weights"),
        ({"weights": ("w", b"PK\x03\x04")}, 400, "weights"),
        ({"weights": ("w", b"")}, 400, "weights"),
        ({"code": ("code.py", b"import os")}, 400, "code"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_left_of_it(
    station: Station, tmp_path: Path, changes: dict[str, Any], status: int, param: str
) -> None:
    answer = httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source"), **changes))
    assert refused(answer) == (status, param)
    assert station.stored() == []


def test_more_than_the_server_stores_are_refused(station: Station, tmp_path: Path) -> None:
    source = write_adapter(tmp_path / "source")
    statuses = [
        httpx2.post(station.url(), files=form(source, name=(None, name))).status_code for name in ("a", "b", "c", "a")
    ]
    assert statuses == [200, 200, 429, 200]


def test_an_adapter_too_large_for_the_memory_is_refused(station: Station, tmp_path: Path) -> None:
    assert station.upstream.adapters is not None
    station.upstream.adapters = AdapterShelf(
        AdapterStore(Paths(*[tmp_path / "small"] * 4), "cria"), tiny_config(), "int8", 100
    )
    answer = httpx2.post(station.url(), files=form(write_adapter(tmp_path / "source")))
    assert "adapter_memory is 100" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "multipart/form-data"}, b"", 415),
        ({"content-type": "multipart/form-data; boundary=" + "x" * 71}, b"", 415),
        ({"content-type": "multipart/form-data; boundary=x"}, b"", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"no form", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\nnameless\r\n--x--", 400),
        ({"content-type": "multipart/form-data; boundary=x", "content-encoding": "gzip"}, b"", 415),
    ],
)
def test_bodies_that_are_no_form_are_refused(
    station: Station, headers: dict[str, str], content: bytes, status: int
) -> None:
    assert httpx2.post(station.url(), headers=headers, content=content).status_code == status
    assert station.stored() == []


def test_a_length_beyond_the_limit_is_refused_before_it_is_read(station: Station) -> None:
    head = b"POST /v1/adapters HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    answer, _ = exchange(station.server.port, head + b"Content-Length: 999999999999\r\n\r\n", timeout=10)
    assert answer.startswith(b"HTTP/1.1 413")
    assert station.stored() == []


def test_a_client_that_leaves_half_way_leaves_nothing(station: Station, tmp_path: Path) -> None:
    request = httpx2.Request("POST", station.url(), files=form(write_adapter(tmp_path / "source")))
    body = request.read()
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(["POST /v1/adapters HTTP/1.1", *lines, "", ""]).encode()
    with pytest.raises(TimeoutError):
        exchange(station.server.port, head + body[: len(body) // 2], timeout=0.5)
    assert eventually(lambda: station.stored() == [])


def test_the_routes_ask_for_the_key() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("key"))) as server:
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/a"), ("DELETE", "/a")):
            assert httpx2.request(method, f"{server.url}/v1/adapters{path}").status_code == 401


def test_a_model_that_takes_none_says_so(tmp_path: Path) -> None:
    with live(FakeUpstream()) as server:
        url = f"{server.url}/v1/adapters"
        assert httpx2.get(url).json() == {"object": "list", "data": []}
        assert httpx2.post(url, files=form(write_adapter(tmp_path / "source"))).status_code == 400
