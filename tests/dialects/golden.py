"""Golden transcripts: what goes over the wire for which chunks, in `golden/DIALECT/*.json`.

Each has `operation`, `body`, `chunks` (of the engine; "broken" at the end for a failure), and `answer` or `events`;
some have `path_args`, else the model in the path is cria. `python -m tests.dialects.golden DIALECT` writes answers and
events anew, for a look at the diff.
"""

import json
import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from tampu.dialects.base import Answer, Operation, Policy, dumps
from tampu.dialects.table import build_dialects
from tampu.errors import EngineFailure
from tampu.request import Completion
from tests.dialects.examples import CONTEXT, chunks_from

FOLDER = Path(__file__).parent / "golden"
DIALECTS = {dialect.name: dialect for dialect in build_dialects(Policy())}
FAILURE = EngineFailure("The engine failed.")


def golden_files(dialect: str) -> list[Path]:
    """The transcripts of a dialect."""
    return sorted((FOLDER / dialect).glob("*.json"))


def operations(dialect: str) -> Mapping[str, Operation]:
    """A dialect's operations by name."""
    return {operation.name: operation for operation in DIALECTS[dialect].operations}


def answer_of(dialect: str, golden: Mapping[str, Any]) -> Answer:
    """The answer that is to be worded."""
    operation = operations(dialect)[golden["operation"]]
    return operation.parse(golden.get("path_args", {"model": "cria"}), golden["body"], CONTEXT).answer


def whole(dialect: str, golden: Mapping[str, Any]) -> str:
    """The whole answer's JSON."""
    chunks = sorted(chunks_from(golden["chunks"]), key=lambda pair: pair[0])
    completions = [
        Completion.fold(chunk for _, chunk in of_prompt) for _, of_prompt in groupby(chunks, lambda pair: pair[0])
    ]
    return dumps(answer_of(dialect, golden).render(completions)).decode()


def stream(dialect: str, golden: Mapping[str, Any]) -> list[str]:
    """The stream's events, without `data: ` where that is all that stands before the payload."""
    answer, script = answer_of(dialect, golden), golden["chunks"]
    broken = script[-1] == "broken"
    events = [
        event
        for position, chunk in chunks_from(script[:-1] if broken else script)
        for event in answer.render_chunk(position, chunk)
    ]
    events += answer.render_failure(FAILURE, CONTEXT.request_id) if broken else answer.render_end()
    assert all(event.endswith(b"\n\n") for event in events)
    return [event.decode().removesuffix("\n\n").removeprefix("data: ") for event in events]


def main(dialect: str) -> None:
    """Write the transcripts of a dialect anew."""
    for path in golden_files(dialect):
        golden = json.loads(path.read_text())
        if "whole" in path.stem:
            golden["answer"] = json.loads(whole(dialect, golden))
        else:
            golden["events"] = stream(dialect, golden)
        path.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
