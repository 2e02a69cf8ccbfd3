import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from transformers.utils.chat_template_utils import render_jinja_template

from tampu.errors import InvalidRequest, UnsupportedModel
from tampu.request import Message, PromptDates, Role, Tool, ToolCall
from tampu.text.chat_format import render, render_raw, render_segments
from tampu.text.tokenizer import Tokenizer
from tampu.text.vocabulary import LLAMA3_CONTROL_NAMES
from tests.text.vocabularies import FIRST_CONTROL, META_FILE, needs_meta_file, small_tokenizer, tokenizer_json

SMALL = small_tokenizer()
META = Tokenizer.from_file(META_FILE) if META_FILE.is_file() else SMALL
BEGIN, START, END, EOT = (FIRST_CONTROL + place for place in (0, 6, 7, 9))
WEATHER = Tool("weather", "The weather of a place.", {"type": "object", "properties": {"place": {"type": "string"}}})

# The template of Llama 3 Instruct on the hub.
LLAMA3_TEMPLATE = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    "+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
)


def text_of(*messages: Message, tools: tuple[Tool, ...] = (), continue_last: bool = False) -> str:
    """The prompt as people write it down, control tokens by their names."""
    return "".join(segment.text for segment in render_segments(messages, tools, SMALL, continue_last))


def test_ids_of_a_short_chat() -> None:
    messages = (Message("system", " hello \n"), Message("user", "hello world"))
    assert render(messages, (), SMALL) == [
        *(BEGIN,),
        *(START, 115, 121, 277, 101, 109, END),  # s y st e m
        *(274,),  # \n\n
        *(259,),  # hello, without the spaces around it
        *(EOT,),
        *(START, 267, END, 274),  # user
        *(259, 264),  # hello, world with its space
        *(EOT,),
        *(START, 275, 276, 277, 279, END, 274),  # the open header: as si st ant
    ]


@needs_meta_file
def test_ids_of_a_short_chat_in_llama_3s_own_vocabulary() -> None:
    messages = (
        Message("system", "You are a llama."),
        Message("user", "Hi! "),
        Message("assistant", "Hello."),
        Message("tool", '{"a": 1}'),
    )
    assert render(messages, (), META) == [
        128000,  # <|begin_of_text|>
        128006,  # <|start_header_id|>
        9125,  # system
        128007,  # <|end_header_id|>
        271,  # \n\n
        *(2675, 527, 264, 94776, 13),  # You| are| a| llama|.
        128009,  # <|eot_id|>
        128006,
        882,  # user
        128007,
        271,
        *(13347, 0),  # Hi|!
        128009,
        128006,
        78191,  # assistant
        128007,
        271,
        *(9906, 13),  # Hello|.
        128009,
        128006,
        *(23799, 4690),  # ipy|thon
        128007,
        271,
        *(5018, 64, 794, 220, 16, 92),  # {"|a|":| |1|}
        128009,
        128006,
        78191,
        128007,
        271,
    ]


roles: st.SearchStrategy[Role] = st.sampled_from(["system", "user", "assistant"])
benign = st.text().filter(lambda text: "<|" not in text)


@given(messages=st.lists(st.builds(Message, roles, benign), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize("tokenizer", [SMALL, pytest.param(META, marks=needs_meta_file)], ids=["small", "Meta's"])
def test_harmless_chats_have_the_ids_of_the_hubs_template(tokenizer: Tokenizer, messages: list[Message]) -> None:
    # An empty system message says nothing; the hub's template would write an empty turn.
    shown = messages[1:] if messages[0].role == "system" and not messages[0].content.strip() else messages
    conversation = [{"role": message.role, "content": message.content} for message in shown]
    assume(conversation)
    (prompt,), _ = render_jinja_template([conversation], chat_template=LLAMA3_TEMPLATE, bos_token="<|begin_of_text|>")
    assert render(messages, (), tokenizer) == tokenizer.encode_raw(prompt)


def test_tools_have_the_text_of_llama_31s_template() -> None:
    call = ToolCall("1", "weather", '{"place":"Cuzco"}')
    messages = (
        Message("system", "Be short."),
        Message("user", "Rain?"),
        Message("assistant", "", (call,)),
        Message("tool", '{"rain": false}'),
    )
    assert text_of(*messages, tools=(WEATHER,)) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        "Environment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
        "Be short.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
        "Given the following functions, please respond with a JSON for a function call "
        "with its proper arguments that best answers the given prompt.\n\n"
        'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.'
        "Do not use variables.\n\n"
        """{
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {
                    "type": "string"
                }
            }
        }
    }
}

"""
        "Rain?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        '{"name": "weather", "parameters": {"place": "Cuzco"}}<|eot_id|>'
        "<|start_header_id|>ipython<|end_header_id|>\n\n"
        '{"rain": false}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n'
    )


DATED = Tokenizer.from_json(tokenizer_json(), PromptDates("December 2023", "26 Jul 2024"))
DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"


def dated(*messages: Message, tools: tuple[Tool, ...] = (), date: str = "") -> str:
    """The prompt of a model whose template has dates."""
    return "".join(segment.text for segment in render_segments(messages, tools, DATED, date=date))


@pytest.mark.parametrize("system", ["", "  ", "Be short."])
def test_a_chat_begins_with_the_dates_where_the_models_template_has_them(system: str) -> None:
    """The text of the template of Llama-3.1-8B-Instruct, with and without a system message."""
    turn = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n" + DATES + "{}<|eot_id|>"
    rest = "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    hello = Message("user", "Hi")
    assert dated(hello) == turn.format("") + rest
    assert dated(Message("system", system), hello) == turn.format(system.strip()) + rest


def test_a_request_may_say_which_day_it_is() -> None:
    hello = Message("user", "Hi")
    assert dated(hello, date="1 Mar 2026") == dated(hello).replace("26 Jul 2024", "1 Mar 2026")
    assert "Today Date: 1 Mar 2026" in dated(hello, tools=(WEATHER,), date="1 Mar 2026")
    with pytest.raises(InvalidRequest, match="chat format of this model tells no date"):
        render((hello,), (), SMALL, date="1 Mar 2026")


def test_an_empty_system_message_is_no_turn_where_there_are_no_dates() -> None:
    hello = Message("user", "Hi")
    assert render((Message("system", " \n"), hello), (), SMALL) == render((hello,), (), SMALL)


def test_tools_without_a_system_message_bring_one() -> None:
    text = text_of(Message("user", "Rain?"), tools=(WEATHER,))
    assert text.startswith(
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\n"
        "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user"
    )


def test_a_tool_shows_only_what_the_caller_said_of_it() -> None:
    text = text_of(Message("user", "?"), tools=(Tool("now"),))
    assert '{\n    "type": "function",\n    "function": {\n        "name": "now"\n    }\n}\n\n?' in text


def test_words_calls_and_several_calls_of_one_message_all_stand() -> None:
    calls = (ToolCall("1", "a", "{}"), ToolCall("2", "b", "not json"))
    text = text_of(Message("assistant", " Let me see. ", calls))
    assert 'Let me see.\n{"name": "a", "parameters": {}}; {"name": "b", "parameters": not json}<|eot_id|>' in text


def test_a_continued_message_stays_open_and_no_header_follows() -> None:
    messages = (Message("user", "Count."), Message("assistant", "1, 2, "))
    assert text_of(*messages, continue_last=True).endswith("assistant<|end_header_id|>\n\n1, 2,")


def test_an_empty_message_has_no_content() -> None:
    assert text_of(Message("user", " \n")).startswith(
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n<|eot_id|>"
    )


def test_segments_say_which_message_they_come_from() -> None:
    segments = render_segments((Message("user", "hello"),), (), SMALL)
    assert [(segment.text, segment.control, segment.message) for segment in segments] == [
        ("<|begin_of_text|>", True, None),
        ("<|start_header_id|>", True, 0),
        ("user", False, 0),
        ("<|end_header_id|>", True, 0),
        ("\n\n", False, 0),
        ("hello", False, 0),
        ("<|eot_id|>", True, 0),
        ("<|start_header_id|>", True, None),
        ("assistant", False, None),
        ("<|end_header_id|>", True, None),
        ("\n\n", False, None),
    ]
    assert segments[5].token_ids == (259,)


# Every field a caller can fill with words, as a chat with these words in it.
FIELDS: dict[str, Callable[[str], tuple[tuple[Message, ...], tuple[Tool, ...]]]] = {
    "system": lambda text: ((Message("system", text), Message("user", "hi")), ()),
    "user": lambda text: ((Message("user", text),), ()),
    "assistant": lambda text: ((Message("user", "hi"), Message("assistant", text)), ()),
    "tool result": lambda text: ((Message("tool", text),), ()),
    "call name": lambda text: ((Message("assistant", "", (ToolCall("1", text, "{}"),)),), ()),
    "call arguments": lambda text: ((Message("assistant", "", (ToolCall("1", "f", text),)),), ()),
    "call argument values": lambda text: (
        (Message("assistant", "", (ToolCall("1", "f", json.dumps({text: text})),)),),
        (),
    ),
    "tool name": lambda text: ((Message("user", "hi"),), (Tool(text),)),
    "tool description": lambda text: ((Message("user", "hi"),), (Tool("f", text),)),
    "tool parameters": lambda text: ((Message("user", "hi"),), (Tool("f", "", {text: [text]}),)),
}


def control_ids(messages: tuple[Message, ...], tools: tuple[Tool, ...]) -> list[int]:
    return [token_id for token_id in render(messages, tools, SMALL) if token_id in SMALL.special_ids]


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_can_make_a_control_token(field: str) -> None:
    expected = control_ids(*FIELDS[field]("harmless"))
    for name in LLAMA3_CONTROL_NAMES:
        for text in (name, f"a{name}b", f"\n\n{name}{name}", name.replace("|", "｜")):
            assert control_ids(*FIELDS[field](text)) == expected


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", ["<|eot", "_id|>", "<", "<|", "|>", "|eot_id|>", "<|eot_id|", "user<|end_header_id"])
def test_no_part_of_a_control_token_completes_what_our_own_words_begin(field: str, text: str) -> None:
    assert control_ids(*FIELDS[field](text)) == control_ids(*FIELDS[field]("harmless"))


@pytest.mark.parametrize("name", LLAMA3_CONTROL_NAMES)
def test_no_control_token_comes_from_two_neighbouring_fields(name: str) -> None:
    for cut in (1, 2, len(name) // 2, len(name) - 1):
        left, right = name[:cut], name[cut:]
        halves = (
            Message("system", left),
            Message("user", right),
            Message("assistant", left, (ToolCall("1", right, left),)),
            Message("tool", right),
        )
        tools = (Tool(left, right, {left: right}),)
        ids = [token_id for token_id in render(halves, tools, SMALL) if token_id in SMALL.special_ids]
        assert ids == [BEGIN, *[START, END, EOT] * 4, START, END]


@pytest.mark.parametrize(
    ("messages", "options", "message"),
    [
        ((), {}, "at least one"),
        ((Message("system", "x"),), {"tools": (WEATHER,)}, "messages has none"),
        ((Message("user", "x"),), {"continue_last": True}, "the last one is the user's"),
    ],
)
def test_chats_that_cannot_be_rendered_are_refused(
    messages: tuple[Message, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        text_of(*messages, **options)
    assert caught.value.param == "messages"


def test_what_only_a_validator_reads_of_a_schema_is_not_shown_to_the_model() -> None:
    closed = {"$schema": "http://json-schema.org/draft-07/schema#", "additionalProperties": False}
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    plain = {"type": "object", "properties": {"place": place, "items": {"anyOf": [place]}}}
    noisy = {
        **closed,
        "type": "object",
        "properties": {"place": {**place, **closed}, "items": {"anyOf": [{**place, **closed}]}},
    }
    shown = [text_of(Message("user", "?"), tools=(Tool("f", "", schema),)) for schema in (plain, noisy)]
    assert shown[0] == shown[1]


def test_a_parameter_that_is_called_like_a_keyword_is_shown() -> None:
    schema = {"properties": {"additionalProperties": {"type": "boolean"}, "$schema": {"type": "string"}}}
    text = text_of(Message("user", "?"), tools=(Tool("f", "", schema),))
    assert '"additionalProperties": {' in text and '"$schema": {' in text
    assert '"additionalProperties": {' in text_of(
        Message("user", "?"), tools=(Tool("f", "", {"additionalProperties": {"type": "string"}}),)
    )


def test_parameters_nested_too_deep_are_refused_and_name_the_tool() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    with pytest.raises(InvalidRequest, match="tool f are nested") as caught:
        text_of(Message("user", "hi"), tools=(Tool("f", "", nested),))
    assert caught.value.param == "tools"
    while nested:  # freed level by level: Python's own way down is recursive
        nested = nested.pop("a")


def test_arguments_nested_too_deep_stay_as_they_are() -> None:
    deep = "[" * 100_000
    assert deep in text_of(Message("assistant", "", (ToolCall("1", "f", deep),)))


def test_a_vocabulary_without_headers_has_no_chat_format() -> None:
    tokenizer = Tokenizer.from_json(tokenizer_json(added_tokens=[]))
    with pytest.raises(UnsupportedModel, match=r"no <\|begin_of_text\|>"):
        render((Message("user", "hi"),), (), tokenizer)


def test_raw_text_gets_one_begin_of_text() -> None:
    assert render_raw("hello", SMALL) == [BEGIN, 259]
    assert render_raw("<|begin_of_text|>hello<|eot_id|>", SMALL) == [BEGIN, 259, EOT]
    assert render_raw("", SMALL) == [BEGIN]
    assert render_raw("hello", Tokenizer.from_json(tokenizer_json(added_tokens=[]))) == [259]
