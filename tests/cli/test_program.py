import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tampu.cli.commands import SUMMARIES
from tampu.cli.program import VARIABLE, as_called, called_as
from tests.cli.conftest import Tampu

ROOT = Path(__file__).parent.parent.parent
NAME = "./my/tampu"


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NAME)


def strings() -> Iterator[tuple[str, str]]:
    """Every text in the code that a user may see, with its file; docstrings of commands are shown, too."""
    for path in sorted((ROOT / "src" / "tampu").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                pieces = [part.value if isinstance(part, ast.Constant) else " " for part in node.values]
                yield path.name, "".join(map(str, pieces))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value


def hints() -> list[tuple[str, str]]:
    """What stands between backticks or on a line of its own, and begins tampu, each with its file."""
    shape = re.compile(r"`([^`\n]+)`|^( {2,}tampu .*)$", re.M)
    found = [(file, "".join(pair)) for file, text in strings() for pair in shape.findall(text)]
    return [(file, hint) for file, hint in found if re.search(r"(?<!-m )(?<![./\w])tampu(?= |$)", hint)]


@pytest.mark.usefixtures("renamed")
def test_every_hint_is_shown_with_the_name_that_the_program_was_called_by() -> None:
    found = hints()
    assert len(found) > 25
    assert [(file, hint) for file, hint in found if NAME not in as_called(f"`{hint}`")] == []


def test_every_hint_names_a_command_that_exists() -> None:
    named = [(file, word) for file, hint in hints() for word in re.findall(r"\btampu ([a-z]+)", hint)]
    assert len(named) > 20
    assert [(file, word) for file, word in named if word not in SUMMARIES] == []


@pytest.mark.parametrize(
    ("script", "arguments", "name"),
    [
        ("scripts/tampu", ["python", "scripts/tampu"], "scripts/tampu"),
        ("/opt/my tools/tampu", ["python", "/opt/my tools/tampu"], "'/opt/my tools/tampu'"),
        (
            "/x/tampu/__main__.py",
            [".venv/bin/python", "-X", "dev", "-m", "tampu", "pull"],
            ".venv/bin/python -X dev -m tampu",
        ),
        ("/usr/bin/pytest", ["/usr/bin/python", "/usr/bin/pytest"], "tampu"),
        ("mine.py", ["python", "mine.py", "-m", "llama"], "tampu"),
    ],
)
def test_the_name_is_what_was_typed(script: str, arguments: list[str], name: str) -> None:
    assert called_as(script, arguments) == name


def test_what_the_shell_finds_by_its_name_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "tampu"
    script.write_text("")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert called_as(str(script), ["python", str(script)]) == "tampu"
    monkeypatch.setenv("PATH", "/nowhere")
    assert called_as(str(script), ["python", str(script)]) == str(script)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tampu pull x", f"{NAME} pull x"),
        ("a\n  tampu serve --port 9", f"a\n  {NAME} serve --port 9"),
        ("`TAMPU_PORT=N tampu` uses", f"`TAMPU_PORT=N {NAME}` uses"),
        ("git diff | tampu chat -", f"git diff | {NAME} chat -"),
        ("so tampu never opens one; tampu runs Llamas", "so tampu never opens one; tampu runs Llamas"),
        ("/home/tampu models and x-tampu pull", "/home/tampu models and x-tampu pull"),
    ],
)
@pytest.mark.usefixtures("renamed")
def test_only_commands_are_renamed(text: str, shown: str) -> None:
    assert as_called(text) == shown


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["chat", "-m", "llama3.1:8b", "hi"], 4),
        (["serve", "--host", "0.0.0.0"], 3),
        (["models"], 0),
        (["pull"], 0),
        (["pull", "cria"], 0),
        (["adapters", "list"], 0),
        (["doctor"], 0),
        (["help", "env"], 0),
        (["help", "zzzz"], 2),
        (["chat", "--help"], 0),
        (["help"], 0),
        (["zzzz"], 2),
    ],
)
def test_each_command_shows_its_hints_under_that_name(arguments: list[str], code: int, tampu: Tampu) -> None:
    result = tampu(*arguments, **{VARIABLE: NAME})
    assert result.exit_code == code
    shown = result.stdout + result.stderr
    assert NAME in shown
    hints_in = re.sub(r"Usage: tampu|Try 'tampu.*", "", shown)  # the runner of tests says these
    assert re.findall(rf"(?<![\w./-])tampu (?:{'|'.join(SUMMARIES)})\b", hints_in) == []


def test_python_m_is_a_name_too(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE} | {
        "TAMPU_HOME": str(tmp_path)
    }
    command = [sys.executable, "-m", "tampu", "chat", "-m", "llama3.2:1b", "hi"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert f"\n  {sys.executable} -m tampu pull llama3.2:1b " in result.stderr
