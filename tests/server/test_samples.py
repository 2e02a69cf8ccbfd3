"""The samples of the providers' own documents, as they are printed there but for the host."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tampu.settings import Secret, ServerSettings
from tests.fakes import FAKE_CARD, FakeUpstream
from tests.server.live import Live, live

SAMPLES = Path(__file__).parent / "samples"
HOSTS = ("https://api.deepinfra.com", "https://api.cloudflare.com", "https://cloud.dataoorts.com")
KEYS = ("$DEEPINFRA_TOKEN", "$CLOUDFLARE_AUTH_TOKEN", "$Dataoorts_Serverless_API_KEY")
NAMES = "meta-llama/Meta-Llama-3.1-8B-Instruct,llama-3.1-8b-instruct,meta/llama-3.1-8b-instruct"


@pytest.fixture
def server() -> Iterator[Live]:
    settings = ServerSettings(api_key=Secret("key"), alias=NAMES)
    with live(FakeUpstream("Hel", "lo", card=replace(FAKE_CARD, context=8192)), settings) as running:
        yield running


def sample(name: str, server: Live) -> str:
    text = (SAMPLES / name).read_text().replace("$CLOUDFLARE_ACCOUNT_ID", "0123456789abcdef0123456789abcdef")
    for host in HOSTS:
        text = text.replace(host, server.url)
    for key in KEYS:
        text = text.replace(key, "key")
    return text


def run_curl(name: str, server: Live) -> httpx2.Response:
    """What curl would send for a command, sent."""
    words = shlex.split(sample(name, server).replace("\\\n", " "))
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[0] == "curl" and set(options) == {"-H", "-d"}
    headers = [word.split(": ", 1) for option, word in zip(words[2::2], words[3::2], strict=True) if option == "-H"]
    return httpx2.post(words[1], content=options["-d"].encode(), headers=dict(headers))


@pytest.mark.parametrize("name", ["deepinfra-chat.sh", "deepinfra-conversation.sh"])
def test_a_conversation_with_deepinfra_is_answered(name: str, server: Live) -> None:
    answer = run_curl(name, server)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["object"], body["model"]) == ("chat.completion", "meta-llama/Meta-Llama-3.1-8B-Instruct")
    assert body["choices"][0]["message"]["content"] == "Hello"
    assert {"prompt_tokens", "completion_tokens", "total_tokens", "estimated_cost"} <= set(body["usage"])


def test_a_stream_of_deepinfra_finishes_with_done(server: Live) -> None:
    events = [line.removeprefix("data: ") for line in run_curl("deepinfra-stream.sh", server).text.split("\n\n")]
    assert events[-2:] == ["[DONE]", ""]
    chunks: list[dict[str, Any]] = [json.loads(event) for event in events[:-2]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "Hello"
    assert (chunks[-1]["choices"][0]["delta"], chunks[-1]["choices"][0]["finish_reason"]) == ({}, "stop")


def test_a_run_of_workers_ai_is_answered(server: Live) -> None:
    answer = run_curl("workers-ai-run.sh", server)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["result"]["response"] == "Hello"


def test_the_script_of_dataoorts_prints_its_sorted_answer(server: Live) -> None:
    script = sample("dataoorts-script.txt", server)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert list(answer) == ["errors", "messages", "result", "success"]
    assert answer["result"]["response"] == "Hello"
    assert list(answer["result"]["usage"]) == ["completion_tokens", "prompt_tokens", "total_tokens"]
    assert server.url in script
