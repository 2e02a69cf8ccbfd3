"""Held-out prompts of every skill, and the share of them that an answerer gets right."""

import random
from collections.abc import Callable, Sequence

from training.dialogue import Dialogue
from training.skills import all_skills

Answerer = Callable[[Sequence[Dialogue]], list[str]]


def held_out_prompts(skill: str, count: int) -> list[Dialogue]:
    """The first `count` held-out dialogues of a skill: the same on every machine."""
    rng = random.Random(f"held out/{skill}")
    make = all_skills()[skill]
    return [make(rng, "held_out") for _ in range(count)]


def score(answer: Answerer, prompts: int, wrong: int = 0, only: Sequence[str] = ()) -> dict[str, float]:
    """Skill -> share of held-out prompts answered right."""
    figures: dict[str, float] = {}
    for skill in only or all_skills():
        dialogues = held_out_prompts(skill, prompts)
        answers = answer(dialogues)
        marks = [dialogue.judge(said) for dialogue, said in zip(dialogues, answers, strict=True)]
        figures[skill] = round(sum(marks) / len(marks), 3)
        missed = [(d, a) for d, a, mark in zip(dialogues, answers, marks, strict=True) if not mark]
        for dialogue, said in missed[:wrong]:
            print(
                f"- {skill}: {dialogue.messages[-2].content!r}\n    wanted {dialogue.answer!r}\n    got    {said!r}",
                flush=True,
            )
    return figures


def table(figures: dict[str, float]) -> str:
    """The figures as a Markdown table."""
    rows = [f"| {skill} | {100 * share:.0f} % |" for skill, share in sorted(figures.items())]
    mean = sum(figures.values()) / len(figures)
    return "\n".join(
        ["| skill | right |", "|---|---|", *rows, f"| **mean of {len(figures)} skills** | **{100 * mean:.1f} %** |"]
    )
