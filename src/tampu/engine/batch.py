"""What is computed in one step: rows of tokens, dealt from a budget."""

from typing import NamedTuple

from tampu.engine.sequence import Sequence

# Prompt positions per step whose logits are wanted too: bounds the logits in memory, 33 MB for 128,256 tokens.
MAX_SCORED_TOKENS = 64


class Row(NamedTuple):
    """Tokens [start, end) of a sequence, to be computed in this step."""

    sequence: Sequence
    start: int
    end: int

    @property
    def is_sampled(self) -> bool:
        """Whether the logits of its last token give the next one."""
        return self.end == self.sequence.num_tokens

    @property
    def scored(self) -> range:
        """Prompt positions in [start, end) whose logits are wanted for `prompt_logprobs`."""
        sequence = self.sequence
        if not sequence.num_unscored:
            return range(0)
        return range(max(self.start, len(sequence.prompt_logprobs)), min(self.end, sequence.num_prompt_tokens - 1))


Batch = list[Row]


class Budget:
    """What is left of a step: tokens, and prompt positions to be scored."""

    def __init__(self, num_tokens: int) -> None:
        self.num_tokens = num_tokens
        self.num_scored = MAX_SCORED_TOKENS

    def deal(self, sequence: Sequence) -> Row:
        """The tokens that the sequence may catch up with, taken from what is left; they may be none."""
        start = sequence.num_computed_tokens
        row = Row(sequence, start, min(sequence.num_tokens, start + self.num_tokens))
        if scored := row.scored:
            if len(scored) > self.num_scored:
                row = row._replace(end=scored.start + self.num_scored)
            self.num_scored -= len(row.scored)
        self.num_tokens -= row.end - start
        return row
