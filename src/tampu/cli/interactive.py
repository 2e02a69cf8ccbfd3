"""The conversation on a terminal: prompt_toolkit reads, rich shows the reply while it grows."""

import os
import sys
import time
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tampu.cli.conversation import BARE, COMMANDS, Conversation, Quit, describe
from tampu.cli.reply import Reply
from tampu.cli.terminal import UNPRINTABLE, duration
from tampu.errors import TampuError
from tampu.request import Chunk
from tampu.settings import Paths

HINT = "/help lists commands, Ctrl-D leaves."
REFRESHES_PER_SECOND = 12
TAB_WIDTH = 8


def converse(conversation: Conversation, greeting: str = "") -> None:
    """Talk until the user leaves."""
    console = Console()
    card = conversation.llm.card
    say(console, greeting or f"{card.id} · {card.kind} ({card.choice}) · context {card.context}")
    say(console, HINT, style="dim")
    talk(conversation, new_session(history_file(Paths.find())), console)


def talk(conversation: Conversation, session: "PromptSession[str]", console: Console) -> None:
    """Read a line, do what it says, until the end of input or /quit."""
    while True:
        try:
            line = session.prompt("» ").strip()
        except KeyboardInterrupt:
            say(console, HINT, style="dim")
            continue
        except EOFError:
            return
        try:
            answer(conversation, line, console)
        except Quit:
            return
        except (TampuError, OSError) as error:
            say(console, describe(error), style="red")


def say(console: Console, text: str, style: str = "") -> None:
    """Print text as it is: nothing in it is markup, and no control character reaches the terminal."""
    console.print(text.translate(UNPRINTABLE), style=style, markup=False, highlight=False, emoji=False)


def answer(conversation: Conversation, line: str, console: Console) -> None:
    """One line of the user: a command, or words for the model."""
    if line == "/retry":
        retry(conversation, console)
    elif line.startswith("/") or line.lower() in BARE:
        say(console, conversation.command(line))
    elif line:
        reply_to(conversation, line, console)


def retry(conversation: Conversation, console: Console) -> None:
    """Ask the last question again; where that fails, the first answer stays."""
    before = list(conversation.messages)
    try:
        reply_to(conversation, conversation.take_back(), console)
    except TampuError:
        conversation.messages = before
        raise


def reply_to(conversation: Conversation, words: str, console: Console) -> None:
    """Show the reply as it comes, then its figures."""
    if notice := conversation.make_room(words):
        say(console, notice, style="dim")
    with GrowingReply(console) as growing:
        reply = conversation.say(words, growing.add)
        growing.finish(reply, conversation.fullness)


class GrowingReply:
    """A reply on the screen: full rows are printed for good, the last one and the figures are redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line = ""
        self._num_tokens = 0
        self._first_token = 0.0
        self._began = time.monotonic()
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=REFRESHES_PER_SECOND, transient=True
        )

    def __enter__(self) -> "GrowingReply":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def add(self, chunk: Chunk, seconds: float) -> None:
        """A piece of the reply."""
        self._first_token = self._first_token or seconds
        self._num_tokens += len(chunk.token_ids)
        *lines, self._line = (self._line + chunk.text.translate(UNPRINTABLE)).split("\n")
        for line in lines:
            say(self._console, line)
        self._print_full_rows()

    def _print_full_rows(self) -> None:
        """A paragraph may be taller than the screen, and what is redrawn must not be: keep only its last row."""
        line = Text(self._line)
        line.expand_tabs(TAB_WIDTH)
        rows = [row.plain for row in line.wrap(self._console, self._console.width)]
        if len(rows) > 1 and rows[-1]:
            for row in rows[:-1]:
                say(self._console, row)
            self._line = line.plain[line.plain.rindex(rows[-1]) :]

    def finish(self, reply: Reply, fullness: str = "") -> None:
        """Print what is left, and the figures."""
        line, self._line = self._line, ""
        self._live.stop()
        say(self._console, line)
        say(self._console, " · ".join(filter(None, (reply.summary, fullness))), style="dim")

    def _render(self) -> Group:
        return Group(Text(self._line), Text(self._figures(), style="dim"))

    def _figures(self) -> str:
        seconds = time.monotonic() - self._began
        if not self._num_tokens:
            return f"reading · {seconds:.1f} s"
        rate = (self._num_tokens - 1) / max(seconds - self._first_token, 1e-3)
        return f"{self._num_tokens} tokens · {rate:.1f} tokens/s · first after {duration(self._first_token)}"


def new_session(history: History) -> "PromptSession[str]":
    """A prompt with history, completion of commands, and lines broken by Esc-Enter or a trailing backslash."""
    completer = WordCompleter([f"/{name}" for name in COMMANDS], sentence=True)
    return PromptSession(
        history=history, completer=completer, complete_while_typing=False, key_bindings=_keys(), multiline=True
    )


def history_file(paths: Paths) -> History:
    """The history of this user, readable by nobody else; in memory where it cannot be written."""
    path: Path = paths.state / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    except OSError as error:
        print(f"tampu: no history is kept: {describe(error)}", file=sys.stderr)
        return InMemoryHistory()
    return FileHistory(str(path))


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.is_cursor_at_the_end and buffer.text.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
