"""Rows that tables of OpenAI-shaped bodies have in common."""

from tampu.dialects.fields import Field, Table
from tampu.dialects.kinds import JSON, Boolean, Either, Listing, NoEffect, Refused, Text, TokenBias, TokenIds
from tampu.request import (
    MAX_LOGIT_BIAS,
    MAX_STOP_CHARACTERS,
    MAX_STOP_STRINGS,
    MAX_STOP_TOKEN_IDS,
    Range,
    SamplingParams,
)

SAMPLING_DOCS = {item.name: item.metadata["doc"] for item in SamplingParams.__dataclass_fields__.values()}
LIMITS = {"temperature": Range(0, 2), "top_k": Range(0, 999)}
STOP = Text(MAX_STOP_CHARACTERS, min_length=1)
NO_CONTROL = "the server's own chat format is the only one"


def refused(reason: str, *names: str, harmless: tuple[JSON, ...] = ()) -> Table:
    """Rows for fields that we know and do not offer."""
    return tuple(Field(name, Refused(reason, harmless), f"Refused: {reason}.") for name in names)


def no_effect(*names: str) -> Table:
    """Rows for documented fields that change nothing here."""
    return tuple(Field(name, NoEffect(), "Accepted, has no effect.") for name in names)


# What samples ask.
QUESTION: JSON = [{"role": "user", "content": "What is the capital of Peru?"}]
BEGINNING = "The capital of Peru is"
FEW_TOKENS = 32
MODEL = Field("model", Text(256, min_length=1), "A name from /v1/models.", required=True)
PICKING: Table = (
    Field("stop", Either((STOP, Listing(STOP, MAX_STOP_STRINGS))), SAMPLING_DOCS["stop"]),
    Field("stop_token_ids", TokenIds(MAX_STOP_TOKEN_IDS), SAMPLING_DOCS["stop_token_ids"], target="stop_token_ids"),
    Field("logit_bias", TokenBias(MAX_LOGIT_BIAS, Range(-100, 100)), SAMPLING_DOCS["logit_bias"], "logit_bias"),
)
MASKED_LOGPROBS = Field("masked_logprobs", Boolean(), SAMPLING_DOCS["masked_logprobs"], target="masked_logprobs")
STREAM = Field("stream", Boolean(), "Send the answer in pieces, as server-sent events.")
LORA = Field("lora", Text(256, min_length=1), "Name of an adapter of the model; `model` may name it too.")
# What other servers have, and none of ours takes.
FOREIGN: Table = (
    *refused("there is one model", "models", harmless=([],)),
    *refused(NO_CONTROL, "chat_template", "chat_template_kwargs", "prompt_embeds"),
    *refused("use logit_bias", "bad_words", "allowed_token_ids", harmless=([],)),
)
