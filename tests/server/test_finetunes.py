"""Finetunes, as wrangler and Cloudflare's packages ask for them, over the shelf that /v1/adapters shows."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.engine.adapter_shelf import AdapterShelf
from tampu.model.adapter_store import AdapterStore
from tampu.settings import Paths, ServerSettings
from tests.adapters import write_adapter
from tests.checkpoints import tiny_config
from tests.fakes import FakeUpstream
from tests.server.live import Live, eventually, exchange, live

MODEL = "@cf/tampu/cria"
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
NOT_WHOLE = "Finetune is missing required files (model.safetensors and config.json)"


@dataclass(frozen=True, slots=True)
class Station:
    """A server of a model that takes adapters, and where they lie."""

    server: Live
    upstream: FakeUpstream
    directory: Path

    def url(self, path: str = "") -> str:
        return f"{self.server.url}/client/v4/accounts/me/ai/finetunes{path}"

    def create(self, name: str = "pirate", **more: Any) -> httpx2.Response:
        # As wrangler does: JSON under a text's content type.
        body = json.dumps({"model": MODEL, "name": name, "description": "", **more})
        return httpx2.post(self.url(), content=body, headers={"content-type": "text/plain;charset=UTF-8"})

    def send(self, finetune: str, file: Path, file_name: str = "") -> httpx2.Response:
        parts: dict[str, Any] = {"file_name": (None, file_name or file.name), "file": ("blob", file.read_bytes())}
        return httpx2.post(self.url(f"/{finetune}/finetune-assets"), files=parts)

    def add(self, source: Path, name: str = "pirate") -> dict[str, Any]:
        finetune = self.create(name).json()["result"]
        for file in (CONFIG, WEIGHTS):
            assert self.send(finetune["id"], source / file).status_code == 200
        return dict(finetune)

    def run(self, **body: Any) -> httpx2.Response:
        url = f"{self.server.url}/client/v4/accounts/me/ai/run/{MODEL}"
        return httpx2.post(url, json={"prompt": "hello", **body})

    def listed(self) -> list[dict[str, Any]]:
        return list(httpx2.get(self.url()).json()["result"])

    def stored(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir()) if self.directory.is_dir() else []


def shelf(home: Path) -> AdapterShelf:
    return AdapterShelf(AdapterStore(Paths(*[home] * 4), "cria"), tiny_config(), "int8", 2**20)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    upstream = FakeUpstream()
    upstream.adapters = shelf(tmp_path / "home")
    directory = AdapterStore(Paths(*[tmp_path / "home"] * 4), "cria").directory
    with live(upstream, ServerSettings(max_adapters=2)) as server:
        yield Station(server, upstream, directory)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "source")


def refused(answer: httpx2.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_a_finetune_begins_takes_two_files_and_answers(station: Station, source: Path) -> None:
    created = station.create(description="talks like one", public=True)
    assert created.json()["success"] is True
    assert created.headers["cf-ai-req-id"]
    finetune = created.json()["result"]
    assert {name: finetune[name] for name in ("name", "model", "description", "public", "ready")} == {
        "name": "pirate", "model": MODEL, "description": "talks like one", "public": True, "ready": False,
    }  # fmt: skip
    first = station.send(finetune["id"], source / WEIGHTS)
    assert (first.status_code, first.json()["success"], first.json()["result"]["ready"]) == (200, True, False)
    named = first.json()["result"]
    assert (named["finetune_id"], named["file_name"], named["bucket_name"]) == (finetune["id"], WEIGHTS, "adapters")
    assert station.send("pirate/", source / CONFIG).json()["result"]["ready"] is True
    assert station.stored() == ["pirate"]
    (shown,) = station.listed()
    assert (shown["id"], shown["description"], shown["ready"]) == (finetune["id"], "talks like one", True)
    assert shown["created_at"] == finetune["created_at"] <= shown["modified_at"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_it_answers_under_its_name_and_its_id_in_every_dialect(station: Station, source: Path, by: str) -> None:
    lora = station.add(source)[by]
    assert station.run(lora=lora).status_code == 200
    chat = {"model": "cria", "messages": [{"role": "user", "content": "hello"}], "lora": lora}
    assert httpx2.post(f"{station.server.url}/v1/chat/completions", json=chat).status_code == 200
    assert [request.adapter for request in station.upstream.requests] == ["pirate", "pirate"]


def test_the_parts_of_an_upload_come_in_any_order(station: Station, source: Path) -> None:
    station.create()
    parts: dict[str, Any] = {"file": ("f", (source / CONFIG).read_bytes()), "file_name": (None, CONFIG)}
    assert httpx2.post(station.url("/pirate/finetune-assets"), files=parts).status_code == 200
    assert station.send("pirate", source / WEIGHTS).json()["result"]["ready"] is True


def test_half_a_finetune_and_an_unknown_one_are_3039(station: Station, source: Path) -> None:
    finetune = station.create().json()["result"]
    station.send("pirate", source / CONFIG)
    for lora in ("pirate", finetune["id"]):
        answer = station.run(lora=lora)
        assert refused(answer) == (400, 3039)
        assert NOT_WHOLE in answer.json()["errors"][0]["message"]
    assert refused(station.run(lora="parrot")) == (400, 3039)
    for method, path in (("GET", "/parrot"), ("DELETE", "/parrot"), ("POST", "/parrot/finetune-assets")):
        assert refused(httpx2.request(method, station.url(path))) == (404, 3039)
    assert station.upstream.requests == []


def test_adapters_that_came_otherwise_are_finetunes_too(station: Station, source: Path) -> None:
    parts: dict[str, Any] = {
        "name": (None, "parrot"),
        "config": ("c", (source / CONFIG).read_bytes()),
        "weights": ("w", (source / WEIGHTS).read_bytes()),
    }
    assert httpx2.post(f"{station.server.url}/v1/adapters", files=parts).status_code == 200
    (shown,) = station.listed()
    assert (shown["name"], shown["model"], shown["description"], shown["public"]) == ("parrot", MODEL, "", False)
    assert station.run(lora=shown["id"]).status_code == 200


def test_ids_and_words_outlive_the_server(tmp_path: Path, source: Path) -> None:
    seen = []
    for start in range(2):
        upstream = FakeUpstream()
        upstream.adapters = shelf(tmp_path / "home")
        with live(upstream) as server:
            station = Station(server, upstream, tmp_path)
            if start == 0:
                station.add(source)
                station.create("half", description="not yet")
            seen.append(station.listed())
    assert seen[0] == seen[1]
    assert [(each["name"], each["ready"]) for each in seen[0]] == [("half", False), ("pirate", True)]


def test_files_can_be_replaced_and_the_old_ones_answer_until_then(station: Station, tmp_path: Path) -> None:
    finetune = station.add(write_adapter(tmp_path / "1", seed=1))
    other = write_adapter(tmp_path / "2", seed=2)
    before = httpx2.get(f"{station.server.url}/v1/adapters/pirate").json()["fingerprint"]
    station.send(finetune["id"], other / CONFIG)
    assert station.run(lora="pirate").status_code == 200
    assert httpx2.get(f"{station.server.url}/v1/adapters/pirate").json()["fingerprint"] == before
    station.send(finetune["id"], other / WEIGHTS)
    assert httpx2.get(f"{station.server.url}/v1/adapters/pirate").json()["fingerprint"] != before
    assert [each["id"] for each in station.listed()] == [finetune["id"]]


def test_a_finetune_can_be_taken_out_whole_or_half(station: Station, source: Path) -> None:
    station.add(source)
    station.create("half")
    for name in ("pirate", "half"):
        one = httpx2.get(station.url(f"/{name}")).json()["result"]
        assert httpx2.delete(station.url(f"/{one['id']}")).json()["result"] == {"id": one["id"]}
    assert station.listed() == [] and station.stored() == []


def test_what_does_not_fit_the_model_is_refused_and_can_be_sent_again(station: Station, source: Path) -> None:
    station.create()
    bad = source / "bad.json"
    bad.write_text("{}")
    station.send("pirate", source / WEIGHTS)
    assert refused(station.send("pirate", bad, CONFIG)) == (400, 8001)
    assert station.listed()[0]["ready"] is False
    for file in (CONFIG, WEIGHTS):
        assert station.send("pirate", source / file).status_code == 200
    assert station.stored() == ["pirate"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"name": "cf-public-pirate"}, 8001, "reserved"),
        ({"name": "../pirate"}, 8001, "letters, digits"),
        ({"name": "x" * 65}, 5006, "Length of '/name' must be <= 64"),
        ({"name": 3}, 5006, "Type mismatch of '/name', 'integer' not in 'string'"),
        ({"name": None}, 5006, "required properties at '/' are 'name'"),
        ({"model": None}, 5006, "required properties at '/' are 'model'"),
        ({"model": "@cf/meta/llama-9"}, 5007, "No such model @cf/meta/llama-9 or task"),
        ({"public": "perhaps"}, 5006, "'/public'"),
    ],
)
def test_a_bad_beginning_is_refused(station: Station, body: dict[str, Any], code: int, words: str) -> None:
    answer = httpx2.post(station.url(), json={"model": MODEL, "name": "pirate", **body})
    assert refused(answer) == (400, code)
    assert words in answer.json()["errors"][0]["message"]
    assert station.listed() == [] and station.stored() == []


def test_a_name_is_whole_once_and_half_as_often_as_needed(station: Station, source: Path) -> None:
    station.create()
    station.add(source)
    again = station.create()
    assert refused(again) == (400, 8001) and "There is a finetune pirate already" in again.text


def test_no_more_are_begun_than_the_server_stores(station: Station) -> None:
    assert [station.create(name).status_code for name in ("a", "b", "c", "a")] == [200, 200, 400, 200]


def test_bad_uploads_are_refused_and_leave_nothing(station: Station, source: Path) -> None:
    station.create()
    assert refused(station.send("pirate", source / CONFIG, "../adapter_config.json")) == (400, 5006)
    assert refused(station.send("pirate", source / CONFIG, "adapter_model.bin")) == (400, 5006)
    url = station.url("/pirate/finetune-assets")
    assert refused(httpx2.post(url, json={})) == (415, 3003)
    assert refused(httpx2.post(url, files={"file": ("f", b"x")})) == (400, 8001)
    head = f"POST {url.removeprefix(station.server.url)} HTTP/1.1\r\nHost: localhost\r\n".encode()
    form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 999999999999\r\n\r\n"
    answer, body = exchange(station.server.port, head + form, timeout=10)
    assert answer.startswith(b"HTTP/1.1 413") and json.loads(body)["errors"][0]["code"] == 3006
    assert station.stored() == [".finetune-pirate"]


def test_a_client_that_leaves_half_way_leaves_nothing(station: Station, source: Path) -> None:
    station.create()
    parts: dict[str, Any] = {"file_name": (None, WEIGHTS), "file": ("f", (source / WEIGHTS).read_bytes())}
    request = httpx2.Request("POST", station.url("/pirate/finetune-assets"), files=parts)
    body = request.read()
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([f"POST {request.url.path} HTTP/1.1", *lines, "", ""]).encode()
    with pytest.raises(TimeoutError):
        exchange(station.server.port, head + body[: len(body) // 2], timeout=0.5)
    assert eventually(lambda: station.stored() == [".finetune-pirate"])
    assert station.listed()[0]["ready"] is False


def test_what_nobody_goes_on_with_is_forgotten(station: Station) -> None:
    station.create("old")
    os.utime(station.directory / ".finetune-old", (0, 0))
    station.create("new")
    assert [each["name"] for each in station.listed()] == ["new"]


def test_the_public_ones_are_listed_in_pages(station: Station) -> None:
    for name, description in (("a", "second"), ("b", "first")):
        station.create(name, public="true", description=description)

    def names(query: str) -> list[str]:
        rows = httpx2.get(station.url(f"/public{query}")).json()["result"]
        return [row["name"] for row in rows]

    assert names("") == ["a", "b"]
    assert names("?orderBy=description") == ["b", "a"]
    assert names("?limit=1") == ["a"] and names("?limit=1&offset=1") == ["b"] and names("?offset=2") == []
    assert refused(httpx2.get(station.url("/public?orderBy=size"))) == (400, 5006)
    assert refused(httpx2.get(station.url("/public?limit=-1"))) == (400, 5006)
    assert refused(httpx2.get(station.url("/public?limit=all"))) == (400, 5006)


def test_a_model_that_takes_no_adapters_has_no_finetunes() -> None:
    with live(FakeUpstream()) as server:
        url = f"{server.url}/client/v4/accounts/me/ai/finetunes"
        assert httpx2.get(url).json()["result"] == []
        assert refused(httpx2.post(url, json={"model": MODEL, "name": "pirate"})) == (405, 5005)
