import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tampu.cli.failure import fault, report
from tampu.errors import ModelMissing


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (ModelMissing("It is not here."), 4, "tampu: It is not here.\n"),
        (MemoryError(), 1, "tampu: There is not enough memory for this.\n"),
        (OSError(errno.EACCES, "Permission denied", "x.json"), 1, "tampu: x.json: Permission denied\n"),
        (ZeroDivisionError("oops"), None, ""),
    ],
)
def test_what_a_user_can_mend_is_one_message_and_a_code(
    error: BaseException, code: int | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(error) == code
    assert capsys.readouterr().err == said


def test_a_fault_of_tampu_is_two_lines_and_its_traceback_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAMPU_HOME", str(tmp_path))
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        fault(error)
    said = capsys.readouterr().err
    assert said.startswith("tampu: This is a fault of tampu: ZeroDivisionError: division by zero\n")
    assert f"the traceback in {tmp_path / 'state' / 'fault.txt'}" in said and "Traceback" not in said
    assert "ZeroDivisionError: division by zero" in (tmp_path / "state" / "fault.txt").read_text()


def test_where_nothing_can_be_kept_the_traceback_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("where the directory should be")
    monkeypatch.setenv("TAMPU_HOME", str(tmp_path / "file"))
    fault(ZeroDivisionError("oops"))
    assert "ZeroDivisionError: oops\n" in capsys.readouterr().err


def test_whatever_nobody_thought_of_ends_the_program_so_and_with_1(tmp_path: Path) -> None:
    script = """
import sys
import tampu.cli.paths
def broken(ours):
    raise ZeroDivisionError("oops")
tampu.cli.paths.places = broken
sys.argv = ["tampu", "paths"]
from tampu.__main__ import run
run()
"""
    environment = {"TAMPU_HOME": str(tmp_path), "PATH": ""}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 1
    assert "This is a fault of tampu: ZeroDivisionError: oops" in result.stderr and "Traceback" not in result.stderr
