"""The engine: token ids in, token ids out; one thread, no clock, no text."""

from tampu.engine.output import EngineStats, StepOutput

__all__ = ["EngineStats", "StepOutput"]
