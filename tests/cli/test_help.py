import pytest

from tampu.cli.commands import SUMMARIES
from tests.cli.conftest import Tampu


def test_without_a_topic_it_is_the_help_of_tampu(tampu: Tampu) -> None:
    assert tampu("help").stdout == tampu("--help").stdout


@pytest.mark.parametrize("command", SUMMARIES)
def test_on_a_command_it_is_the_help_of_the_command(command: str, tampu: Tampu) -> None:
    assert tampu("help", command).stdout == tampu(command, "--help").stdout


def test_every_variable_is_explained(tampu: Tampu) -> None:
    variables = tampu("help", "env").stdout
    assert [name for name in ("TAMPU_MODEL", "TAMPU_PORT", "TAMPU_HOME", "HF_TOKEN") if name not in variables] == []


def test_every_exit_code_is_explained(tampu: Tampu) -> None:
    lines = tampu("help", "exit-codes").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["0", "1", "2", "3", "4", "5", "6", "7", "130"]
    assert "No model, adapter or record of this name is on this machine." in lines[5]


def test_a_misspelt_topic_gets_the_nearest_one(tampu: Tampu) -> None:
    result = tampu("help", "exit-code")
    assert result.exit_code == 2
    assert "Did you mean exit-codes" in result.stderr
