"""Commands that start quickly, and whose help reads the same on every version of typer.

Quickly: typer loads pydantic to read even a flag that is absent, which takes longer than a small model takes to load.
"""

import functools
from collections.abc import Iterable
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

from tampu.cli.program import as_called

ARGUMENTS = "Arguments"
PLAIN = "Options"  # the heading of flags that have none of their own


class QuickCommand(TyperCommand):
    """A command that takes what is absent, and strings, as they are."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, each quickened."""
        return [_quickened(param) for param in super().get_params(ctx)]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS]`, then the arguments."""
        return ["[OPTIONS]", *(_usage(param) for param in self.get_params(ctx) if isinstance(param, TyperArgument))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then options under their headings."""
        _write_parameters(self.get_params(ctx), formatter)


class QuickGroup(TyperGroup):
    """A group of commands that does the same."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, each quickened."""
        return [_quickened(param) for param in super().get_params(ctx)]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """`[OPTIONS] [COMMAND] [ARGS]...`: it may be run without a command."""
        return ["[OPTIONS]", "[COMMAND]", "[ARGS]..."]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Options, then commands."""
        _write_parameters(self.get_params(ctx), formatter)
        self.format_commands(ctx, formatter)


def _write_parameters(params: Iterable[Any], formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {ARGUMENTS: [], PLAIN: []}
    for param in params:
        if isinstance(param, TyperArgument):
            sections[ARGUMENTS].append((param.metavar or param.name, as_called(param.help or "")))
        else:
            heading = getattr(param, "rich_help_panel", None) or PLAIN
            sections.setdefault(heading, []).append((_option(param), as_called(param.help or "")))
    for heading, records in sections.items():
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)


def _option(param: Any) -> str:
    """`-m, --model TEXT`, or `--one / --other`."""
    names = ", ".join(sorted(param.opts, key=len))
    if param.secondary_opts:
        return f"{names} / {', '.join(param.secondary_opts)}"
    return names if param.is_flag else f"{names} {param.metavar}"


def _usage(param: Any) -> str:
    name = param.metavar or param.name
    name = name if param.required else f"[{name}]"
    return name if param.nargs == 1 else f"{name}..."


def _quickened(param: Any) -> Any:
    param.process_value = functools.partial(_process, param)
    return param


def _process(param: Any, context: Any, value: Any) -> Any:
    # Versions of typer without descriptors do not load pydantic either.
    descriptor = getattr(param, "type_descriptor", None)
    is_plain = descriptor is not None and (value is None or descriptor.annotation in (str, list[str]))
    if param.required or not is_plain:
        return type(param).process_value(param, context, value)
    return param.callback(context, param, value) if param.callback is not None else value
