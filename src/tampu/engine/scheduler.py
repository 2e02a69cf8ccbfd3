"""Which tokens are computed in the next step.

There are no phases. A sequence has num_computed_tokens, and a step deals out a budget of tokens that lets sequences
catch up with their num_tokens: a decode is a sequence that is one token behind, a prompt one that is many behind, and
a prompt is cut to what is left of the budget (idea: vLLM v1). What is left after that goes to guesses at the tokens
that follow a decode. Preemption throws computed tokens away, so that the sequence is merely far behind again.

Why it never livelocks: whatever is admitted fits the pool alone; the pool takes blocks back from the latest arrival;
so the earliest running sequence can always take what it needs, and every step brings it at least one token further.
"""

from bisect import insort
from collections import Counter
from dataclasses import dataclass

from tampu.engine.batch import Batch, Budget, Row
from tampu.engine.draft import DraftModel
from tampu.engine.fairness import FairQueue
from tampu.engine.groups import Groups
from tampu.engine.kv_cache import BlockPool, num_blocks_for
from tampu.engine.sequence import Sequence, SequenceSpec, SequenceStatus
from tampu.engine.speculate import cost_of_guess
from tampu.errors import ContextTooLong
from tampu.grammar.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step and a sequence may take."""

    max_num_seqs: int
    max_num_batched_tokens: int
    max_model_len: int
    prefix_caching: bool = True
    speculate: bool = True


class Scheduler:
    """All sequences that are not finished, and the blocks they hold."""

    def __init__(self, pool: BlockPool, limits: Limits, draft: DraftModel | None = None) -> None:
        self.pool = pool
        self.limits = limits
        self._draft = draft
        self.running: list[Sequence] = []  # by arrival
        self.num_preemptions = 0
        self.num_prefix_queries = 0
        self.num_prefix_hits = 0
        # No more rows than tokens per step: every decode gets its token, and one is left for the first prompt.
        self._max_running = min(limits.max_num_seqs, limits.max_num_batched_tokens)
        self._sequences: dict[int, Sequence] = {}
        self._waiting = FairQueue()
        self._num_arrived = 0
        self._groups = Groups()

    @property
    def has_sequences(self) -> bool:
        """Whether any is unfinished."""
        return bool(self._sequences)

    @property
    def num_waiting(self) -> int:
        """Sequences without blocks."""
        return len(self._sequences) - len(self.running)

    @property
    def adapters_in_use(self) -> set[str]:
        """Fingerprints of the adapters of all unfinished sequences."""
        return {sequence.spec.adapter for sequence in self._sequences.values()}

    def check_length(self, spec: SequenceSpec) -> None:
        """Raise ContextTooLong when a sequence can never fit."""
        num_prompt_tokens, max_tokens = len(spec.prompt_token_ids), spec.sampling.max_tokens or 0
        if num_prompt_tokens + max_tokens > self.limits.max_model_len:
            raise ContextTooLong(
                context=self.limits.max_model_len, prompt=num_prompt_tokens, completion=max_tokens, param="prompt"
            )

    def add(self, spec: SequenceSpec, matcher: Matcher | None = None) -> None:
        """Let a sequence wait for its turn; ContextTooLong when it can never fit."""
        self.check_length(spec)
        sequence = Sequence(spec, self._num_arrived, matcher)
        assert spec.id not in self._sequences, f"two sequences have the id {spec.id}"
        self._num_arrived += 1
        self._sequences[spec.id] = sequence
        self._enqueue(sequence)

    def get(self, sequence_id: int) -> Sequence | None:
        """The unfinished sequence of this id."""
        return self._sequences.get(sequence_id)

    def schedule(self) -> Batch:
        """The rows of the next step: running sequences first, decodes before prompts, then the waiting ones."""
        budget = Budget(self.limits.max_num_batched_tokens)
        rows: dict[int, Row] = {}
        self._give_way()
        for sequence in sorted(self.running, key=_is_prefilling):
            self._deal(sequence, budget, rows)
        self._admit(budget, rows)
        self._guess(budget, rows)
        return list(rows.values())

    def commit(self, row: Row, num_right: int = 0) -> None:
        """The row's tokens and the first `num_right` guesses, now tokens too, are in the cache: count them, and let
        whole blocks be found."""
        sequence = row.sequence
        sequence.num_computed_tokens = row.end + num_right
        self._waiting.charge(sequence.spec.salt, sequence.num_computed_tokens - row.start)
        if row.guesses:
            self._shrink(sequence, sequence.num_computed_tokens)
        if self.limits.prefix_caching:
            self._register(sequence)
        if row.end >= sequence.num_prompt_tokens:
            self._release_siblings(sequence)

    def finish(self, sequence: Sequence, is_damaged: bool = False) -> None:
        """Take a sequence out and free its blocks at once; damaged ones are not found by anybody afterwards."""
        if is_damaged:
            self.pool.forget(sequence.block_table)
        self._stop_running(sequence, SequenceStatus.FINISHED)
        del self._sequences[sequence.id]
        self._release_siblings(sequence)
        if not self._sequences:
            self._waiting.reset()

    def check(self) -> None:
        """Raise AssertionError unless blocks, states and tables agree, and no block has two tenants."""
        self.pool.check(sequence.block_table for sequence in self._sequences.values())
        tenants = {(block, sequence.spec.salt) for sequence in self.running for block in sequence.block_table}
        assert len(tenants) == len({block for block, _ in tenants}), "a block is shared across tenants"
        assert self.running == sorted(self.running, key=lambda sequence: sequence.arrival)
        for sequence in self._sequences.values():
            is_running = sequence.status is SequenceStatus.RUNNING
            assert is_running == (sequence in self.running)
            assert is_running or not sequence.block_table
            assert sequence.num_computed_tokens <= len(sequence.block_table) * self.pool.block_size
            assert sequence.num_computed_tokens < sequence.num_tokens

    def _give_way(self) -> None:
        """Preempt for a tenant that is kept out by one with more than its share; at most once per step."""
        sequence = self._waiting.head()
        if sequence is None or (victim := self._over_its_share(sequence.spec.salt)) is None:
            return
        if not self._fits(sequence, self.pool.find(self._shareable_hashes(sequence))):
            self._preempt(victim)

    def _over_its_share(self, salt: bytes) -> Sequence | None:
        """The latest sequence of the tenant with most of them, if it keeps more even after giving one to `salt`."""
        counts = Counter(sequence.spec.salt for sequence in self.running)
        heaviest, count = counts.most_common(1)[0] if counts else (salt, 0)
        if count <= counts[salt] + 1:
            return None
        return next(sequence for sequence in reversed(self.running) if sequence.spec.salt == heaviest)

    def _deal(self, sequence: Sequence, budget: Budget, rows: dict[int, Row]) -> None:
        """Let a running sequence catch up as far as budget and blocks allow."""
        if sequence.status is not SequenceStatus.RUNNING:
            return  # preempted for another one in this step
        row = budget.deal(sequence)
        if row.end > row.start and self._reserve(row, rows):
            rows[sequence.id] = row

    def _guess(self, budget: Budget, rows: dict[int, Row]) -> None:
        """Let rows guess ahead with the tokens and blocks that are left; nobody gives way to a guess."""
        cost = cost_of_guess(self.limits.max_num_batched_tokens - budget.num_tokens)
        without: list[Row] = []
        for sequence_id, row in rows.items():
            sequence = row.sequence
            if not row.is_sampled:
                continue
            most = _most_guesses(sequence, budget)
            guesses = () if sequence.matcher is None else sequence.matcher.forced(most)
            is_forced = bool(guesses)
            if not is_forced and self.limits.speculate and row.end - row.start == 1:
                guesses = sequence.guess(most, cost)
                if not guesses:
                    without.append(row)
            if guesses and self._grow(sequence, row.end + len(guesses)):
                rows[sequence_id] = row._replace(guesses=guesses, is_forced=is_forced)
                budget.take_guesses(len(guesses))
        if self._draft is not None:
            self._guess_by_draft(self._draft, without, budget, rows, cost)

    def _guess_by_draft(
        self, draft: DraftModel, asking: list[Row], budget: Budget, rows: dict[int, Row], cost: float
    ) -> None:
        """Let the draft model guess for these rows, all in one batch."""
        cost += draft.cost
        wanted: list[tuple[Row, int]] = []
        for row in asking:
            count = row.sequence.drafter.afford(_most_guesses(row.sequence, budget), cost)
            if count and self._grow(row.sequence, row.end + count):
                wanted.append((row, count))
                budget.take_guesses(count)
        for (row, _), guesses in zip(wanted, draft.guess(wanted), strict=True):
            row.sequence.drafter.charge(len(guesses), cost)
            allowed = row.sequence.allowed(guesses)
            self._shrink(row.sequence, row.end + len(allowed))
            rows[row.sequence.id] = row._replace(guesses=allowed)

    def _reserve(self, row: Row, rows: dict[int, Row]) -> bool:
        """Blocks for a row, taken back from the latest arrivals if need be; False if that hit the row itself."""
        while not self._grow(row.sequence, row.stop):
            victim = self.running[-1]
            self._preempt(victim)
            rows.pop(victim.id, None)
            if victim is row.sequence:
                return False
        return True

    def _grow(self, sequence: Sequence, num_tokens: int) -> bool:
        """Let the block table reach as far as so many tokens, if there are blocks."""
        table = sequence.block_table
        missing = num_blocks_for(num_tokens, self.pool.block_size) - len(table)
        if missing <= 0:
            return True
        blocks = self.pool.allocate(missing)
        if blocks is None:
            return False
        table.extend(blocks)
        return True

    def _shrink(self, sequence: Sequence, num_tokens: int) -> None:
        """Give back the blocks past so many tokens: they were for wrong guesses only."""
        num_needed = num_blocks_for(num_tokens, self.pool.block_size)
        self.pool.release(sequence.block_table[num_needed:])
        del sequence.block_table[num_needed:]

    def _admit(self, budget: Budget, rows: dict[int, Row]) -> None:
        """Let waiting sequences run, strictly in the queue's order: who does not fit is not passed over."""
        while budget.num_tokens > 0 and (sequence := self._waiting.head()) is not None:
            found = self.pool.find(self._shareable_hashes(sequence))
            if not self._fits(sequence, found):
                return
            self._start(sequence, found)
            self._deal(sequence, budget, rows)

    def _fits(self, sequence: Sequence, found: list[int]) -> bool:
        """Whether all its tokens have blocks, with one to spare for each running sequence to grow into."""
        missing = num_blocks_for(sequence.num_tokens, self.pool.block_size) - self.pool.num_held(found)
        return len(self.running) < self._max_running and missing + len(self.running) <= self.pool.num_free

    def _start(self, sequence: Sequence, found: list[int]) -> None:
        """Let a waiting sequence run, beginning after the blocks found for it."""
        self._waiting.pop(sequence)
        self.pool.hold(found)
        sequence.block_table.extend(found)
        sequence.num_computed_tokens = len(found) * self.pool.block_size
        sequence.num_registered_blocks = len(found)
        sequence.status = SequenceStatus.RUNNING
        insort(self.running, sequence, key=_arrival)
        if sequence.num_cached_tokens is None:
            sequence.num_cached_tokens = min(sequence.num_computed_tokens, sequence.num_prompt_tokens)
            self.num_prefix_queries += sequence.num_prompt_tokens
            self.num_prefix_hits += sequence.num_cached_tokens

    def _preempt(self, sequence: Sequence) -> None:
        """Take a sequence's blocks back; it waits to be computed again, which finds what is still cached."""
        self.num_preemptions += 1
        self._stop_running(sequence, SequenceStatus.PREEMPTED)
        self._waiting.push(sequence)

    def _stop_running(self, sequence: Sequence, status: SequenceStatus) -> None:
        if sequence.status is SequenceStatus.RUNNING:
            self.running.remove(sequence)
        self.pool.release(sequence.block_table)
        del sequence.block_table[:]
        sequence.num_computed_tokens = 0
        sequence.shadow = None
        sequence.status = status

    def _shareable_hashes(self, sequence: Sequence) -> list[bytes]:
        """Hashes of the whole blocks that may come from the cache: not the last token, whose logits are wanted, and
        no prompt position that is still to be scored."""
        if not self.limits.prefix_caching:
            return []
        num_tokens = len(sequence.prompt_logprobs) if sequence.num_unscored else sequence.num_tokens - 1
        return sequence.hashes(num_tokens // self.pool.block_size, self.pool.block_size)

    def _register(self, sequence: Sequence) -> None:
        first, end = sequence.num_registered_blocks, sequence.num_computed_tokens // self.pool.block_size
        if first == end:
            return
        hashes = sequence.hashes(end, self.pool.block_size)
        for index in range(first, end):
            self.pool.register(sequence.block_table[index], hashes[index])
        sequence.num_registered_blocks = end

    def _enqueue(self, sequence: Sequence) -> None:
        """Let it wait for blocks, or first for the member of its group that computes their prompt."""
        shares = self.limits.prefix_caching and sequence.num_prompt_tokens > self.pool.block_size
        if not shares or self._groups.leads(sequence):
            self._waiting.push(sequence)

    def _release_siblings(self, leader: Sequence) -> None:
        """The leader's prompt is computed, or never will be: its siblings' turn."""
        for sibling in self._groups.release(leader):
            if leader.status is SequenceStatus.FINISHED:
                self._enqueue(sibling)
            else:
                self._waiting.push(sibling)


def _arrival(sequence: Sequence) -> int:
    return sequence.arrival


def _most_guesses(sequence: Sequence, budget: Budget) -> int:
    """Tokens that may be guessed: those of the step, but not the last one that the sequence may have."""
    return min(budget.num_guesses, sequence.max_tokens - sequence.num_generated - 1)


def _is_prefilling(sequence: Sequence) -> bool:
    return sequence.num_tokens - sequence.num_computed_tokens > 1
