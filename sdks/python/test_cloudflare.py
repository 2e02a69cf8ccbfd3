"""The `cloudflare` package, versions 4 and 5."""

import json
import time
import uuid
from pathlib import Path

import cloudflare
import pytest
from cloudflare import Cloudflare
from conftest import ASK, LLAMA, PERSON, TOOL, WEATHER, WORKERS_NAME

ACCOUNT = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def client(url: str, key: str) -> Cloudflare:
    return Cloudflare(api_token=key, base_url=f"{url}/client/v4", max_retries=0)


def run(client: Cloudflare, **fields):
    # With `response` an object or with tool calls, the package's own type is too narrow: it gives what came.
    answer = client.ai.run(WORKERS_NAME, account_id=ACCOUNT, **fields)
    return answer if isinstance(answer, dict) else answer.model_dump()


def test_a_conversation_is_answered(client: Cloudflare) -> None:
    result = run(client, messages=ASK, temperature=0)
    assert result["response"].startswith(LLAMA)
    assert result["usage"]["total_tokens"] > 20


def test_a_prompt_is_answered(client: Cloudflare) -> None:
    assert run(client, prompt="What is a llama?", temperature=0)["response"].startswith(LLAMA)


def test_an_answer_matches_its_schema(client: Cloudflare) -> None:
    form = {"type": "json_schema", "json_schema": PERSON}
    result = run(client, messages=ASK, seed=1, extra_body={"response_format": form})
    assert result["response"]["size"] in ("small", "large") and 0 <= result["response"]["age"] <= 9


def test_a_tool_is_called(client: Cloudflare) -> None:
    asked = [{"role": "user", "content": WEATHER}]
    result = run(client, messages=asked, tools=[TOOL], temperature=0, extra_body={"tool_choice": "required"})
    (call,) = result["tool_calls"]
    assert (call["name"], call["arguments"]) == ("get_weather", {"city": "Lima"})


def test_a_stream_has_the_text_and_ends_with_usage(client: Cloudflare) -> None:
    whole = run(client, messages=ASK, seed=5)["response"]
    with client.ai.with_streaming_response.run(
        WORKERS_NAME, account_id=ACCOUNT, messages=ASK, seed=5, stream=True
    ) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert "".join(event["response"] for event in events) == whole
    assert events[-1]["usage"]["completion_tokens"] > 5


ERRORS = [
    ({"temperature": 6}, 5006),
    ({"top_k": 51}, 5006),
    ({"max_tokens": 100_000}, 5021),
]


@pytest.mark.parametrize(("changes", "code"), ERRORS, ids=str)
def test_what_is_wrong_has_its_number(client: Cloudflare, changes: dict, code: int) -> None:
    with pytest.raises(cloudflare.APIStatusError) as caught:
        run(client, messages=ASK, **changes)
    assert caught.value.status_code == (413 if code == 5021 else 400)
    assert caught.value.errors[0].code == code


def test_an_unknown_model_has_its_number(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.BadRequestError) as caught:
        client.ai.run("@cf/no/model", account_id=ACCOUNT, prompt="x")
    assert caught.value.errors[0].code == 5007


def test_a_wrong_token_is_an_authentication_error(url: str) -> None:
    with pytest.raises(cloudflare.AuthenticationError) as caught:
        run(Cloudflare(api_token="wrong", base_url=f"{url}/client/v4", max_retries=0), prompt="x")
    assert caught.value.errors[0].code == 10000


def test_the_list_of_models_ends(client: Cloudflare) -> None:
    models = list(client.ai.models.list(account_id=ACCOUNT, per_page=1))
    names = [model["name"] if isinstance(model, dict) else model.name for model in models]
    assert "@cf/tampu/cria" in names and len(names) == len(set(names))


def test_a_models_schema_has_what_the_validator_checks(client: Cloudflare) -> None:
    schema = client.ai.models.schema.get(account_id=ACCOUNT, model=WORKERS_NAME)
    text = json.dumps(schema if isinstance(schema, dict) else schema.model_dump(), default=str)
    assert "messages" in text and "temperature" in text


def test_a_finetune_is_uploaded_listed_and_answers(client: Cloudflare, adapter_folder: Path) -> None:
    name = f"sdk-{uuid.uuid4().hex[:8]}"
    made = client.ai.finetunes.create(account_id=ACCOUNT, model=WORKERS_NAME, name=name, description="")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        data = (adapter_folder / file).read_bytes()
        client.ai.finetunes.assets.create(made.id, account_id=ACCOUNT, file=data, file_name=file)
    listed = client.ai.finetunes.list(account_id=ACCOUNT)
    finetunes = listed if isinstance(listed, list) else [listed]
    assert any(getattr(each, "name", None) == name for each in finetunes)
    plain = run(client, messages=ASK, temperature=0)["response"]
    for lora in (made.id, name):
        assert run(client, messages=ASK, temperature=0, lora=lora)["response"] != plain


def test_a_batch_is_submitted_and_its_answers_are_fetched(client: Cloudflare) -> None:
    requests = [{"messages": ASK, "temperature": 0, "external_reference": "a"}, {"prompt": 5}]
    body = {"prompt": None, "requests": requests}
    queued = run(client, prompt="-", extra_query={"queueRequest": "true"}, extra_body=body)
    assert queued["status"] == "queued"
    result = queued
    for _ in range(100):
        result = run(client, prompt="-", extra_body={"prompt": None, "request_id": queued["request_id"]})
        if "responses" in result:
            break
        time.sleep(0.1)
    good, bad = result["responses"]
    assert good["external_reference"] == "a" and good["result"]["response"].startswith(LLAMA)
    assert bad["success"] is False and bad["errors"][0]["code"] == 5006


def test_an_unknown_batch_has_its_number(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.NotFoundError) as caught:
        run(client, prompt="-", extra_body={"prompt": None, "request_id": "none"})
    assert caught.value.errors[0].code == 5099
