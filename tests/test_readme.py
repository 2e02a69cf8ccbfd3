"""Every example of the README runs as printed, and prints what the README says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.readme import ROOT, blocks, commands, run_command, run_program, running_server, steady

EXAMPLES = [example for block in blocks("console") for example in commands(block)]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_server() as port:
        yield port


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command[:50] for command, _ in EXAMPLES])
def test_a_command_prints_what_the_readme_says(command: str, output: str, port: int) -> None:
    assert steady(run_command(command, port)) == steady(output)


@pytest.mark.parametrize("source", blocks("python"), ids=["openai", "llm"])
def test_a_program_of_the_readme_runs_and_says_something(source: str, port: int) -> None:
    assert len(run_program(source, port)) > 10


def test_the_page_on_verifying_says_what_is_printed(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    (block,) = blocks("console", ROOT / "docs" / "verify.md")
    with running_server(TAMPU_HOME=home) as port:
        printed = [(run_command(command, port, tmp_path, TAMPU_HOME=home), said) for command, said in commands(block)]
    assert [said for said, _ in printed] == [said for _, said in printed]
