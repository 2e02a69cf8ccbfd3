"""Like things end with like exit codes and in one wording, whichever command they happen to."""

import re
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Tampu

UNKNOWN_MODEL = [
    ["chat", "-m", "nosuch", "hi"],
    ["generate", "FILE", "-m", "nosuch"],
    ["serve", "--port", "0", "-m", "nosuch"],
    ["pack", "nosuch"],
    ["tokenize", "-m", "nosuch", "hi"],
    ["bench", "-m", "nosuch"],
    ["adapters", "add", "DIRECTORY", "-m", "nosuch"],
    ["chat", "-m", "llama3.1:8b", "hi"],
]
NOT_HERE = [
    *UNKNOWN_MODEL,
    ["chat", "--adapter", "nosuch", "hi"],
    ["chat", "--adapter", "", "hi"],
    ["chat", "-m", "x" * 5000, "hi"],
    ["adapters", "remove", "nosuch"],
    ["verify", "nosuch"],
]
READS_A_FILE = [["generate", "{}"], ["chat", "--schema", "{}", "hi"]]
ENDLESS = [["chat", "--schema", "/dev/zero", "hi"], ["tokenize", "-m", "/dev/zero", "hi"]]
NAMES_A_FILE_IN_A_SETTING = [["serve", "--catalogue", "{}"], ["serve", "--api-key-file", "{}"]]
BAD_SETTING = [
    ["chat", "--threads", "many", "hi"],
    ["chat", "--threads", "2000", "hi"],
    ["chat", "--quant", "int3", "hi"],
    ["serve", "--port", "70000"],
    ["serve", "--port", "-1"],
    ["serve", "--host", "0.0.0.0"],
    ["serve", "--log-format", "xml"],
    ["generate", "FILE", "--threads", "x"],
    ["bench", "--kv-memory", "lots"],
    ["verify", "x", "--block-size", "3"],
    ["pack", "MODEL", "--quant", "int3"],
]
WRONG_USAGE = [
    ["nosuch"],
    ["chat", "--nosuch"],
    ["chat", "--temperature", "hot", "hi"],
    ["chat", "--temperature", "9", "hi"],
    ["chat", "--logit-bias", "x", "hi"],
    ["chat", "--raw"],
    ["chat", ""],
    ["generate"],
    ["generate", "FILE", "-o", "FILE"],
    ["pack"],
    ["adapters", "nosuch"],
    ["adapters", "add", "DIRECTORY"],
    ["bench", "--streams", "0"],
    ["bench", "--prompt-tokens", "9000"],
    ["help", "nosuch"],
    ["paths", "nosuch"],
    ["doctor", "--nosuch"],
    ["models", "nosuch"],
    ["pull", "--nosuch"],
    ["verify"],
]


@pytest.fixture
def arguments(request: pytest.FixtureRequest, tmp_path: Path, model: Path) -> list[str]:
    """Those of the test, with things that exist in place of the words in capitals."""
    file = tmp_path / "requests.jsonl"
    file.write_text('{"prompt": "a", "max_tokens": 1}\n')
    (tmp_path / "directory").mkdir()
    things = {"FILE": str(file), "DIRECTORY": str(tmp_path / "directory"), "MODEL": str(model)}
    return [things.get(word, word) for word in request.param]


@pytest.mark.parametrize("arguments", NOT_HERE, indirect=True, ids=" ".join)
def test_what_is_not_here_is_4(arguments: list[str], tampu: Tampu) -> None:
    result = tampu(*arguments)
    assert (result.exit_code, "Traceback" in result.stderr) == (4, False), result.stderr


@pytest.mark.parametrize("arguments", BAD_SETTING, indirect=True, ids=" ".join)
def test_a_bad_setting_is_3(arguments: list[str], tampu: Tampu) -> None:
    assert tampu(*arguments).exit_code == 3


@pytest.mark.parametrize("arguments", WRONG_USAGE, indirect=True, ids=" ".join)
def test_wrong_usage_is_2(arguments: list[str], tampu: Tampu) -> None:
    result = tampu(*arguments)
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False), result.stderr


@pytest.mark.parametrize(("commands", "code"), [(READS_A_FILE, 2), (NAMES_A_FILE_IN_A_SETTING, 3)])
@pytest.mark.parametrize(
    ("file", "why"), [("nosuch", "No such file or directory"), ("", "No such file"), ("directory", "Is a directory")]
)
def test_a_file_that_cannot_be_read_has_one_wording(
    commands: list[list[str]], code: int, file: str, why: str, tampu: Tampu, tmp_path: Path
) -> None:
    (tmp_path / "directory").mkdir()
    path = str(tmp_path / file) if file else ""
    for command in commands:
        if file or code == 2:  # an empty setting is an absent one
            result = tampu(*(word.format(path) for word in command))
            assert result.exit_code == code, command
            assert re.search(rf"{re.escape(path) or chr(39) * 2} cannot be read: {why}[^\[\]]*\.\n$", result.stderr), (
                command
            )


def test_a_schema_that_is_no_text_has_that_wording_too(tampu: Tampu, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"{}\xff")
    result = tampu("chat", "--schema", str(tmp_path / "latin"), "hi")
    assert (result.exit_code, result.stderr) == (
        2,
        f"tampu: {tmp_path / 'latin'} cannot be read: it is not UTF-8 text (byte 2).\n",
    )


def test_an_adapter_that_is_not_there_has_that_wording_too(tampu: Tampu, tmp_path: Path) -> None:
    result = tampu("adapters", "add", str(tmp_path / "nosuch"))
    assert (result.exit_code, result.stderr) == (
        2,
        f"tampu: {tmp_path / 'nosuch'} cannot be read: No such file or directory.\n",
    )


@pytest.mark.parametrize("arguments", ENDLESS, ids=" ".join)
def test_what_has_no_end_is_refused(arguments: list[str], tampu: Tampu) -> None:
    result = tampu(*arguments)
    assert (result.exit_code in (1, 2), "/dev/zero" in result.stderr) == (True, True)


@pytest.mark.parametrize("arguments", [["nosuch{}"], ["help", "{}"], ["pull", "{}"], ["chat", "-m", "{}", "hi"]])
def test_a_name_that_is_long_or_moves_the_cursor_is_shown_short_and_plain(arguments: list[str], tampu: Tampu) -> None:
    result = tampu(*(word.format("x" * 9000 + "\x1b[31m") for word in arguments))
    assert result.exit_code in (2, 4) and len(result.stderr) < 600 and "\x1b" not in result.stderr


def test_a_port_that_is_taken_is_7(tampu: Tampu) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert tampu("serve", "--port", str(other.getsockname()[1])).exit_code == 7


def test_the_network_is_6(tampu: Tampu) -> None:
    assert tampu("pull", "llama3.2:1b", HF_HUB_OFFLINE="1").exit_code == 6
    assert tampu("pull", "llama3.2:1b", HF_ENDPOINT="http://127.0.0.1:1").exit_code == 6


def test_no_message_shows_the_number_of_an_error_of_the_system() -> None:
    source = Path(__file__).parent.parent.parent / "src" / "tampu"
    handler = re.compile(r"except [^\n]*(?:OSError|UnicodeDecodeError|MALFORMED)[^\n]* as (\w+):\n((?: {8,}[^\n]*\n)+)")
    shown = [
        (path.name, body)
        for path in source.rglob("*.py")
        for name, body in handler.findall(path.read_text())
        if f"{{{name}}}" in body
    ]
    assert shown == []
