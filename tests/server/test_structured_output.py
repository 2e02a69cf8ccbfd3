"""Structured output over the wire: the real `openai` package, a live server, cria in a worker process."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, Field

from tampu.engine.front import LocalEngine
from tampu.settings import EngineSettings, Paths
from tests.server.live import Live, live

ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Anna is 30 years old. Who is she? As JSON."}]
TEXT = "Describe Anna:"


class Pet(BaseModel):
    kind: Literal["llama", "dog"]
    name: str = Field(max_length=12)


class Person(BaseModel):
    name: str = Field(max_length=16)
    age: int = Field(ge=0, le=150)
    pets: list[Pet] = Field(max_length=2)
    email: str | None = Field(max_length=8)


class Tree(BaseModel):
    label: Literal["leaf", "branch"]
    children: list["Tree"] = Field(max_length=1)


@dataclass(frozen=True, slots=True)
class Served:
    """A client, and the engine behind its server."""

    client: OpenAI
    engine: LocalEngine


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    engine = LocalEngine(
        EngineSettings(model="cria", threads=1, max_model_len=1024), Paths.find({"TAMPU_HOME": str(home)})
    )
    with live(engine) as server:
        _run(engine.start(), server)
        _run(engine.ready(), server)
        yield Served(OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30), engine)
        _run(engine.stop(), server)


@pytest.fixture
def client(served: Served) -> OpenAI:
    return served.client


def _run(work: Coroutine[Any, Any, object], server: Live) -> None:
    asyncio.run_coroutine_threadsafe(work, server.loop).result(60)


@pytest.mark.parametrize("temperature", [0.0, 2.0])
@pytest.mark.parametrize("kind", [Person, Tree])
def test_the_parse_helper_gets_its_model(client: OpenAI, kind: type[Any], temperature: float) -> None:
    answer = client.chat.completions.parse(
        model="cria", messages=ASK, response_format=kind, temperature=temperature, seed=1, max_completion_tokens=400
    )
    assert answer.choices[0].finish_reason == "stop"
    assert isinstance(answer.choices[0].message.parsed, kind)


def test_the_stream_helper_gets_its_model_and_the_same_text(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "cria", "messages": ASK, "response_format": Person, "seed": 5, "temperature": 1.0}
    with client.chat.completions.stream(**asked) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion().choices[0].message
    whole = client.chat.completions.parse(**asked).choices[0].message
    assert isinstance(final.parsed, Person) and "".join(pieces) == final.content == whole.content


def ask(client: OpenAI, **changes: Any) -> Any:
    values = {"model": "cria", "messages": ASK, "seed": 1, "max_completion_tokens": 200, **changes}
    return client.chat.completions.create(**values)


def test_json_object_is_an_object_or_was_cut(client: OpenAI) -> None:
    choice = ask(client, response_format={"type": "json_object"}, temperature=0.0).choices[0]
    assert choice.finish_reason == "stop" and isinstance(json.loads(choice.message.content), dict)
    cut = ask(client, response_format={"type": "json_object"}, max_completion_tokens=2).choices[0]
    assert cut.finish_reason == "length"


@pytest.mark.parametrize(
    ("extra", "texts"),
    [
        ({"guided_choice": ["yes", "no"]}, {"yes", "no"}),
        ({"structured_outputs": {"choice": ["yes", "no"]}}, {"yes", "no"}),
        ({"guided_regex": "[ab]{3}"}, None),
        ({"guided_grammar": 'root ::= "a" | "b"'}, {"a", "b"}),
        ({"guided_json": {"type": "integer", "minimum": 7, "maximum": 9}}, {"7", "8", "9"}),
    ],
)
def test_what_vllm_added_works_in_chats_and_completions(client: OpenAI, extra: Any, texts: set[str] | None) -> None:
    chat = ask(client, extra_body=extra, n=2)
    text = client.completions.create(model="cria", prompt=TEXT, extra_body=extra, max_tokens=9, n=2)
    found = [choice.message.content for choice in chat.choices] + [choice.text for choice in text.choices]
    assert len(found) == 4
    if texts is None:
        assert all(len(one) == 3 and set(one) <= {*"ab"} for one in found)
    else:
        assert set(found) <= texts


def test_log_probabilities_before_and_after_the_mask(client: OpenAI) -> None:
    asked = {"logprobs": True, "top_logprobs": 5, "extra_body": {"guided_choice": ["yes", "no"]}}
    raw = ask(client, **asked).choices[0].logprobs.content
    asked["extra_body"] = {**asked["extra_body"], "masked_logprobs": True}  # type: ignore[dict-item]
    masked = ask(client, **asked).choices[0].logprobs.content
    assert [token.token for token in raw] == [token.token for token in masked]
    assert {token.token for token in masked[0].top_logprobs} <= {"y", "ye", "yes", "n", "no"}
    assert raw[0].logprob < masked[0].logprob


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        (
            {"type": "json_schema", "json_schema": {"not": {"const": 1}}},
            "unsupported_schema",
            "not cannot be enforced but for types and required names; see /not.",
        ),
        ({"type": "json_schema", "json_schema": {"$ref": "http://a/b"}}, "unsupported_schema", "within the schema"),
        ({"type": "regex", "regex": "a{1,9999999}"}, "schema_too_complex", "at most 1000 times"),
        ({"type": "regex", "regex": "(?=a)"}, "unsupported_schema", "look-around"),
        ({"type": "grammar", "grammar": "start: x"}, "unsupported_schema", "unknown name"),
    ],
)
def test_what_cannot_be_enforced_gets_a_400(client: OpenAI, form: Any, code: str, message: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, response_format=form)
    assert caught.value.code == code and message in caught.value.message
    assert caught.value.param == f"response_format.{form['type']}"


def test_a_stream_goes_on_while_bombs_are_refused(client: OpenAI) -> None:
    level: Any = {"type": "string"}
    for depth in range(7):
        level = {"allOf": [{"anyOf": [level, {"properties": {f"k{depth}": {}}}]}, {"anyOf": [level, {"minItems": 1}]}]}
    gaps: list[float] = []

    def read() -> None:
        last = time.monotonic()
        for _ in ask(
            client, stream=True, temperature=1.5, extra_body={"guided_regex": "(.|\n){1000}"}, max_completion_tokens=300
        ):
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(5):
        form = {"type": "json_schema", "json_schema": {**level, "title": str(number)}}
        with pytest.raises(openai.BadRequestError, match="response_format"):
            ask(client, response_format=form)
    reader.join(30)
    assert len(gaps) > 100 and max(gaps[1:]) < 2


def test_a_prefilled_turn_is_gone_on_with_in_the_grammar(client: OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [*ASK, {"role": "assistant", "content": "She is"}]
    choice = client.chat.completions.create(
        model="cria", messages=messages, extra_body={"guided_choice": [" Anna", " Bea"]}
    ).choices[0]
    assert choice.message.content in ("Anna", " Anna", "Bea", " Bea", "She is Anna", "She is Bea")


def test_an_answer_goes_on_in_its_grammar_when_the_worker_is_killed(served: Served) -> None:
    lines = {"type": "array", "minItems": 30, "maxItems": 30, "items": {"type": "string", "maxLength": 20}}
    asked: dict[str, Any] = {"extra_body": {"guided_json": lines}, "temperature": 1.5, "max_completion_tokens": 700}
    whole = ask(served.client, **asked).choices[0].message.content
    pieces: list[str] = []
    for chunk in ask(served.client, stream=True, **asked):
        pieces.append(chunk.choices[0].delta.content or "")
        if len(pieces) == 20:
            os.kill(served.engine.worker_pid or 0, signal.SIGKILL)
    assert "".join(pieces) == whole and len(json.loads(whole)) == 30
    assert served.engine.stats.resumed_requests == 1
