from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tampu.engine.arguments import read_messages, read_offers, read_sampling, split_constraint
from tampu.errors import InvalidRequest
from tampu.request import Constraint, Message, SamplingParams, Tool, ToolCall, ToolChoice

CALL = ToolCall("c1", "weather", '{"city": "Cusco"}')
HISTORY = (Message("user", "How is Cusco?"), Message("assistant", "", (CALL,)), Message("tool", "sunny"))


def test_a_string_is_one_user_message() -> None:
    assert read_messages("Hello") == (Message("user", "Hello"),)


def test_dicts_have_the_shape_of_openai() -> None:
    function = {"name": "weather", "arguments": '{"city": "Cusco"}'}
    spoken: list[Any] = [
        {"role": "user", "content": "How is Cusco?"},
        {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "content": "sunny", "tool_call_id": "c1"},
    ]
    assert read_messages(spoken) == HISTORY


def test_messages_are_taken_as_they_are_also_between_dicts() -> None:
    assert read_messages(HISTORY) == HISTORY
    assert read_messages([*HISTORY[:2], {"role": "user", "content": "And?"}])[:2] == HISTORY[:2]


def test_a_result_between_dicts_needs_no_id() -> None:
    assert read_messages([*HISTORY, {"role": "user", "content": "And?"}]) == (*HISTORY, Message("user", "And?"))


def test_content_may_come_in_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read_messages([{"role": "user", "content": parts}]) == (Message("user", "a\nb"),)


def test_objects_that_give_themselves_as_dicts_are_messages() -> None:
    class Said(BaseModel):
        role: str = "user"
        content: str = "Hello"
        tool_calls: None = None

    assert read_messages([Said()]) == (Message("user", "Hello"),)


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], "messages must hold at least one message"),
        ([5], r"messages\[0\] must be an object, got an integer"),
        ([Message("user", "a"), {"role": "user"}], r"messages\[1\]\.content is required"),
        ([{"role": "system", "content": "a"}], "messages must hold a message that is not a system message"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "this model reads text only"),
    ],
)
def test_wrong_messages_have_the_words_of_the_http_api(messages: list[Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        read_messages(messages)


WEATHER: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def weather(city: str) -> None:
    """The weather in a city."""


def test_a_tool_is_ours_or_a_dict_or_a_function() -> None:
    function = {"name": "weather", "description": "The weather in a city."}
    as_dict = {"type": "function", "function": {**function, "parameters": {**WEATHER, "additionalProperties": False}}}
    ours = Tool("weather", "The weather in a city.", {"additionalProperties": False, **WEATHER})
    for tool in (ours, as_dict, weather):
        assert read_offers([tool], "auto", True)["tools"] == (ours,)


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "function": {"name": "weather"}}, ToolChoice("required", ("weather",))),
        (ToolChoice("required", ("weather",)), ToolChoice("required", ("weather",))),
        (ToolChoice("auto", ("weather",)), ToolChoice("auto", ("weather",))),
    ],
)
def test_the_choice_is_ours_or_openais(given: Any, choice: ToolChoice) -> None:
    assert read_offers([weather], given, False) == {
        "tools": read_offers([weather], "auto", True)["tools"],
        "tool_choice": choice,
        "parallel_tool_calls": False,
    }


@pytest.mark.parametrize(
    ("tools", "choice", "parallel", "message"),
    [
        (5, "auto", True, "tools must be a list of tools, got an integer"),
        ("x", "auto", True, "tools must be a list of tools, got a string"),
        ({"type": "function"}, "auto", True, "tools must be a list of tools, got an object"),
        ([5], "auto", True, r"tools\[0\] must be an object, got an integer"),
        ([{"type": "function"}], "auto", True, r"tools\[0\]\.function is required"),
        ([lambda x: x], "auto", True, r"tools\[0\]\.function\.name must be 1 to 64 letters.*got <lambda>"),
        ([weather, weather], "auto", True, "there are two functions weather"),
        ([weather], "sometimes", True, "tool_choice must be none, auto, required, or an object"),
        ([weather], ToolChoice("required", ("other",)), True, "tool_choice names other, which is not among the tools"),
        ([], "required", True, "tool_choice is only allowed with tools"),
        ([], "auto", False, "parallel_tool_calls is only allowed with tools"),
        ([weather], "auto", 1, "parallel_tool_calls must be a boolean"),
    ],
)
def test_wrong_tools_have_the_words_of_the_http_api(tools: Any, choice: Any, parallel: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        read_offers(tools, choice, parallel)


class Person(BaseModel):
    name: str


PERSON = (
    '{"additionalProperties": false, "properties": {"name": {"type": "string"}}, "required": ["name"], '
    '"title": "Person", "type": "object"}'
)


@pytest.mark.parametrize(
    ("arguments", "constraint"),
    [
        ({}, None),
        ({"response_format": None}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, Constraint("json_object")),
        ({"response_format": Person}, Constraint("json_schema", PERSON)),
        ({"response_format": list[int]}, Constraint("json_schema", '{"items": {"type": "integer"}, "type": "array"}')),
        ({"guided_choice": ["a", "b"]}, Constraint("choice", '["a", "b"]')),
        ({"structured_outputs": {"regex": "a+"}}, Constraint("regex", "a+")),
    ],
)
def test_what_an_answer_must_match_is_said_as_over_http_or_by_a_type(
    arguments: dict[str, Any], constraint: Constraint | None
) -> None:
    assert split_constraint({**arguments, "seed": 1}) == (constraint, {"seed": 1})


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("json", "response_format must be an object, got a string"),
        ({"type": "json_schema"}, r"response_format\.json_schema is required with type json_schema"),
        ({"type": "xml"}, r"response_format\.type must be one of text"),
        (Callable[[], int], "response_format has no JSON schema: "),
    ],
)
def test_a_wrong_form_has_the_words_of_the_http_api(form: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        split_constraint({"response_format": form})


def test_openais_names_of_parameters_are_taken() -> None:
    assert read_sampling({"max_completion_tokens": 9}).max_tokens == 9
    assert read_sampling({"logprobs": True}).logprobs == 0
    assert read_sampling({"logprobs": True, "top_logprobs": 3}).logprobs == 3
    assert read_sampling({"logprobs": False, "top_logprobs": None}).logprobs is None
    with pytest.raises(InvalidRequest, match="top_logprobs is only allowed with logprobs"):
        read_sampling({"top_logprobs": 3})


def test_what_is_not_said_is_left_at_its_default() -> None:
    assert read_sampling({}) == SamplingParams()
    assert read_sampling({"seed": None, "stop": None, "temperature": None}) == SamplingParams()


def test_one_stop_string_or_id_is_as_good_as_a_list_of_one() -> None:
    assert read_sampling({"stop": "a", "stop_token_ids": 7}) == read_sampling({"stop": ["a"], "stop_token_ids": [7]})
    assert read_sampling({"stop": ("a", "b")}).stop == ("a", "b")


def test_every_field_of_the_sampling_parameters_can_be_said() -> None:
    fields: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.5,
        "top_k": 3,
        "min_p": 0.1,
        "top_a": 0.1,
        "repetition_penalty": 1.5,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "logit_bias": {3: 1.5},
        "seed": 4,
        "n": 2,
        "max_tokens": 9,
        "stop": ("x",),
        "stop_token_ids": (5,),
        "include_stop_str_in_output": True,
        "ignore_eos": True,
        "min_tokens": 3,
        "allowed_token_ids": (5, 7),
        "skip_special_tokens": False,
        "logprobs": 2,
        "prompt_logprobs": 2,
        "masked_logprobs": True,
    }
    assert set(fields) == set(SamplingParams.__dataclass_fields__)
    assert read_sampling(fields) == SamplingParams(**fields)


def test_a_misspelt_parameter_gets_the_nearest_name() -> None:
    with pytest.raises(InvalidRequest, match=r"no sampling parameter max_token\. Did you mean max_tokens"):
        read_sampling({"max_token": 9})
