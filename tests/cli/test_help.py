import pytest

from tampu.cli.main import SUMMARIES
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
    assert "4  model not here" in tampu("help", "exit-codes").stdout


def test_a_misspelt_topic_gets_the_nearest_one(tampu: Tampu) -> None:
    result = tampu("help", "exit-code")
    assert result.exit_code == 2
    assert "Did you mean exit-codes" in result.stderr
