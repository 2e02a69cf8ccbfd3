"""The descriptions of the API follow from the tables that run it."""

import re
import shlex
from html import unescape

import httpx2
import pytest

from tampu import __version__
from tampu.dialects import build_dialects
from tampu.dialects.base import Policy
from tampu.server.documents import Reader, describe, page, takes
from tampu.settings import Secret, ServerSettings
from tests.dialects.examples import OPERATIONS
from tests.fakes import FakeUpstream
from tests.server.live import live

DIALECTS = build_dialects(Policy())
UNNAMED = ("/generation", "/generation/content", "/models/schema")  # what they show is named in the query


def test_the_schema_has_every_route_and_every_field() -> None:
    schema = describe(DIALECTS, with_key=False)
    assert schema["openapi"] == "3.1.0" and schema["info"]["version"] == __version__
    for operation in OPERATIONS.values():
        post = schema["paths"][operation.paths[0]]["post"]
        properties = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert list(properties) == [field.name for field in operation.table]
        assert all(properties[field.name]["description"] == field.doc for field in operation.table)
        assert {"200", "400", "401", "404", "413", "415", "429", "500", "503"} <= set(post["responses"])


def test_every_described_path_answers() -> None:
    with live(FakeUpstream()) as server:
        schema = httpx2.get(f"{server.url}/openapi.json").json()
        for path, methods in schema["paths"].items():
            address = server.url + re.sub(r"{\w+}", "cria", path)
            method, nothing = "get" if "get" in methods else "post", re.search(r"{(adapter|finetune)}", path)
            answer = httpx2.request(method, address, json=None if method == "get" else {})
            unnamed = method == "post" or path.endswith(UNNAMED)
            expected = (404,) if nothing else (400, 422) if unnamed else (200,)
            assert answer.status_code in expected, (path, answer.text)


def test_the_key_is_described_where_one_is_configured() -> None:
    assert "security" not in describe(DIALECTS, with_key=False)
    assert describe(DIALECTS, with_key=True)["security"] == [{"key": []}]


def test_the_page_shows_every_field_and_loads_nothing() -> None:
    html, policy = page(DIALECTS, Reader())
    for operation in OPERATIONS.values():
        for field in operation.table:
            assert f"<code>{field.name}</code>" in html
    assert "<script" not in html and "<link" not in html and "<img" not in html
    assert re.findall(r'(?:src|href)="([^"]*)"', html) == ["/openapi.json"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("temperature", "a number, 0 to 2"),
        ("top_p", "a number, 0 to 1"),
        ("repetition_penalty", "a number, 0.01 to 5"),
        ("n", "an integer, 1 to 4"),
        ("stream", "a boolean"),
        ("functions", "left out"),
    ],
)
def test_a_field_is_described_with_its_bounds(name: str, words: str) -> None:
    (field,) = [field for field in OPERATIONS["chat"].table if field.name == name]
    assert takes(field) == words


def test_the_examples_work_where_they_are_read() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("key"))) as server:
        html = unescape(httpx2.get(f"{server.url}/docs").text)
        for command in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL):
            words = shlex.split(command.replace("$TAMPU_API_KEY", "key"))
            assert words[0] == "curl" and words[1].startswith(server.url)
            headers = dict(word.split(": ") for word in words if ": Bearer" in word or "json" in word.split(": ")[-1])
            assert httpx2.post(words[1], content=words[-1], headers=headers).status_code == 200


def test_the_page_is_served_with_its_policy() -> None:
    with live(FakeUpstream()) as server:
        answer = httpx2.get(f"{server.url}/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<!doctype html>")
