"""Explain a command, as `tampu COMMAND --help` does, or a topic: exit-codes, env."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any

import typer

from tampu.cli.commands import EXIT_CODES, SUMMARIES
from tampu.cli.program import as_called
from tampu.cli.terminal import named, table
from tampu.errors import did_you_mean
from tampu.settings import EngineSettings, ServerSettings, environment_name

OTHER_VARIABLES = {
    "TAMPU_HOME": "Directory for all that tampu keeps; `tampu paths` shows it.",
    "HF_HOME, HF_HUB_CACHE": "Where pulled models are.",
    "HF_TOKEN": "Who asks the hub; `hf auth login` does as well.",
    "HF_ENDPOINT": "Another hub than huggingface.co.",
    "HF_HUB_OFFLINE": "1 keeps off the network.",
    "NO_COLOR": "Set to anything: no colour.",
}
TOPICS = ("exit-codes", "env")


def help(  # noqa: A001
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(metavar="TOPIC", help="A command, exit-codes or env.")] = None,
) -> None:
    """Print the help."""
    if topic == "exit-codes":
        print(table(("code", "meaning", "when"), [(str(code), *words) for code, words in EXIT_CODES.items()]))
    elif topic == "env":
        print(table(("variable", "what it does"), [(name, as_called(words)) for name, words in variables()]))
    else:
        print(help_of(context.parent, topic))


def variables() -> Iterator[tuple[str, str]]:
    """Every environment variable that is read, with what it does."""
    for kind in (EngineSettings, ServerSettings):
        for item in fields(kind):
            yield environment_name(item.name), item.metadata["doc"]
    yield from OTHER_VARIABLES.items()


def help_of(program: Any, command: str | None) -> str:
    """The help text of a command, or of all tampu."""
    if command is None:
        return str(program.get_help())
    found = program.command.get_command(program, command)
    if found is None:
        hint = did_you_mean(command, (*SUMMARIES, *TOPICS), " `tampu help` lists the commands.")
        raise typer.BadParameter(as_called(f"There is no help on {named(command)}.{hint}"))
    return str(found.get_help(found.make_context(command, [], parent=program, resilient_parsing=True)))
