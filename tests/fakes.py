"""Small real classes that stand in for slow or outside things. Append only; shared by all tests."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from tampu.engine.adapter_shelf import AdapterShelf
from tampu.engine.card import EngineStatus, ModelCard
from tampu.engine.engine import Engine
from tampu.engine.front import FrontStats
from tampu.engine.kv_cache import BlockPool
from tampu.engine.output import EngineStats, StepOutput
from tampu.engine.sequence import SequenceSpec
from tampu.errors import ContextTooLong
from tampu.kernels.interface import F32, Kernels, LayerCache
from tampu.kernels.reference import ReferenceKernels
from tampu.model.llama import ForwardInput
from tampu.request import (
    Chunk,
    FinishReason,
    GenerateRequest,
    Message,
    Opening,
    SamplingParams,
    TokenLogprob,
    Usage,
)
from tampu.settings import EngineSettings
from tests.checkpoints import tiny_config


class HashModel:
    """A `Llama` without weights: logits are a hash of the tokens that it reads back from its paged cache.

    A wrong slot, a stale block or a lost token changes the output. `nan_token` anywhere in the prefix turns the logits
    into NaN; `explosive_token` among the tokens of a step makes the whole forward pass raise.
    """

    def __init__(self, vocab_size: int = 32, nan_token: int = -1, explosive_token: int = -1) -> None:
        self.config = tiny_config(vocab_size=vocab_size, bos_token_id=None, eos_token_ids=())
        self.kernels: Kernels = ReferenceKernels()
        self.fingerprint = "hash"
        self.nan_token = nan_token
        self.explosive_token = explosive_token
        self.num_computed = 0  # tokens, over all steps
        self.most_logits = 0  # rows of logits in one step

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:
        """One layer; keys hold the token ids and values their positions."""
        assert kv_dtype in ("bf16", "f32")
        shape = (num_blocks, 1, block_size, 1)
        return [LayerCache(np.full(shape, -1, np.int32), np.full(shape, -1, np.int32))]

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:
        """Logits f32[L, V], each row a hash of its prefix."""
        if self.explosive_token in inputs.token_ids:
            raise MemoryError("boom")
        (layer,) = cache
        rows = inputs.attention
        block, offset = np.divmod(inputs.slot_mapping, layer.keys.shape[2])
        layer.keys[block, 0, offset, 0] = inputs.token_ids
        layer.values[block, 0, offset, 0] = rows.positions
        self.num_computed += len(inputs.token_ids)
        self.most_logits = max(self.most_logits, len(inputs.logits_indices))
        logits = np.empty((len(inputs.logits_indices), self.config.vocab_size), np.float32)
        for index, token in enumerate(inputs.logits_indices):
            block, offset = np.divmod(np.arange(rows.positions[token] + 1), layer.keys.shape[2])
            block = rows.block_tables[rows.row_of_token[token], block]
            logits[index] = self._logits(layer.keys[block, 0, offset, 0], layer.values[block, 0, offset, 0])
        return logits

    def _logits(self, token_ids: np.ndarray, positions: np.ndarray) -> F32:
        digest = blake2b(token_ids.tobytes() + positions.tobytes(), digest_size=8).digest()
        logits = np.random.default_rng(int.from_bytes(digest)).standard_normal(self.config.vocab_size, np.float32)
        return logits * np.float32(np.nan) if self.nan_token in token_ids else logits


class RepeatingModel(HashModel):
    """A `HashModel` that is drawn, by `strength` added to its logit, to the token that stood `period` positions ago."""

    def __init__(self, strength: float = 20.0, period: int = 5, **others: int) -> None:
        super().__init__(**others)
        self.strength = strength
        self.period = period

    def _logits(self, token_ids: np.ndarray, positions: np.ndarray) -> F32:
        logits = super()._logits(token_ids, positions)
        if len(token_ids) >= self.period:
            logits[token_ids[-self.period]] += self.strength
        return logits


class FailingPool(BlockPool):
    """A block pool that once, at its k-th allocation, says that it has no blocks left."""

    def __init__(self, num_blocks: int, block_size: int, fails_at: int) -> None:
        super().__init__(num_blocks, block_size)
        self.num_allocations = 0
        self.fails_at = fails_at

    def allocate(self, count: int) -> list[int] | None:
        """As a `BlockPool` does, but for the k-th time."""
        self.num_allocations += 1
        return None if self.num_allocations == self.fails_at else super().allocate(count)


def engine_settings(**changes: object) -> EngineSettings:
    """Resolved settings of a small engine: 64 blocks of 4 tokens; `changes` win."""
    values: dict[str, object] = {"num_blocks": 64, "block_size": 4, "kv_dtype": "f32", "max_model_len": 256}
    return EngineSettings(**(values | changes))  # type: ignore[arg-type]


def sequence_spec(
    id: int,  # noqa: A002 - the field's name
    prompt_token_ids: Iterable[int],
    *,
    choice: int = 0,
    group: int | None = None,
    salt: bytes = b"",
    **sampling: object,
) -> SequenceSpec:
    """A specification with a seed and 8 tokens to generate unless `sampling` says otherwise."""
    params = SamplingParams(**({"seed": 7, "max_tokens": 8} | sampling))  # type: ignore[arg-type]
    return SequenceSpec(id, tuple(prompt_token_ids), params, choice=choice, group=group, salt=salt)


def run_engine(
    engine: Engine, specs: Iterable[SequenceSpec] = (), max_steps: int = 10_000
) -> dict[int, list[StepOutput]]:
    """Add these sequences, step until nothing is left, and check the books after every step: outputs by sequence.

    What was guessed is left out: it depends on what else runs, and nothing else depends on it.
    """
    outputs: dict[int, list[StepOutput]] = {}
    for spec in specs:
        engine.add(spec)
    for _ in range(max_steps):
        if not engine.has_work():
            return outputs
        for output in engine.step():
            plain = replace(output, num_guessed=0, num_right=0)
            outputs.setdefault(output.sequence_id, []).append(plain)
        engine.check()
    raise AssertionError(f"still busy after {max_steps} steps")


def output_token_ids(outputs: Iterable[StepOutput]) -> list[int]:
    """The tokens of these outputs, in order."""
    return [token_id for output in outputs for token_id in output.token_ids]


FAKE_CARD = ModelCard(
    "cria",
    512,
    1000,
    "int8",
    "bf16",
    "fake",
    (3,),
    num_blocks=16,
    block_size=32,
    isa="reference",
    threads=1,
    packed="",
)


class FakeUpstream:
    """Answers every request with the same pieces of text, one token each, `delay` seconds apart.

    A piece that is an exception is raised in its place. Prompt tokens are the words of the prompt.
    """

    def __init__(self, *pieces: str | Exception, delay: float = 0.0, card: ModelCard | None = FAKE_CARD) -> None:
        self.name = "fake"
        self.pieces = pieces or ("Hel", "lo")
        self.delay = delay
        self.card = card
        self.status = EngineStatus("ready", 1.0)
        self.adapters: AdapterShelf | None = None
        self.requests: list[GenerateRequest] = []
        self.num_open = 0
        self.num_aborted = 0
        self.stopped = False

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Remember that it was asked to."""
        self.stopped = True

    async def ready(self) -> ModelCard:
        """The card it was made with."""
        assert self.card is not None
        return self.card

    @property
    def stats(self) -> FrontStats:
        """As many running sequences as there are open requests."""
        return FrontStats(EngineStats(running=self.num_open, blocks_total=16))

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Chunk, None]:
        """The pieces for every choice in turn, then the ends, usage with the last."""
        self.requests.append(request)
        self.num_open += 1
        finished = False
        try:
            opening: Opening | None = self._opening(request)
            for step, piece in enumerate(self._pieces(request)):
                await asyncio.sleep(self.delay)
                if isinstance(piece, Exception):
                    raise piece
                for index in range(request.sampling.n):
                    yield Chunk(index, piece, (step,), self._logprobs(request, piece), opening=opening)
                    opening = None
            for chunk in self._ends(request):
                yield chunk
            finished = True
        finally:
            self.num_open -= 1
            self.num_aborted += not finished

    def _pieces(self, request: GenerateRequest) -> tuple[str | Exception, ...]:
        return self.pieces[: request.sampling.max_tokens]

    def _opening(self, request: GenerateRequest) -> Opening:
        count, limit = len(self._words(request)), request.sampling.max_tokens
        assert self.card is not None and request.sampling.seed is not None
        if count + (limit or 1) > self.card.context:
            raise ContextTooLong(context=self.card.context, prompt=count, completion=limit)
        text = " ".join(self._words(request)) if request.echo else ""
        logprobs = tuple(
            TokenLogprob(0, word.encode(), None if index == 0 else -1.0)
            for index, word in enumerate(text.split() if request.sampling.prompt_logprobs else ())
        )
        return Opening(request.sampling.seed, self.card.fingerprint, count, 0, text, logprobs)

    @staticmethod
    def _words(request: GenerateRequest) -> list[str]:
        if isinstance(request.prompt, str):
            return request.prompt.split()
        parts = (part.content if isinstance(part, Message) else str(part) for part in request.prompt)
        return " ".join(parts).split()

    @staticmethod
    def _logprobs(request: GenerateRequest, piece: str) -> tuple[TokenLogprob, ...]:
        if request.sampling.logprobs is None:
            return ()
        top = tuple(TokenLogprob(i, b"%d" % i, -1.0 - i) for i in range(request.sampling.logprobs))
        return (TokenLogprob(0, piece.encode(), -0.5, top),)

    def _ends(self, request: GenerateRequest) -> Iterator[Chunk]:
        pieces = self._pieces(request)
        usage = Usage(len(self._words(request)), len(pieces) * request.sampling.n, 0)
        for index in range(request.sampling.n):
            last = index == request.sampling.n - 1
            reason: FinishReason = "length" if len(pieces) < len(self.pieces) else "stop"
            yield Chunk(index, finish_reason=reason, usage=usage if last else None)
