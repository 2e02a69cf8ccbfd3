"""The catalogue as the server shows it, to people and to programs."""

from pathlib import Path

import httpx2
import pytest

from tampu.errors import BadSetting
from tampu.server.app import create_app
from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import live

MINE = """
[[models]]
id = "cria"
title = "Our own cria"
context = 100
price = { prompt = "1", completion = "0" }
names.openrouter = ["zoo/cria"]
"""


@pytest.fixture
def mine(tmp_path: Path) -> ServerSettings:
    (tmp_path / "mine.toml").write_text(MINE)
    return ServerSettings(catalogue=str(tmp_path / "mine.toml"))


def test_an_operators_catalogue_holds_wherever_the_server_shows_or_charges(mine: ServerSettings) -> None:
    body = {"model": "zoo/cria", "messages": [{"role": "user", "content": "one two three"}]}
    with live(FakeUpstream(), mine) as server:
        (shown,) = httpx2.get(f"{server.url}/api/v1/models").json()["data"]
        answer = httpx2.post(f"{server.url}/api/v1/chat/completions", json=body).json()
    assert (shown["id"], shown["name"], shown["context_length"]) == ("zoo/cria", "Our own cria", 100)
    assert shown["pricing"]["prompt"] == "0.000001"
    assert answer["usage"]["cost"] == 0.000003


def test_a_wrong_catalogue_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[models]]\nid = 'cria'\nprice.prompt = 1")
    with pytest.raises(BadSetting, match=r"mine\.toml, model cria, price\.prompt: "):
        create_app(FakeUpstream(), ServerSettings(catalogue=str(tmp_path / "mine.toml")))
