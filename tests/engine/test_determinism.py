"""The promise, bit by bit: the logits of a position depend on the tokens up to it and on nothing else.

Each kind of weights has one book of logits by prefix. Whatever an engine does, no prefix may ever get other bits than
those written down when each sequence had an engine to itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.engine.engine import Engine
from tampu.engine.sequence import SequenceSpec
from tampu.kernels import available_isas, load_kernels
from tampu.kernels.interface import F32, Kernels, Kind, LayerCache
from tampu.model.llama import ForwardInput, Llama
from tampu.model.load import prepare
from tampu.model.packed import PackedModel, open_packed
from tests.checkpoints import random_checkpoint
from tests.fakes import engine_settings, output_token_ids, run_engine, sequence_spec

Book = dict[bytes, bytes]  # token ids of a prefix to the bits of its logits
# Of weights and cache.
KINDS: tuple[tuple[Kind, str], ...] = (
    ("int8", "bf16"),
    ("int4", "bf16"),
    ("bf16", "bf16"),
    ("f32", "f32"),
    ("int8", "int8"),
)
FASTEST = available_isas()[0]


class Auditor:
    """A Llama whose logits are looked up in the book, and written into it where they are new."""

    def __init__(self, packed: PackedModel, kernels: Kernels, book: Book) -> None:
        self._model = Llama(packed, kernels)
        self.config, self.kernels, self.fingerprint = packed.config, kernels, self._model.fingerprint
        self.book = book

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:
        """The model's, and one more layer that remembers the token of each slot."""
        tokens = np.full((num_blocks, block_size), -1, np.int32)
        return [*self._model.new_cache(num_blocks, block_size, kv_dtype), LayerCache(tokens, tokens)]

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:
        *layers, slots = cache
        logits = self._model.forward(inputs, layers)
        slots.keys.reshape(-1)[inputs.slot_mapping] = inputs.token_ids
        rows = inputs.attention
        for token, row in zip(inputs.logits_indices, logits, strict=True):
            tokens = slots.keys[rows.block_tables[rows.row_of_token[token]]].reshape(-1)
            self._audit(tokens[: rows.positions[token] + 1].tobytes(), row.tobytes())
        return logits

    def _audit(self, prefix: bytes, bits: bytes) -> None:
        # Not an assert: what a model raises is a failure of its sequence, and the engine goes on.
        if self.book.setdefault(prefix, bits) != bits:
            self.book[b"differs"] = prefix


SYSTEM = tuple(range(100, 140))


def sequences() -> list[SequenceSpec]:
    """Sixteen sequences: greedy and sampled, with penalties, some with a common beginning of 40 tokens."""
    lengths = (1, 2, 5, 17, 31, 32, 33, 40)
    prompts = [tuple(np.random.default_rng(length).integers(0, 256, length).tolist()) for length in lengths]
    specs = [sequence_spec(index, prompt, temperature=0.0) for index, prompt in enumerate(prompts)]
    specs += [
        sequence_spec(
            8 + index,
            SYSTEM + prompt,
            temperature=1.3,
            top_p=0.95,
            repetition_penalty=1.1,
            frequency_penalty=0.4,
            seed=index,
        )
        for index, prompt in enumerate(prompts)
    ]
    return specs


@dataclass(frozen=True)
class Subject:
    """A model, and the kind of its key-value cache."""

    packed: PackedModel
    kv_dtype: str


@pytest.fixture(scope="module", params=KINDS, ids=lambda kinds: f"{kinds[0]}-kv-{kinds[1]}")
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    kind, kv_dtype = request.param
    home: Path = tmp_path_factory.mktemp(kind)
    checkpoint = random_checkpoint(home / "checkpoint")
    return Subject(open_packed(prepare(checkpoint, kind, lambda *_: None, home / "cache")), kv_dtype)


def engine_of(subject: Subject, book: Book, *, isa: str = FASTEST, threads: int = 1, **settings: object) -> Engine:
    model = Auditor(subject.packed, load_kernels(isa, threads), book)
    values = {"num_blocks": 256, "block_size": 32, "max_model_len": 512, "max_num_batched_tokens": 512} | settings
    return Engine(model, engine_settings(kv_dtype=subject.kv_dtype, **values))


def tokens_of(engine: Engine, specs: Iterable[SequenceSpec], book: Book) -> dict[int, list[int]]:
    """The tokens of each sequence, once it is sure that no prefix has other logits than the book says."""
    outputs = run_engine(engine, specs)
    assert b"differs" not in book, np.frombuffer(book[b"differs"], np.int32).tolist()
    return {sequence_id: output_token_ids(some) for sequence_id, some in sorted(outputs.items())}


@pytest.fixture(scope="module")
def alone(subject: Subject) -> tuple[Book, dict[int, list[int]]]:
    """The book and the tokens of sequences that each had an engine to themselves."""
    book: Book = {}
    expected: dict[int, list[int]] = {}
    for spec in sequences():
        expected |= tokens_of(engine_of(subject, book, speculate="off"), [spec], book)
    return book, expected


Alone = tuple[Book, dict[int, list[int]]]


def test_the_book_has_one_entry_per_generated_token(alone: Alone) -> None:
    book, expected = alone
    assert sum(map(len, expected.values())) == 16 * 8
    assert len(book) == 16 * 8


@pytest.mark.parametrize("budget", [1, 7, 64, 512])
def test_company_and_chunk_size_change_no_bit(subject: Subject, alone: Alone, budget: int) -> None:
    book, expected = alone
    engine = engine_of(subject, book, max_num_batched_tokens=budget)
    assert tokens_of(engine, sequences(), book) == expected


def test_a_warm_prefix_cache_changes_no_bit(subject: Subject, alone: Alone) -> None:
    book, expected = alone
    engine = engine_of(subject, book)
    tokens_of(engine, sequences(), book)
    cold_hits = engine.stats().prefix_hits
    assert tokens_of(engine, sequences(), book) == expected
    assert engine.stats().prefix_hits - cold_hits > 16 * 20


@pytest.mark.parametrize("block_size", [64, 96])
def test_the_block_size_changes_no_bit(subject: Subject, alone: Alone, block_size: int) -> None:
    book, expected = alone
    engine = engine_of(subject, book, block_size=block_size, num_blocks=4096 // block_size)
    assert tokens_of(engine, sequences(), book) == expected


def test_preemption_changes_no_bit(subject: Subject, alone: Alone) -> None:
    book, expected = alone
    engine = engine_of(subject, book, num_blocks=3, max_model_len=96)
    assert tokens_of(engine, sequences(), book) == expected
    assert engine.stats().preemptions >= 1


def test_arrivals_and_aborts_of_others_change_no_bit(subject: Subject, alone: Alone) -> None:
    book, expected = alone
    engine = engine_of(subject, book, max_num_batched_tokens=24)
    outputs: dict[int, list[int]] = {}
    for step, spec in enumerate(sequences()):
        engine.add(spec)
        if step % 3 == 2:
            engine.abort(step - 1)
        for output in engine.step():
            outputs.setdefault(output.sequence_id, []).extend(output.token_ids)
    for sequence_id, tokens in tokens_of(engine, [], book).items():
        outputs[sequence_id] = outputs.get(sequence_id, []) + tokens
    undisturbed = [index for index in range(16) if index % 3 != 1]
    assert [outputs[index] for index in undisturbed] == [expected[index] for index in undisturbed]


def test_a_sequence_resumed_after_any_token_sees_the_same_bits(subject: Subject, alone: Alone) -> None:
    book, expected = alone
    for count in range(8):
        engine = engine_of(subject, book)
        resumed = [spec.resumed(expected[spec.id][:count]) for spec in sequences()]
        assert tokens_of(engine, resumed, book) == {index: tokens[count:] for index, tokens in expected.items()}


def test_prompt_positions_see_the_same_bits_when_they_are_scored(subject: Subject, alone: Alone) -> None:
    book, expected = alone
    specs = [replace(spec, sampling=replace(spec.sampling, prompt_logprobs=0)) for spec in sequences()]
    for budget in (7, 512):
        engine = engine_of(subject, book, max_num_batched_tokens=budget)
        assert tokens_of(engine, specs, book) == expected


@pytest.mark.parametrize("isa", available_isas())
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_instruction_sets_change_no_bit(subject: Subject, alone: Alone, isa: str, threads: int) -> None:
    book, expected = alone
    engine = engine_of(subject, book, isa=isa, threads=threads)
    assert tokens_of(engine, sequences(), book) == expected


def repeating_sequences() -> list[SequenceSpec]:
    """Sequences of two tokens only, one over and over or both at random: they are guessed, often rightly."""
    greedy: dict[str, Any] = {"temperature": 0.0, "logit_bias": {5: 100.0}}
    sampled: dict[str, Any] = {"temperature": 3.0, "logit_bias": {5: 100.0, 6: 100.0}}
    controls = [greedy, sampled, greedy | {"frequency_penalty": 2.0}, sampled | {"repetition_penalty": 1.5}]
    return [sequence_spec(index, SYSTEM, max_tokens=60, logprobs=2, **some) for index, some in enumerate(controls)]


@pytest.mark.parametrize("settings", [{}, {"num_blocks": 9, "max_model_len": 128}])
def test_guesses_change_no_bit(subject: Subject, settings: dict[str, Any]) -> None:
    book: Book = {}
    expected = tokens_of(engine_of(subject, book, speculate="off"), repeating_sequences(), book)
    engine = engine_of(subject, book, **settings)
    assert tokens_of(engine, repeating_sequences(), book) == expected
    assert engine.stats().right_guesses > 20
    assert engine.stats().guessed_tokens > engine.stats().right_guesses
