"""Commands that start quickly: typer loads pydantic to read even a flag that is absent, which takes longer than a small
model takes to load."""

import functools
from typing import Any

from typer.core import TyperCommand, TyperGroup


class QuickCommand(TyperCommand):
    """A command that takes what is absent, and strings, as they are."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, each quickened."""
        return [_quickened(param) for param in super().get_params(ctx)]


class QuickGroup(TyperGroup):
    """A group of commands that does the same."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, each quickened."""
        return [_quickened(param) for param in super().get_params(ctx)]


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
