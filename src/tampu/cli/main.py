"""The command line: `tampu`. Each command is a module of its own, loaded when it is asked for."""

import atexit
import gc
import importlib
import io
import os
import sys
from itertools import zip_longest
from types import ModuleType
from typing import Any

import typer

from tampu import __version__
from tampu.cli.commands import COMMANDS, EXAMPLES, EXIT_CODES, SUMMARIES
from tampu.cli.failure import fault, report
from tampu.cli.program import as_called, program
from tampu.cli.quick import QuickCommand, QuickGroup
from tampu.cli.terminal import named
from tampu.errors import did_you_mean

COMPLETE = "_TAMPU_COMPLETE"  # set by shells that complete a command line


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
        app.command(cmd_name, help=as_called(module.__doc__ or ""), cls=QuickCommand)(getattr(module, cmd_name))
        return typer.main.get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names; for a misspelt one, an error with the nearest name."""
        if args[0] not in SUMMARIES and not args[0].startswith("-") and not ctx.resilient_parsing:
            hint = did_you_mean(args[0], SUMMARIES, " `tampu help` lists them.")
            ctx.fail(as_called(f"There is no command {named(args[0])}.{hint}"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The table of commands, examples and exit codes."""
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()), col_spacing=4)
        for heading, text in (("Examples", as_called(EXAMPLES)), ("Exit codes", exit_codes())):
            with formatter.section(heading):
                formatter.write("".join(f"  {line}\n" for line in text.splitlines()))

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context; a reader that leaves while the help is printed is no error here either."""
        try:
            return super().make_context(*args, **kwargs)
        except BrokenPipeError as error:
            raise typer.Exit(report(error) or 0) from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever a user can mend ends in one message and an exit code, not in a traceback."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            if (exit_code := report(error)) is None:
                raise
            raise typer.Exit(exit_code) from error


def load(command: str) -> ModuleType:
    """The module of a command. What it loads stays until the end, so the garbage collector need not look at it."""
    gc.disable()
    module = importlib.import_module(f"tampu.cli.{command}")
    gc.freeze()
    atexit.register(gc.unfreeze)
    gc.enable()
    return module


def exit_codes() -> str:
    """A table of them in two columns, as `tampu --help` shows it."""
    lines = [f"{code:>3}  {name}" for code, (name, _) in EXIT_CODES.items()]
    half = (len(lines) + 1) // 2
    pairs = zip_longest(lines[:half], lines[half:], fillvalue="")
    return "\n".join(f"{left:37}{right}".rstrip() for left, right in pairs)


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
    try:
        app(prog_name="tampu" if is_completing() else program(), complete_var=COMPLETE)
    except Exception as error:
        fault(error)
        sys.exit(1)


def is_completing() -> bool:
    """Whether a shell asks for completions, or for the script with which it will: it knows `tampu` only."""
    return COMPLETE in os.environ or any(word.endswith("-completion") for word in sys.argv[1:])
