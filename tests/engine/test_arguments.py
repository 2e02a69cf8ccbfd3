from typing import Any

import pytest

from tampu.engine.arguments import read_messages, read_sampling
from tampu.errors import InvalidRequest
from tampu.request import Message, SamplingParams, ToolCall

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
        "logprobs": 2,
        "prompt_logprobs": True,
        "masked_logprobs": True,
    }
    assert set(fields) == set(SamplingParams.__dataclass_fields__)
    assert read_sampling(fields) == SamplingParams(**fields)


def test_a_misspelt_parameter_gets_the_nearest_name() -> None:
    with pytest.raises(InvalidRequest, match=r"no sampling parameter max_token\. Did you mean max_tokens"):
        read_sampling({"max_token": 9})
