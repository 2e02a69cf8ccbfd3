"""A request is taken apart into parameters and text, kept as JSON, and put together again."""

import json
from dataclasses import fields

from tampu.replay import TokenDigest, digest, parameters_of, request_of, text_of
from tampu.request import Constraint, GenerateRequest, Message, SamplingParams, Tool, ToolCall, ToolChoice

CHAT = GenerateRequest(
    "req_1",
    "cria",
    (
        Message("system", "Be brief."),
        Message("assistant", "", (ToolCall("call_1", "look", '{"at": 1}'),)),
        Message("tool", "a llama"),
    ),
    SamplingParams(temperature=0.5, seed=7, n=3, max_tokens=9, stop=("\n", "END"), logit_bias={5: -1.5, 12: 100}),
    tools=(Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "integer"}}}, strict=True),),
    tool_choice=ToolChoice("required", ("look",)),
    parallel_tool_calls=False,
    adapter="pirate",
    constraint=Constraint("json_schema", '{"type":"object"}'),
)
RAW = GenerateRequest("req_2", "cria", "Once", SamplingParams(seed=1, logprobs=2, prompt_logprobs=2), echo=True)
IDS = GenerateRequest("req_3", "cria", (1, 2, 3), SamplingParams(seed=1, stop_token_ids=(4, 5)), continue_last=True)


def kept(value: object) -> dict[str, object]:
    """As it comes back from the store."""
    stored: dict[str, object] = json.loads(json.dumps(value))
    return stored


def test_what_was_taken_apart_and_stored_is_the_same_request_again() -> None:
    for request in (CHAT, RAW, IDS):
        parameters, text = kept(parameters_of(request)), kept(text_of(request))
        assert request_of(request.id, request.model, parameters, text) == request


def test_every_field_of_a_request_is_kept_but_what_changes_no_token() -> None:
    unkept = {"id", "model", "tenant", "may_wait", "max_context", "prompt_param", "return_token_ids"}
    names = {item.name for item in fields(GenerateRequest)} - unkept
    assert names == {*parameters_of(CHAT), *text_of(CHAT)}


def test_records_of_version_0_1_0_are_read() -> None:
    parameters = kept(parameters_of(RAW))
    sampling = dict(parameters["sampling"])  # type: ignore[call-overload]
    later = ("include_stop_str_in_output", "ignore_eos", "min_tokens", "allowed_token_ids", "skip_special_tokens")
    old = {name: value for name, value in sampling.items() if name not in later} | {"prompt_logprobs": True}
    del parameters["truncate_prompt_tokens"]
    assert request_of("req_2", "cria", {**parameters, "sampling": old}, kept(text_of(RAW))) == RAW


def test_no_text_is_among_the_parameters() -> None:
    parameters = json.dumps(parameters_of(CHAT))
    assert not any(text in parameters for text in ("brief", "llama", "Looks", "object"))


def test_the_digest_is_that_of_the_text_alone() -> None:
    asked = GenerateRequest("req_4", "other", "Once", SamplingParams(seed=99), adapter="pirate")
    assert digest(text_of(asked)) == digest(kept(text_of(RAW)))
    assert digest(text_of(RAW)) == "ae2d099510fa1b5f805799db4249babdafd7b810c71023befd3fc2c6c06139a1"
    assert digest(text_of(RAW)) != digest(text_of(GenerateRequest("req_5", "cria", (Message("user", "Once"),))))


def test_token_ids_are_digested_as_they_come() -> None:
    whole, pieces = TokenDigest(), TokenDigest()
    whole.push([1, 128255, 3])
    for token_ids in ([1], [], [128255, 3]):
        pieces.push(token_ids)
    assert whole.hex == pieces.hex == "f6b61aaf510434cfedf19eab7fefbbae21bf2e2194ecc008225bd8eba8a4d482"
    assert (whole.num_tokens, TokenDigest().num_tokens) == (3, 0)
