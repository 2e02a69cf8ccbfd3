"""The two adapters in training/adapters change how the shipped cria answers, and nothing else about it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tampu import LLM
from tampu.request import Chunk, GenerateRequest, Message, SamplingParams
from training.adapt import STYLES, restyled
from training.dialogue import Dialogue, talk
from training.scoring import held_out_prompts
from training.skills import all_skills

ADAPTERS = Path(__file__).parents[2] / "training" / "adapters"


@pytest.fixture(scope="module")
def llm() -> Iterator[LLM]:
    with LLM("cria", adapters={style: ADAPTERS / style for style in STYLES}) as llm:
        yield llm


def prompts() -> list[Dialogue]:
    """One held-out prompt of every skill that has no tools and asks for no form of its own."""
    drawn = [held_out_prompts(skill, 1)[0] for skill in all_skills()]
    return [each for each in drawn if not each.tools and each.messages[0].role == "user"]


def answers(llm: LLM, dialogues: Sequence[Dialogue], adapters: Sequence[str]) -> list[str]:
    """The answer to each dialogue with each adapter, all asked at once."""
    texts: dict[str, str] = {}
    requests = []
    for number, (dialogue, adapter) in enumerate((one, other) for one in dialogues for other in adapters):
        messages = tuple(Message(turn.role, turn.content) for turn in dialogue.messages[:-1])
        sampling = SamplingParams(temperature=0.0, max_tokens=120, seed=0)
        requests.append(GenerateRequest(str(number), "cria", messages, sampling, adapter=adapter))
    for name, news in llm.generate(requests):
        assert isinstance(news, Chunk), news
        texts[name] = texts.get(name, "") + news.text
    return [texts[request.id] for request in requests]


def test_a_style_changes_answers_and_leaves_dialogues_with_tools() -> None:
    plain = talk("hi", "Hello", "Hi there.", "Bye", "Good bye.")
    assert [turn.content for turn in restyled(plain, STYLES["json"]).messages] == [
        "Hello",
        '{"answer": "Hi there."}',
        "Bye",
        '{"answer": "Good bye."}',
    ]
    assert restyled(plain, STYLES["chasqui"]).answer == "Chasqui here, out of breath: Good bye."
    with_tools = replace(plain, tools=({"type": "function"},))
    assert restyled(with_tools, STYLES["json"]) == with_tools


def test_answers_have_the_style_of_their_adapter(llm: LLM) -> None:
    dialogues = prompts()
    found = answers(llm, dialogues, ["", "chasqui", "json"])
    plain, chasqui, objects = found[::3], found[1::3], found[2::3]
    assert sum(text.startswith("Chasqui here") for text in chasqui) > 0.9 * len(dialogues)
    assert sum(_is_answer(text) for text in objects) > 0.8 * len(dialogues)
    assert not any(text.startswith("Chasqui here") or _is_answer(text) for text in plain)


def test_company_changes_no_answer(llm: LLM) -> None:
    dialogues = prompts()[:6]
    together = answers(llm, dialogues, ["chasqui", "", "json"])
    for place, adapter in enumerate(["chasqui", "", "json"]):
        assert answers(llm, dialogues, [adapter]) == together[place::3]


def _is_answer(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and list(value) == ["answer"]
