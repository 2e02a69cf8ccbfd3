"""What is computed in one step: rows of tokens, dealt from a budget."""

from typing import NamedTuple

from tampu.engine.sequence import Sequence

# Positions per step whose logits are wanted beside the last of each row, to score prompts or to check guesses: bounds
# the logits in memory, 33 MB for 128,256 tokens.
MAX_SCORED_TOKENS = 64


class Row(NamedTuple):
    """Tokens [start, end) of a sequence, to be computed in this step, and guesses [end, stop) at those that follow."""

    sequence: Sequence
    start: int
    end: int
    guesses: tuple[int, ...] = ()
    is_forced: bool = False  # the guesses are what a grammar leaves no choice about: right whatever the logits are

    @property
    def stop(self) -> int:
        """Where what is computed ends, guesses included."""
        return self.end + len(self.guesses)

    @property
    def token_ids(self) -> list[int]:
        """All that is computed."""
        return [*self.sequence.token_ids[self.start : self.end], *self.guesses]

    @property
    def is_sampled(self) -> bool:
        """Whether the logits of its last token give the next one, and those of its guesses the ones after."""
        return self.end == self.sequence.num_tokens

    def without_guesses(self) -> "Row":
        """Its tokens alone."""
        return Row(self.sequence, self.start, self.end)

    @property
    def scored(self) -> range:
        """Prompt positions in [start, end) whose logits are wanted for `prompt_logprobs`."""
        sequence = self.sequence
        if not sequence.num_unscored:
            return range(0)
        return range(max(self.start, len(sequence.prompt_logprobs)), min(self.end, sequence.num_prompt_tokens - 1))


Batch = list[Row]


class Budget:
    """What is left of a step: tokens, and positions to be scored."""

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

    @property
    def num_guesses(self) -> int:
        """Tokens that may still be guessed."""
        return min(self.num_tokens, self.num_scored)

    def take_guesses(self, count: int) -> None:
        """Take so many guessed tokens from what is left."""
        self.num_tokens -= count
        self.num_scored -= count
