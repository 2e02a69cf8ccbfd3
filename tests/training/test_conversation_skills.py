"""What cria is taught to say in conversation: one question has one answer, and what was told is kept."""

import json
import random
from collections import defaultdict

import pytest

from training.data import smalltalk_answers
from training.data.characters import CHARACTERS
from training.data.harms import HARMS
from training.dialogue import Dialogue, Split, held_out
from training.exchanges import Topic, asker, canonical, entries, skill_of
from training.skills import (
    all_skills,
    andes,
    correction,
    facts,
    identity,
    memory,
    persona,
    style,
    tampu_facts,
)

TOPICS: list[Topic] = [
    *(topic for topics in facts.GROUPS.values() for topic in topics),
    *andes.TOPICS,
    *identity.TOPICS,
    *tampu_facts.TOPICS,
    *entries(*smalltalk_answers.ENTRIES),
]
CONVERSATION = ("identity", "greetings", "smalltalk", "capitals", "andes", "tampu", "persona", "style", "memory")


def made(skill: str, split: Split, count: int) -> list[Dialogue]:
    rng = random.Random(f"conversation/{skill}")
    return [all_skills()[skill](rng, split) for _ in range(count)]


def questions_of(topic: Topic) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (canonical(question.format_map(row)), tuple(answer.format_map(row) for answer in topic.answers))
        for row in topic.rows
        for question in topic.questions
    ]


def test_the_same_question_never_has_two_different_answers() -> None:
    answers = defaultdict(set)
    for topic in TOPICS:
        for question, answer in questions_of(topic):
            answers[question].add(answer)
    assert {question: found for question, found in answers.items() if len(found) > 1} == {}


def test_cria_knows_at_least_five_hundred_facts_each_asked_in_several_ways() -> None:
    rows = [topic for topic in TOPICS for _ in topic.rows]
    assert len(rows) > 500
    assert min(len(topic.questions) for topic in TOPICS) >= 1
    assert sum(len(topic.questions) for topic in rows) / len(rows) > 4


def test_every_fact_is_in_training_in_its_first_phrasing() -> None:
    topic = Topic(("What is {x}?",), ("{x} is {y}.",), tuple({"x": str(i), "y": str(i)} for i in range(60)))
    assert any(held_out(canonical(f"What is {i}?")) for i in range(60))
    rng = random.Random(1)
    asked = {skill_of("t", asker([topic]))(rng, "train").answer for _ in range(2000)}
    assert len(asked) == 60


def test_cria_says_its_name_and_that_it_is_small_when_asked_who_it_is() -> None:
    answers = {d.answer for d in made("identity", "train", 400) if canonical(d.messages[0].content) == "who are you"}
    assert answers
    assert all("cria" in answer and "small" in answer for answer in answers)


@pytest.mark.parametrize("character", CHARACTERS)
def test_a_character_keeps_the_whole_answer(character: str) -> None:
    said = persona.dressed(character, "Paris is the capital of France.")
    assert "Paris is the capital of France" in said
    assert said != "Paris is the capital of France."


def test_capitals_asked_for_by_a_system_prompt_are_kept_in_every_answer() -> None:
    for dialogue in made("style", "train", 600):
        if dialogue.messages[0].content in style.STYLES[0].systems:
            spoken = [message.content for message in dialogue.messages if message.role == "assistant"]
            assert spoken == [content.upper() for content in spoken]


def test_an_answer_asked_for_as_json_is_json_with_the_asked_key() -> None:
    found = [d for d in made("style", "train", 1500) if "JSON" in d.messages[0].content]
    assert found
    for dialogue in found:
        (key,) = json.loads(dialogue.answer)
        assert key in dialogue.messages[0].content


@pytest.mark.parametrize("skill", ["memory", "memory with correction", "memory summary"])
def test_what_cria_recalls_was_told_by_the_user(skill: str) -> None:
    for dialogue in made(skill, "train", 200):
        told = " ".join(message.content for message in dialogue.messages[:-1] if message.role == "user").lower()
        assert all(keyword.lower() in told for keyword in dialogue.keywords)


def test_a_corrected_value_wins_over_the_first_one() -> None:
    for dialogue in made("memory with correction", "train", 100):
        assert dialogue.keywords[0].lower() in dialogue.messages[2].content.lower()


def test_a_mistake_that_the_user_corrects_is_not_learned() -> None:
    for dialogue in made("taking correction", "train", 50):
        assert not dialogue.messages[1].learned
        assert dialogue.messages[-1].learned


def test_a_true_claim_is_never_denied() -> None:
    for dialogue in made("judging claims", "train", 300):
        verdict, truth = dialogue.answer.rstrip(".").split(": ", 1)
        if verdict.startswith("No"):
            assert canonical(truth) not in canonical(dialogue.messages[0].content)


def test_every_refusal_says_that_cria_will_not() -> None:
    assert all("I will not" in refusal for refusal in HARMS)
    assert all("will not" in d.answer or "sorry" in d.answer for d in made("refusals", "held_out", 50))


def test_corrections_come_from_tables_whose_values_differ() -> None:
    rng = random.Random(3)
    for _ in range(200):
        _, truth, false, wrong = correction.fact_and_other(rng)
        assert truth != false
        assert wrong in false


def test_an_invented_name_is_rarely_the_same_twice() -> None:
    rng = random.Random(2)
    assert len({memory.invented_name(rng) for _ in range(500)}) > 350


@pytest.mark.parametrize("skill", CONVERSATION)
def test_held_out_dialogues_can_be_made_for(skill: str) -> None:
    assert len({dialogue.messages[-2].content for dialogue in made(skill, "held_out", 40)}) >= 3
