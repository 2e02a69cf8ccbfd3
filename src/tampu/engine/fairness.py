"""Waiting sequences of all tenants; who has been given least comes first.

Each tenant has a count of the tokens computed for it, as in Sheng et al., "Fairness in Serving Large Language Models",
OSDI 2024 (arXiv 2401.00588). A tenant that comes back after a pause starts no lower than the last one that was let
in: what it did not use it cannot claim later.
"""

import heapq
from collections import defaultdict

from tampu.engine.sequence import Sequence, SequenceStatus


class FairQueue:
    """Sequences waiting for blocks: the least-served tenant first, and of one tenant the earliest arrival."""

    def __init__(self) -> None:
        self._waiting: defaultdict[bytes, list[tuple[int, Sequence]]] = defaultdict(list)  # heaps by arrival
        self._served: defaultdict[bytes, int] = defaultdict(int)
        self._level = 0  # what the tenant that was let in last had been given

    def push(self, sequence: Sequence) -> None:
        """Let it wait, where its arrival belongs."""
        salt = sequence.spec.salt
        if not self._waiting[salt]:
            self._served[salt] = max(self._served[salt], self._level)
        heapq.heappush(self._waiting[salt], (sequence.arrival, sequence))

    def head(self) -> Sequence | None:
        """Who is next; None when nobody waits."""
        self._drop_finished()
        if not self._waiting:
            return None
        _, first = min(self._waiting.items(), key=lambda item: (self._served[item[0]], item[1][0][0]))
        return first[0][1]

    def pop(self, sequence: Sequence) -> None:
        """Take out the sequence that `head` gave."""
        salt = sequence.spec.salt
        self._level = max(self._level, self._served[salt])
        taken = heapq.heappop(self._waiting[salt])
        assert taken[1] is sequence
        if not self._waiting[salt]:
            del self._waiting[salt]

    def charge(self, salt: bytes, num_tokens: int) -> None:
        """Count tokens computed for a tenant."""
        self._served[salt] += num_tokens

    def reset(self) -> None:
        """Forget what was served, now that nobody waits or runs."""
        self._served.clear()
        self._level = 0

    def _drop_finished(self) -> None:
        # Aborted sequences stay in the heap until they come to its top: taking them out of the middle costs O(n).
        for salt, heap in list(self._waiting.items()):
            while heap and heap[0][1].status is SequenceStatus.FINISHED:
                heapq.heappop(heap)
            if not heap:
                del self._waiting[salt]
