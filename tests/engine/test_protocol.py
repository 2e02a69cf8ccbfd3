import socket

import pytest

from tampu.engine.card import ModelCard
from tampu.engine.output import EngineStats, Logprobs, StepOutput
from tampu.engine.protocol import (
    CODEC,
    Abort,
    Add,
    Failed,
    FromFront,
    FromWorker,
    Hangup,
    Line,
    Load,
    Outputs,
    Progress,
    Ready,
    Shutdown,
)
from tampu.engine.sequence import SequenceSpec
from tampu.engine.wire import BrokenFrame, FrameReader
from tampu.request import SamplingParams
from tampu.settings import EngineSettings

SAMPLING = SamplingParams(
    temperature=0.5, seed=2**63 - 1, logit_bias={7: -1.5, 2: 3.0}, stop_token_ids=(1, 2), logprobs=2, max_tokens=9
)
OUTPUT = StepOutput(
    sequence_id=3,
    token_ids=(5, 6),
    finish_reason="length",
    num_generated=9,
    logprobs=(Logprobs(5, -0.25, (5, 1), (-0.25, -3.5)), Logprobs(6, -1.0)),
    num_cached_tokens=16,
    prompt_logprobs=(Logprobs(256, None),),
)
FRAMES: list[FromFront | FromWorker] = [
    Load("/models/tiny", "/cache", EngineSettings(model="tiny", threads=2, prefix_caching=False)),
    Add(SequenceSpec(3, (1, 2, 3), SAMPLING, output_token_ids=(4,), choice=1, group=2, salt=b"\xff")),
    Abort(3),
    Shutdown(),
    Progress("packing", 0.25),
    Ready(
        ModelCard("tiny", 2048, 512, "int8", "bf16", "fp", (1, 2), 64, 32, "avx2", 2, "/c/tiny.tampu", {"top_p": 0.9})
    ),
    Failed("The tensor norm is missing."),
    Outputs((OUTPUT, StepOutput(4, error="NaN in the logits.")), EngineStats(running=2, steps=7)),
    Outputs((), EngineStats()),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_every_frame_comes_over_the_line_as_it_was_sent(frame: FromFront | FromWorker) -> None:
    assert FrameReader(CODEC).feed(CODEC.encode(frame)) == [frame]


def test_a_line_gives_what_has_come_and_waits_only_when_told_to() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = Line(theirs)
        assert line.receive(wait=False) == []
        ours.sendall(CODEC.encode(Abort(1)) + CODEC.encode(Abort(2))[:3])
        assert line.receive(wait=True) == [Abort(1)]
        ours.sendall(CODEC.encode(Abort(2))[3:])
        assert line.receive(wait=True) == [Abort(2)]


def test_a_cut_line_is_a_hangup_for_both_directions() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(Hangup):
            Line(theirs).receive(wait=False)
        with pytest.raises(Hangup):
            Line(theirs).send(Failed("Nobody hears this."))


def test_garbage_on_the_line_is_a_broken_frame() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\xff" * 8)
        with pytest.raises(BrokenFrame):
            Line(theirs).receive(wait=True)
