"""A worker without weights, for tests that kill it: `python -m tests.engine.fake_worker OPTIONS FD`.

A real worker process in all but the model, which is a `HashModel` that may be slow or deadly.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tampu.engine.card import ModelCard
from tampu.engine.engine import Engine
from tampu.engine.loading import Report
from tampu.engine.worker import main
from tampu.errors import ModelError
from tampu.kernels.interface import F32, LayerCache
from tampu.model.llama import ForwardInput
from tampu.model.packed import open_packed
from tampu.settings import EngineSettings
from tests.checkpoints import VOCAB_SIZE
from tests.fakes import HashModel

DEADLY = 300  # a token that the worker does not survive, where asked for
COMMAND = (sys.executable, "-m", "tests.engine.fake_worker")


class SlowModel(HashModel):
    """Takes its time for every step, and dies of the deadly token."""

    def __init__(self, seconds: float) -> None:
        super().__init__(vocab_size=VOCAB_SIZE)
        self.seconds = seconds

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:
        """As a `HashModel`, later."""
        if DEADLY in inputs.token_ids:
            os._exit(17)
        time.sleep(self.seconds)
        logits = super().forward(inputs, cache)
        logits[:, DEADLY] = -1000.0  # only a prompt has it
        return logits


def load(reference: Path, _: Path, settings: EngineSettings, report: Report) -> tuple[Engine, ModelCard]:
    """An engine of a `SlowModel`, with the tokenizer of the packed file at `reference`."""
    option = sys.argv[1]
    report("packing", 0.5)
    if option == "refuse":
        raise ModelError("The tensor norm is missing.")
    if option == "die":
        os._exit(3)
    model = SlowModel(float(option))
    resolved = replace(settings, num_blocks=settings.num_blocks or 256, kv_dtype="f32", max_model_len=512)
    card = ModelCard(
        id="hash",
        context=512,
        vocab_size=VOCAB_SIZE,
        kind="f32",
        kv_dtype="f32",
        fingerprint=model.fingerprint,
        eos_token_ids=(),
        num_blocks=resolved.num_blocks,
        block_size=resolved.block_size,
        isa="reference",
        threads=1,
        packed=str(reference),
        file_id=open_packed(reference).file_id,
    )
    return Engine(model, resolved), card


if __name__ == "__main__":
    if sys.argv[1] == "babble":
        with socket.socket(fileno=int(sys.argv[-1])) as line:
            line.sendall(b"\xff" * 64)
            line.recv(2**16)
            time.sleep(60)
    main(int(sys.argv[-1]), load)
