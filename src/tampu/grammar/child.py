"""A process that compiles constraints, so that one which takes too long or too much can be killed.

`python -m tampu.grammar.child BYTES`: constraints come as lines of JSON, grammars or refusals go out as such. It may
take so many bytes of memory, and ends with its input.
"""

import json
import os
import resource
import sys
from typing import Any, get_args

from tampu.errors import InvalidRequest, SchemaTooComplex, UnsupportedSchema
from tampu.grammar.compile import compile_constraint
from tampu.request import Constraint, ConstraintKind

NICENESS = 10  # answers under way come first
ERRORS: dict[str, type[InvalidRequest]] = {
    kind.__name__: kind for kind in (InvalidRequest, UnsupportedSchema, SchemaTooComplex)
}


def encode(constraint: Constraint) -> bytes:
    """The line that asks for a constraint."""
    return json.dumps([constraint.kind, constraint.source, constraint.param]).encode() + b"\n"


def decode(line: bytes) -> str:
    """The grammar in an answer, or the refusal raised."""
    answer = json.loads(line)
    if "grammar" in answer:
        return str(answer["grammar"])
    raise ERRORS[answer["error"]](answer["message"], param=answer["param"])


def answer_to(line: str) -> dict[str, Any]:
    """The grammar for a line, or why there is none."""
    kind, source, param = json.loads(line)
    assert kind in get_args(ConstraintKind), kind
    try:
        return {"grammar": compile_constraint(Constraint(kind, source, param))}
    except InvalidRequest as error:
        return {"error": type(error).__name__, "message": error.message, "param": error.param}


def main(memory: int) -> None:
    """Answer line by line."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    compile_constraint(Constraint("choice", '["ready"]'))  # what is loaded on the way is not the first one's time
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer_to(line)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
