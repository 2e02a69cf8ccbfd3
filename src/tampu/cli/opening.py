"""A model opened for a command, with a bar while it is packed."""

from collections.abc import Mapping
from typing import Any

from tampu.cli import options
from tampu.cli.terminal import progress_bar
from tampu.engine.arguments import read_sampling
from tampu.engine.llm import LLM
from tampu.request import SamplingParams
from tampu.settings import EngineSettings


def open_model(flags: Mapping[str, Any], **defaults: Any) -> LLM:
    """The model that flags, environment or `defaults` name, in this process."""
    settings = options.settings(EngineSettings, flags, **defaults)
    given = {name: getattr(settings, name) for name in EngineSettings.__dataclass_fields__}
    with progress_bar() as advance:
        return LLM(progress=lambda phase, share: advance(phase, share, 1.0), **given)


def read_flags(llm: LLM, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Sampling parameters: the flags, before what the model's makers recommend. InvalidRequest names a bad one."""
    chosen = {**llm.card.recommended, **options.sampling(flags)}
    check(chosen)
    return chosen


def check(sampling: Mapping[str, Any]) -> SamplingParams:
    """These sampling parameters, checked. InvalidRequest names the bad one."""
    params = read_sampling(sampling)
    params.check()
    return params
