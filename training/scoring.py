"""Held-out prompts of every skill, and how many of them an answerer gets right."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from training.dialogue import Dialogue
from training.skills import all_skills

Answerer = Callable[[Sequence[Dialogue]], list[str]]
QUICK_PROMPTS = 12  # of each skill: what the test of the shipped model asks again


@dataclass(frozen=True, slots=True)
class Miss:
    """A prompt answered wrongly."""

    dialogue: Dialogue
    said: str

    def __str__(self) -> str:
        asked = self.dialogue.messages[-2].content
        return f"- {self.dialogue.skill}: {asked!r}\n    wanted {self.dialogue.answer!r}\n    got    {self.said!r}"


@dataclass(frozen=True, slots=True)
class Score:
    """How a skill went; `quick_right` counts among the first QUICK_PROMPTS."""

    prompts: int
    right: int
    quick_right: int
    misses: tuple[Miss, ...] = ()

    @property
    def percent(self) -> float:
        """Share answered right, in per cent."""
        return 100 * self.right / self.prompts


def held_out_prompts(skill: str, count: int) -> list[Dialogue]:
    """The first `count` held-out dialogues of a skill: the same on every machine."""
    rng = random.Random(f"held out/{skill}")
    make = all_skills()[skill]
    return [make(rng, "held_out") for _ in range(count)]


def score(answer: Answerer, skill: str, prompts: int) -> Score:
    """Ask that many held-out prompts of one skill."""
    dialogues = held_out_prompts(skill, prompts)
    answers = answer(dialogues)
    marks = [dialogue.judge(said) for dialogue, said in zip(dialogues, answers, strict=True)]
    misses = [Miss(d, said) for d, said, mark in zip(dialogues, answers, marks, strict=True) if not mark]
    return Score(prompts, sum(marks), sum(marks[:QUICK_PROMPTS]), tuple(misses))


def table(scores: Mapping[str, Score]) -> str:
    """The figures as a Markdown table that ends with their mean."""
    rows = [f"| {skill} | {score.percent:.0f} % |" for skill, score in sorted(scores.items())]
    mean = sum(score.percent for score in scores.values()) / len(scores)
    return "\n".join(
        ["| skill | right |", "|---|---|", *rows, f"| **mean of {len(scores)} skills** | **{mean:.1f} %** |"]
    )
