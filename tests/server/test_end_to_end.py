"""The whole: `tampu serve` as a process, a real small Llama in its worker, the real `openai` package."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tampu.server.ports import free_port
from tests.adapters import write_adapter
from tests.checkpoints import END_OF_TEXT, EOM, EOT, random_checkpoint
from tests.server.live import eventually
from tests.server.test_attacks import FIELDS, NASTY
from tests.test_strict_json import HOLES

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True, slots=True)
class Running:
    """A server process and where it is."""

    process: "subprocess.Popen[str]"
    url: str

    def client(self) -> OpenAI:
        """A client that does not try twice."""
        return OpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def children(self) -> list[int]:
        """Process ids of its children: the worker."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    model = random_checkpoint(home / "tiny")
    port = str(free_port("127.0.0.1"))
    command = [sys.executable, "-m", "tampu", "serve", "--model", str(model), "--port", port, "--threads", "1"]
    environment = {**os.environ, "TAMPU_HOME": str(home)}
    log = home / "log"
    with log.open("w") as stderr, subprocess.Popen(command, stderr=stderr, text=True, env=environment) as process:
        try:
            assert eventually(lambda: "is ready after" in log.read_text(), 30), log.read_text()
            yield Running(process, f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def ask(client: OpenAI, seed: int, words: int = 24) -> str:
    """The text that this seed gives."""
    answer = client.chat.completions.create(model="tiny", messages=HELLO, seed=seed, max_completion_tokens=words)
    return answer.choices[0].message.content or ""


def test_an_adapter_is_uploaded_asked_for_and_removed(running: Running, tmp_path: Path) -> None:
    source, client = write_adapter(tmp_path / "pirate"), running.client()
    names = {"config": "adapter_config.json", "weights": "adapter_model.safetensors"}
    files = {part: (name, (source / name).read_bytes()) for part, name in names.items()}
    added = httpx2.post(f"{running.url}/v1/adapters", data={"name": "pirate"}, files=files)
    assert added.status_code == 200, added.text
    texts, fingerprints = [], []
    for model in ("tiny", "tiny:pirate", "tiny"):
        answer = client.chat.completions.create(model=model, messages=HELLO, max_tokens=16, temperature=0)
        texts.append(answer.choices[0].message.content)
        fingerprints.append(answer.system_fingerprint)
    assert texts[0] == texts[2] != texts[1]
    assert fingerprints[0] == fingerprints[2] != fingerprints[1]
    assert {model.id for model in client.models.list()} == {"tiny", "tiny:pirate"}
    assert "tampu_adapters_loaded 1.0" in httpx2.get(f"{running.url}/metrics").text
    assert httpx2.delete(f"{running.url}/v1/adapters/pirate").status_code == 200
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="tiny:pirate", messages=HELLO)


def test_the_same_seed_gives_the_same_text_alone_and_among_others(running: Running) -> None:
    client = running.client()
    alone = [ask(client, seed) for seed in range(4)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda seed: ask(client, seed % 4), range(16)))
    assert together == alone * 4
    assert len(set(alone)) == 4


def test_a_stream_says_what_the_whole_answer_says(running: Running) -> None:
    client = running.client()
    stream = client.chat.completions.create(
        model="tiny",
        messages=HELLO,
        seed=2,
        max_completion_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ask(client, 2)
    usage = chunks[-1].usage
    assert usage is not None and usage.completion_tokens == 24
    assert usage.prompt_tokens_details is not None and (usage.prompt_tokens_details.cached_tokens or 0) >= 0


def test_the_drawn_seed_replays_the_answer(running: Running) -> None:
    client = running.client()
    first = client.completions.create(model="tiny", prompt="Once", n=2, max_tokens=12)
    assert first.model_extra is not None
    again = client.completions.create(model="tiny", prompt="Once", n=2, max_tokens=12, seed=first.model_extra["seed"])
    assert [choice.text for choice in again.choices] == [choice.text for choice in first.choices]


def test_a_killed_worker_costs_a_stream_a_pause_and_not_a_token(running: Running) -> None:
    client = running.client()
    whole = ask(client, 5, words=1500)
    stream = client.chat.completions.create(
        model="tiny", messages=HELLO, seed=5, max_completion_tokens=1500, stream=True
    )
    pieces = [next(stream).choices[0].delta.content or ""]
    os.kill(running.children()[0], signal.SIGKILL)
    pieces += [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == whole
    metrics = httpx2.get(f"{running.url}/metrics").text
    assert "tampu_resumed_requests_total 1.0" in metrics and "tampu_worker_restarts_total 1.0" in metrics


ENDLESS = {"logit_bias": {str(end): -100 for end in (END_OF_TEXT, EOM, EOT)}, "max_tokens": 400}
SAMPLED = {"temperature": 1.3, "seed": 5, **ENDLESS}
CHAT = {"model": "tiny", "messages": HELLO, **SAMPLED}
TEXT = {"model": "tiny", "prompt": "Once", **SAMPLED}
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "whole": ("chat/completions", {**CHAT, "n": 2, "logprobs": True, "top_logprobs": 2}),
    "stream": ("chat/completions", {**CHAT, **STREAM}),
    "two choices": ("chat/completions", {**CHAT, **STREAM, "n": 2}),
    "log-probabilities": ("chat/completions", {**CHAT, **STREAM, "logprobs": True, "top_logprobs": 2}),
    "greedy": ("completions", {**TEXT, **STREAM, "temperature": 0}),
    "stop strings": ("completions", {**TEXT, **STREAM, "stop": ["no such text", "nor this one"]}),
    "penalties": ("completions", {**TEXT, **STREAM, "frequency_penalty": 0.5, "repetition_penalty": 1.1}),
    "prompts": ("completions", {**TEXT, "prompt": ["Hé🦙", "b"], "n": 2, "echo": True, "logprobs": 1}),
}


def transcript(url: str, call: str) -> dict[int | None, list[str]]:
    """All that was said in answer to one of CALLS, by choice; without what names, dates or explains the answer."""
    path, body = CALLS[call]
    answer = httpx2.post(f"{url}/v1/{path}", json=body, timeout=60)
    text = re.sub(r'"(id|created|cached_tokens|\w+_prediction_tokens)":("[^"]*"|\d+)', "", answer.text)
    pieces: dict[int | None, list[str]] = {}
    for line in text.split("\n\n"):
        index = re.search(r'"index":(\d+)', line) if body.get("stream") else None
        pieces.setdefault(int(index[1]) if index else None, []).append(line)
    return pieces


def metric(url: str, name: str) -> float:
    """A number at /metrics."""
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def crash(running: Running, steps_later: int) -> None:
    """Kill the worker when it has made this many steps more."""
    goal = metric(running.url, "tampu_engine_steps_total") + steps_later
    assert eventually(lambda: metric(running.url, "tampu_engine_steps_total") >= goal, 20)
    os.kill(running.children()[0], signal.SIGKILL)


def test_all_kinds_of_answers_survive_two_crashes_to_the_byte(running: Running) -> None:
    undisturbed = {call: transcript(running.url, call) for call in CALLS}
    assert all("error" not in str(pieces) for pieces in undisturbed.values())
    resumed = metric(running.url, "tampu_resumed_requests_total")
    with ThreadPoolExecutor(len(CALLS)) as pool:
        answers = {call: pool.submit(transcript, running.url, call) for call in CALLS}
        for _ in range(2):
            crash(running, steps_later=60)
        disturbed = {call: answer.result() for call, answer in answers.items()}
    assert disturbed == undisturbed
    assert metric(running.url, "tampu_resumed_requests_total") - resumed > len(CALLS)
    assert eventually(lambda: metric(running.url, "tampu_cache_blocks_used") == 0)


def test_scorers_of_prompts_find_one_token_after_them_even_a_stop_token(running: Running) -> None:
    body = {
        "model": "tiny",
        "prompt": [[5, 6, 7], [8, 9]],
        "max_tokens": 1,
        "temperature": 0,
        "echo": True,
        "logprobs": 1,
    }
    for more in ({}, {"logit_bias": {"4": 100}, "stop_token_ids": [4]}):
        answer = httpx2.post(f"{running.url}/v1/completions", json={**body, **more}).json()
        lists = [choice["logprobs"] for choice in answer["choices"]]
        assert [len(scores["token_logprobs"]) for scores in lists] == [4, 3]
        assert all(scores["token_logprobs"][0] is None and scores["token_logprobs"][-1] <= 0 for scores in lists)


@pytest.mark.parametrize("stream", [False, True])
def test_who_asks_for_no_token_gets_a_scored_prompt(running: Running, stream: bool) -> None:
    body = {
        "model": "tiny",
        "prompt": [[5, 6, 7], [8, 9]],
        "max_tokens": 0,
        "echo": True,
        "logprobs": 1,
        "stream": stream,
    }
    if stream:
        body["stream_options"] = {"include_usage": True}
    answer = httpx2.post(f"{running.url}/v1/completions", json=body).text
    found = re.findall(r'"token_logprobs":\[null((?:,-[\d.e-]+)*)\]', answer)
    assert sorted(scores.count(",") for scores in found) == [1, 2]
    assert answer.count('"finish_reason":"length"') == 2 and '"completion_tokens":0' in answer


def test_a_repeated_beginning_comes_from_the_cache(running: Running) -> None:
    client = running.client()
    answers = [client.completions.create(model="tiny", prompt="way-station " * 20, seed=1, max_tokens=4) for _ in "ab"]
    counts = [answer.usage.prompt_tokens_details for answer in answers if answer.usage]
    cached = [details.cached_tokens or 0 for details in counts if details]
    assert cached[0] < cached[1] and cached[1] >= 224
    assert answers[0].choices[0].text == answers[1].choices[0].text


def test_no_attack_changes_a_token_of_others(running: Running) -> None:
    client = running.client()
    whole = ask(client, 5, words=300)

    def attack() -> set[int]:
        statuses = set()
        with httpx2.Client(base_url=running.url) as attacker:
            for body in HOLES.values():
                statuses.add(attacker.post("/v1/chat/completions", content=body).status_code)
            for field in FIELDS:
                for value in NASTY:
                    body = json.dumps({"model": "tiny", "prompt": "hi", field: value}).encode()
                    statuses.add(attacker.post("/v1/completions", content=body).status_code)
        return statuses

    with ThreadPoolExecutor(1) as pool:
        attacking = pool.submit(attack)
        answers = [ask(client, 5, words=300)]
        while not attacking.done():
            answers.append(ask(client, 5, words=300))
    assert attacking.result() <= {200, 400, 404}
    assert set(answers) == {whole} and len(answers) > 2


def test_prompts_past_the_context_are_refused_with_both_numbers(running: Running) -> None:
    with pytest.raises(openai.BadRequestError, match=r"2048 tokens\. However, you requested 2\d\d\d") as caught:
        running.client().completions.create(model="tiny", prompt="a" * 2040, max_tokens=40)
    assert caught.value.code == "context_length_exceeded"


def test_only_the_api_port_listens(running: Running) -> None:
    inodes = {
        os.readlink(link)
        for pid in (running.process.pid, *running.children())
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.exists() or link.is_symlink()
    }
    tables = [Path(f"/proc/{running.process.pid}/net/{table}").read_text() for table in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    assert listening == [f"0100007F:{int(running.url.rsplit(':', 1)[1]):04X}"]


def test_it_ends_with_its_worker_and_exit_code_zero(running: Running) -> None:
    worker = running.children()[0]
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(10) == 0
    assert eventually(lambda: not Path(f"/proc/{worker}").exists())
