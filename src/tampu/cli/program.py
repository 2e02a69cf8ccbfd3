"""What its user calls this program, so that each hint is a command to paste.

Messages say `tampu pull cria`. Where `tampu` alone is no command, as after `scripts/tampu` or `python -m tampu`, they
are shown with the name that is one.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise

from tampu.cli.commands import SUMMARIES

# Set by whoever starts tampu for the user: scripts/tampu, and `tampu` for the server in its background.
VARIABLE = "TAMPU_CALLED_AS"
# `tampu` where it begins a command: before one of them, before a flag, or alone between backticks.
_COMMAND = re.compile(rf"(?<![\w./@:-])tampu(?= (?:{'|'.join(SUMMARIES)}|--\w+|COMMAND)\b|`)")


def program() -> str:
    """What to type to run tampu again."""
    return os.environ.get(VARIABLE) or called_as(sys.argv[0], sys.orig_argv)


def called_as(script: str, arguments: Sequence[str]) -> str:
    """What the user typed: a script, or the interpreter with -m."""
    if os.path.basename(script) == "tampu":
        return "tampu" if script in ("tampu", shutil.which("tampu")) else shlex.quote(script)
    for place, pair in enumerate(pairwise(arguments)):
        if pair == ("-m", "tampu"):
            return shlex.join(arguments[: place + 2])
    return "tampu"


def as_called(text: str) -> str:
    """A message with its commands as this user types them."""
    return _COMMAND.sub(lambda _: program(), text)
