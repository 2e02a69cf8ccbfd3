"""The command line: `tampu`. Each command is a module of its own, loaded when it is asked for."""

import atexit
import gc
import importlib
import io
import os
import sys
from types import ModuleType
from typing import Any

import typer

from tampu import __version__
from tampu.cli.quick import QuickCommand, QuickGroup
from tampu.errors import TampuError, nearest

# Heading: command, summary. `tampu --help` shows this table and loads no command.
COMMANDS = {
    "Talk": {
        "chat": "Ask a model one thing, or talk with it.",
        "generate": "Answer a JSONL file of requests, as a batch.",
        "serve": "Serve the OpenAI API on a port.",
    },
    "Models": {
        "models": "List the models on this machine.",
        "pull": "Fetch a model from the Hugging Face hub.",
        "pack": "Pack a checkpoint into one file that loads at once.",
        "adapters": "Add, list or remove the LoRA adapters of a model.",
    },
    "Look inside": {
        "verify": "Replay an answer and say whether it is the same.",
        "tokenize": "Show the prompt a model is given, with its token ids.",
        "bench": "Measure how fast a model reads and writes here.",
        "doctor": "Check this machine and this installation.",
        "paths": "Show where things are kept.",
        "help": "Explain a command, exit-codes or env.",
    },
}
SUMMARIES = {name: summary for group in COMMANDS.values() for name, summary in group.items()}
EXAMPLES = """tampu chat "Who are you?"
tampu chat --model llama3.1:8b --system "Be brief."
git diff | tampu chat "Describe this change."
tampu serve --port 9000
tampu help chat"""
EXIT_CODES = """0  fine                               5  licence not accepted
1  failure                            6  network
2  wrong usage                        7  port taken
3  setting or environment variable  130  Ctrl-C
4  model not here"""


class Commands(QuickGroup):
    """Loads a command when it is run, and turns errors into messages and exit codes."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Every command, in the order of the table."""
        return list(SUMMARIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of this name, or None."""
        if cmd_name not in SUMMARIES:
            return None
        module = load(cmd_name)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name, help=module.__doc__, cls=QuickCommand)(getattr(module, cmd_name))
        return typer.main.get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names; for a misspelt one, an error with the nearest name."""
        near = nearest(args[0], SUMMARIES)
        if near and args[0] not in SUMMARIES and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {args[0]}. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The table of commands, examples and exit codes."""
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()), col_spacing=4)
        for heading, text in (("Examples", EXAMPLES), ("Exit codes", EXIT_CODES)):
            with formatter.section(heading):
                formatter.write("".join(f"  {line}\n" for line in text.splitlines()))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever a user can mend ends in one message and an exit code, not in a traceback."""
        try:
            return super().invoke(ctx)
        except TampuError as error:
            print(f"tampu: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError:
            forget_output()
            raise typer.Exit(0) from None
        except OSError as error:
            if error.errno is None:
                raise
            if error.filename is None:  # most likely standard output, to a disk that is full
                forget_output()
            where = "" if error.filename is None else f"{error.filename}: "
            print(f"tampu: {where}{error.strerror}", file=sys.stderr)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def load(command: str) -> ModuleType:
    """The module of a command. What it loads stays until the end, so the garbage collector need not look at it."""
    gc.disable()
    module = importlib.import_module(f"tampu.cli.{command}")
    gc.freeze()
    atexit.register(gc.unfreeze)
    gc.enable()
    return module


def forget_output() -> None:
    """Nobody reads standard output any more; Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=Commands,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        print(f"tampu {__version__}")
        raise typer.Exit


@app.callback()
def tampu(
    context: typer.Context,
    _version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True, help="Show the version."),
) -> None:
    """A way-station for Llamas: chat in the terminal, serve over HTTP, the same bytes every time.

    Without a command: serve in the background and chat.
    """
    if context.invoked_subcommand is None:
        load("station").station()


def mend_standard_streams() -> None:
    """Closed ones become empty ones, and what the locale lacks is written as question marks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it stays open
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def run() -> None:
    """The entry point."""
    mend_standard_streams()
    app(prog_name="tampu")
