"""A conversation and the commands that steer it; knows no terminal."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tampu.cli.opening import check
from tampu.cli.reply import Reply, Show, ask
from tampu.cli.terminal import counted
from tampu.engine.llm import LLM
from tampu.errors import InvalidRequest, TampuError, nearest
from tampu.request import Message, SamplingParams
from tampu.text.chat_format import render_segments

NOT_SETTABLE = ("n", "logprobs", "prompt_logprobs", "masked_logprobs")
SETTABLE = tuple(item.name for item in fields(SamplingParams) if item.name not in NOT_SETTABLE)


class Quit(Exception):
    """The user has said goodbye."""


class Conversation:
    """Messages so far, how to sample, and the last reply. `adapter` is the name of the LoRA to answer with."""

    def __init__(self, llm: LLM, sampling: Mapping[str, Any], system: str = "", adapter: str = "") -> None:
        self.llm = llm
        self.sampling = dict(sampling)
        self.system = system
        self.adapter = adapter
        self.messages: list[Message] = []
        self.last: Reply | None = None

    def say(self, text: str, show: Show) -> Reply:
        """Say something and get the reply. When it fails, nothing was said; when it is stopped, its start stays."""
        prompt = (*self._system_messages(), *self.messages, Message("user", text))
        reply = ask(self.llm, prompt, check(self.sampling), show, adapter=self.adapter)
        self.messages += [Message("user", text), Message("assistant", reply.text)]
        self.last = reply
        return reply

    def command(self, line: str) -> str:
        """What a line such as `/set temperature 0.5` does, in words. Raises InvalidRequest, or Quit."""
        name, _, argument = line.removeprefix("/").partition(" ")
        if name not in COMMANDS:
            near = nearest(name, COMMANDS)
            hint = f"Did you mean /{near[0]}?" if near else "/help lists what there is."
            raise InvalidRequest(f"There is no /{name}. {hint}")
        return COMMANDS[name][1](self, argument.strip())

    def take_back(self) -> str:
        """Forget the last exchange; the words that began it."""
        if not self.messages:
            raise InvalidRequest("Nothing has been said yet.")
        *self.messages, question, _ = self.messages
        return question.content

    def set(self, argument: str) -> str:
        """Change a sampling parameter, or show all that differ from the default."""
        name, _, text = argument.partition(" ")
        if not name:
            return "\n".join(f"{key} {value}" for key, value in self.sampling.items()) or "Nothing is set."
        if name not in SETTABLE:
            raise InvalidRequest(f"There is no parameter {name}. There are {', '.join(SETTABLE)}.")
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
        self.messages, self.last = [], None
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

    def _system_messages(self) -> tuple[Message, ...]:
        return (Message("system", self.system),) if self.system else ()

    def _shown_messages(self) -> tuple[Message, ...]:
        return (*self._system_messages(), *self.messages) or (Message("user", ""),)

    def _num_tokens(self) -> int:
        segments = render_segments(self._shown_messages(), (), self.llm.tokenizer)
        return sum(len(segment.token_ids) for segment in segments)


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


def describe(error: TampuError | OSError) -> str:
    """An error in one line."""
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
