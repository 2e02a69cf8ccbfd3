"""A conversation and the commands that steer it; knows no terminal."""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tampu.cli.opening import check
from tampu.cli.program import as_called
from tampu.cli.reply import Reply, Show, ask
from tampu.cli.terminal import counted
from tampu.engine.llm import LLM
from tampu.errors import FileUnreadable, InvalidRequest, TampuError, did_you_mean, reason
from tampu.request import Message, SamplingParams
from tampu.text.chat_format import render_segments

NOT_SETTABLE = ("n", "logprobs", "prompt_logprobs", "masked_logprobs")
SETTABLE = tuple(item.name for item in fields(SamplingParams) if item.name not in NOT_SETTABLE)


# Other words for commands; those without a slash are what people type who do not know it.
ALIASES = {"exit": "quit", "bye": "quit", "?": "help"}
BARE = ("exit", "quit", "help", "?")
REPLY_SHARE, ROOM_SHARE = 8, 4  # a reply wants one token in 8 of the context; when room is made, one in 4 is freed
FULL = 0.75  # of the context: from here on the user is shown how full it is
FORGETTING = "The talk fills the {context:,} tokens of the context: from now on its oldest parts are forgotten."


class Quit(Exception):
    """The user has said goodbye."""


class Conversation:
    """Messages so far, how to sample, and the last reply. `adapter` is the name of the LoRA to answer with."""

    def __init__(self, llm: LLM, sampling: Mapping[str, Any], system: str = "", adapter: str = "") -> None:
        self._num_forgotten = 0  # exchanges at the beginning that the model does not read any more
        self.llm = llm
        self.sampling = dict(sampling)
        self.system = system
        self.adapter = adapter
        self.messages: list[Message] = []
        self.last: Reply | None = None

    def say(self, text: str, show: Show) -> Reply:
        """Say something and get the reply. When it fails, nothing was said; when it is stopped, its start stays."""
        prompt = self._prompt(text)
        reply = ask(self.llm, prompt, check(self.sampling), show, adapter=self.adapter)
        self.messages += [Message("user", text), Message("assistant", reply.text)]
        self.last = reply
        return reply

    def make_room(self, text: str) -> str:
        """Forget the oldest exchanges when the context has no room for this and a reply. What to tell the user: the
        first time that it is so, else nothing. Raises InvalidRequest when there is no room for the words alone.
        """
        context, asked = self.llm.card.context, self.sampling.get("max_tokens")
        if self._num_tokens(text) + (asked or context // REPLY_SHARE) <= context:
            return ""
        room = context - max(asked or 1, context // ROOM_SHARE)
        num_exchanges = len(self.messages) // 2

        def fits(count: int) -> bool:
            return self._num_tokens(text, count) <= room

        needed = bisect_left(range(num_exchanges), True, lo=self._num_forgotten, key=fits)
        num_tokens = self._num_tokens(text, needed)
        if needed == num_exchanges and num_tokens + (asked or 1) > context:
            raise InvalidRequest(_too_long(num_tokens, context, asked), param="messages")
        is_first, self._num_forgotten = self._num_forgotten == 0, needed
        return FORGETTING.format(context=context) if is_first and needed else ""

    @property
    def fullness(self) -> str:
        """How full the context is after the last reply, `1,950 of 2,048 tokens`; empty below three quarters."""
        context, usage = self.llm.card.context, self.last.usage if self.last else None
        used = usage.prompt_tokens + usage.completion_tokens if usage else 0
        return f"{used:,} of {context:,} tokens" if used >= FULL * context else ""

    def command(self, line: str) -> str:
        """What a line such as `/set temperature 0.5` does, in words. Raises InvalidRequest, or Quit."""
        name, _, argument = line.removeprefix("/").partition(" ")
        name = ALIASES.get(name.lower(), name.lower())
        if name not in COMMANDS:
            hint = did_you_mean(f"/{name}", [f"/{known}" for known in COMMANDS], " /help lists what there is.")
            raise InvalidRequest(f"There is no /{name}.{hint}")
        return COMMANDS[name][1](self, argument.strip())

    def take_back(self) -> str:
        """Forget the last exchange; the words that began it."""
        if not self.messages:
            raise InvalidRequest("Nothing has been said yet.")
        *self.messages, question, _ = self.messages
        self._num_forgotten = min(self._num_forgotten, len(self.messages) // 2)
        return question.content

    def set(self, argument: str) -> str:
        """Change a sampling parameter, or show all that differ from the default."""
        name, _, text = argument.partition(" ")
        if not name:
            return "\n".join(f"{key} {value}" for key, value in self.sampling.items()) or "Nothing is set."
        if name not in SETTABLE:
            hint = did_you_mean(name, SETTABLE, f" There are {', '.join(SETTABLE)}.")
            raise InvalidRequest(f"There is no parameter {name}.{hint}")
        changed = {key: value for key, value in self.sampling.items() if key != name}
        if text.strip() not in ("", "none", "default"):
            changed[name] = _value(text.strip())
        check(changed)
        self.sampling = changed
        return f"{name} is {changed.get(name, 'the default')}."

    def set_system(self, argument: str) -> str:
        """Change what the model is told before all else, or show it."""
        if not argument:
            return self.system or "There is no system message. /system WORDS sets one."
        self.system = "" if argument in ("none", '""') else argument
        return "The system message is set." if self.system else "The system message is gone."

    def clear(self, _argument: str) -> str:
        """Forget what was said."""
        self.messages, self.last, self._num_forgotten = [], None, 0
        return "Forgotten."

    def save(self, argument: str) -> str:
        """Write the conversation to a file."""
        path = _path(argument, "save")
        if path.exists():
            _read(path)  # only what is a conversation is written over
        messages = [{"role": message.role, "content": message.content} for message in self.messages]
        whole = {"model": self.llm.card.id, "system": self.system, "sampling": self.sampling, "messages": messages}
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return f"Saved to {path}."

    def load(self, argument: str) -> str:
        """Go on with a conversation from a file."""
        messages, system, sampling = _read(_path(argument, "load"))
        check(sampling)
        self.messages, self.system, self.sampling, self.last = messages, system, sampling, None
        self._num_forgotten = 0
        return f"Loaded {counted(len(messages), 'message')}."

    def stats(self, _argument: str) -> str:
        """Figures of the last reply and of the engine."""
        card, engine = self.llm.card, self.llm.stats()
        return "\n".join(
            (
                f"last reply   {self.last.summary if self.last else 'none yet'}",
                f"model        {card.id}, {card.kind}, {card.isa} on {card.threads} threads, {card.fingerprint}",
                f"cache        {engine.blocks_used} of {engine.blocks_total} blocks of {card.block_size} tokens",
                f"context      {self._num_tokens()} of {card.context} tokens",
            )
        )

    def tokens(self, _argument: str) -> str:
        """The prompt as the model would read it now, with its token ids."""
        lines = []
        for segment in render_segments(self._shown_messages(), (), self.llm.tokenizer):
            ids = " ".join(map(str, segment.token_ids))
            lines.append(f"{segment.text if segment.control else json.dumps(segment.text, ensure_ascii=False)}  {ids}")
        return "\n".join((*lines, counted(self._num_tokens(), "token")))

    def help(self, _argument: str) -> str:
        """What can be typed."""
        width = max(map(len, COMMANDS))
        lines = [f"/{name.ljust(width)}  {words}" for name, (words, _) in COMMANDS.items()]
        return "\n".join(
            (*lines, "", "Esc-Enter, or \\ at the end of a line, begins a new line. Ctrl-C stops a reply.")
        )

    def quit(self, _argument: str) -> str:
        """Leave."""
        raise Quit

    def _prompt(self, text: str = "", num_forgotten: int | None = None) -> tuple[Message, ...]:
        """What the model reads: the system message, what is not forgotten, and these words."""
        system = (Message("system", self.system),) if self.system else ()
        first = 2 * (self._num_forgotten if num_forgotten is None else num_forgotten)
        return (*system, *self.messages[first:], *((Message("user", text),) if text else ()))

    def _shown_messages(self) -> tuple[Message, ...]:
        return self._prompt() or (Message("user", ""),)

    def _num_tokens(self, text: str = "", num_forgotten: int | None = None) -> int:
        return self.llm.count_tokens(self._prompt(text, num_forgotten) or self._shown_messages())


# `retry` is the terminal's: it has to show a reply.
COMMANDS: dict[str, tuple[str, Callable[[Conversation, str], str]]] = {
    "help": ("Show this.", Conversation.help),
    "system": ("Show or set the system message: /system You are a pirate.", Conversation.set_system),
    "set": ("Show or set how to sample: /set temperature 0.5", Conversation.set),
    "clear": ("Forget what was said.", Conversation.clear),
    "retry": ("Ask the last question again.", Conversation.help),
    "save": ("Write the conversation to a file: /save talk.json", Conversation.save),
    "load": ("Go on with a conversation from a file: /load talk.json", Conversation.load),
    "stats": ("Figures of the last reply and of the engine.", Conversation.stats),
    "tokens": ("The prompt as the model reads it, with token ids.", Conversation.tokens),
    "quit": ("Leave; so does Ctrl-D.", Conversation.quit),
}


def _value(text: str) -> Any:
    """A number, list or map as JSON has it; anything else is a string."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return _with_numbers(value) if isinstance(value, dict) else value


def _with_numbers(biases: dict[str, Any]) -> dict[Any, Any]:
    """A logit_bias with token ids for keys, which are strings in JSON."""
    try:
        return {int(key): bias for key, bias in biases.items()}
    except ValueError:
        return biases


def _path(argument: str, command: str) -> Path:
    if not argument:
        raise InvalidRequest(f"/{command} needs the name of a file: /{command} talk.json")
    return Path(argument).expanduser()


def _read(path: Path) -> tuple[list[Message], str, dict[str, Any]]:
    """Messages, system message and sampling of a file that /save wrote; InvalidRequest for another."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        messages = [Message(entry["role"], entry["content"]) for entry in whole["messages"]]
        system, sampling = whole["system"], whole["sampling"]
    except OSError as error:
        raise FileUnreadable(path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"{path} holds no conversation that /save wrote.") from error
    if not _is_conversation(messages, system, sampling):
        raise InvalidRequest(f"{path} holds no conversation that /save wrote.")
    if isinstance(sampling.get("logit_bias"), dict):
        sampling["logit_bias"] = _with_numbers(sampling["logit_bias"])
    return messages, system, sampling


def _is_conversation(messages: list[Message], system: Any, sampling: Any) -> bool:
    roles = [message.role for message in messages]
    texts = [system, *(message.content for message in messages)]
    in_turns = roles == ["user", "assistant"] * (len(roles) // 2)
    return in_turns and all(isinstance(text, str) for text in texts) and isinstance(sampling, dict)


def _too_long(num_tokens: int, context: int, asked: int | None) -> str:
    """Why there is no room, once all before it is forgotten, and what to do."""
    if num_tokens < context:
        return (
            f"With this message {context - num_tokens:,} tokens are left for a reply, and max_tokens is {asked:,}: "
            "/set max_tokens to less."
        )
    return (
        f"This message is too long: with the system message it has {num_tokens:,} tokens, and {context:,} fit the "
        "context together with the reply. Shorten it; nothing else is lost."
    )


def describe(error: TampuError | OSError) -> str:
    """An error in one line, with commands as this user types them."""
    return as_called(f"{error.filename}: {reason(error)}" if isinstance(error, OSError) else str(error))
