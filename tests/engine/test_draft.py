from collections.abc import Sequence
from typing import Any

import pytest

from tampu.engine.draft import MAX_READ, DraftModel
from tampu.engine.engine import Engine
from tampu.engine.sequence import SequenceSpec
from tampu.engine.speculate import MAX_GUESS
from tampu.kernels.interface import F32, LayerCache
from tampu.model.llama import ForwardInput
from tests.fakes import HashModel, RepeatingModel, engine_settings, output_token_ids, run_engine, sequence_spec


class BrokenModel(HashModel):
    """Raises whatever it is to compute."""

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:  # noqa: ARG002 - as the others have them
        """Nothing."""
        raise MemoryError("boom")


def drafting(small: HashModel, model: HashModel | None = None, cost: float = 0.1, **settings: Any) -> Engine:
    """An engine for which `small` guesses."""
    resolved = engine_settings(**settings)
    return Engine(model or HashModel(), resolved, draft=DraftModel(small, resolved, cost))


def some_specs(**sampling: Any) -> list[SequenceSpec]:
    """Three prompts, two of which share their first blocks; max_tokens differ."""
    prompts = [range(10), range(13), [5, 6, 7, 8, 9, 1, 2]]
    return [sequence_spec(index, prompt, max_tokens=20 + 5 * index, **sampling) for index, prompt in enumerate(prompts)]


SAMPLINGS: list[dict[str, Any]] = [
    {"temperature": 0.0},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.0, "frequency_penalty": 0.5},
    {"temperature": 0.7, "logit_bias": {5: 3.0}, "logprobs": 2, "prompt_logprobs": 2},
]


@pytest.mark.parametrize("small", [HashModel(), RepeatingModel(), BrokenModel(), HashModel(nan_token=5)])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_no_draft_model_changes_any_output(small: HashModel, sampling: dict[str, Any]) -> None:
    specs = some_specs(**sampling)
    expected = run_engine(Engine(HashModel(), engine_settings(speculate="off")), specs)
    assert run_engine(drafting(small), specs) == expected


@pytest.mark.parametrize("sampling", SAMPLINGS[:2])
def test_a_draft_model_that_agrees_is_always_right_and_saves_steps(sampling: dict[str, Any]) -> None:
    spec = sequence_spec(1, range(10), max_tokens=64, **sampling)
    engine = drafting(HashModel())
    run_engine(engine, [spec])
    stats = engine.stats()
    assert stats.right_guesses == stats.guessed_tokens > 40
    assert stats.steps <= 12


def test_a_draft_model_that_never_agrees_is_soon_asked_no_more() -> None:
    # the prompt never stood before: what the model repeats is not what the draft, a hash, would say
    engine = drafting(HashModel(), RepeatingModel(period=40), max_model_len=256)
    run_engine(engine, [sequence_spec(1, range(30), max_tokens=200, logit_bias={31: 100.0}, choice=1)])
    assert engine.stats().right_guesses <= engine.stats().guessed_tokens
    silent = drafting(RepeatingModel(strength=50.0, period=1), HashModel())
    run_engine(silent, [sequence_spec(1, range(10), max_tokens=200)])
    assert 0 < silent.stats().guessed_tokens < 30


def test_a_dear_draft_model_guesses_less() -> None:
    cheap, dear = drafting(RepeatingModel(5.0), cost=0.05), drafting(RepeatingModel(5.0), cost=2.0)
    for engine in (cheap, dear):
        run_engine(engine, [sequence_spec(1, range(10), max_tokens=100)])
    assert cheap.stats().guessed_tokens > dear.stats().guessed_tokens


def test_what_is_found_in_the_prefix_cache_the_draft_model_has_read_too() -> None:
    engine = drafting(HashModel())
    first, second = (sequence_spec(index, range(25), max_tokens=30) for index in (1, 2))
    run_engine(engine, [first])
    guessed = engine.stats().guessed_tokens
    run_engine(engine, [second])
    assert engine.stats().prefix_hits == 24
    assert engine.stats().right_guesses == engine.stats().guessed_tokens > guessed


def test_preemption_leaves_the_draft_model_right() -> None:
    specs = [sequence_spec(index, range(index, index + 12), max_tokens=60) for index in range(4)]
    expected = run_engine(Engine(HashModel(), engine_settings(speculate="off")), specs)
    engine = drafting(HashModel(), num_blocks=30)
    outputs = run_engine(engine, specs)
    assert engine.stats().preemptions > 0
    assert {key: output_token_ids(some) for key, some in outputs.items()} == {
        key: output_token_ids(some) for key, some in expected.items()
    }
    assert engine.stats().right_guesses == engine.stats().guessed_tokens > 100


def test_a_resumed_sequence_goes_on_with_guesses() -> None:
    spec = sequence_spec(1, range(10), max_tokens=40)
    whole = output_token_ids(run_engine(Engine(HashModel(), engine_settings(speculate="off")), [spec])[1])
    engine = drafting(HashModel())
    rest = output_token_ids(run_engine(engine, [spec.resumed(whole[:15])])[1])
    assert whole[:15] + rest == whole
    assert engine.stats().right_guesses == engine.stats().guessed_tokens > 10


def test_prompt_and_guesses_of_the_draft_model_are_bounded_in_a_step() -> None:
    small = HashModel()
    engine = drafting(small, num_blocks=1024, max_model_len=4096, max_num_batched_tokens=64)
    engine.add(sequence_spec(1, [token % 31 for token in range(2000)], max_tokens=3))
    before = 0
    while engine.has_work():
        engine.step()
        assert small.num_computed - before <= min(64, MAX_READ) + MAX_GUESS
        before = small.num_computed
