"""Engines whose answers are held to a grammar: a model of random logits over single bytes."""

import json
import threading
from dataclasses import replace

import pytest

from tampu.engine.draft import DraftModel
from tampu.engine.engine import Engine
from tampu.engine.grammars import GrammarRoom
from tampu.engine.output import StepOutput
from tampu.engine.sequence import SequenceSpec
from tampu.grammar.compile import compile_constraint
from tampu.grammar.matcher import Vocabulary
from tampu.request import Constraint, ConstraintKind
from tests.fakes import HashModel, engine_settings, output_token_ids, run_engine, sequence_spec

VOCAB_SIZE = 260
END = 256
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "is_known": {"type": "boolean"}},
    "required": ["name", "is_known"],
    "additionalProperties": False,
}

# Names that random logits would soon repeat.
NAMES = {
    "type": "object",
    "propertyNames": {"pattern": "^[ab]{1,2}$"},
    "additionalProperties": {"type": "null"},
    "minProperties": 3,
    "maxProperties": 5,
}


def byte_vocabulary() -> Vocabulary:
    tokens = [bytes([byte]) for byte in range(256)] + [b""] * (VOCAB_SIZE - 256)
    return Vocabulary(tokens, {END: "<|end|>"}, [END], lambda text: list(text.encode()))


def engine(**changes: object) -> Engine:
    return Engine(HashModel(vocab_size=VOCAB_SIZE), engine_settings(**changes), read_vocabulary=byte_vocabulary)


def spec(number: int, kind: ConstraintKind, source: object, **sampling: object) -> SequenceSpec:
    text = source if isinstance(source, str) else json.dumps(source)
    plain = sequence_spec(number, [1, 2, 3, number], **({"stop_token_ids": (END,), "max_tokens": 60} | sampling))  # type: ignore[arg-type]
    return replace(plain, grammar=compile_constraint(Constraint(kind, text)))


def text_of(outputs: list[StepOutput]) -> str:
    return bytes(output_token_ids(outputs)).decode(errors="replace")


def run(*specs: SequenceSpec, **changes: object) -> list[str]:
    outputs = run_engine(engine(**changes), specs)
    return [text_of(outputs[one.id]) for one in specs]


def test_random_logits_write_what_the_schema_wants() -> None:
    specs = [spec(number, "json_schema", PERSON) for number in range(8)]
    outputs = run_engine(engine(), specs)
    for one in specs:
        assert outputs[one.id][-1].finish_reason == "stop"
        answer = json.loads(text_of(outputs[one.id]))
        assert list(answer) == ["name", "is_known"] and isinstance(answer["is_known"], bool)


def test_random_logits_give_no_name_twice() -> None:
    specs = [spec(number, "json_schema", NAMES, max_tokens=100) for number in range(8)]
    for text in run(*specs):
        pairs = json.loads(text, object_pairs_hook=list)
        assert 3 <= len(pairs) == len(dict(pairs)) <= 5


@pytest.mark.parametrize(
    ("kind", "source", "texts"),
    [
        ("choice", ["yes", "no"], {"yes", "no"}),
        ("regex", "[ab]c", {"ac", "bc"}),
        ("grammar", 'start: "x" ("1" | "2")', {"x1", "x2"}),
    ],
)
def test_every_kind_of_grammar_is_kept(kind: ConstraintKind, source: object, texts: set[str]) -> None:
    assert set(run(*(spec(number, kind, source) for number in range(10)))) == texts


def test_a_text_that_is_cut_says_so() -> None:
    outputs = run_engine(engine(), [spec(1, "json_schema", PERSON, max_tokens=5)])[1]
    assert (text_of(outputs), outputs[-1].finish_reason) == ('{"nam', "length")


def test_a_text_that_is_whole_with_its_last_token_has_stopped() -> None:
    outputs = run_engine(engine(), [spec(1, "choice", ["abc"], max_tokens=3)])[1]
    assert (text_of(outputs), outputs[-1].finish_reason) == ("abc", "stop")


def test_where_there_is_no_choice_no_forward_pass_is_spent() -> None:
    one = engine()
    run_engine(one, [spec(1, "choice", ["forty-one characters without any choice.."])])
    # The prompt's step draws and checks all the rest.
    assert (one.stats().steps, one.stats().forced_tokens, one.stats().guessed_tokens) == (1, 40, 0)


def test_forced_tokens_change_no_token_and_no_log_probability() -> None:
    one = spec(1, "json_schema", PERSON, logprobs=2)
    whole = run_engine(engine(), [one])[1]
    # One token fits a step: nothing is left for what is forced.
    single = run_engine(engine(max_num_batched_tokens=1), [one])[1]
    for outputs in (whole, single):
        assert len([entry for output in outputs for entry in output.logprobs]) == len(output_token_ids(outputs))
    assert output_token_ids(whole) == output_token_ids(single)
    assert [entry for output in whole for entry in output.logprobs] == [
        entry for output in single for entry in output.logprobs
    ]


@pytest.mark.parametrize("schema", [PERSON, NAMES])
@pytest.mark.parametrize("changes", [{"max_num_seqs": 1}, {"num_blocks": 26}, {"speculate": "off"}, {"block_size": 8}])
def test_what_else_runs_changes_no_answer(schema: object, changes: dict[str, object]) -> None:
    specs = [spec(number, "json_schema", schema, temperature=1.5) for number in range(6)]
    free = [sequence_spec(number, [5, number], max_tokens=40) for number in range(6, 9)]
    alone = [run(one)[0] for one in specs]
    outputs = run_engine(engine(**changes), [*specs, *free])
    assert [text_of(outputs[one.id]) for one in specs] == alone


def test_a_draft_model_that_knows_no_grammar_changes_no_answer() -> None:
    specs = [spec(number, "json_schema", PERSON, temperature=0.0) for number in range(4)]
    settings = engine_settings()
    draft = DraftModel(HashModel(vocab_size=VOCAB_SIZE), settings, cost=0.01)
    model = HashModel(vocab_size=VOCAB_SIZE)
    one = Engine(model, settings, draft=draft, read_vocabulary=byte_vocabulary)
    outputs = run_engine(one, specs)
    assert [text_of(outputs[each.id]) for each in specs] == run(*specs)
    assert one.stats().guessed_tokens >= one.stats().right_guesses > 0


@pytest.mark.parametrize("schema", [PERSON, NAMES])
def test_a_sequence_goes_on_after_any_of_its_tokens(schema: object) -> None:
    one = spec(1, "json_schema", schema)
    tokens = output_token_ids(run_engine(engine(), [one])[1])
    for cut in range(1, len(tokens)):
        assert output_token_ids(run_engine(engine(), [one.resumed(tokens[:cut])])[1]) == tokens[cut:]


def test_log_probabilities_are_the_models_own_or_those_among_what_is_allowed() -> None:
    def first(**sampling: object) -> tuple[float, tuple[int, ...], tuple[float, ...]]:
        outputs = run_engine(engine(), [spec(1, "regex", "[ab]c", logprobs=4, **sampling)])[1]
        entry = outputs[0].logprobs[0]
        assert entry.logprob is not None
        return entry.logprob, entry.top_ids, entry.top_logprobs

    raw, raw_ids, _ = first()
    masked, masked_ids, masked_logprobs = first(masked_logprobs=True)
    assert len(raw_ids) == 4 and set(masked_ids) == {*b"ab"}
    assert masked in masked_logprobs and masked > raw


def test_penalties_and_bias_cannot_lead_out_of_the_grammar() -> None:
    specs = [
        spec(number, "regex", "[ab]{20}", logit_bias={ord("z"): 100.0, END: 100.0}, repetition_penalty=5.0)
        for number in range(4)
    ]
    assert all(len(text) == 20 and set(text) <= {*"ab"} for text in run(*specs))


def test_a_grammar_that_breaks_ends_its_own_sequence_only() -> None:
    broken = spec(1, "regex", "(a?){500}a{500}", max_tokens=50)
    outputs = run_engine(engine(), [broken, spec(2, "choice", ["yes"]), sequence_spec(3, [1])])
    assert "cannot be followed" in (outputs[1][-1].error or "")
    assert text_of(outputs[2]) == "yes" and len(output_token_ids(outputs[3])) == 8


def test_an_engine_without_a_vocabulary_refuses_the_sequence() -> None:
    outputs = run_engine(Engine(HashModel(), engine_settings()), [spec(1, "choice", ["yes"])])
    assert "no tokenizer" in (outputs[1][0].error or "")


def test_others_go_on_while_a_grammar_is_built() -> None:
    begin = threading.Event()

    def read() -> Vocabulary:
        begin.wait(20)
        return byte_vocabulary()

    one = Engine(HashModel(vocab_size=VOCAB_SIZE), engine_settings(), read_vocabulary=read)
    one.add(spec(1, "choice", ["yes"]))
    one.add(sequence_spec(2, [1, 2]))
    for _ in range(8):
        assert {output.sequence_id for output in one.step()} == {2}
    assert one.stats().waiting == 1
    begin.set()
    assert text_of(run_engine(one)[1]) == "yes"


def test_a_sequence_that_nobody_wants_is_not_built() -> None:
    begin = threading.Event()

    def read() -> Vocabulary:
        begin.wait(20)
        return byte_vocabulary()

    room = GrammarRoom(read)
    room.add(spec(1, "choice", ["yes"]))
    room.add(spec(2, "choice", ["yes"]))
    assert [room.abort(1), room.abort(1)] == [True, False]
    begin.set()
    assert [built.spec.id for built in room.take(20)] == [2]
    assert len(room) == 0
