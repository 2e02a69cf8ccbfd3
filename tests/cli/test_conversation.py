import json
from pathlib import Path
from typing import Any

import pytest

from tampu.cli.conversation import COMMANDS, Conversation, Quit
from tampu.engine.llm import LLM
from tampu.errors import ContextTooLong, InvalidRequest
from tampu.request import Chunk, Message

GREEDY: dict[str, Any] = {"temperature": 0.0, "max_tokens": 6}


def unseen(_chunk: Chunk, _seconds: float) -> None:
    """Show nothing."""


@pytest.fixture
def conversation(llm: LLM) -> Conversation:
    return Conversation(llm, GREEDY)


def test_a_reply_follows_from_all_that_was_said(conversation: Conversation, llm: LLM) -> None:
    conversation.command("/system Be kind.")
    first = conversation.say("hello", unseen).text
    second = conversation.say("again", unseen).text
    spoken = [Message("system", "Be kind."), Message("user", "hello"), Message("assistant", first)]
    assert llm.chat([*spoken, Message("user", "again")], **GREEDY).text == second
    assert conversation.messages == [*spoken[1:], Message("user", "again"), Message("assistant", second)]


def test_what_fails_was_not_said(conversation: Conversation) -> None:
    with pytest.raises(ContextTooLong):
        conversation.say("x" * 3000, unseen)
    assert conversation.messages == []


def test_a_talk_that_fills_the_context_forgets_whole_exchanges_and_says_so_once(
    conversation: Conversation, llm: LLM
) -> None:
    conversation.command("/system Be kind.")
    notices, sizes = [], []
    for number in range(40):
        words = f"{number} " + "x" * 100
        notices.append(conversation.make_room(words))
        reply = conversation.say(words, unseen)
        assert reply.completion is not None and reply.completion.choices[0].finish_reason == "length"
        assert reply.usage is not None
        sizes.append(reply.usage.prompt_tokens)
    told = [number for number, notice in enumerate(notices) if notice]
    assert [notices[number] for number in told] == [
        "The talk fills the 2,048 tokens of the context: from now on its oldest parts are forgotten."
    ]
    # The exchanges grow the prompt until there is no room for a reply; then room is made for several.
    assert sizes[: told[0]] == sorted(sizes[: told[0]]) and sizes[told[0]] < sizes[told[0] - 1]
    assert max(sizes) <= 2048 - GREEDY["max_tokens"]
    shown = conversation.command("/tokens")
    assert "Be kind." in shown and "39 x" in shown and '"0 x' not in shown
    # What is left begins with what the user said, and is what the model was asked.
    kept = [Message("system", "Be kind."), *conversation.messages[:-2]]
    assert len(kept) % 2 == 1
    assert llm.count_tokens([kept[0], *conversation.messages[2 * told[0] :]]) > 0
    assert len(conversation.messages) == 80  # /save keeps all


def test_words_that_are_too_long_alone_are_refused_and_forget_nothing(conversation: Conversation) -> None:
    conversation.say("one", unseen)
    with pytest.raises(
        InvalidRequest, match=r"too long: with the system message it has 3,\d\d\d tokens, and 2,048 fit"
    ):
        conversation.make_room("x" * 3000)
    assert conversation.make_room("two") == ""
    assert conversation.say("two", unseen).usage is not None
    assert "one" in conversation.command("/tokens")


def test_a_reply_that_cannot_be_so_long_is_refused_with_what_to_set(conversation: Conversation) -> None:
    conversation.command("/set max_tokens 2040")
    with pytest.raises(InvalidRequest, match=r"tokens are left for a reply, and max_tokens is 2,040: /set max_tokens"):
        conversation.make_room("hello")


def test_clearing_gives_all_the_room_back(conversation: Conversation) -> None:
    for _ in range(30):
        conversation.make_room("x" * 200)
        conversation.say("x" * 200, unseen)
    conversation.command("/clear")
    conversation.say("hello", unseen)
    assert "hello" in conversation.command("/tokens") and conversation.fullness == ""


def test_from_three_quarters_on_the_fullness_is_shown(conversation: Conversation) -> None:
    reply = conversation.say("x" * 1400, unseen)
    assert conversation.fullness == ""
    reply = conversation.say("x" * 200, unseen)
    assert reply.usage is not None
    used = reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert used >= 1536 and conversation.fullness == f"{used:,} of 2,048 tokens"


def test_taking_back_gives_the_question_and_forgets_the_answer(conversation: Conversation) -> None:
    conversation.say("one", unseen)
    conversation.say("two", unseen)
    assert conversation.take_back() == "two"
    assert conversation.messages[0].content == "one"
    assert len(conversation.messages) == 2


def test_there_is_nothing_to_take_back_at_first(conversation: Conversation) -> None:
    with pytest.raises(InvalidRequest, match="Nothing has been said"):
        conversation.take_back()


def test_a_parameter_is_set_checked_and_unset(conversation: Conversation) -> None:
    assert conversation.command("/set temperature 0.5") == "temperature is 0.5."
    assert conversation.sampling["temperature"] == 0.5
    with pytest.raises(InvalidRequest, match=r"temperature must be between 0\.0 and 5\.0, got 9"):
        conversation.command("/set temperature 9")
    assert conversation.command("/set stop END") == "stop is END."
    assert conversation.command('/set stop ["a", "b"]') == "stop is ['a', 'b']."
    assert conversation.command('/set logit_bias {"5": -100}') == "logit_bias is {5: -100}."
    assert conversation.command("/set temperature none") == "temperature is the default."
    assert conversation.command("/set") == "max_tokens 6\nstop ['a', 'b']\nlogit_bias {5: -100}"
    assert conversation.say("hello", unseen).num_tokens <= 6


@pytest.mark.parametrize("argument", ["warmth 1", "n 2", "temperature hot", "seed 1.5", 'logit_bias {"x": 1}'])
def test_what_cannot_be_set_changes_nothing(argument: str, conversation: Conversation) -> None:
    with pytest.raises(InvalidRequest):
        conversation.command(f"/set {argument}")
    assert conversation.sampling == GREEDY


def test_a_conversation_is_saved_and_loaded(conversation: Conversation, llm: LLM, tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    conversation.command("/system Be kind.")
    conversation.say("ñandú", unseen)
    assert conversation.command(f"/save {path}") == f"Saved to {path}."
    other = Conversation(llm, {})
    assert other.command(f"/load {path}") == "Loaded 2 messages."
    assert (other.messages, other.system, other.sampling) == (conversation.messages, "Be kind.", GREEDY)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"messages": [], "system": 3, "sampling": {}}',
        '{"messages": [{"role": "assistant", "content": "x"}], "system": "", "sampling": {}}',
        '{"system": 3, "sampling": {}, "messages": [{"role": "user", "content": 1}, {"role": "tool", "content": ""}]}',
        '{"messages": [], "system": "", "sampling": {"warmth": 1}}',
    ],
)
def test_a_file_that_is_no_conversation_changes_nothing(
    content: str, conversation: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InvalidRequest):
        conversation.command(f"/load {path}")
    assert (conversation.messages, conversation.sampling) == ([], GREEDY)


def test_every_setting_survives_a_file(conversation: Conversation, llm: LLM, tmp_path: Path) -> None:
    conversation.command('/set logit_bias {"5": -100}')
    conversation.command('/set stop ["a", "b"]')
    conversation.command(f"/save {tmp_path / 'a.json'}")
    other = Conversation(llm, {})
    other.command(f"/load {tmp_path / 'a.json'}")
    assert other.sampling == conversation.sampling
    assert conversation.command(f"/save {tmp_path / 'a.json'}").startswith("Saved")


def test_a_file_of_something_else_is_not_written_over(conversation: Conversation, tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("a poem")
    with pytest.raises(InvalidRequest, match="holds no conversation"):
        conversation.command(f"/save {tmp_path / 'poem.txt'}")
    assert (tmp_path / "poem.txt").read_text() == "a poem"


@pytest.mark.parametrize("command", ["save", "load"])
def test_a_file_must_be_named(command: str, conversation: Conversation) -> None:
    with pytest.raises(InvalidRequest, match=f"/{command} needs the name of a file"):
        conversation.command(f"/{command}")


def test_the_system_message_is_shown_set_and_removed(conversation: Conversation) -> None:
    assert conversation.command("/system").startswith("There is no system message")
    conversation.command("/system Speak Quechua.")
    assert conversation.command("/system") == "Speak Quechua."
    assert conversation.command("/system none") == "The system message is gone."
    assert conversation.system == ""


def test_clearing_forgets_what_was_said_but_not_the_system_message(conversation: Conversation) -> None:
    conversation.command("/system Be kind.")
    conversation.say("hello", unseen)
    conversation.command("/clear")
    assert (conversation.messages, conversation.last, conversation.system) == ([], None, "Be kind.")


def test_tokens_show_the_prompt_as_the_model_reads_it(conversation: Conversation) -> None:
    conversation.command("/system ok")
    assert conversation.command("/tokens").splitlines() == [
        "<|begin_of_text|>  256",
        "<|start_header_id|>  262",
        '"system"  115 121 115 116 101 109',
        "<|end_header_id|>  263",
        '"\\n\\n"  10 10',
        '"ok"  111 107',
        "<|eot_id|>  265",
        "<|start_header_id|>  262",
        '"assistant"  97 115 115 105 115 116 97 110 116',
        "<|end_header_id|>  263",
        '"\\n\\n"  10 10',
        "27 tokens",
    ]


def test_stats_tell_of_the_last_reply_and_the_engine(conversation: Conversation) -> None:
    assert "none yet" in conversation.command("/stats")
    reply = conversation.say("hello", unseen)
    stats = conversation.command("/stats")
    assert reply.summary in stats
    assert "of 2048 tokens" in stats


def test_help_lists_every_command(conversation: Conversation) -> None:
    text = conversation.command("/help")
    assert [name for name in COMMANDS if f"/{name} " not in text] == []


def test_an_unknown_command_gets_the_nearest_one(conversation: Conversation) -> None:
    with pytest.raises(InvalidRequest, match=r"There is no /temprature\. /help lists"):
        conversation.command("/temprature")
    with pytest.raises(InvalidRequest, match="Did you mean /stats"):
        conversation.command("/stat")


def test_quitting_leaves(conversation: Conversation) -> None:
    with pytest.raises(Quit):
        conversation.command("/quit")


def test_a_saved_file_is_readable_json(conversation: Conversation, tmp_path: Path) -> None:
    conversation.command(f"/save {tmp_path / 'a.json'}")
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "model": conversation.llm.card.id,
        "system": "",
        "sampling": GREEDY,
        "messages": [],
    }
