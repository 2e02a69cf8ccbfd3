"""Providers' wire formats. The table of dialects is here: a sixth is one file and one line."""

from tampu.dialects.base import Dialect
from tampu.dialects.openai import OpenAI


def build_dialects(max_choices: int) -> tuple[Dialect, ...]:
    """Every dialect we serve, with `n` up to `max_choices` where the provider leaves it open."""
    return (OpenAI.build(max_choices),)
