"""Random arrivals, aborts, tenants and choices in small pools: what must hold in every schedule that can happen."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tampu.engine.engine import Engine
from tampu.engine.output import StepOutput
from tampu.engine.sequence import SequenceSpec
from tests.fakes import HashModel, RepeatingModel, engine_settings, output_token_ids, run_engine, sequence_spec

MAX_MODEL_LEN = 24


@dataclass(frozen=True)
class Arrival:
    """Sequences that come before a step, one per choice, and after how many steps each is aborted, if it is."""

    step: int
    specs: list[SequenceSpec]
    aborts_after: list[int | None]


@dataclass
class Outcome:
    """What a client saw of a sequence."""

    outputs: list[StepOutput] = field(default_factory=list)
    aborted: bool = False

    @property
    def num_ends(self) -> int:
        return sum(output.finish_reason is not None or output.error is not None for output in self.outputs)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    result = []
    next_id = 0
    for group in range(draw(st.integers(1, 7))):
        # Few distinct beginnings, so that prefixes are shared, also across tenants where they must not be.
        prompt = [draw(st.integers(0, 1))] * draw(st.integers(0, 9)) + draw(st.lists(st.integers(2, 4), max_size=6))
        spec = sequence_spec(
            0,
            prompt or [1],
            salt=draw(st.sampled_from([b"", b"a", b"b"])),
            max_tokens=draw(st.integers(1, 9)),
            logprobs=draw(st.sampled_from([None, 1])),
            temperature=draw(st.sampled_from([0.0, 1.0])),
            presence_penalty=draw(st.sampled_from([0.0, 1.5])),
            stop_token_ids=draw(st.sampled_from([(), (7, 8, 9)])),
            prompt_logprobs=draw(st.booleans()),
        )
        num_choices = draw(st.integers(1, 3))
        specs = [replace(spec, id=next_id + choice, choice=choice, group=group) for choice in range(num_choices)]
        next_id += num_choices
        aborts_after = draw(
            st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=num_choices, max_size=num_choices)
        )
        result.append(Arrival(draw(st.integers(0, 15)), specs, aborts_after))
    return result


def simulate(engine: Engine, plan: list[Arrival], max_steps: int = 2000) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for now in range(max_steps):
        for arrival in plan:
            if arrival.step == now:
                for spec in arrival.specs:
                    outcomes[spec.id] = Outcome()
                    engine.add(spec)
            for spec, delay in zip(arrival.specs, arrival.aborts_after, strict=True):
                if delay is not None and arrival.step + delay == now:
                    outcomes[spec.id].aborted |= outcomes[spec.id].num_ends == 0
                    engine.abort(spec.id)
                    engine.check()
        for output in engine.step():
            outcomes[output.sequence_id].outputs.append(output)
        engine.check()
        if not engine.has_work() and all(arrival.step <= now for arrival in plan):
            return outcomes
    raise AssertionError("livelock")


def model_of(strength: float) -> HashModel:
    """One that repeats itself never, now and then, or always."""
    return RepeatingModel(strength, period=3) if strength else HashModel()


def alone(spec: SequenceSpec, strength: float) -> list[StepOutput]:
    settings = engine_settings(block_size=5, max_num_batched_tokens=64, speculate="off")
    return run_engine(Engine(model_of(strength), settings), [spec])[spec.id]


@settings(max_examples=150, deadline=None)
@given(
    plan=arrivals(),
    num_blocks=st.integers(MAX_MODEL_LEN // 4, 16),
    budget=st.sampled_from([1, 3, 7, 64]),
    max_num_seqs=st.integers(1, 6),
    prefix_caching=st.booleans(),
    strength=st.sampled_from([0.0, 3.0, 20.0]),
)
def test_every_sequence_comes_to_its_own_tokens_and_exactly_one_end(
    plan: list[Arrival], num_blocks: int, budget: int, max_num_seqs: int, prefix_caching: bool, strength: float
) -> None:
    engine = Engine(
        model_of(strength),
        engine_settings(
            num_blocks=num_blocks,
            block_size=4,
            max_model_len=MAX_MODEL_LEN,
            max_num_batched_tokens=budget,
            max_num_seqs=max_num_seqs,
            prefix_caching=prefix_caching,
        ),
    )
    outcomes = simulate(engine, plan)
    assert engine.stats().blocks_used == 0
    for spec in (spec for arrival in plan for spec in arrival.specs):
        outcome, expected = outcomes[spec.id], alone(spec, strength)
        assert outcome.num_ends == (0 if outcome.aborted else 1)
        token_ids = output_token_ids(outcome.outputs)
        assert token_ids == output_token_ids(expected)[: len(token_ids)]
        if not outcome.aborted:
            assert token_ids == output_token_ids(expected)
            assert outcome.outputs[-1].finish_reason == expected[-1].finish_reason
            assert [output.num_generated for output in outcome.outputs] == [output.num_generated for output in expected]
            assert [output.logprobs for output in outcome.outputs] == [output.logprobs for output in expected]
        if outcome.outputs:
            assert outcome.outputs[0].prompt_logprobs == expected[0].prompt_logprobs
