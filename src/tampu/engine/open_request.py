"""A request that the engine is working on."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tampu.engine.assembler import Assembler
from tampu.engine.output import StepOutput
from tampu.engine.prepare import Prepared
from tampu.engine.sequence import SequenceSpec
from tampu.errors import EngineFailure, ServiceError
from tampu.model.lora import fingerprint_with
from tampu.request import Chunk
from tampu.text.tokenizer import Tokenizer


class OpenRequest:
    """The sequences of a request, and the chunks that nobody has taken yet.

    Its sequences have the ids [first_id, first_id + n). It is finished when all have their end, or with `error`.
    """

    def __init__(self, prepared: Prepared, first_id: int, fingerprint: str, tokenizer: Tokenizer) -> None:
        self.id = prepared.request.id
        self.sequence_ids = range(first_id, first_id + prepared.sampling.n)
        self.prepared = prepared
        self.chunks: deque[Chunk] = deque()
        self.error: ServiceError | None = None
        self._specs = prepared.specs(first_id)
        self._first_id = first_id
        adapter = prepared.adapter.fingerprint if prepared.adapter else ""
        self._assembler = Assembler(prepared, fingerprint_with(fingerprint, adapter), tokenizer)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come, besides the chunks not yet taken."""
        return self.error is not None or self._assembler.finished

    def push(self, output: StepOutput) -> bool:
        """Take in what a step did for one of the sequences; whether that sequence is now to be aborted."""
        if self.error is not None:
            return False
        if output.error is not None:
            self.fail(EngineFailure(output.error))
            return False
        chunk = self._assembler.push(output.sequence_id - self._first_id, output)
        if chunk is None:
            return False
        self.chunks.append(chunk)
        return chunk.finish_reason is not None and output.finish_reason is None

    def fail(self, error: ServiceError) -> None:
        """End with an error, after the chunks already there."""
        self.error = error

    @property
    def has_news(self) -> bool:
        """Whether `take` would give anything."""
        return bool(self.chunks) or self.error is not None

    def take(self) -> Iterator[Chunk | ServiceError]:
        """The chunks not yet taken, then the error that ended it, if one did."""
        while self.chunks:
            yield self.chunks.popleft()
        if self.error is not None:
            yield self.error

    def open_specs(self) -> Iterator[SequenceSpec]:
        """The sequences without an end, each going on after the tokens recorded so far."""
        for choice, spec in enumerate(self._specs):
            if not self._assembler.is_finished(choice):
                yield self._resumed(spec, self._assembler.output_token_ids(choice))

    def open_ids(self) -> list[int]:
        """The ids of the sequences without an end."""
        return [spec.id for choice, spec in enumerate(self._specs) if not self._assembler.is_finished(choice)]

    def _resumed(self, spec: SequenceSpec, token_ids: tuple[int, ...]) -> SequenceSpec:
        if not self._assembler.opened:
            return spec
        # The prompt's log-probabilities have been delivered with the opening.
        return replace(spec.resumed(token_ids), sampling=replace(spec.sampling, prompt_logprobs=None))


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that never came to the engine: finished, with an error."""

    id: str
    error: ServiceError
    finished = True
    has_news = True

    def take(self) -> Iterator[Chunk | ServiceError]:
        """The error."""
        yield self.error
