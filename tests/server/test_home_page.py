"""The front page: JSON for programs, and for people what runs, a chat, and where programs find it."""

import re
from html import unescape

import httpx2
import pytest

from tampu import __version__
from tampu.engine.card import EngineStatus
from tampu.server.home_page import SCRIPT
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import live
from tests.server.test_catalogue_pages import run_commands

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def page(upstream: FakeUpstream | None = None, settings: ServerSettings | None = None) -> str:
    with live(upstream or FakeUpstream(), settings) as server:
        return unescape(httpx2.get(server.url, headers=HTML).text).replace(server.url, "URL")


def test_programs_get_what_they_got_and_people_get_a_page() -> None:
    with live(FakeUpstream()) as server:
        program, person = httpx2.get(server.url), httpx2.get(server.url, headers=HTML)
    assert program.json() == {"name": "tampu", "version": __version__, "api": "/v1", "docs": "/docs"}
    assert person.headers["content-type"] == "text/html; charset=utf-8"
    assert program.headers["vary"] == person.headers["vary"] == "accept"


def test_the_page_says_what_runs_and_chats_with_it() -> None:
    html = page()
    assert "<h1>cria</h1>" in html
    assert '<p id="state" role="status" class="dot ready">Ready: 512 tokens of context, int8</p>' in html
    assert 'id="ask" data-model="cria"' in html and 'id="key"' not in html


def test_before_the_model_is_there_the_page_says_how_far_it_is() -> None:
    upstream = FakeUpstream(card=None)
    upstream.status = EngineStatus("loading", 0.42, "packing")
    html = page(upstream)
    assert 'class="dot">Loading the model: 42% (packing)</p>' in html
    assert '<progress id="progress" max="1" value="0.4200" aria-label="Loading"></progress>' in html
    assert 'data-model=""' in html


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (EngineStatus("failed", 0.0, "no memory"), "The model cannot be loaded: no memory."),
        (EngineStatus("restarting"), "The server is restarting."),
        (EngineStatus("ready", 1.0, healthy=False), "The server is stuck."),
    ],
)
def test_a_server_that_cannot_answer_says_why(status: EngineStatus, words: str) -> None:
    upstream = FakeUpstream()
    upstream.status = status
    html = page(upstream)
    assert f'class="dot">{words}</p>' in html and 'aria-label="Loading" hidden=""' in html


def test_with_a_key_the_page_is_there_for_everybody_and_asks_for_the_key() -> None:
    html = page(settings=ServerSettings(api_key=Secret("llama-key")))
    assert '<label for="key">' in html and '<input id="key" type="password"' in html
    assert "llama-key" not in html and "Bearer $TAMPU_API_KEY" in html


def test_the_page_has_the_base_url_of_every_dialect_and_a_command_for_it() -> None:
    html = page()
    found = dict(re.findall(r"<summary>([\w ]+) <code>URL(.*?)</code></summary>", html))
    assert found == {
        "OpenAI": "/v1",
        "DeepInfra": "/v1/openai",
        "OpenRouter": "/api/v1",
        "Cloudflare Workers AI": "/client/v4/accounts/me/ai/v1",
        "Dataoorts": "/api/v1",
    }
    assert len(re.findall(r"<code class=\"language-shell\">curl URL/", html)) == 5


def test_every_command_on_the_page_runs_as_printed() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("llama-key"))) as server:
        html = unescape(httpx2.get(server.url, headers=HTML).text)
        commands = re.findall(r'<code class="language-shell">(.*?)</code>', html, re.DOTALL)
        outputs = run_commands(commands)
    assert len(outputs) == 5 and all("Hello" in output for output in outputs)


def test_every_field_has_a_label_and_the_page_loads_nothing() -> None:
    html = page(settings=ServerSettings(api_key=Secret("llama-key")))
    fields = set(re.findall(r'<(?:input|textarea) id="(\w+)"', html))
    assert fields == set(re.findall(r'<label for="(\w+)"', html)) == {"key", "message"}
    assert 'role="log" aria-label="Conversation"' in html
    assert not re.search(r"<(?:img|link|iframe)|\ssrc=|url\(|@import", html)


def test_the_script_puts_no_text_into_the_page_as_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|localStorage", SCRIPT)
    assert "</" not in SCRIPT
    for name in re.findall(r'find\("(\w+)"\)', SCRIPT):
        assert f'id="{name}"' in page()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is no /nowhere here."),
        ("/models", 401, "with --public-models the server shows its models to everybody"),
        ("/v1/chat/completions", 405, "use POST"),
    ],
)
def test_an_error_is_a_page_for_people_with_the_way_back_and_json_for_programs(
    path: str, status: int, words: str
) -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("llama-key"))) as server:
        person, program = httpx2.get(server.url + path, headers=HTML), httpx2.get(server.url + path)
    assert person.status_code == program.status_code == status
    assert words in person.text and '<a href="/">' in person.text
    assert person.headers["vary"] == "accept"
    assert set(program.headers) - set(person.headers) == set()
    assert program.json()["error"]["message"]
