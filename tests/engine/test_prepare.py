from dataclasses import replace
from typing import Any

import pytest

from tampu.engine.card import ModelCard
from tampu.engine.prepare import Preparer
from tampu.errors import ContextTooLong, InvalidPrompt, InvalidRequest, OutOfRange
from tampu.request import GenerateRequest, Message, Prompt, SamplingParams
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import BEGIN_OF_TEXT, END_HEADER, END_OF_TEXT, EOM, EOT, START_HEADER, tokenizer_json

TOKENIZER = Tokenizer.from_json(tokenizer_json())
CARD = ModelCard("tiny", 64, 512, "f32", "f32", "fp", (END_OF_TEXT, EOM, EOT), 8, 8, "reference", 1, "tiny.tampu")
PREPARER = Preparer(TOKENIZER, CARD, draw=lambda: 4711)


def ask(prompt: Prompt, **sampling: Any) -> GenerateRequest:
    return GenerateRequest("r1", "tiny", prompt, SamplingParams(**sampling))


def test_a_chat_is_rendered_and_gets_a_seed_and_all_the_room_that_is_left() -> None:
    prepared = PREPARER.prepare(ask((Message("user", "Hi"),)))
    turns = [b"user", b"Hi", b"assistant"]
    assert prepared.prompt_token_ids == (
        *(BEGIN_OF_TEXT, START_HEADER, *turns[0], END_HEADER, 10, 10, *turns[1], EOT),
        *(START_HEADER, *turns[2], END_HEADER, 10, 10),
    )
    assert prepared.sampling.seed == 4711
    assert prepared.sampling.max_tokens == 64 - len(prepared.prompt_token_ids)
    assert prepared.sampling.stop_token_ids == (END_OF_TEXT, EOM, EOT)


def test_raw_text_begins_with_begin_of_text_once() -> None:
    assert PREPARER.prepare(ask("Hi")).prompt_token_ids == (BEGIN_OF_TEXT, *b"Hi")
    assert PREPARER.prepare(ask("<|begin_of_text|>Hi")).prompt_token_ids == (BEGIN_OF_TEXT, *b"Hi")


def test_token_ids_are_taken_as_they_are() -> None:
    assert PREPARER.prepare(ask((7, 300))).prompt_token_ids == (7, 300)


def test_what_the_request_says_wins_over_what_would_be_chosen() -> None:
    sampling = PREPARER.prepare(ask("Hi", seed=0, max_tokens=5, stop_token_ids=(9,))).sampling
    assert (sampling.seed, sampling.max_tokens) == (0, 5)
    assert sampling.stop_token_ids == (9, END_OF_TEXT, EOM, EOT)


def test_choices_become_a_group_of_sequences_of_which_the_first_scores_the_prompt() -> None:
    specs = PREPARER.prepare(ask("Hi", n=3, prompt_logprobs=0, logprobs=0, stop=("x",))).specs(first_id=10)
    assert [(spec.id, spec.choice, spec.group) for spec in specs] == [(10, 0, 10), (11, 1, 10), (12, 2, 10)]
    assert [spec.sampling.prompt_logprobs for spec in specs] == [0, None, None]
    assert {(spec.sampling.n, spec.sampling.stop) for spec in specs} == {(1, ())}


def test_a_single_choice_has_no_group_and_the_tenant_is_its_salt() -> None:
    request = GenerateRequest("r1", "tiny", "Hi", tenant="anna")
    (spec,) = PREPARER.prepare(request).specs(first_id=3)
    assert (spec.group, spec.salt) == (None, b"anna")


@pytest.mark.parametrize("prompt", [(), ""])
def test_an_empty_prompt_is_refused(prompt: Prompt) -> None:
    with pytest.raises(InvalidPrompt, match="must not be empty"):
        PREPARER.prepare(ask(prompt))


def test_a_prompt_of_exactly_the_context_has_no_room_for_a_token() -> None:
    assert PREPARER.prepare(ask((1,) * 63)).sampling.max_tokens == 1
    with pytest.raises(ContextTooLong, match=r"64 tokens\. However, you requested 65 tokens") as caught:
        PREPARER.prepare(ask((1,) * 64))
    assert caught.value.param == "prompt"


def test_prompt_and_completion_together_must_fit() -> None:
    assert PREPARER.prepare(ask((1,) * 60, max_tokens=4)).sampling.max_tokens == 4
    with pytest.raises(ContextTooLong, match=r"65 tokens \(60 in the prompt, 5 for the completion\)"):
        PREPARER.prepare(ask((1,) * 60, max_tokens=5))


def test_a_request_may_have_a_narrower_context_than_the_model() -> None:
    narrow = replace(ask((1,) * 30), max_context=32)
    assert PREPARER.prepare(narrow).sampling.max_tokens == 2
    assert PREPARER.prepare(replace(narrow, max_context=1000)).sampling.max_tokens == 34
    with pytest.raises(ContextTooLong, match=r"is 32 tokens\. However, you requested 33 tokens"):
        PREPARER.prepare(replace(ask((1,) * 30, max_tokens=3), max_context=32))


LONG_PROMPTS: list[Prompt] = [
    "x" * 500,
    tuple(range(256)),
    (Message("user", "x" * 500),),
    (*(Message("user", f"turn {place}") for place in range(50)),),
]


@pytest.mark.parametrize("prompt", LONG_PROMPTS, ids=["text", "ids", "message", "messages"])
@pytest.mark.parametrize(("max_tokens", "room"), [(None, 48), (10, 54), (40, 24)])
def test_a_long_prompt_loses_its_middle_where_the_request_says_so(
    prompt: Prompt, max_tokens: int | None, room: int
) -> None:
    request = ask(prompt, max_tokens=max_tokens)
    with pytest.raises(ContextTooLong):
        PREPARER.prepare(request)
    prepared = PREPARER.prepare(replace(request, middle_out=True))
    assert 0 < len(prepared.prompt_token_ids) <= room
    assert prepared.sampling.max_tokens == (max_tokens or 64 - len(prepared.prompt_token_ids))


def test_a_prompt_that_fits_loses_nothing() -> None:
    request = ask("x" * 60)
    assert PREPARER.prepare(replace(request, middle_out=True)).prompt_token_ids == (BEGIN_OF_TEXT, *b"x" * 60)


def test_a_completion_that_leaves_no_room_is_refused_all_the_same() -> None:
    with pytest.raises(ContextTooLong):
        PREPARER.prepare(replace(ask("x" * 500, max_tokens=64), middle_out=True))


def test_a_chat_that_is_too_long_is_the_fault_of_its_messages() -> None:
    with pytest.raises(ContextTooLong) as caught:
        PREPARER.prepare(ask((Message("user", "x" * 64),)))
    assert caught.value.param == "messages"


def test_a_request_may_call_its_prompt_otherwise() -> None:
    with pytest.raises(ContextTooLong) as caught:
        PREPARER.prepare(replace(ask((Message("user", "x" * 64),)), prompt_param="input"))
    assert caught.value.param == "input"


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (ask((1, 512)), "prompt"),
        (ask((1, -1)), "prompt"),
        (ask("Hi", stop_token_ids=(512,)), "stop_token_ids"),
        (ask("Hi", logit_bias={512: 1.0}), "logit_bias"),
        (ask("Hi", logit_bias={-1: 1.0}), "logit_bias"),
        (ask("Hi", temperature=5.5), "temperature"),
    ],
)
def test_what_the_model_does_not_have_is_out_of_range(request_: GenerateRequest, param: str) -> None:
    with pytest.raises(OutOfRange) as caught:
        PREPARER.prepare(request_)
    assert caught.value.param == param


def test_seeds_are_drawn_anew_for_each_request() -> None:
    preparer = Preparer(TOKENIZER, CARD)
    seeds = {preparer.prepare(ask("Hi")).sampling.seed for _ in range(8)}
    assert len(seeds) == 8


def test_the_models_own_end_may_be_ignored_but_not_that_of_the_request() -> None:
    assert PREPARER.prepare(ask("Hi", ignore_eos=True, stop_token_ids=(9,))).sampling.stop_token_ids == (9,)


@pytest.mark.parametrize(("most", "kept"), [(2, "yz"), (3, "xyz"), (99, None), (-1, "yz")])
def test_a_prompt_keeps_its_last_tokens(most: int, kept: str | None) -> None:
    request = replace(ask("uvwxyz", max_tokens=4), truncate_prompt_tokens=most, max_context=6)
    whole = PREPARER.prepare(replace(request, truncate_prompt_tokens=None, max_context=None)).prompt_token_ids
    if kept is None:
        with pytest.raises(ContextTooLong):
            PREPARER.prepare(request)
        return
    expected = whole[-len(kept) :]
    if most == 3:
        request = replace(request, max_context=7)
    assert PREPARER.prepare(request).prompt_token_ids == expected


@pytest.mark.parametrize(
    ("sampling", "param"),
    [
        ({"min_tokens": 5, "max_tokens": 4}, "min_tokens"),
        ({"allowed_token_ids": (END_OF_TEXT,), "min_tokens": 1}, "min_tokens"),
        ({"allowed_token_ids": (10**6,)}, "allowed_token_ids"),
    ],
    ids=str,
)
def test_limits_that_leave_no_token_are_refused(sampling: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        PREPARER.prepare(ask("Hi", **sampling))
    assert caught.value.param == param


@pytest.mark.parametrize("limit", [{"ignore_eos": True}, {"min_tokens": 1}, {"allowed_token_ids": (5,)}], ids=str)
def test_a_grammar_and_limits_of_tokens_are_refused_together(limit: dict[str, Any]) -> None:
    (name,) = limit
    with pytest.raises(InvalidRequest, match=f"{name} cannot be combined with a schema"):
        PREPARER.prepare(ask("Hi", **limit), grammar="start: /a/")


@pytest.mark.parametrize("named", [(), (END_OF_TEXT,), (9,)])
def test_a_chat_ends_as_its_format_ends_turns_whatever_the_files_name(named: tuple[int, ...]) -> None:
    preparer = Preparer(TOKENIZER, replace(CARD, eos_token_ids=named))
    chat = preparer.prepare(ask((Message("user", "Hi"),))).sampling.stop_token_ids
    assert set(chat) == {*named, END_OF_TEXT, EOM, EOT}
    assert preparer.prepare(ask("Hi")).sampling.stop_token_ids == named


@pytest.mark.parametrize("prompt", ["Hi<|eot_id|>", (Message("user", "Hi"),)], ids=["raw", "chat"])
def test_a_token_that_only_the_tokenizer_knows_is_refused_by_name(prompt: Prompt) -> None:
    preparer = Preparer(TOKENIZER, replace(CARD, vocab_size=EOT, eos_token_ids=()))
    with pytest.raises(InvalidRequest, match=f"the token '<|eot_id|>' with id {EOT}, and the model knows ids up to"):
        preparer.prepare(ask(prompt))


class CountingTokenizer(Tokenizer):
    """Counts the characters that it encodes."""

    encoded = 0

    def _merge(self, text: str) -> list[int]:
        self.encoded += len(text)
        return super()._merge(text)


LONG_TEXT = "llamas and alpacas, " * 200_000  # four megabytes
LONG_CHAT = (Message("system", "Be brief."), *(Message("user", "x" * 400) for _ in range(9_999)))


@pytest.mark.parametrize("prompt", [LONG_TEXT, (Message("user", LONG_TEXT),), LONG_CHAT], ids=["raw", "chat", "turns"])
def test_a_prompt_that_cannot_fit_is_refused_without_being_encoded(prompt: Prompt) -> None:
    tokenizer = CountingTokenizer.from_json(tokenizer_json())
    assert isinstance(tokenizer, CountingTokenizer)
    with pytest.raises(ContextTooLong, match=r"maximum context length is 64 tokens.*requested at least"):
        Preparer(tokenizer, CARD).prepare(ask(prompt))
    assert tokenizer.encoded < 100_000


@pytest.mark.parametrize("prompt", [LONG_TEXT, (Message("user", LONG_TEXT),)], ids=["raw", "chat"])
def test_middle_out_cuts_a_long_text_before_it_is_encoded(prompt: Prompt) -> None:
    tokenizer = CountingTokenizer.from_json(tokenizer_json())
    assert isinstance(tokenizer, CountingTokenizer)
    prepared = Preparer(tokenizer, CARD).prepare(replace(ask(prompt), middle_out=True))
    assert 40 < len(prepared.prompt_token_ids) < 64
    assert tokenizer.encoded < 100_000
