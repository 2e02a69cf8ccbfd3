"""The cria inside the package answers held-out prompts as the figures in training/figures.json say."""

import json
from pathlib import Path

import pytest

from tampu import LLM
from training.evaluate import tampu_answerer
from training.scoring import QUICK_PROMPTS, Answerer, score
from training.skills import all_skills

FIGURES = json.loads((Path(__file__).parents[2] / "training" / "figures.json").read_text())


@pytest.fixture(scope="module")
def shipped() -> Answerer:
    return tampu_answerer(LLM("cria"))


def test_every_skill_has_its_figure() -> None:
    assert set(FIGURES) == set(all_skills())


@pytest.mark.parametrize("skill", all_skills())
def test_the_shipped_cria_is_as_good_as_its_figures(shipped: Answerer, skill: str) -> None:
    assert score(shipped, skill, QUICK_PROMPTS).quick_right >= FIGURES[skill]["quick_right"]
