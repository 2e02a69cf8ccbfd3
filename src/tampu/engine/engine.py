"""The engine: token ids in, token ids out; one thread, no clock, no text."""

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest

from tampu.engine.adapters import AdapterOffer, AdapterRoom, LoadAdapter, no_adapters
from tampu.engine.batch import Batch, Row
from tampu.engine.draft import DraftModel
from tampu.engine.grammars import GrammarRoom, Masks
from tampu.engine.kv_cache import BlockPool
from tampu.engine.output import EngineStats, Logprobs, StepOutput
from tampu.engine.runner import Model, Runner
from tampu.engine.sampler import Sampled, Sampler
from tampu.engine.scheduler import Limits, Scheduler
from tampu.engine.sequence import Sequence, SequenceSpec
from tampu.errors import InvalidRequest, OutOfRange
from tampu.grammar.matcher import GrammarFailure, Matcher, Vocabulary
from tampu.settings import EngineSettings

__all__ = ["Engine", "EngineStats", "StepOutput"]
WAIT = 0.05  # seconds that a step without anything else to do waits for a grammar or an adapter
log = logging.getLogger("tampu.engine")


def no_vocabulary() -> Vocabulary:
    """Stands for a model without a tokenizer: its tokens are no text that a grammar could be about."""
    raise GrammarFailure("This model has no tokenizer: its answers cannot be held to a grammar.")


class Engine:
    """Continuous batching over one model. `settings` are resolved: nothing in them is left to choose.

    `read_vocabulary` is asked when the first sequence with a grammar comes, `load_adapter` when one comes whose adapter
    is not in memory.
    """

    def __init__(
        self,
        model: Model,
        settings: EngineSettings,
        pool: BlockPool | None = None,
        draft: DraftModel | None = None,
        read_vocabulary: Callable[[], Vocabulary] = no_vocabulary,
        load_adapter: LoadAdapter = no_adapters,
    ) -> None:
        pool = pool or BlockPool(settings.num_blocks, settings.block_size)
        limits = Limits(
            settings.max_num_seqs,
            settings.max_num_batched_tokens,
            settings.max_model_len,
            settings.prefix_caching,
            settings.speculate == "auto",
        )
        self._vocab_size = model.config.vocab_size
        self._draft = draft
        self._scheduler = Scheduler(pool, limits, draft)
        self._adapters = AdapterRoom(load_adapter, settings.adapter_memory)
        self._runner = Runner(
            model, settings.num_blocks, settings.block_size, settings.kv_dtype, self._adapters.__getitem__
        )
        self._sampler = Sampler(model.kernels)
        self._grammar_room = GrammarRoom(read_vocabulary)
        self._masks = Masks(model.config.vocab_size)
        self._num_steps = 0
        self._num_prompt_tokens = 0
        self._num_generated_tokens = 0
        self._num_guessed_tokens = 0
        self._num_right_guesses = 0
        self._num_forced_tokens = 0

    def add(self, spec: SequenceSpec) -> None:
        """Queue a sequence. InvalidRequest, and nothing changed, when it cannot be generated here."""
        spec.sampling.check()
        self._check_token_ids("prompt", spec.prompt_token_ids)
        self._check_token_ids("output_token_ids", spec.output_token_ids)
        self._check_token_ids("logit_bias", tuple(spec.sampling.logit_bias))
        if not spec.prompt_token_ids:
            raise InvalidRequest("The prompt must not be empty.", param="prompt")
        if len(spec.output_token_ids) >= (spec.sampling.max_tokens or 0):
            raise InvalidRequest("The output already has max_tokens tokens.", param="max_tokens")
        self._scheduler.check_length(spec)
        if spec.adapter:
            self._adapters.check(spec.adapter)
        if spec.grammar:
            self._grammar_room.add(spec)
        else:
            self._enter(spec, None)

    def offer_adapter(self, offer: AdapterOffer) -> None:
        """Let sequences ask for this adapter by its fingerprint; it is loaded when the first one does."""
        self._adapters.offer(offer)

    def abort(self, sequence_id: int) -> None:
        """End a sequence and free its blocks at once, with no output; one that is over already is left alone."""
        if self._grammar_room.abort(sequence_id) or self._adapters.abort(sequence_id):
            return
        sequence = self._scheduler.get(sequence_id)
        if sequence is not None:
            self._scheduler.finish(sequence)

    def has_work(self) -> bool:
        """Whether any sequence is unfinished."""
        return self._scheduler.has_sequences or len(self._grammar_room) + len(self._adapters) > 0

    def step(self) -> list[StepOutput]:
        """Compute one batch of tokens; what came of it: an output per token generated, in order."""
        refused = self._admit()
        batch = self._scheduler.schedule()
        results = self._compute(batch)
        if self._draft is not None:
            self._draft.read(batch)
        return refused + self._commit(batch, results)

    def stats(self) -> EngineStats:
        """The state now, and the counters."""
        scheduler, pool = self._scheduler, self._scheduler.pool
        return EngineStats(
            running=len(scheduler.running),
            waiting=scheduler.num_waiting + len(self._grammar_room) + len(self._adapters),
            blocks_used=pool.num_blocks - pool.num_free,
            blocks_total=pool.num_blocks,
            preemptions=scheduler.num_preemptions,
            prefix_queries=scheduler.num_prefix_queries,
            prefix_hits=scheduler.num_prefix_hits,
            prompt_tokens=self._num_prompt_tokens,
            generation_tokens=self._num_generated_tokens,
            guessed_tokens=self._num_guessed_tokens,
            right_guesses=self._num_right_guesses,
            forced_tokens=self._num_forced_tokens,
            adapters_loaded=self._adapters.num_loaded,
            adapter_bytes=self._adapters.num_bytes,
            adapter_loads=self._adapters.num_loads,
            steps=self._num_steps,
        )

    def check(self) -> None:
        """Raise AssertionError unless the books of blocks and sequences agree."""
        self._scheduler.check()

    def _check_token_ids(self, param: str, token_ids: tuple[int, ...]) -> None:
        for token_id in (min(token_ids, default=0), max(token_ids, default=0)):
            if not 0 <= token_id < self._vocab_size:
                raise OutOfRange(param, value=token_id, low=0, high=self._vocab_size - 1)

    def _enter(self, spec: SequenceSpec, matcher: Matcher | None) -> None:
        """Let a sequence wait for its turn, or first for its adapter."""
        if spec.adapter:
            self._adapters.add(spec, matcher)
        else:
            self._scheduler.add(spec, matcher)

    def _admit(self) -> list[StepOutput]:
        """Let sequences whose matchers are built and adapters loaded wait for their turn like others; what became of
        those without."""
        patience = 0.0 if self._scheduler.has_sequences else WAIT
        built = self._grammar_room.take(0.0 if len(self._adapters) else patience)
        refused = [_refusal(each.spec, each.error) for each in built if each.matcher is None]
        for each in built:
            if each.matcher is not None:
                self._enter(each.spec, each.matcher)
        entrants = self._adapters.take(self._scheduler.adapters_in_use, patience)
        for entrant in entrants:
            if not entrant.error:
                self._scheduler.add(entrant.spec, entrant.matcher)
        return refused + [_refusal(each.spec, each.error) for each in entrants if each.error]

    def _compute(self, batch: Batch) -> list[Sampled]:
        """Logits, then tokens. When that raises, each row is computed alone, and only a row that raises again fails."""
        if not batch:
            return []
        try:
            return self._sample(batch)
        except Exception as error:
            if len(batch) > 1 or batch[0].guesses:
                return [result for row in batch for result in self._compute([row.without_guesses()])]
            log.exception("sequence %d failed", batch[0].sequence.id)
            return [Sampled(error=f"The engine failed on this sequence: {type(error).__name__}.")]

    def _sample(self, batch: Batch) -> list[Sampled]:
        masks = self._masks.begin(batch)
        try:
            logits = self._runner.forward(batch)
        finally:
            written = None if masks is None else masks()
        return self._sampler.sample(logits, batch, written)

    def _commit(self, batch: Batch, results: list[Sampled]) -> list[StepOutput]:
        self._num_steps += bool(batch)
        rows = zip(batch, results, strict=True)
        return [output for row, result in rows for output in self._commit_row(row, result)]

    def _commit_row(self, row: Row, result: Sampled) -> list[StepOutput]:
        sequence = row.sequence
        if result.error is not None:
            # What it computed may be damaged: nobody may find its blocks.
            self._scheduler.finish(sequence, is_damaged=True)
            return [StepOutput(sequence.id, num_generated=sequence.num_generated, error=result.error)]
        sequence.prompt_logprobs += result.prompt_logprobs
        outputs = self._append(sequence, result)
        num_right = max(0, len(outputs) - 1)
        if row.guesses and not row.is_forced:
            outputs[0] = replace(outputs[0], num_guessed=len(row.guesses), num_right=num_right)
        self._scheduler.commit(row, num_right)
        self._count_guesses(row, num_right)
        if outputs and (outputs[-1].finish_reason or outputs[-1].error) is not None:
            self._scheduler.finish(sequence)
        return outputs

    def _count_guesses(self, row: Row, num_right: int) -> None:
        if row.is_forced:
            self._num_forced_tokens += num_right
            return
        row.sequence.drafter.learn(len(row.guesses), num_right)
        self._num_guessed_tokens += len(row.guesses)
        self._num_right_guesses += num_right

    def _append(self, sequence: Sequence, result: Sampled) -> list[StepOutput]:
        """Give the sequence its new tokens, up to one that ends it."""
        outputs: list[StepOutput] = []
        for token_id, logprobs in zip_longest(result.token_ids, result.logprobs):
            try:
                outputs.append(self._append_token(sequence, token_id, logprobs))
            except GrammarFailure as error:
                outputs.append(StepOutput(sequence.id, num_generated=sequence.num_generated, error=str(error)))
                break
            if outputs[-1].finish_reason is not None:
                break
        return outputs

    def _append_token(self, sequence: Sequence, token_id: int, logprobs: Logprobs | None) -> StepOutput:
        is_first = sequence.num_generated == len(sequence.spec.output_token_ids)
        num_tokens = sequence.num_tokens
        finish_reason = sequence.append(token_id)
        self._num_generated_tokens += 1
        self._num_prompt_tokens += sequence.num_prompt_tokens if is_first else 0
        return StepOutput(
            sequence.id,
            token_ids=tuple(sequence.token_ids[num_tokens:]),
            finish_reason=finish_reason,
            num_generated=sequence.num_generated,
            logprobs=() if logprobs is None else (logprobs,),
            num_cached_tokens=sequence.num_cached_tokens if is_first else None,
            prompt_logprobs=_prompt_logprobs(sequence) if is_first else None,
        )


def _refusal(spec: SequenceSpec, error: str) -> StepOutput:
    return StepOutput(spec.id, num_generated=len(spec.output_token_ids), error=error)


def _prompt_logprobs(sequence: Sequence) -> tuple[Logprobs, ...] | None:
    """One entry per prompt token, if asked for; nothing precedes the first."""
    if sequence.spec.sampling.prompt_logprobs is None:
        return None
    return (Logprobs(sequence.spec.prompt_token_ids[0], None), *sequence.prompt_logprobs)
