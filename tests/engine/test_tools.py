"""Tools from request to calls, on cria: what must be called is, arguments fit, and pieces make the whole."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from tampu import LLM
from tampu.engine.tools import call_id, constraint_of
from tampu.errors import InvalidRequest, UnsupportedSchema
from tampu.request import Chunk, Completion, Constraint, GenerateRequest, Message, SamplingParams, Tool, ToolChoice

CITY = {"type": "string", "description": "The name of the city"}
WEATHER = Tool("get_weather", "Get the current weather in a city", {"type": "object", "properties": {"city": CITY}})
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "unit": {"enum": ["m", "km"]}},
    "required": ["a", "unit"],
}
ADD = Tool("convert", "Convert a length", SCHEMA)
ASKING = (Message("user", "What is the weather in Lima?"),)


@pytest.fixture(scope="module")
def llm() -> Iterator[LLM]:
    with LLM("cria", threads=1, num_blocks=256) as model:
        yield model


def ask(tools: tuple[Tool, ...], prompt: str | None = None, **fields: Any) -> GenerateRequest:
    messages = ASKING if prompt is None else (Message("user", prompt),)
    values: dict[str, Any] = {"temperature": 0.0, "seed": 1, "max_tokens": 60} | fields.pop("sampling", {})
    return GenerateRequest("r", "cria", messages, SamplingParams(**values), tools=tools, **fields)


def chunks_of(llm: LLM, request: GenerateRequest) -> list[Chunk]:
    found = [news for _, news in llm.generate([request])]
    assert all(isinstance(chunk, Chunk) for chunk in found), found
    return [chunk for chunk in found if isinstance(chunk, Chunk)]


def test_cria_calls_the_tool_it_needs(llm: LLM) -> None:
    answer = llm.chat("What is the weather in Lima?", tools=[WEATHER], temperature=0.0)
    (call,) = answer.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Lima"})
    assert (answer.text, answer.finish_reason) == ("", "tool_calls")


def test_a_tool_in_openais_shape_and_a_function_are_called_alike(llm: LLM) -> None:
    function = {"name": WEATHER.name, "description": WEATHER.description, "parameters": WEATHER.parameters}

    def get_weather(city: Annotated[str, Field(description="The name of the city")]) -> None:
        """Get the current weather in a city"""

    for tool in ({"type": "function", "function": function}, get_weather):
        (call,) = llm.chat("What is the weather in Lima?", tools=[tool], temperature=0.0).tool_calls
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Lima"})
    with pytest.raises(InvalidRequest, match=r"tools\[0\]\.function is required"):
        llm.chat("Hi", tools=[{"type": "function"}])


def test_an_answer_has_the_form_of_a_pydantic_model(llm: LLM) -> None:
    class Choice(BaseModel):
        unit: Literal["m", "km"]

    answer = llm.chat("Choose a unit.", response_format=Choice, temperature=0.0)
    assert Choice.model_validate_json(answer.text).unit in ("m", "km")
    with pytest.raises(InvalidRequest, match=r"one thing at a time, got response_format\.json_schema and constraint"):
        llm.chat("Choose", response_format=Choice, constraint=Constraint("json_object"))


def test_cria_talks_where_no_tool_is_needed(llm: LLM) -> None:
    answer = llm.chat("Hello!", tools=[WEATHER], temperature=0.0)
    assert answer.text and not answer.tool_calls and answer.finish_reason == "stop"


def test_cria_reads_the_result_of_a_tool(llm: LLM) -> None:
    call = llm.chat("What is the weather in Lima?", tools=[WEATHER], temperature=0.0).tool_calls[0]
    result = '{"temperature": 19, "condition": "cloudy"}'
    messages = [*ASKING, Message("assistant", tool_calls=(call,)), Message("tool", result)]
    answer = llm.chat(messages, tools=[WEATHER], temperature=0.0)
    assert "cloudy" in answer.text and "19" in answer.text


@pytest.mark.parametrize("prompt", ["Hello!", "What is a llama?", "Tell me a joke."])
def test_a_required_call_comes_and_its_arguments_fit(llm: LLM, prompt: str) -> None:
    for seed in range(4):
        request = ask((ADD,), prompt, tool_choice=ToolChoice("required"), sampling={"temperature": 1.5, "seed": seed})
        completion = Completion.fold(chunks_of(llm, request))
        (choice,) = completion.choices
        for call in choice.tool_calls if choice.finish_reason == "tool_calls" else ():
            arguments = json.loads(call.arguments)
            assert set(arguments) == {"a", "unit"}
            assert isinstance(arguments["a"], int) and arguments["unit"] in ("m", "km")
        assert choice.tool_calls[0].name == "convert" and choice.text == ""


def test_a_named_function_is_the_one_that_is_called(llm: LLM) -> None:
    choice = ToolChoice("required", ("convert",))
    answer = llm.chat("What is the weather in Lima?", tools=[WEATHER, ADD], tool_choice=choice, temperature=0.0)
    assert {call.name for call in answer.tool_calls} == {"convert"}


@pytest.mark.parametrize(
    "choice", [ToolChoice("required"), ToolChoice("required", ("now",))], ids=["required", "named"]
)
def test_a_function_without_a_schema_is_called_without_arguments(llm: LLM, choice: ToolChoice) -> None:
    for seed in range(3):
        request = ask((Tool("now"),), tool_choice=choice, sampling={"temperature": 1.5, "seed": seed})
        (answer,) = Completion.fold(chunks_of(llm, request)).choices
        assert answer.tool_calls and all(call.arguments == "{}" for call in answer.tool_calls)


def test_none_means_words(llm: LLM) -> None:
    answer = llm.chat("What is the weather in Lima?", tools=[WEATHER], tool_choice=ToolChoice("none"), temperature=0.0)
    assert answer.text and not answer.tool_calls


def test_a_strict_tool_holds_a_call_that_has_begun(llm: LLM) -> None:
    strict = Tool("get_weather", WEATHER.description, WEATHER.parameters, strict=True)
    for seed in range(4):
        sampling = {"temperature": 1.2, "seed": seed, "max_tokens": 80}
        (choice,) = Completion.fold(chunks_of(llm, ask((strict,), sampling=sampling))).choices
        for call in choice.tool_calls if choice.finish_reason == "tool_calls" else ():
            assert set(json.loads(call.arguments)) <= {"city"}


def test_without_parallel_calls_the_first_one_ends_the_answer(llm: LLM) -> None:
    twice = ask((ADD,), tool_choice=ToolChoice("required"), sampling={"temperature": 2.0, "seed": 3})
    counts = []
    for parallel in (True, False):
        request = GenerateRequest(**{**fields_of(twice), "parallel_tool_calls": parallel})
        (choice,) = Completion.fold(chunks_of(llm, request)).choices
        counts.append(len(choice.tool_calls))
    assert counts[1] == 1 <= counts[0]


def fields_of(request: GenerateRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in GenerateRequest.__slots__}


def test_ids_are_the_same_again_and_different_for_each_call(llm: LLM) -> None:
    request = ask((WEATHER,), sampling={"n": 2})
    first, again = (Completion.fold(chunks_of(llm, request)) for _ in range(2))
    assert first == again
    ids = [call.id for choice in first.choices for call in choice.tool_calls]
    assert len(set(ids)) == len(ids) == 2 and all(len(name) == 29 and name.startswith("call_") for name in ids)
    assert call_id(1, 0, 0, (1, 2)) != call_id(1, 0, 0, (1, 3))


def test_logprobs_are_those_of_all_tokens_of_a_call(llm: LLM) -> None:
    (choice,) = Completion.fold(chunks_of(llm, ask((WEATHER,), sampling={"logprobs": 1}))).choices
    assert len(choice.token_ids) > 10
    assert len(choice.logprobs) == len(choice.token_ids) + 1


def test_a_schema_holds_what_is_no_call(llm: LLM) -> None:
    form = Constraint("json_schema", '{"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}')
    answer = llm.chat("Hello!", tools=[WEATHER], constraint=form, temperature=0.0, max_tokens=60)
    if answer.tool_calls:
        assert answer.tool_calls[0].name == "get_weather"
    else:
        assert isinstance(json.loads(answer.text)["x"], int)


def test_what_cannot_stand_beside_calls_is_refused(llm: LLM) -> None:
    with pytest.raises(InvalidRequest, match="cannot be combined with tools") as caught:
        llm.chat("Hello!", tools=[WEATHER], constraint=Constraint("regex", "a+"))
    assert caught.value.param == "response_format"


def test_a_schema_that_cannot_be_enforced_is_refused_where_it_must_be(llm: LLM) -> None:
    bad = Tool("f", "", {"type": "object", "properties": {"a": {"not": {"const": 1}}}})
    with pytest.raises(UnsupportedSchema, match=r"tools\[0\].function.parameters"):
        llm.chat("Hello!", tools=[bad], tool_choice=ToolChoice("required"))
    assert llm.chat("Hello!", tools=[bad], max_tokens=2).finish_reason == "length"


def test_nothing_is_enforced_where_nothing_must_be() -> None:
    assert constraint_of(ask((WEATHER,))) is None
    assert constraint_of(ask((WEATHER,), tool_choice=ToolChoice("none"))) is None
