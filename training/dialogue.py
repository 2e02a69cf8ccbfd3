"""The noun every skill makes, and the rule that keeps held-out prompts out of training.

* A skill module in `training/skills/` exports `SKILLS: dict[str, Skill]`; its keys are the names in the figures table.
* A skill is `(rng, split) -> Dialogue`. All chance comes from `rng`: the same seed gives the same dialogue.
* What a skill combines (two entities, a name and a task, a word list, a phrasing and a content) is a *combination*.
  One combination in twenty is held out by a stable hash: training never sees it, evaluation sees nothing else.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, overload

Split = Literal["train", "held_out"]
Role = Literal["system", "user", "assistant", "tool"]
Tool = dict[str, Any]  # an OpenAI-style function: {"name", "description", "parameters": JSON schema}

ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
HELD_OUT_ONE_IN = 20

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `content` of an assistant that calls a tool is the call's JSON.

    An assistant's turn is learned unless it stands there as a mistake that later turns set right.
    """

    role: Role
    content: str
    learned: bool = True


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Messages that end with the assistant's answer, and how to judge another answer in its place.

    Judging looks at the last message only: with `keywords` an answer is right when it contains each of them
    (any letter case), else when it equals the last message or one of `accepted`.
    """

    skill: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    accepted: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    whole: bool = False  # True when its answers would be wrong with other turns before it ("what did I ask first?")

    def __post_init__(self) -> None:
        assert self.messages and self.messages[-1].role == "assistant", f"{self.skill}: must end with the assistant"
        for message in self.messages:
            assert message.role in ROLES, f"{self.skill}: unknown role {message.role}"
            assert message.content == message.content.strip() != "", f"{self.skill}: blank edges in {message.content!r}"

    @property
    def answer(self) -> str:
        """The last message's text."""
        return self.messages[-1].content

    def judge(self, answer: str) -> bool:
        """True when `answer` would do in place of the last message."""
        if self.keywords:
            return all(keyword.lower() in answer.lower() for keyword in self.keywords)
        return answer.strip() in (self.answer, *self.accepted)

    def with_system(self, content: str) -> "Dialogue":
        """The same dialogue behind a system message."""
        return replace(self, messages=(Message("system", content), *self.messages))


Skill = Callable[[random.Random, Split], Dialogue]


def talk(skill: str, *texts: str, system: str = "", **fields: Any) -> Dialogue:
    """A dialogue of alternating user and assistant texts, the user first; `fields` as in `Dialogue`."""
    turns: list[Message] = [Message("system", system)] if system else []
    turns += [Message("assistant" if i % 2 else "user", text) for i, text in enumerate(texts)]
    return Dialogue(skill, tuple(turns), **fields)


def held_out(*parts: object) -> bool:
    """Whether this combination belongs to evaluation alone: one in `HELD_OUT_ONE_IN`, the same on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0


@overload
def choose(rng: random.Random, split: Split, first: Sequence[T], second: Sequence[U], /) -> tuple[T, U]: ...


@overload
def choose(rng: random.Random, split: Split, /, *pools: Sequence[T]) -> tuple[T, ...]: ...


def choose(rng: random.Random, split: Split, /, *pools: Sequence[Any]) -> tuple[Any, ...]:
    """One member of each pool, such that their combination belongs to `split`."""
    return draw(split, lambda: tuple(rng.choice(pool) for pool in pools))


def draw(split: Split, make: Callable[[], T], attempts: int = 10_000) -> T:
    """The first made combination (a tuple, or any value with a stable `str`) that belongs to `split`."""
    for _ in range(attempts):
        made = make()
        parts = made if isinstance(made, tuple) else (made,)
        if held_out(*parts) == (split == "held_out"):
            return made
    raise LookupError(f"no {split} combination in {attempts} attempts; are the pools too small?")
