"""The `prompt` of text completions: raw text or token ids, one prompt or several."""

from dataclasses import dataclass

from tampu.dialects.kinds import JSON, Either, Text, TokenIds, check_count, require
from tampu.dialects.messages import MAX_CHARACTERS
from tampu.errors import InvalidPrompt

MAX_PROMPTS = 1000
MAX_PROMPT_IDS = 2_000_000
ONE = Either((Text(MAX_CHARACTERS), TokenIds(MAX_PROMPT_IDS)))
FILLED = Either((Text(MAX_CHARACTERS, min_length=1), TokenIds(MAX_PROMPT_IDS, min_items=1)))


@dataclass(frozen=True, slots=True)
class Prompts:
    """A string, token ids, or an array of either; given back as a tuple with one prompt or more, none empty."""

    noun = "a string, an array of token ids, or an array of strings or arrays of token ids"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string or an array."""
        return type(value) in (str, list)

    def read(self, param: str, value: JSON) -> tuple[str | tuple[int, ...], ...]:
        """The prompts. Raises InvalidPrompt where one is empty."""
        require(self, param, value)
        if ONE.matches(value):
            return (self._one(param, value),)
        check_count(param, len(value), 1, MAX_PROMPTS, "prompts")
        return tuple(self._one(f"{param}[{index}]", prompt) for index, prompt in enumerate(value))

    @staticmethod
    def _one(param: str, value: JSON) -> str | tuple[int, ...]:
        prompt: str | tuple[int, ...] = ONE.read(param, value)
        if not prompt:
            raise InvalidPrompt(f"{param} must not be empty.", param=param)
        return prompt

    def schema(self) -> dict[str, JSON]:
        """One prompt, or an array of them."""
        several = {"type": "array", "items": FILLED.schema(), "minItems": 1, "maxItems": MAX_PROMPTS}
        return {"anyOf": [*FILLED.schema()["anyOf"], several]}
