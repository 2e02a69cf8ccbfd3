"""A model of random weights, packed once, and a `tampu` to call."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tampu.cli.main import app
from tampu.engine.llm import LLM
from tampu.model.load import pack_file
from tests.checkpoints import random_checkpoint

Tampu = Callable[..., Result]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face directory with random weights."""
    return random_checkpoint(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> Path:
    """The same, packed."""
    packed = checkpoint.parent / "tiny.tampu"
    pack_file(checkpoint, "f32", packed, lambda phase, share: None)  # noqa: ARG005
    return packed


@pytest.fixture(scope="session")
def llm(model: Path) -> Iterator[LLM]:
    """The model, loaded."""
    with LLM(str(model), threads=1, max_num_seqs=8) as loaded:
        yield loaded


@pytest.fixture
def environment(tmp_path: Path, model: Path) -> dict[str, str | None]:
    """Variables of a user who has nothing but the model."""
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("TAMPU_", "HF_"))}
    home = {"TAMPU_HOME": str(tmp_path / "home"), "HF_HOME": str(tmp_path / "hf"), "TAMPU_THREADS": "1"}
    return ours | home | {"TAMPU_MODEL": str(model)}


@pytest.fixture
def tampu(environment: dict[str, str | None]) -> Tampu:
    """`tampu(*arguments, input=...)`: what it prints and its exit code."""

    def call(*arguments: str, stdin: str | bytes = "", **variables: str) -> Result:
        return CliRunner().invoke(app, arguments, input=stdin, env=environment | variables, prog_name="tampu")

    return call
