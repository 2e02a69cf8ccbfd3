"""Every skill yields sound dialogues, the same from the same seed, and keeps its two splits apart."""

import json
import random

import pytest

from training.dialogue import Dialogue, Split
from training.mixture import WEIGHTS, next_dialogue
from training.render import render
from training.scoring import held_out_prompts
from training.skills import all_skills

SKILLS = all_skills()
SAMPLES = 25


def made(skill: str, split: Split, count: int = SAMPLES, seed: str = "test") -> list[Dialogue]:
    rng = random.Random(f"{seed}/{skill}")
    return [SKILLS[skill](rng, split) for _ in range(count)]


def prompt(dialogue: Dialogue) -> str:
    turns = dialogue.messages[:-1]
    return json.dumps([[turn.role, turn.content] for turn in turns] + [list(dialogue.tools)])


@pytest.mark.parametrize("skill", SKILLS)
def test_a_skill_says_the_same_from_the_same_seed(skill: str) -> None:
    assert made(skill, "train") == made(skill, "train")


@pytest.mark.parametrize("skill", SKILLS)
def test_a_skill_answers_its_own_prompts_rightly(skill: str) -> None:
    assert all(dialogue.judge(dialogue.answer) for dialogue in made(skill, "train"))


@pytest.mark.parametrize("skill", SKILLS)
def test_training_never_sees_a_held_out_prompt(skill: str) -> None:
    evaluation = {prompt(dialogue) for dialogue in held_out_prompts(skill, SAMPLES)}
    train = {prompt(dialogue) for dialogue in made(skill, "train", 400)}
    assert not evaluation & train


@pytest.mark.parametrize("skill", SKILLS)
def test_no_message_of_a_skill_writes_a_control_token(skill: str) -> None:
    pieces = [piece for dialogue in made(skill, "train") for piece in render(dialogue)]
    assert not [piece.text for piece in pieces if not piece.control and "<|" in piece.text]


def test_every_weight_belongs_to_a_skill() -> None:
    assert not set(WEIGHTS) - set(SKILLS)


def test_the_mixture_is_the_same_from_the_same_seed() -> None:
    first, second = random.Random(5), random.Random(5)
    assert [next_dialogue(first) for _ in range(50)] == [next_dialogue(second) for _ in range(50)]


def test_the_mixture_has_conversations_of_several_turns() -> None:
    rng = random.Random(5)
    lengths = [len(next_dialogue(rng).messages) for _ in range(200)]
    assert max(lengths) >= 8


def test_a_tool_call_names_an_offered_function_and_its_parameters() -> None:
    for dialogue in made("tool call", "train", 200):
        call = json.loads(dialogue.answer)
        offered = [tool["function"] for tool in dialogue.tools]
        function = next(function for function in offered if function["name"] == call["name"])
        assert list(call["parameters"]) == function["parameters"]["required"]


def test_sums_are_right() -> None:
    for dialogue in made("add", "train", 200):
        left, result = dialogue.answer.split(" = ")
        a, b = left.split(" + ")
        assert int(a) + int(b) == int(result)
