"""A request is taken apart into parameters and text, kept as JSON, and put together again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from tampu.replay import NOT_KEPT, STRUCTURES, TEXT, TokenDigest, digest, parameters_of, request_of, text_of
from tampu.request import Constraint, GenerateRequest, Message, SamplingParams, Tool, ToolCall, ToolChoice

OLD = Path(__file__).parent / "replay_0.1.0.json"  # what that version kept of the three requests below
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


def other_than_default(kind: Any, default: Any) -> Any:
    """A value that a field of this type does not have by itself."""
    if get_origin(kind) is UnionType:
        kind = get_args(kind)[0]
    if kind is bool:
        return not default
    examples = {int: 7, float: 0.25, str: "x", tuple[str, ...]: ("x", "y"), tuple[int, ...]: (3, 5)}
    return {5: 1.5} if get_origin(kind) is Mapping else examples[kind]


def set_apart(kind: type[SamplingParams] | type[GenerateRequest], names: Iterable[str]) -> dict[str, Any]:
    """Each of these fields with a value of its own."""
    types, defaults = get_type_hints(kind), {item.name: item.default for item in fields(kind)}
    return {name: other_than_default(types[name], defaults[name]) for name in names}


def again(request: GenerateRequest) -> GenerateRequest:
    """The request, having been taken apart, kept, and put together."""
    return request_of("", "", kept(parameters_of(request)), kept(text_of(request)))


@pytest.mark.parametrize("name", [item.name for item in fields(SamplingParams)])
def test_every_sampling_parameter_comes_back_as_it_was(name: str) -> None:
    sampling = SamplingParams(**set_apart(SamplingParams, [name]))
    assert again(GenerateRequest("", "", "Once", sampling)).sampling == sampling != SamplingParams()


@pytest.mark.parametrize("name", [item.name for item in fields(GenerateRequest)])
def test_every_field_of_a_request_comes_back_unless_a_reason_says_why_it_need_not(name: str) -> None:
    if name in TEXT + STRUCTURES:
        assert getattr(again(CHAT), name) == getattr(CHAT, name)
    elif name in NOT_KEPT:
        assert NOT_KEPT[name] and name not in parameters_of(CHAT)
    else:
        asked = replace(GenerateRequest("", "", "Once"), **set_apart(GenerateRequest, [name]))
        assert getattr(again(asked), name) == getattr(asked, name) != getattr(GenerateRequest("", "", "Once"), name)


def test_every_reason_is_about_a_field_that_there_is() -> None:
    assert NOT_KEPT.keys() <= {item.name for item in fields(GenerateRequest)}


@pytest.mark.parametrize(("number", "request_"), enumerate((CHAT, RAW, IDS)), ids=["chat", "raw", "ids"])
def test_what_version_0_1_0_kept_is_the_same_request_with_the_same_digest(
    number: int, request_: GenerateRequest
) -> None:
    old = json.loads(OLD.read_text())[number]
    assert request_of(request_.id, request_.model, old["parameters"], old["text"]) == request_
    assert digest(text_of(request_)) == old["digest"]


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
