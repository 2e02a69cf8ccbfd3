"""/docs shows every field of every operation, and loads nothing."""

import re
from html import unescape

import httpx2

from tampu.dialects.base import Policy
from tampu.dialects.table import build_dialects
from tests.fakes import FakeUpstream
from tests.server.live import live

DIALECTS = build_dialects(Policy())


def test_the_page_shows_every_field_and_loads_nothing() -> None:
    with live(FakeUpstream()) as server:
        html = unescape(httpx2.get(f"{server.url}/docs").text)
    for dialect in DIALECTS:
        for operation in dialect.operations:
            for field in operation.table:
                assert f"<code>{field.name}</code>" in html
    assert "<script" not in html and "<link" not in html and "<img" not in html
    assert set(re.findall(r'(?:src|href)="([^"#]+)"', html)) == {"/", "/models", "/docs", "/openapi.json"}


def test_every_link_within_the_page_leads_somewhere() -> None:
    with live(FakeUpstream()) as server:
        html = httpx2.get(f"{server.url}/docs").text
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links == set(re.findall(r' id="([^"]+)"', html))
    assert links == {"openai", "deepinfra", "openrouter", "workers_ai", "dataoorts"}


def test_the_page_is_served_with_its_policy() -> None:
    with live(FakeUpstream(card=None)) as server:
        answer = httpx2.get(f"{server.url}/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<!doctype html>")
