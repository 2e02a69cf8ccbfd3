import os
import subprocess
import sys
import time

import pytest

from tampu import __version__
from tampu.cli.commands import SUMMARIES
from tests.cli.conftest import Tampu


def test_the_help_lists_every_command_and_exit_code(tampu: Tampu) -> None:
    result = tampu("--help")
    assert result.exit_code == 0
    assert [name for name in SUMMARIES if f"\n  {name} " not in result.stdout] == []
    for code in ("0  fine", "1  fail", "2  wrong", "3  sett", "4  model", "5  lic", "6  net", "7  port", "130  Ctrl-C"):
        assert code in result.stdout


@pytest.mark.parametrize("command", SUMMARIES)
def test_every_command_has_help(command: str, tampu: Tampu) -> None:
    result = tampu(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: tampu {command}" in result.stdout


def test_the_version_is_said(tampu: Tampu) -> None:
    assert tampu("--version").stdout == f"tampu {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nosuch"], ["--nosuch"], ["chat", "--nosuch"], ["generate"], ["chat", "--seed", "x"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], tampu: Tampu) -> None:
    result = tampu(*arguments)
    assert result.exit_code == 2
    assert "Error:" in result.stderr


def test_a_misspelt_command_gets_the_nearest_one(tampu: Tampu) -> None:
    assert "There is no command caht. Did you mean chat?" in tampu("caht").stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "message"),
    [
        (["chat", "hi"], {"TAMPU_MODEL": "nosuch"}, 4, "There is no model or file called nosuch"),
        (["chat", "hi", "--model", "llama3.1:8b"], {}, 4, "tampu pull llama3.1:8b"),
        (["chat", "hi"], {"TAMPU_THREADS": "many"}, 3, "TAMPU_THREADS='many'"),
        (["chat", "hi", "--threads", "2000"], {}, 3, "threads must be between 0 and 1024"),
        (["chat", "hi", "--temperature", "9"], {}, 2, "temperature must be between 0.0 and 5.0, got 9.0"),
        (["serve", "--host", "0.0.0.0"], {}, 3, "Give them a key first"),
        (["pull", "llama3.1:8b"], {"HF_HUB_OFFLINE": "1"}, 6, "HF_HUB_OFFLINE is set"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(
    arguments: list[str], variables: dict[str, str], code: int, message: str, tampu: Tampu
) -> None:
    result = tampu(*arguments, **variables)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_the_help_starts_within_a_few_times_what_python_needs() -> None:
    def seconds(*arguments: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    bare = min(seconds("-c", "import json, argparse") for _ in range(3))
    # Measured alone: 0.02 s and 0.06 s. Loading rich, pydantic or numpy would add 0.06 s or more each.
    assert min(seconds("-m", "tampu", "--help") for _ in range(5)) < 8 * bare


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (
            "--help",
            ("numpy", "tokenizers", "rich", "prompt_toolkit", "pydantic", "fastapi", "huggingface_hub", "httpx2"),
        ),
        ("chat --help", ("rich", "prompt_toolkit", "pydantic", "fastapi", "huggingface_hub", "httpx2", "gguf")),
        (
            "chat --model /nowhere hi",
            ("rich", "prompt_toolkit", "pydantic", "fastapi", "huggingface_hub", "httpx2", "gguf"),
        ),
    ],
)
def test_nothing_is_loaded_that_a_command_does_not_need(arguments: str, unwanted: tuple[str, ...]) -> None:
    script = f"""
import sys
sys.argv = ["tampu", *{arguments.split()!r}]
from tampu.cli.main import run
try:
    run()
except SystemExit:
    pass
print(sorted(set(sys.modules) & set({unwanted!r})), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.splitlines()[-1] == "[]"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_full_disk_is_one_message() -> None:
    script = f"{sys.executable} -m tampu tokenize hi > /dev/full"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "tampu: No space left on device\n")


def test_what_the_locale_lacks_is_replaced() -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "tampu", "tokenize", "ñ"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=ascii_only)
    assert result.stdout.splitlines()[0] == "tokens               ids"
    command = [sys.executable, "-m", "tampu", "chat", "--model", "\udcff", "hi"]
    assert subprocess.run(command, capture_output=True, text=True, check=False, env=ascii_only).returncode == 4


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_standard_stream_is_an_empty_one(closed: str) -> None:
    script = f"{sys.executable} -m tampu tokenize {closed}"
    result = subprocess.run(["bash", "-c", script], input="", capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_reader_that_leaves_is_no_error() -> None:
    script = f"{sys.executable} -m tampu --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[0].startswith("Usage: ")
    assert result.stdout.splitlines()[1] == "0"
    assert "Traceback" not in result.stderr


def test_a_reader_that_reads_nothing_is_no_error_either() -> None:
    for command in ("--help", "chat --help", "help", "models"):
        script = f"{sys.executable} -m tampu {command} | true; echo ${{PIPESTATUS[0]}}"
        result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert (result.stdout, result.stderr) == ("0\n", "")
