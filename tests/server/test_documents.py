"""The descriptions of the API follow from the tables that run it."""

import re

import httpx2

from tampu import __version__
from tampu.dialects.base import Policy
from tampu.dialects.table import build_dialects
from tampu.server.documents import describe
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


def test_every_example_is_a_body_that_its_route_answers() -> None:
    with live(FakeUpstream()) as server:
        paths = httpx2.get(f"{server.url}/openapi.json").json()["paths"]
        for path, methods in paths.items():
            content = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in content:
                address = server.url + re.sub(r"{\w+}", "cria", path)
                answer = httpx2.post(address, json=content["example"])
                assert answer.status_code == 200, (path, answer.text)


def test_a_route_that_takes_forms_says_so() -> None:
    paths = describe(DIALECTS, with_key=False)["paths"]
    kinds = {
        path: set(methods["post"]["requestBody"]["content"])
        for path, methods in paths.items()
        if path in ("/v1/inference/{model}", "/v1/chat/completions")
    }
    assert kinds["/v1/inference/{model}"] == {"application/json", "multipart/form-data"}
    assert kinds["/v1/chat/completions"] == {"application/json"}


def test_every_described_path_answers() -> None:
    with live(FakeUpstream()) as server:
        schema = httpx2.get(f"{server.url}/openapi.json").json()
        for path, methods in schema["paths"].items():
            address = server.url + re.sub(r"{\w+}", "cria", path)
            method, nothing = "get" if "get" in methods else "post", re.search(r"{(adapter|finetune|response)}", path)
            answer = httpx2.request(method, address, json=None if method == "get" else {})
            unnamed = method == "post" or path.endswith(UNNAMED)
            expected = (404,) if nothing else (400, 422) if unnamed else (200,)
            assert answer.status_code in expected, (path, answer.text)


def test_the_key_is_described_where_one_is_configured() -> None:
    assert "security" not in describe(DIALECTS, with_key=False)
    assert describe(DIALECTS, with_key=True)["security"] == [{"key": []}]
