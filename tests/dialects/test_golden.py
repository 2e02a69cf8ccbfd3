"""Every dialect's answers byte for byte."""

import json
from pathlib import Path

import pytest

from tampu.dialects.base import dumps
from tests.dialects.golden import DIALECTS, golden_files, operations, stream, whole

FILES = [path for dialect in DIALECTS for path in golden_files(dialect)]


def name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", [path for path in FILES if "whole" in path.stem], ids=name)
def test_a_whole_answer_is_the_golden_one(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert whole(path.parent.name, golden) == dumps(golden["answer"]).decode()


@pytest.mark.parametrize("path", [path for path in FILES if "stream" in path.stem], ids=name)
def test_a_stream_is_the_golden_one(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert stream(path.parent.name, golden) == golden["events"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_operation_has_transcripts_whole_and_in_pieces(dialect: str) -> None:
    kinds = {tuple(path.stem.split("_")[:2]) for path in golden_files(dialect)}
    assert kinds >= {(operation, kind) for operation in operations(dialect) for kind in ("whole", "stream")}
