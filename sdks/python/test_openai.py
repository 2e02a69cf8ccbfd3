"""`openai` at every address that speaks its protocol."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from shared import (
    ANSWER,
    COMPLETION_TOKENS,
    COST,
    KEY,
    PROMPT_TOKENS,
    QUESTION,
    RESPONSE_FORMAT,
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

DIALECTS = {
    "openai": ("/v1", "cria"),
    "deepinfra": ("/v1/openai", "meta-llama/Meta-Llama-3.1-8B-Instruct"),
    "openrouter": ("/api/v1", "meta-llama/llama-3.1-8b-instruct"),
    "workers_ai": ("/client/v4/accounts/me/ai/v1", "@cf/meta/llama-3.1-8b-instruct"),
}
GREEDY: dict[str, Any] = {"temperature": 0, "seed": 1}


class Verdict(BaseModel):
    so: bool
    sure: str


def connect(dialect: str, key: str = KEY) -> OpenAI:
    return OpenAI(base_url=SERVER + DIALECTS[dialect][0], api_key=key, max_retries=0)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(dialect: str) -> OpenAI:
    return connect(dialect)


@pytest.fixture
def model(dialect: str) -> str:
    return DIALECTS[dialect][1]


@pytest.fixture
def responses() -> OpenAI:
    return connect("openai")


def test_a_chat_is_the_same_in_every_dialect(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=[user(QUESTION)], **GREEDY)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (ANSWER, "stop")
    assert (answer.model, answer.object) == (model, "chat.completion")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_a_stream_is_the_same_in_every_dialect(client: OpenAI, model: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=[user(QUESTION)], stream=True, stream_options={"include_usage": True}, **GREEDY
        )
    )
    assert joined(choice.delta.content for chunk in chunks for choice in chunk.choices) == ANSWER
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    usage = chunks[-1].usage
    assert usage is not None and usage.completion_tokens == COMPLETION_TOKENS
    assert {chunk.model for chunk in chunks} == {model}


def test_costs_stand_in_the_usage_where_the_dialect_has_them() -> None:
    for dialect, field in (("deepinfra", "estimated_cost"), ("openrouter", "cost")):
        answer = connect(dialect).chat.completions.create(
            model=DIALECTS[dialect][1], messages=[user(QUESTION)], **GREEDY
        )
        assert answer.usage is not None
        assert answer.usage.to_dict()[field] == COST


def test_a_seed_gives_the_same_text_in_every_dialect() -> None:
    texts = {
        connect(dialect)
        .chat.completions.create(model=name, messages=[user("Tell me a joke")], temperature=1, top_p=1, seed=7)
        .choices[0]
        .message.content
        for dialect, (_, name) in DIALECTS.items()
    }
    assert len(texts) == 1


def test_a_call_its_result_and_words(client: OpenAI, model: str) -> None:
    offered: Any = {"model": model, "tools": [TOOL], **GREEDY}
    first = client.chat.completions.create(messages=[user(WEATHER)], tool_choice="required", **offered).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls or []
    assert (call.function.name, json.loads(call.function.arguments)) == (TOOL_NAME, {"city": "Lima"})
    result = {"role": "tool", "tool_call_id": call.id, "content": TOOL_RESULT}
    second = client.chat.completions.create(messages=[user(WEATHER), first.message, result], **offered).choices[0]
    assert second.finish_reason == "stop"
    assert "19" in (second.message.content or "") and "cloudy" in (second.message.content or "")


def test_the_stream_helper_puts_calls_together(client: OpenAI, model: str) -> None:
    asked: Any = {"model": model, "messages": [user(WEATHER)], "tools": [TOOL], **GREEDY}
    with client.chat.completions.stream(
        tool_choice={"type": "function", "function": {"name": TOOL_NAME}}, **asked
    ) as stream:
        final = stream.get_final_completion().choices[0]
    (call,) = final.message.tool_calls or []
    assert (call.function.name, json.loads(call.function.arguments)) == (TOOL_NAME, {"city": "Lima"})


def test_a_schema_holds(client: OpenAI, model: str) -> None:
    asked: Any = {"model": model, "messages": [user(SCHEMA_QUESTION)], **GREEDY}
    whole = client.chat.completions.create(response_format=RESPONSE_FORMAT, **asked)
    assert is_verdict(json.loads(whole.choices[0].message.content or ""))
    pieces = client.chat.completions.create(response_format=RESPONSE_FORMAT, stream=True, **asked)
    text = joined(choice.delta.content for chunk in pieces for choice in chunk.choices)
    assert text == whole.choices[0].message.content


def test_a_pydantic_class_comes_back_as_itself(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(
        model=model, messages=[user(SCHEMA_QUESTION)], response_format=Verdict, max_tokens=40, **GREEDY
    )
    assert isinstance(answer.choices[0].message.parsed, Verdict)


def test_text_completes_whole_and_in_a_stream(client: OpenAI, model: str) -> None:
    asked: Any = {"model": model, "prompt": "The capital of Peru is", "max_tokens": 2, **GREEDY}
    whole = client.completions.create(**asked)
    pieces = [choice.text for chunk in client.completions.create(stream=True, **asked) for choice in chunk.choices]
    assert whole.choices[0].text == joined(pieces)
    assert whole.choices[0].finish_reason == "length"


def test_an_unknown_model_is_the_packages_own_error(client: OpenAI, dialect: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="nobody/nothing", messages=[user("hi")])
    kind = {"openai": openai.NotFoundError, "deepinfra": openai.NotFoundError}.get(dialect, openai.BadRequestError)
    assert type(caught.value) is kind
    assert "nobody/nothing" in caught.value.message


def test_a_value_out_of_range_is_the_packages_own_error(client: OpenAI, model: str, dialect: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=model, messages=[user("hi")], temperature=9)
    kind = openai.UnprocessableEntityError if dialect == "deepinfra" else openai.BadRequestError
    assert type(caught.value) is kind
    assert "temperature" in str(caught.value.body)


def test_a_wrong_key_is_the_packages_own_error(dialect: str, model: str) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        connect(dialect, "wrong").chat.completions.create(model=model, messages=[user("hi")])
    assert caught.value.status_code == 401


def test_models_are_listed(client: OpenAI, dialect: str) -> None:
    ids = [entry.id for entry in client.models.list()]
    assert ids == [{"openai": "cria", "workers_ai": "@cf/tampu/cria"}.get(dialect, "tampu/cria")]


def test_a_model_is_found_by_any_of_its_names(responses: OpenAI) -> None:
    assert responses.models.retrieve("cria").id == "cria"
    with pytest.raises(openai.NotFoundError):
        responses.models.retrieve("nothing")


def test_embeddings_are_refused_in_words(responses: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        responses.embeddings.create(model="cria", input="hi")
    assert "embeddings" in caught.value.message


def test_a_response_is_the_same_as_a_chat(responses: OpenAI) -> None:
    answer = responses.responses.create(model="cria", input=QUESTION, temperature=0)
    assert (answer.output_text, answer.status) == (ANSWER, "completed")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (PROMPT_TOKENS, COMPLETION_TOKENS)


def test_a_response_streams(responses: OpenAI) -> None:
    with responses.responses.stream(model="cria", input=QUESTION, temperature=0) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == joined(pieces) == ANSWER


def test_a_response_calls_a_function_and_reads_its_result(responses: OpenAI) -> None:
    offered: Any = {"model": "cria", "temperature": 0, "tools": [{"type": "function", **TOOL["function"]}]}
    first = responses.responses.create(input=WEATHER, tool_choice="required", **offered)
    (call,) = first.output
    assert call.type == "function_call" and json.loads(call.arguments) == {"city": "Lima"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": TOOL_RESULT}
    second = responses.responses.create(input=[user(WEATHER), call, result], **offered)
    assert "cloudy" in second.output_text


def test_a_response_is_parsed_into_a_class(responses: OpenAI) -> None:
    answer = responses.responses.parse(model="cria", input=SCHEMA_QUESTION, text_format=Verdict, max_output_tokens=40)
    assert isinstance(answer.output_parsed, Verdict)


def test_a_response_is_kept_goes_on_and_is_deleted(responses: OpenAI) -> None:
    first = responses.responses.create(model="cria", input=QUESTION, temperature=0)
    second = responses.responses.create(model="cria", input="Thank you!", previous_response_id=first.id, temperature=0)
    assert "welcome" in second.output_text
    assert responses.responses.retrieve(first.id).output_text == ANSWER
    assert [item.type for item in responses.responses.input_items.list(first.id)] == ["message"]
    responses.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        responses.responses.retrieve(first.id)


def test_errors_of_responses_name_their_field(responses: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        responses.responses.create(model="cria", input="hi", temperature=9)
    assert caught.value.param == "temperature"
    with pytest.raises(openai.NotFoundError) as unknown:
        responses.responses.create(model="nobody/nothing", input="hi")
    assert unknown.value.code == "model_not_found"


def test_chats_take_every_parameter_of_openais(responses: OpenAI) -> None:
    answer = responses.chat.completions.create(
        model="cria", messages=[{"role": "developer", "content": "Be brief.", "name": "ann"}, user(QUESTION)],
        frequency_penalty=-2, logit_bias={"5": -1}, logprobs=True, max_completion_tokens=8, modalities=["text"], n=2,
        metadata={"topic": "llamas"}, parallel_tool_calls=True, prediction={"type": "content", "content": ANSWER},
        presence_penalty=-2, prompt_cache_key="llamas", prompt_cache_retention="in_memory", reasoning_effort="none",
        response_format={"type": "text"}, safety_identifier="ann", seed=0, service_tier="auto", stop="\n", store=True,
        temperature=1, tool_choice="none", tools=[TOOL], top_logprobs=2, top_p=1, user="ann", verbosity="low",
    )  # fmt: skip
    assert len(answer.choices) == 2
    logprobs = answer.choices[1].logprobs
    assert logprobs is not None and logprobs.content is not None and len(logprobs.content[0].top_logprobs) == 2


def test_completions_take_every_parameter_of_openais(responses: OpenAI) -> None:
    answer = responses.completions.create(
        model="cria", prompt=QUESTION, best_of=1, echo=True, frequency_penalty=-2, logit_bias={"5": 0}, logprobs=2,
        max_tokens=4, n=1, presence_penalty=-2, seed=0, stop=["\n"], temperature=1, top_p=1, user="ann",
    )  # fmt: skip
    assert answer.choices[0].text.startswith(QUESTION)


def test_responses_take_the_parameters_of_openais_that_keep_nothing(responses: OpenAI) -> None:
    answer = responses.responses.create(
        model="cria", input=QUESTION, instructions="Be brief.", max_output_tokens=16, metadata={"topic": "llamas"},
        parallel_tool_calls=True, prompt_cache_key="llamas", reasoning={"effort": "none"}, safety_identifier="ann",
        service_tier="auto", store=False, temperature=1, text={"format": {"type": "text"}, "verbosity": "low"},
        tool_choice="none", tools=[{"type": "function", **TOOL["function"], "strict": False}], top_logprobs=2, top_p=1,
        truncation="auto", user="ann", include=["message.output_text.logprobs"],
    )  # fmt: skip
    assert answer.output_text
    assert answer.metadata == {"topic": "llamas"}
