from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tampu.dialects.logprobs import text_logprobs
from tampu.engine.assembler import Assembler
from tampu.engine.card import ModelCard
from tampu.engine.output import Logprobs, StepOutput
from tampu.engine.prepare import Preparer
from tampu.request import Chunk, Completion, GenerateRequest, Opening, SamplingParams, TokenLogprob, Usage
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import tokenizer_json

TOKENIZER = Tokenizer.from_json(tokenizer_json())
CARD = ModelCard("tiny", 2048, 512, "f32", "f32", "fp", (257,), 64, 32, "reference", 1, "tiny.tampu")


def assembler(prompt: str = "Hi", echo: bool = False, **sampling: Any) -> Assembler:
    request = GenerateRequest("r1", "tiny", prompt, SamplingParams(seed=5, **sampling), echo=echo)
    return Assembler(Preparer(TOKENIZER, CARD).prepare(request), "fp", TOKENIZER)


def run(target: Assembler, *steps: bytes, end: str = "length", index: int = 0) -> list[Chunk]:
    """Push one output per step, the last one with the end, and return the chunks."""
    chunks = []
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        reason: Any = end if is_last else None
        generated = sum(map(len, steps[: number + 1])) + (reason == "stop")
        chunks.append(target.push(index, StepOutput(0, tuple(step), reason, generated)))
    return [chunk for chunk in chunks if chunk is not None]


def test_the_first_chunk_opens_and_the_last_has_the_usage() -> None:
    target = assembler()
    first = target.push(0, StepOutput(0, (72,), num_generated=1, num_cached_tokens=2))
    last = target.push(0, StepOutput(0, (105,), "length", num_generated=2))
    assert first == Chunk(0, "H", (72,), opening=Opening(seed=5, fingerprint="fp", prompt_tokens=3, cached_tokens=2))
    assert last == Chunk(0, "i", (105,), finish_reason="length", usage=Usage(3, 2, 2))


def test_a_stop_token_is_counted_and_has_no_text() -> None:
    chunks = run(assembler(), b"H", b"", end="stop")
    assert [(chunk.text, chunk.token_ids) for chunk in chunks] == [("H", (72,)), ("", ())]
    assert chunks[-1].finish_reason == "stop" and chunks[-1].usage == Usage(3, 2, 0)


def test_a_stop_token_has_a_log_probability() -> None:
    target = assembler(logprobs=0)
    first = target.push(0, StepOutput(0, (72,), num_generated=1, logprobs=(Logprobs(72, -1.0),)))
    last = target.push(0, StepOutput(0, (), "stop", num_generated=2, logprobs=(Logprobs(257, -2.0),)))
    assert first is not None and last is not None
    assert [entry.logprob for entry in first.logprobs + last.logprobs] == [-1.0, -2.0]


def test_a_split_character_is_held_until_it_is_whole() -> None:
    chunks = run(assembler(), *(bytes([byte]) for byte in "aé🦙".encode()))
    assert [chunk.text for chunk in chunks] == ["a", "", "é", "", "", "", "🦙"]
    assert [len(chunk.token_ids) for chunk in chunks] == [1] * 7


def test_a_character_that_never_comes_whole_ends_as_a_replacement() -> None:
    assert "".join(chunk.text for chunk in run(assembler(), b"a", b"\xf0", b"\x9f")) == "a\ufffd"


def test_a_stop_string_ends_the_text_before_it() -> None:
    target = assembler(stop=("END",))
    chunks = run(target, b"a", b"E", b"N", b"D", b"more")
    assert [chunk.text for chunk in chunks] == ["a", "", "", ""]
    assert [chunk.finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert target.finished and chunks[-1].usage == Usage(3, 4, 0)


def test_text_that_only_might_have_been_a_stop_string_is_given_at_the_end() -> None:
    chunks = run(assembler(stop=("END",)), b"aE", b"N")
    assert [(chunk.text, chunk.finish_reason) for chunk in chunks] == [("a", None), ("EN", "length")]


def test_tokens_after_a_stop_string_in_the_same_step_are_dropped_and_not_counted() -> None:
    target = assembler(stop=("b",), logprobs=0)
    entries = tuple(Logprobs(token_id, -1.0) for token_id in b"abc")
    chunk = target.push(0, StepOutput(0, tuple(b"abc"), num_generated=3, logprobs=entries))
    assert chunk is not None
    assert (chunk.text, chunk.token_ids, len(chunk.logprobs)) == ("a", (97, 98), 2)
    assert chunk.finish_reason == "stop" and chunk.usage == Usage(3, 2, 0)


def test_a_stop_string_that_the_last_token_completes_counts_as_stop_and_not_as_length() -> None:
    chunks = run(assembler(stop=("b",)), b"a", b"b")
    assert [chunk.finish_reason for chunk in chunks] == [None, "stop"]


def test_what_still_comes_for_an_ended_choice_is_ignored() -> None:
    target = assembler(stop=("b",))
    run(target, b"ab")
    assert target.push(0, StepOutput(0, (99,), num_generated=3)) is None
    assert target.output_token_ids(0) == (97, 98)


def test_choices_are_told_apart_and_the_usage_sums_over_them() -> None:
    target = assembler(n=2)
    opening = target.push(0, StepOutput(1, (97,), num_generated=1, num_cached_tokens=0))
    second = target.push(1, StepOutput(2, (98,), num_generated=1, num_cached_tokens=2))
    assert opening is not None and opening.opening is not None and second is not None and second.opening is None
    chunks = [opening, second, *run(target, b"cd", index=1), *run(target, b"", end="stop")]
    assert [chunk.usage for chunk in chunks] == [None, None, None, Usage(3, 3, 0)]
    completion = Completion.fold(chunks)
    assert [(choice.text, choice.finish_reason) for choice in completion.choices] == [("a", "stop"), ("bcd", "length")]


def test_echo_gives_the_prompt_with_its_log_probabilities_in_the_opening() -> None:
    target = assembler("Hi", echo=True, prompt_logprobs=1, logprobs=1)
    prompt = (Logprobs(256, None), Logprobs(72, -0.5, (73,), (-0.25,)), Logprobs(105, -2.0))
    chunk = target.push(0, StepOutput(0, (97,), num_generated=1, num_cached_tokens=0, prompt_logprobs=prompt))
    assert chunk is not None and chunk.opening is not None
    assert chunk.opening.prompt_text == "Hi"
    assert chunk.opening.prompt_logprobs == (
        TokenLogprob(256, b"", None),
        TokenLogprob(72, b"H", -0.5, (TokenLogprob(73, b"I", -0.25),)),
        TokenLogprob(105, b"i", -2.0),
    )


def test_log_probabilities_have_bytes_that_need_not_be_whole_characters() -> None:
    entry = Logprobs(0xC3, -0.5, (0xC3, 97), (-0.5, -1.5))
    chunk = assembler(logprobs=2).push(0, StepOutput(0, (0xC3,), num_generated=1, logprobs=(entry,)))
    assert chunk is not None
    assert chunk.logprobs == (
        TokenLogprob(0xC3, b"\xc3", -0.5, (TokenLogprob(0xC3, b"\xc3", -0.5), TokenLogprob(97, b"a", -1.5))),
    )


@given(st.binary(min_size=1, max_size=40), st.lists(st.text("aé🦙", min_size=1, max_size=3), max_size=2), st.data())
def test_replaying_the_recorded_ids_gives_the_same_text(output: bytes, stops: list[str], data: st.DataObject) -> None:
    first = assembler(stop=tuple(stops))
    chunks = run(first, *(bytes([byte]) for byte in output))
    cut = data.draw(st.integers(0, len(output)))
    again = assembler(stop=tuple(stops))
    recorded = bytes(first.output_token_ids(0))
    replayed = run(again, recorded[:cut], recorded[cut:])
    assert "".join(chunk.text for chunk in replayed) == "".join(chunk.text for chunk in chunks)
    assert replayed[-1].finish_reason == chunks[-1].finish_reason
    assert replayed[-1].usage == chunks[-1].usage


def test_the_stop_string_may_be_part_of_the_text() -> None:
    chunks = run(assembler(stop=("END",), include_stop_str_in_output=True), b"a", b"E", b"N", b"D", b"z")
    assert ("".join(chunk.text for chunk in chunks), chunks[-1].finish_reason) == ("aEND", "stop")


def test_a_stop_string_within_the_least_number_of_tokens_ends_nothing() -> None:
    chunks = run(assembler(stop=("b",), min_tokens=3), b"a", b"b", b"c", b"d", b"b", b"z")
    assert ("".join(chunk.text for chunk in chunks), chunks[-1].finish_reason) == ("abcd", "stop")


def test_control_tokens_are_shown_by_name_only_on_demand() -> None:
    eot = TOKENIZER.control["<|eot_id|>"]
    for shown, text in ((True, "H"), (False, "H<|eot_id|>")):
        target = assembler(skip_special_tokens=shown, ignore_eos=True)
        first = target.push(0, StepOutput(0, (72,), num_generated=1))
        last = target.push(0, StepOutput(0, (eot,), "length", num_generated=2))
        assert first is not None and last is not None
        assert first.text + last.text == text


def test_an_echoed_prompt_is_as_it_was_sent_and_its_offsets_fit() -> None:
    target = assembler("Hi<|eot_id|>you", echo=True, logprobs=0, prompt_logprobs=0)
    ids = target._prepared.prompt_token_ids
    scores = (Logprobs(ids[0], None), *(Logprobs(token_id, -1.0) for token_id in ids[1:]))
    chunk = target.push(0, StepOutput(0, (97,), num_generated=1, num_cached_tokens=0, prompt_logprobs=scores))
    assert chunk is not None and chunk.opening is not None
    assert chunk.opening.prompt_text == "Hi<|eot_id|>you"
    wire: Any = text_logprobs(chunk.opening.prompt_logprobs)[0]
    texts = dict(zip(wire["tokens"], wire["text_offset"], strict=True))
    assert (texts["H"], texts["<|eot_id|>"], texts["y"]) == (0, 2, 12)
    assert "".join(wire["tokens"][1:]) == chunk.opening.prompt_text


def test_the_opening_has_the_ids_of_the_prompt_on_demand() -> None:
    request = GenerateRequest("r1", "tiny", (72, 105), SamplingParams(seed=5), return_token_ids=True)
    target = Assembler(Preparer(TOKENIZER, CARD).prepare(request), "fp", TOKENIZER)
    chunk = target.push(0, StepOutput(0, (97,), num_generated=1))
    assert chunk is not None and chunk.opening is not None and chunk.opening.prompt_token_ids == (72, 105)
