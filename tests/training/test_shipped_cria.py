"""The cria inside the package answers held-out prompts as the figures in training/figures.json say."""

import json
from pathlib import Path

import pytest

from tampu import LLM
from tampu.model.hub import BUNDLED
from tampu.model.load import prepare
from tampu.model.packed import open_packed
from tests.checkpoints import silent
from training.evaluate import tampu_answerer
from training.scoring import QUICK_PROMPTS, Answerer, score
from training.skills import all_skills

TRAINING = Path(__file__).parents[2] / "training"
FIGURES = json.loads((TRAINING / "figures.json").read_text())


@pytest.fixture(scope="module")
def shipped() -> Answerer:
    return tampu_answerer(LLM("cria"))


def test_the_shipped_file_is_packed_from_the_weights_in_training(tmp_path: Path) -> None:
    packed = prepare(TRAINING / "cria", "int8", silent, tmp_path)
    assert open_packed(packed).fingerprint == open_packed(BUNDLED / "cria.tampu", verify=True).fingerprint


def test_every_skill_has_its_figure_and_none_is_nothing() -> None:
    assert set(FIGURES) == set(all_skills())
    assert all(figure["quick_right"] > 0 for figure in FIGURES.values())


@pytest.mark.parametrize("skill", all_skills())
def test_the_shipped_cria_is_as_good_as_its_figures(shipped: Answerer, skill: str) -> None:
    assert score(shipped, skill, QUICK_PROMPTS).quick_right >= FIGURES[skill]["quick_right"]
