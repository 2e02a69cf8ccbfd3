"""Flags made from the fields of the settings and of SamplingParams, so that a default and its words stand once."""

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from tampu.errors import BadSetting, InvalidRequest
from tampu.request import SamplingParams
from tampu.settings import NOUNS, EngineSettings, Secret, ServerSettings, Settings, environment_name, load, read_count

HEADINGS = {EngineSettings: "Engine", ServerSettings: "Server", SamplingParams: "Sampling"}
METAVARS = {"logit_bias": "TOKEN_ID=BIAS"}
SHORT = {"model": "-m", "system": "-s"}
# Flags that may be given several times.
REPEATED = ("stop", "stop_token_ids", "logit_bias")
# Only the batch and the server report on the prompt.
NOT_FLAGS = ("prompt_logprobs", "masked_logprobs")
SERVER_ONLY = ("max_queue",)


def settings_flags(*kinds: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for each field of these settings; it gets them as keywords, None where none was given."""
    return _with_flags([flag for kind in kinds for flag in _settings_flags(kind)])


def engine_flags() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for each engine setting that matters without a server."""
    return _with_flags([flag for flag in _settings_flags(EngineSettings) if flag.name not in SERVER_ONLY])


def sampling_flags(*leave_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a flag for each sampling parameter, as `settings_flags` does."""
    return _with_flags([flag for flag in _sampling_flags() if flag.name not in leave_out])


def settings(kind: type[Settings], flags: Mapping[str, Any], **defaults: Any) -> Settings:
    """The settings of this kind: flags before environment variables before `defaults`."""
    types = get_type_hints(kind)
    chosen = {name: value for name, value in flags.items() if name in types and value is not None}
    try:
        given = {name: _read(name, types[name], value) for name, value in chosen.items()}
    except InvalidRequest as error:
        raise BadSetting(error.message) from None
    absent = {name: value for name, value in defaults.items() if not os.environ.get(environment_name(name))}
    return load(kind, absent | given)


def sampling(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling parameters among these flags that were given, in the types of SamplingParams."""
    types = get_type_hints(SamplingParams)
    given = {name: value for name, value in flags.items() if name in types and value not in (None, (), [])}
    values = {name: _read(name, types[name], value) for name, value in given.items() if name not in REPEATED}
    if "stop" in given:
        values["stop"] = tuple(given["stop"])
    if "stop_token_ids" in given:
        values["stop_token_ids"] = tuple(_read("stop_token_ids", int, text) for text in given["stop_token_ids"])
    if "logit_bias" in given:
        values["logit_bias"] = dict(map(_bias, given["logit_bias"]))
    return values


def _read(name: str, kind: Any, text: Any) -> Any:
    """The value of a flag: a number where the field is one."""
    kinds = get_args(kind) or (kind,)
    if kind is Secret:
        return Secret(text)
    try:
        if isinstance(text, str) and int in kinds:
            return read_count(text)
        return float(text) if isinstance(text, str) and float in kinds else text
    except (ValueError, OverflowError):
        noun = NOUNS[int if int in kinds else float]
        raise InvalidRequest(f"{_flag_name(name)} must be {noun}, got {text!r}.", param=name) from None


def _bias(text: str) -> tuple[int, float]:
    token_id, _, bias = text.partition("=")
    try:
        return int(token_id), float(bias)
    except ValueError:
        raise InvalidRequest(
            f"--logit-bias must be TOKEN_ID=BIAS, such as 128009=-100, got {text!r}.", param="logit_bias"
        ) from None


def _with_flags(flags: list[inspect.Parameter]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        own = [item for item in signature.parameters.values() if item.kind is not inspect.Parameter.VAR_KEYWORD]

        @functools.wraps(command)
        def wrapper(*arguments: Any, **options: Any) -> None:
            command(*arguments, **options)

        wrapper.__signature__ = signature.replace(parameters=[*own, *flags])  # type: ignore[attr-defined]
        return wrapper

    return decorate


def _settings_flags(kind: type[Any]) -> Iterator[inspect.Parameter]:
    types = get_type_hints(kind)
    for item in dataclasses.fields(kind):
        words = f"{item.metadata['doc']} [{environment_name(item.name)}{_default(item.default)}]"
        # The flag that everybody uses stands with the command's own.
        yield _flag(item.name, types[item.name], words, None if item.name == "model" else HEADINGS[kind])


def _sampling_flags() -> Iterator[inspect.Parameter]:
    types = get_type_hints(SamplingParams)
    for item in dataclasses.fields(SamplingParams):
        if item.name not in NOT_FLAGS:
            bounds = item.metadata.get("range")
            span = f" [{_number(bounds.low)} to {_number(bounds.high)}]" if bounds else ""
            yield _flag(item.name, types[item.name], item.metadata["doc"] + span, HEADINGS[SamplingParams])


def _flag(name: str, kind: Any, words: str, heading: str | None) -> inspect.Parameter:
    names = [_flag_name(name), *([SHORT[name]] if name in SHORT else [])]
    annotation: Any = list[str] | None if name in REPEATED else str | None
    metavar: str | None = METAVARS.get(name) or _metavar(kind)
    if kind is bool:
        annotation, metavar = bool | None, None
        names = [f"{names[0]}/--no-{name.replace('_', '-')}"]
    option = typer.Option(*names, help=words, show_default=False, metavar=metavar, rich_help_panel=heading)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation, option]
    )


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f", default {'on' if value else 'off'}"
    return "" if value in ("", None) else f", default {value}"


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0")


def _flag_name(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _metavar(kind: Any) -> str:
    """What stands behind the flag in the help."""
    kinds = get_args(kind) or (kind,)
    if int in kinds or float in kinds:
        return "NUMBER"
    return "|".join(map(str, kinds)) if get_origin(kind) is Literal else "TEXT"
