"""Metrics count what happened, under our names and on request under vLLM's."""

import re

import httpx2

from tampu.settings import ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import eventually, live

CHAT = {"model": "cria", "messages": [{"role": "user", "content": "hi there"}]}


def value(text: str, name: str) -> float:
    """The value of one sample, named with its labels."""
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert match is not None, name
    return float(match[1])


def test_requests_tokens_and_times_are_counted() -> None:
    with live(FakeUpstream("a", "b", "c")) as server:
        httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "n": 2})
        httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "stream": True, "max_tokens": 2})
        httpx2.post(f"{server.url}/v1/chat/completions", json={**CHAT, "n": 0})
        httpx2.get(f"{server.url}/nowhere")
        answer = httpx2.get(f"{server.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.text
    assert value(text, 'tampu_prompt_tokens_total{model_name="cria"}') == 4
    assert value(text, 'tampu_generation_tokens_total{model_name="cria"}') == 8
    assert value(text, 'tampu_request_success_total{finished_reason="stop",model_name="cria"}') == 2
    assert value(text, 'tampu_request_success_total{finished_reason="length",model_name="cria"}') == 1
    assert value(text, 'tampu_time_to_first_token_seconds_count{model_name="cria"}') == 2
    assert value(text, 'tampu_http_requests_total{operation="chat",status="200"}') == 2
    assert value(text, 'tampu_http_requests_total{operation="chat",status="400"}') == 1
    assert value(text, 'tampu_http_requests_total{operation="other",status="404"}') == 1
    assert value(text, "tampu_cache_blocks") == 16
    assert "vllm:" not in text


def test_vllms_names_are_there_when_asked_for() -> None:
    with live(FakeUpstream("a", "b"), ServerSettings(vllm_metrics=True)) as server:
        httpx2.post(f"{server.url}/v1/chat/completions", json=CHAT)
        text = httpx2.get(f"{server.url}/metrics").text
    assert value(text, "vllm:num_requests_running") == 0
    assert value(text, "vllm:kv_cache_usage_perc") == 0
    for name in ("prompt_tokens_total", "generation_tokens_total", "e2e_request_latency_seconds_count"):
        assert value(text, f'vllm:{name}{{model_name="cria"}}') > 0
    assert value(text, 'vllm:request_success_total{finished_reason="stop",model_name="cria"}') == 1


def test_open_requests_and_running_sequences_are_gauges() -> None:
    upstream = FakeUpstream(*["a"] * 100, delay=0.02)
    body = {**CHAT, "stream": True}
    with live(upstream) as server, httpx2.Client() as client:
        with client.stream("POST", f"{server.url}/v1/chat/completions", json=body):
            text = httpx2.get(f"{server.url}/metrics").text
            assert value(text, "tampu_requests_open") == 1
            assert value(text, "tampu_sequences_running") == 1
        assert eventually(lambda: upstream.num_open == 0)
        aborted = 'tampu_request_success_total{finished_reason="abort",model_name="cria"}'
        assert eventually(lambda: aborted in httpx2.get(f"{server.url}/metrics").text)
        text = httpx2.get(f"{server.url}/metrics").text
    assert value(text, 'tampu_prompt_tokens_total{model_name="cria"}') == 2
    assert 0 < value(text, 'tampu_generation_tokens_total{model_name="cria"}') < 100


def test_each_app_counts_for_itself() -> None:
    with live(FakeUpstream()) as one, live(FakeUpstream()) as other:
        httpx2.post(f"{one.url}/v1/chat/completions", json=CHAT)
        assert "tampu_prompt_tokens_total{" not in httpx2.get(f"{other.url}/metrics").text
