"""The rendering that cria is trained on, piece by piece."""

import random

import pytest

from tampu.text.chat_format import render_segments
from tests.text.vocabularies import small_tokenizer
from training.dialogue import Dialogue, Message, talk
from training.evaluate import as_request
from training.render import render, render_prompt
from training.skills import all_skills

SMALL = small_tokenizer()


def text(dialogue: Dialogue) -> str:
    return "".join(piece.text for piece in render(dialogue))


def test_a_plain_dialogue_is_rendered_as_llama_3_does_without_dates() -> None:
    assert text(talk("hi", "Hello", "Hi!", system="Be kind.")) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHi!<|eot_id|>"
    )


def test_only_the_assistants_words_and_their_end_are_targets() -> None:
    pieces = render(talk("hi", "Hello", "Hi!", "Bye", "See you."))
    assert [piece.text for piece in pieces if piece.target] == ["Hi!", "<|eot_id|>", "See you.", "<|eot_id|>"]


def test_the_prompt_ends_with_the_open_assistant_header() -> None:
    assert "".join(piece.text for piece in render_prompt(talk("hi", "Hello", "Hi!"))).endswith(
        "Hello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_tools_stand_before_the_first_user_message_and_results_come_from_ipython() -> None:
    messages = (
        Message("user", "Weather in Lima?"),
        Message("assistant", '{"name": "weather", "parameters": {}}'),
        Message("tool", '{"sky": "clear"}'),
        Message("assistant", "It is clear."),
    )
    assert text(Dialogue("weather", messages, tools=({"name": "weather"},))) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\n"
        "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nGiven the following functions, please respond with a JSON for a "
        "function call with its proper arguments that best answers the given prompt.\n\n"
        'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.'
        'Do not use variables.\n\n{\n    "name": "weather"\n}\n\nWeather in Lima?<|eot_id|>'
        '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "weather", "parameters": {}}<|eot_id|>'
        '<|start_header_id|>ipython<|end_header_id|>\n\n{"sky": "clear"}<|eot_id|>'
        "<|start_header_id|>assistant<|end_header_id|>\n\nIt is clear.<|eot_id|>"
    )


@pytest.mark.parametrize("skill", ["memory", "persona", "tool call", "tool result", "repeat"])
def test_training_renders_what_tampu_renders(skill: str) -> None:
    rng = random.Random(3)
    for _ in range(20):
        dialogue = all_skills()[skill](rng, "train")
        messages, tools = as_request(dialogue)
        served = [segment.text for segment in render_segments(messages, tools, SMALL) if segment.text]
        assert [piece.text for piece in render_prompt(dialogue)] == served
