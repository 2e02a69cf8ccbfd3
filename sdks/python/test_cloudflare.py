"""`cloudflare`, versions 4 and 5, at Workers AI's own routes."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import cloudflare
import pytest
from cloudflare import AsyncCloudflare, Cloudflare
from shared import (
    ADAPTER,
    ANSWER,
    COMPLETION_TOKENS,
    KEY,
    PROMPT_TOKENS,
    QUESTION,
    RESPONSE_FORMAT,
    SCHEMA,
    SCHEMA_QUESTION,
    SERVER,
    TOOL,
    TOOL_NAME,
    TOOL_RESULT,
    WEATHER,
    is_verdict,
    joined,
    user,
)

MODEL = "@cf/meta/llama-3.1-8b-instruct"
ASKED: dict[str, Any] = {"account_id": "0123456789abcdef0123456789abcdef", "model_name": MODEL, "seed": 1}
HERE: dict[str, Any] = {"account_id": "me"}
OF_VERSION_5 = cloudflare.__version__.startswith("5.")


def connect(key: str = KEY) -> Cloudflare:
    return Cloudflare(api_token=key, base_url=f"{SERVER}/client/v4", max_retries=0)


@pytest.fixture(scope="module")
def client() -> Cloudflare:
    return connect()


def fetched(client: Cloudflare, **body: Any) -> Any:
    """What `ai.run` gives, as plain values: the two versions type it differently."""
    answer = client.ai.run(**body)
    return answer if isinstance(answer, dict) else answer.to_dict()


def run(client: Cloudflare, **body: Any) -> Any:
    """What the model says to this, with the likeliest tokens."""
    return fetched(client, **ASKED, temperature=0, **body)


def test_messages_are_answered(client: Cloudflare) -> None:
    answer = run(client, messages=[user(QUESTION)])
    assert answer["response"] == ANSWER
    counted = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    assert counted == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_a_prompt_is_answered(client: Cloudflare) -> None:
    assert run(client, prompt=QUESTION)["response"] == ANSWER


def test_the_asynchronous_client_says_the_same() -> None:
    async def ask() -> Any:
        async with AsyncCloudflare(api_token=KEY, base_url=f"{SERVER}/client/v4", max_retries=0) as client:
            return await client.ai.run(**ASKED, temperature=0, prompt=QUESTION)

    answer = asyncio.run(ask())
    assert (answer if isinstance(answer, dict) else answer.to_dict())["response"] == ANSWER


def test_a_stream_is_the_same_text(client: Cloudflare) -> None:
    with client.ai.with_streaming_response.run(
        **ASKED, temperature=0, messages=[user(QUESTION)], stream=True
    ) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    assert joined(json.loads(line).get("response") for line in lines[:-1]) == ANSWER


def test_a_call_its_result_and_words(client: Cloudflare) -> None:
    (call,) = run(client, messages=[user(WEATHER)], tools=[TOOL], extra_body={"tool_choice": "required"})["tool_calls"]
    assert (call["name"], call["arguments"]) == (TOOL_NAME, {"city": "Lima"})
    messages = [
        user(WEATHER),
        {"role": "assistant", "content": json.dumps({"name": call["name"], "parameters": call["arguments"]})},
        {"role": "tool", "name": TOOL_NAME, "content": TOOL_RESULT},
    ]
    assert "cloudy" in run(client, messages=messages, tools=[TOOL])["response"]


@pytest.mark.parametrize("wrapped", [SCHEMA, RESPONSE_FORMAT["json_schema"]], ids=["bare", "wrapped"])
def test_json_mode_answers_with_a_value(client: Cloudflare, wrapped: Any) -> None:
    response_format = {"type": "json_schema", "json_schema": wrapped}
    answer = run(client, messages=[user(SCHEMA_QUESTION)], response_format=response_format)
    assert is_verdict(answer["response"])


def test_an_unknown_model_is_5007(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.BadRequestError) as caught:
        client.ai.run(**{**ASKED, "model_name": "@cf/nobody/nothing"}, prompt="hi")
    assert caught.value.errors[0].code == 5007


def test_a_value_out_of_range_is_5006(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.BadRequestError) as caught:
        client.ai.run(**ASKED, prompt="hi", temperature=9)
    assert caught.value.errors[0].code == 5006
    assert "/temperature" in caught.value.errors[0].message


def test_too_long_a_prompt_is_5021(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.APIStatusError) as caught:
        client.ai.run(**ASKED, prompt="hi", max_tokens=5000)
    assert (caught.value.status_code, caught.value.errors[0].code) == (413, 5021)


def test_a_wrong_key_is_10000() -> None:
    with pytest.raises(cloudflare.AuthenticationError) as caught:
        connect("wrong").ai.run(**ASKED, prompt="hi")
    assert caught.value.errors[0].code == 10000


def test_models_are_listed_in_pages_that_end(client: Cloudflare) -> None:
    for per_page in (1, 50):
        models: list[Any] = list(client.ai.models.list(**HERE, per_page=per_page))
        assert [model["name"] for model in models] == ["@cf/tampu/cria", MODEL]
    assert list(client.ai.models.list(**HERE, search="nothing")) == []


def test_a_models_schema_has_its_input_and_output(client: Cloudflare) -> None:
    schema: Any = client.ai.models.schema.get(**HERE, model=MODEL)
    plain = schema if isinstance(schema, dict) else schema.to_dict()
    assert {"input", "output"} <= set(plain)
    assert "messages" in json.dumps(plain["input"])


def test_tasks_and_authors_are_listed(client: Cloudflare) -> None:
    assert "Text Generation" in str(list(client.ai.tasks.list(**HERE)))
    assert "tampu" in str(list(client.ai.authors.list(**HERE)))


@pytest.fixture
def finetune(client: Cloudflare) -> Iterator[Any]:
    created = client.ai.finetunes.create(**HERE, model=MODEL, name="pirate", description="talks like one", public=True)
    yield created
    client.delete(f"/accounts/me/ai/finetunes/{created.id}", cast_to=object)


def test_a_finetune_is_created_filled_listed_and_answers(client: Cloudflare, finetune: Any) -> None:
    assert (finetune.name, finetune.model) == ("pirate", MODEL)
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        sent: Any = client.ai.finetunes.assets.create(
            finetune.id, **HERE, file=(ADAPTER / file).read_bytes(), file_name=file
        )
        assert sent.success if OF_VERSION_5 else (sent.finetune_id, sent.file_name) == (finetune.id, file)
    assert {each.name: each.id for each in client.ai.finetunes.list(**HERE)} == {"pirate": finetune.id}
    assert [each.name for each in client.ai.finetunes.public.list(**HERE)] == ["pirate"]
    assert run(client, messages=[user(QUESTION)], lora="pirate")["response"] != ANSWER


def test_half_a_finetune_and_an_unknown_one_are_3039(client: Cloudflare, finetune: Any) -> None:
    for lora in (finetune.id, "nobody"):
        with pytest.raises(cloudflare.BadRequestError) as caught:
            run(client, messages=[user(QUESTION)], lora=lora)
        assert caught.value.errors[0].code == 3039


def test_a_batch_is_queued_and_its_answers_are_fetched(client: Cloudflare) -> None:
    elements = [{"messages": [user(QUESTION)], "temperature": 0, "external_reference": "a"}, {"prompt": 5}]
    asked = {**ASKED, "prompt": "-", "extra_query": {"queueRequest": "true"}}
    queued = fetched(client, **asked, extra_body={"prompt": None, "requests": elements})
    assert queued["status"] == "queued"
    result, deadline = queued, time.monotonic() + 10
    while "responses" not in result and time.monotonic() < deadline:
        time.sleep(0.05)
        result = fetched(client, **ASKED, prompt="-", extra_body={"prompt": None, "request_id": queued["request_id"]})
    good, bad = result["responses"]
    assert (good["external_reference"], good["result"]["response"]) == ("a", ANSWER)
    assert (bad["success"], bad["errors"][0]["code"]) == (False, 5006)


def test_an_unknown_batch_is_5099(client: Cloudflare) -> None:
    with pytest.raises(cloudflare.NotFoundError) as caught:
        fetched(client, **ASKED, prompt="-", extra_body={"prompt": None, "request_id": "none"})
    assert caught.value.errors[0].code == 5099
