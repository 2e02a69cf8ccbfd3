"""Providers' wire formats. The table of dialects is here: a sixth is one file and one line."""

from tampu.dialects.base import Dialect, Policy
from tampu.dialects.dataoorts import Dataoorts
from tampu.dialects.deepinfra import build_deepinfra
from tampu.dialects.openai import OpenAI
from tampu.dialects.openrouter import OpenRouter
from tampu.dialects.workers_ai import WorkersAI
from tampu.dialects.workers_ai_v1 import WorkersAIV1


def build_dialects(policy: Policy) -> tuple[Dialect, ...]:
    """Every dialect we serve."""
    return (
        OpenAI.build(policy),
        *build_deepinfra(policy),
        OpenRouter.build(policy),
        WorkersAI.build(policy),
        WorkersAIV1.build(policy),
        Dataoorts.build(policy),
    )
