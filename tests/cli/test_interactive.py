import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from tampu.cli.conversation import Conversation
from tampu.cli.interactive import GrowingReply, history_file, new_session, talk
from tampu.cli.reply import Reply
from tampu.engine.llm import LLM
from tampu.request import Chunk
from tampu.settings import Paths

ESCAPE_ENTER, ENTER, CONTROL_C, CONTROL_D = "\x1b\r", "\r", "\x03", "\x04"


@contextmanager
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


def typed(conversation: Conversation, keys: str) -> str:
    """What is on the screen after typing this and Ctrl-D."""
    screen = io.StringIO()
    with keyboard() as pipe:
        pipe.send_text(keys + CONTROL_D)
        talk(conversation, new_session(InMemoryHistory()), Console(file=screen, width=100))
    return screen.getvalue()


@pytest.fixture
def conversation(llm: LLM) -> Conversation:
    return Conversation(llm, {"temperature": 0.0, "max_tokens": 4, "stop": ("\n",)})


def test_words_get_a_reply_and_its_figures(conversation: Conversation) -> None:
    screen = typed(conversation, f"hello{ENTER}")
    assert conversation.messages[0].content == "hello"
    assert "tokens · first after" in screen


def test_a_slash_command_is_not_said_to_the_model(conversation: Conversation) -> None:
    screen = typed(conversation, f"/system Be [bold]kind.{ENTER}/system{ENTER}")
    assert "The system message is set.\nBe [bold]kind.\n" in screen
    assert conversation.messages == []


def test_escape_enter_and_a_trailing_backslash_begin_a_new_line(conversation: Conversation) -> None:
    typed(conversation, f"one{ESCAPE_ENTER}two\\{ENTER}three{ENTER}")
    assert conversation.messages[0].content == "one\ntwo\nthree"


def test_retry_asks_the_last_question_again(conversation: Conversation) -> None:
    typed(conversation, f"hello{ENTER}/set seed 4{ENTER}/retry{ENTER}")
    assert conversation.messages[0].content == "hello"
    assert len(conversation.messages) == 2


def test_a_mistake_is_told_and_the_conversation_goes_on(conversation: Conversation) -> None:
    screen = typed(conversation, f"/nosuch{ENTER}/retry{ENTER}/load /nowhere/x{ENTER}/set top_p 3{ENTER}hello{ENTER}")
    assert "There is no /nosuch." in screen
    assert "Nothing has been said yet." in screen
    assert "/nowhere/x cannot be read: No such file or directory." in screen
    assert "top_p must be between 0.0 and 1.0, got 3" in screen
    assert len(conversation.messages) == 2


def test_ctrl_c_at_the_prompt_drops_the_line_and_stays(conversation: Conversation) -> None:
    screen = typed(conversation, f"never mind{CONTROL_C}hello{ENTER}")
    assert "Ctrl-D leaves" in screen
    assert conversation.messages[0].content == "hello"


def test_an_empty_line_says_nothing(conversation: Conversation) -> None:
    typed(conversation, f"{ENTER}  {ENTER}")
    assert conversation.messages == []


@pytest.mark.parametrize("word", ["/quit", "/exit", "/bye", "exit", "quit", "Exit", "/QUIT"])
def test_whatever_means_goodbye_leaves_at_once(word: str, conversation: Conversation) -> None:
    typed(conversation, f"{word}{ENTER}hello{ENTER}")
    assert conversation.messages == []


@pytest.mark.parametrize("word", ["/help", "help", "?", "/?"])
def test_whatever_asks_for_help_gets_it(word: str, conversation: Conversation) -> None:
    assert "/system  Show or set the system message" in typed(conversation, f"{word}{ENTER}")
    assert conversation.messages == []


def test_a_message_that_is_too_long_is_one_sentence_and_the_talk_goes_on(conversation: Conversation) -> None:
    screen = typed(conversation, f"hello{ENTER}{'x' * 3000}{ENTER}again{ENTER}")
    assert "This message is too long" in screen
    assert [message.content for message in conversation.messages[::2]] == ["hello", "again"]


def test_the_figures_show_how_full_the_context_is(conversation: Conversation) -> None:
    screen = typed(conversation, f"{'x' * 1600}{ENTER}{'y' * 300}{ENTER}{'z' * 300}{ENTER}")
    assert re.search(r"· 1,[67]\d\d of 2,048 tokens", screen.replace("\n", " "))
    assert screen.replace("\n", " ").count("its oldest parts are forgotten") == 1


def test_a_question_that_cannot_be_asked_again_keeps_its_answer(conversation: Conversation) -> None:
    typed(conversation, f"hello{ENTER}/set max_tokens 2047{ENTER}/retry{ENTER}")
    assert [message.role for message in conversation.messages] == ["user", "assistant"]


def test_whole_lines_are_printed_for_good_and_the_last_one_at_the_end() -> None:
    screen = io.StringIO()
    reply = Reply("one\ntwo\nthree", 3, 0.5, 2.5)
    with GrowingReply(Console(file=screen, width=80)) as growing:
        growing.add(Chunk(text="one\ntw", token_ids=(1,)), 0.5)
        assert screen.getvalue() == "one\n"
        growing.add(Chunk(text="o\n[red]three\x1b[2J", token_ids=(2, 3)), 2.5)
        growing.finish(reply)
    assert screen.getvalue() == f"one\ntwo\n[red]three\ufffd[2J\n{reply.summary}\n"


def test_a_paragraph_taller_than_the_screen_is_seen_to_its_last_word() -> None:
    screen = io.StringIO()
    words = " ".join(f"word{number}" for number in range(100)) + "\tend"
    with GrowingReply(Console(file=screen, width=20, height=5)) as growing:
        for number, piece in enumerate(words.split(" ")):
            growing.add(Chunk(text=f" {piece}" if number else piece, token_ids=(number,)), 0.5)
        assert "word95" in screen.getvalue()
        growing.finish(Reply(words, 100, 0.5, 2.5))
    assert screen.getvalue().split()[:101] == words.split()


def test_the_history_is_its_owners_alone(tmp_path: Path) -> None:
    paths = Paths.find({"TAMPU_HOME": str(tmp_path)})
    history_file(paths).store_string("hello")
    assert stat.S_IMODE(os.stat(paths.state / "history").st_mode) == 0o600
    assert list(history_file(paths).load_history_strings()) == ["hello"]


def test_without_a_place_for_the_history_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    assert isinstance(history_file(Paths.find({"TAMPU_HOME": str(tmp_path)})), InMemoryHistory)
    assert "no history is kept" in capsys.readouterr().err
