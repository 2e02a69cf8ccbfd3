"""Rows that tables of OpenAI-shaped bodies have in common."""

from tampu.dialects.fields import PARAMETERS, Field, Table
from tampu.dialects.kinds import (
    JSON,
    Boolean,
    Either,
    Integer,
    Listing,
    NoEffect,
    OrNone,
    Refused,
    Text,
    TokenBias,
    TokenIds,
)
from tampu.request import (
    MAX_ALLOWED_TOKEN_IDS,
    MAX_LOGIT_BIAS,
    MAX_STOP_CHARACTERS,
    MAX_STOP_STRINGS,
    MAX_STOP_TOKEN_IDS,
    MAX_TOP_LOGPROBS,
    Range,
)

SAMPLING_DOCS = {name: item.metadata["doc"] for name, item in PARAMETERS.items()}
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
    Field("stop", OrNone(Either((STOP, Listing(STOP, MAX_STOP_STRINGS))), ("",)), SAMPLING_DOCS["stop"]),
    Field("stop_token_ids", TokenIds(MAX_STOP_TOKEN_IDS), SAMPLING_DOCS["stop_token_ids"], target="stop_token_ids"),
    Field("logit_bias", TokenBias(MAX_LOGIT_BIAS, Range(-100, 100)), SAMPLING_DOCS["logit_bias"], "logit_bias"),
)
MASKED_LOGPROBS = Field("masked_logprobs", Boolean(), SAMPLING_DOCS["masked_logprobs"], target="masked_logprobs")
STREAM = Field("stream", Boolean(), "Send the answer in pieces, as server-sent events.")
LORA = Field("lora", Text(256, min_length=1), "Name of an adapter of the model; `model` may name it too.")
TOKENS_AS_IDS = "Log-probabilities name tokens by id, as `token_id:42`."


def switch(name: str) -> Field:
    """A row for a boolean of SamplingParams under its own name."""
    return Field(name, Boolean(), SAMPLING_DOCS[name], target=name)


# What engines have beside OpenAI's fields, as vLLM has it.
ENGINE: Table = (
    switch("ignore_eos"),
    Field("min_tokens", Integer(Range(0, 1_000_000)), SAMPLING_DOCS["min_tokens"], target="min_tokens"),
    Field(
        "allowed_token_ids", TokenIds(MAX_ALLOWED_TOKEN_IDS), SAMPLING_DOCS["allowed_token_ids"], "allowed_token_ids"
    ),
    switch("include_stop_str_in_output"),
    switch("skip_special_tokens"),
    Field(
        "truncate_prompt_tokens",
        Integer(Range(-1, 2_000_000)),
        "The prompt keeps this many tokens, its last ones; -1: as many as there is room for.",
    ),
    Field(
        "prompt_logprobs",
        Integer(Range(0, MAX_TOP_LOGPROBS)),
        f"{SAMPLING_DOCS['prompt_logprobs']} Not with stream.",
        target="prompt_logprobs",
    ),
    Field("return_token_ids", Boolean(), "Give the ids of prompt and completion."),
    Field("return_tokens_as_token_ids", Boolean(), f"{TOKENS_AS_IDS} Needs logprobs."),
    *no_effect("spaces_between_special_tokens", "cache_prompt"),
)
DATE = Text(32, min_length=1)
# What the templates of other models take: none of it changes how a Llama 3 is asked, but for the day.
TEMPLATE: Table = (
    Field("date_string", DATE, "The day that the model is told, such as `26 Jul 2024`, where its format tells one."),
    *no_effect("enable_thinking", "thinking", "add_generation_prompt"),
)
NO_TEMPLATE = refused(NO_CONTROL, "chat_template_kwargs", harmless=({},))
# What other servers have, and none of ours takes, but for values that ask for nothing.
OFF: tuple[JSON, ...] = (False,)
ZERO: tuple[JSON, ...] = (0, 0.0)
ONE: tuple[JSON, ...] = (1, 1.0)
EMPTY: tuple[JSON, ...] = ([], {})
NO_MIROSTAT, NO_DRY = "mirostat is not offered", "the DRY sampler is not offered"
NO_BEAMS, NO_XTC = "there is no beam search", "the XTC sampler is not offered"
FOREIGN: Table = (
    *refused("there is one model", "models", harmless=([],)),
    *refused(NO_CONTROL, "chat_template", "prompt_embeds"),
    *refused("use logit_bias", "bad_words", "custom_logit_processor", "logits_processors", harmless=EMPTY),
    *refused(NO_BEAMS, "use_beam_search", "early_stopping", harmless=OFF),
    *refused(NO_BEAMS, "length_penalty", harmless=ONE),
    *refused(NO_MIROSTAT, "mirostat", "mirostat_mode", harmless=ZERO),
    *refused(NO_MIROSTAT, "mirostat_tau", "mirostat_eta"),
    *refused(NO_DRY, "dry_multiplier", harmless=ZERO),
    *refused(NO_DRY, "dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers"),
    *refused(NO_XTC, "xtc_probability", harmless=ZERO),
    *refused(NO_XTC, "xtc_threshold"),
    *refused("use top_p or min_p", "typical_p", "typical", "tfs_z", "tfs", harmless=ONE),
    *refused("use top_p or min_p", "epsilon_cutoff", "eta_cutoff", harmless=ZERO),
    *refused("use min_p", "top_n_sigma", harmless=(-1, -1.0, *ZERO)),
    *refused("the temperature is fixed", "dynatemp_range", harmless=ZERO),
    *refused("the temperature is fixed", "dynatemp_exponent", harmless=ONE),
    *refused("the temperature is fixed", "smoothing_factor", harmless=ZERO),
    *refused("use repetition_penalty", "repeat_penalty", harmless=ONE),
    *refused("the penalty is of all tokens so far", "repeat_last_n"),
    *refused("the order of samplers is fixed", "samplers", "sampler_order", "sampler_priority", harmless=([],)),
    *refused("use max_tokens", "n_predict", "max_new_tokens"),
    *refused("use min_tokens", "min_new_tokens", harmless=ZERO),
    *refused("use truncate_prompt_tokens", "n_keep", harmless=ZERO),
    *refused("use seed", "sampling_seed"),
    *refused("use logprobs", "n_probs", "top_logprobs_num", harmless=ZERO),
    *refused("use return_token_ids", "return_tokens", harmless=OFF),
    *refused("use truncate_prompt_tokens", "prompt_truncate_len"),
    *refused("use include_stop_str_in_output", "no_stop_trim", harmless=OFF),
    *refused("use stop", "stop_regex", harmless=([], "")),
    *refused("put documents into messages", "documents", harmless=([],)),
    *refused("nothing is cut off", "context_length_exceeded_behavior", harmless=("error",)),
    *refused("hidden states stay inside", "return_hidden_states", harmless=OFF),
    *refused("answers are told apart by key", "cache_salt", "extra_key"),
    *refused("requests are served in turn", "priority", harmless=ZERO),
    *refused("there are no extensions", "vllm_xargs", "custom_params", harmless=({},)),
    *refused("use lora", "lora_path"),
)
