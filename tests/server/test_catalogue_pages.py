"""The catalogue as the server shows it, to people and to programs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx2
import pytest
from starlette.responses import Response

from tampu.dialects.base import Dialect, ModelEntry, Policy, Provider
from tampu.dialects.openai import OpenAI
from tampu.dialects.table import build_dialects
from tampu.engine.card import EngineStatus
from tampu.errors import BadSetting
from tampu.server.app import create_app
from tampu.server.catalogue_facts import Shown
from tampu.server.catalogue_pages import page_of
from tampu.server.html import prefers_html
from tampu.server.metrics import Speed
from tampu.server.samples import Reader
from tampu.settings import Secret, ServerSettings
from tests.dialects.examples import MODEL
from tests.fakes import FakeUpstream
from tests.server.live import live

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
DIALECTS = build_dialects(Policy())
PROVIDERS = ["OpenAI", "DeepInfra", "OpenRouter", "Cloudflare Workers AI", "Dataoorts"]

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


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with live(FakeUpstream()) as server:
        yield server.url


@pytest.fixture(scope="module")
def page(url: str) -> str:
    return httpx2.get(f"{url}/models/cria", headers=HTML).text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html", True),
        (HTML["accept"], True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/html;q=1..2", True),
        ("text/html;q=0.0001", True),
        ("text/html; q=0.9, */*;q=x", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_people_get_pages_and_programs_get_json(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


def test_the_list_is_a_page_for_browsers_and_json_for_all_others(url: str) -> None:
    shown = httpx2.get(f"{url}/models", headers=HTML)
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert shown.headers["vary"] == "accept"
    assert '<a href="/models/cria">tampu: cria</a>' in shown.text
    assert httpx2.get(f"{url}/models").json() == httpx2.get(f"{url}/models.json", headers=HTML).json()


def test_the_json_of_a_model_has_what_its_page_shows(url: str) -> None:
    shown = httpx2.get(f"{url}/models/tampu/cria.json").json()
    assert (shown["id"], shown["context_length"], shown["system_fingerprint"]) == ("cria", 512, "fp_fake")
    assert shown["names"] == {
        "openai": "cria",
        "deepinfra": "tampu/cria",
        "openrouter": "tampu/cria",
        "workers_ai": "@cf/tampu/cria",
        "dataoorts": "cria",
    }
    assert shown["pricing"]["prompt_per_million"] == "0.01"
    assert shown["pricing"]["completion"] == "0.00000002"
    assert shown["status"]["phase"] == "ready"
    assert list(dict.fromkeys(dialect["provider"] for dialect in shown["dialects"])) == PROVIDERS
    for dialect in shown["dialects"]:
        assert dialect["errors"][0]["status"] in (400, 404, 422)
        for operation in dialect["operations"]:
            assert operation["body"]["type"] == "object" and len(operation["samples"]) == 4
            assert "Lima." in str(operation["answer"])
            assert "Lima" in operation["stream"] and operation["stream"].endswith("\n\n")


def test_a_page_loads_nothing_and_says_so(url: str) -> None:
    answer = httpx2.get(f"{url}/models/cria", headers=HTML)
    assert "<script" not in answer.text and "<link" not in answer.text and "<img" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert set(re.findall(r'href="#([^"]+)"', answer.text)) == set(re.findall(r' id="([^"]+)"', answer.text))


def test_a_page_shows_names_prices_fingerprint_and_licence(page: str) -> None:
    for provider in PROVIDERS:
        assert f"<h2>{provider}</h2>" in page
    assert "<code>@cf/tampu/cria</code>" in page and "<code>fp_fake</code>" in page
    assert "$0.01 for a million tokens of the prompt" in page
    assert "<td>A question and its answer</td><td>50</td><td>200</td><td>$0.0000045</td>" in page
    assert '<a href="https://www.apache.org/licenses/LICENSE-2.0">Apache-2.0</a>' in page


def test_defaults_and_ranges_are_each_dialects_own(page: str) -> None:
    rows: dict[str, str] = {}
    for section in page.split("<section ")[1:]:
        for row in re.findall(r"<tr><td><code>(?:data\.)?temperature</code></td>(.*?)</tr>", section):
            rows.setdefault(re.findall(r"<h2>(.*?)</h2>", section)[0], row)
    assert rows["OpenAI"].startswith("<td>a number, 0 to 2</td><td><code>1.0</code></td>")
    assert rows["Cloudflare Workers AI"].startswith("<td>a number, 0 to 5</td><td><code>0.6</code></td>")
    assert rows["Dataoorts"] == rows["Cloudflare Workers AI"]


def test_errors_are_worded_by_each_dialect(page: str) -> None:
    text = unescape(page)
    assert '{"error":{"message":"' in text
    assert "required properties at '/' are 'prompt'" in text
    assert '{"detail":' in text


def test_a_free_model_says_so_and_a_llama_says_whose_it_is(tmp_path: Path) -> None:
    mine = "[[models]]\nid = 'cria'\nprice = { prompt = '0', completion = '0' }\nlicence.notice = 'Built with Llama'"
    (tmp_path / "mine.toml").write_text(mine)
    with live(FakeUpstream(), ServerSettings(catalogue=str(tmp_path / "mine.toml"))) as server:
        text = httpx2.get(f"{server.url}/models/cria", headers=HTML).text
    assert "Its tokens cost nothing." in text
    assert "<strong>Built with Llama</strong>" in text


def test_speed_is_shown_once_it_was_measured() -> None:
    body = {"model": "cria", "messages": [{"role": "user", "content": "hi"}]}
    with live(FakeUpstream("a", "b", "c", delay=0.01)) as server:
        before = httpx2.get(f"{server.url}/models/cria.json").json()["status"]
        httpx2.post(f"{server.url}/v1/chat/completions", json=body)
        after = httpx2.get(f"{server.url}/models/cria.json").json()["status"]
        text = httpx2.get(f"{server.url}/models/cria", headers=HTML).text
    assert before["tokens_per_second"] is before["seconds_to_first_token"] is None
    assert 10 < after["tokens_per_second"] <= 100 and after["seconds_to_first_token"] >= 0.01
    assert "mean since the start" in text


def test_what_is_not_there_is_a_page_too(url: str) -> None:
    missing = httpx2.get(f"{url}/models/llama", headers=HTML)
    assert missing.status_code == 404 and "The model `llama` does not exist" in missing.text
    assert httpx2.get(f"{url}/models/llama.json").status_code == 404
    upstream = FakeUpstream(card=None)
    upstream.status = EngineStatus("loading", 0.42)
    with live(upstream) as server:
        loading = httpx2.get(f"{server.url}/models", headers=HTML)
    assert loading.status_code == 503 and "still loading: 42%" in loading.text


def test_a_model_with_an_adapter_is_shown_under_its_own_name() -> None:
    adapted = replace(MODEL, ids=("cria:pirate",), parent="cria", adapter="pirate")
    text = body_of(page_of(shown_by(DIALECTS, adapted)))
    assert "<h1>tampu: cria with pirate</h1>" in text
    assert "<code>@cf/tampu/cria:pirate</code>" in text


def test_the_page_of_a_model_leads_to_its_adapters() -> None:
    text = body_of(page_of(replace(shown_by(DIALECTS, MODEL), adapters=("pirate",))))
    assert '<a href="/models/cria%3Apirate">pirate</a>' in text
    assert "<code>cria:pirate</code>" in text


def test_a_sixth_dialect_is_on_the_page_without_more_ado() -> None:
    sixth = replace(OpenAI.build(Policy()), name="sixth", provider=Provider("sixth", "The Sixth"))
    text = body_of(page_of(shown_by((*DIALECTS, sixth), MODEL)))
    assert '<section id="sixth"><h2>The Sixth</h2>' in text
    assert text.count("<summary>Errors</summary>") == 1 + body_of(page_of(shown_by(DIALECTS, MODEL))).count(
        "<summary>Errors</summary>"
    )


def shown_by(dialects: Sequence[Dialect], model: ModelEntry) -> Shown:
    """The model as somebody sees it who asked nothing yet."""
    return Shown(model, dialects, Reader(name_in=model.name_in), EngineStatus("ready", 1.0), Speed())


def body_of(page: Response) -> str:
    """The HTML."""
    return bytes(page.body).decode()


def test_names_and_texts_from_outside_are_text(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[models]]\nid = 'cria'\ntitle = '<script>1</script>'")
    with live(FakeUpstream(), ServerSettings(catalogue=str(tmp_path / "mine.toml"))) as server:
        for path in ("/models", "/models/cria", "/models/<script>"):
            assert "<script" not in httpx2.get(server.url + path, headers=HTML).text


RUN_ALL = "import runpy, sys\nfor path in sys.argv[1:]:\n    print('==')\n    runpy.run_path(path)\n    print()"


@pytest.mark.parametrize(("path", "strict"), [("/models/cria", False), ("/models/cria", True), ("/docs", False)])
def test_every_sample_on_a_page_runs_as_printed(path: str, strict: bool, tmp_path: Path) -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("llama-key"), strict=strict)) as server:
        html = httpx2.get(server.url + path, headers={**HTML, "authorization": "Bearer llama-key"}).text
        found = re.findall(r'<code class="language-(\w+)">(.*?)</code>', html, re.DOTALL)
        programs = [unescape(text) for language, text in found if language == "python"]
        commands = [unescape(text) for language, text in found if language == "shell"]
        outputs = [*run_commands(commands), *run_programs(programs, tmp_path)]
    assert len(commands) == len(programs) >= 22
    for program, output in zip([*commands, *programs], outputs, strict=True):
        pieces = "".join(re.findall(r"(?:Hel|lo)(?=[\"\s'\\\\<]|lo|$)", output))
        assert "Hello" in pieces, (program, output)


def run_commands(commands: list[str]) -> list[str]:
    """What each prints."""
    environment = {**os.environ, "TAMPU_API_KEY": "llama-key"}
    script = "\n".join(f"echo ==\n{command}\necho" for command in commands)
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout.split("==\n")[1:]


def run_programs(programs: list[str], directory: Path) -> list[str]:
    """What each prints, in one process, since the openai package takes a second to load."""
    paths = [directory / f"{index:02}.py" for index in range(len(programs))]
    for path, program in zip(paths, programs, strict=True):
        path.write_text(program)
    environment = {**os.environ, "TAMPU_API_KEY": "llama-key"}
    command = [sys.executable, "-c", RUN_ALL, *map(str, paths)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("==\n")[1:]
