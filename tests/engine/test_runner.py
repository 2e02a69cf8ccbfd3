from collections import abc

import numpy as np

from tampu.engine.batch import Row
from tampu.engine.runner import Runner
from tampu.engine.sequence import Sequence
from tampu.kernels.interface import F32, LayerCache
from tampu.model.llama import ForwardInput
from tests.fakes import HashModel, sequence_spec


class RecordingModel(HashModel):
    """Keeps the arrays of the last step."""

    inputs: ForwardInput

    def forward(self, inputs: ForwardInput, cache: abc.Sequence[LayerCache]) -> F32:
        self.inputs = inputs
        return super().forward(inputs, cache)


def running_sequence(prompt: range, blocks: list[int], *, prompt_logprobs: int | None = None) -> Sequence:
    sequence = Sequence(sequence_spec(1, prompt, prompt_logprobs=prompt_logprobs), arrival=0)
    sequence.block_table.extend(blocks)
    return sequence


def test_rows_are_laid_flat_with_the_slot_of_each_token() -> None:
    model = RecordingModel()
    runner = Runner(model, num_blocks=8, block_size=4, kv_dtype="f32")
    decode = running_sequence(range(10, 16), [5, 2])
    chunk = running_sequence(range(20, 29), [7, 0, 3])
    logits = runner.forward([Row(decode, 5, 6), Row(chunk, 3, 9)])
    inputs = model.inputs
    assert inputs.token_ids.tolist() == [15, 23, 24, 25, 26, 27, 28]
    assert inputs.attention.row_of_token.tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert inputs.attention.positions.tolist() == [5, 3, 4, 5, 6, 7, 8]
    assert inputs.slot_mapping.tolist() == [2 * 4 + 1, 7 * 4 + 3, 0, 1, 2, 3, 3 * 4]
    assert inputs.attention.block_tables.tolist() == [[5, 2, 0], [7, 0, 3]]
    assert inputs.logits_indices.tolist() == [0, 6]
    assert logits.shape == (2, 32)


def test_all_arrays_are_contiguous_int32() -> None:
    model = RecordingModel()
    Runner(model, 8, 4, "f32").forward([Row(running_sequence(range(3), [1]), 0, 3)])
    inputs, rows = model.inputs, model.inputs.attention
    for values in (
        inputs.token_ids,
        inputs.slot_mapping,
        inputs.logits_indices,
        rows.block_tables,
        rows.row_of_token,
        rows.positions,
    ):
        assert values.dtype == np.int32
        assert values.flags.c_contiguous


def test_a_chunk_before_the_end_of_its_prompt_wants_no_logits() -> None:
    model = RecordingModel()
    logits = Runner(model, 8, 4, "f32").forward([Row(running_sequence(range(9), [1, 2, 3]), 0, 8)])
    assert logits.shape == (0, 32)


def test_logits_to_draw_from_come_before_those_of_scored_prompt_positions() -> None:
    model = RecordingModel()
    runner = Runner(model, num_blocks=8, block_size=4, kv_dtype="f32")
    scored = running_sequence(range(5), [1, 2], prompt_logprobs=0)
    plain = running_sequence(range(3), [3])
    runner.forward([Row(scored, 0, 5), Row(plain, 0, 3)])
    assert model.inputs.logits_indices.tolist() == [4, 7, 0, 1, 2, 3]
