"""Blocks of the key-value cache: who holds which, and which computed ones can be shared by the hash of their prefix.

A block is in exactly one of three states:
    held    ref_count > 0; in the block tables of that many sequences
    cached  ref_count = 0, keeps its hash: a prefix found again takes it back, else the least recently used goes first
    empty   ref_count = 0, no hash
Every operation is O(1) per block. The hash of a block covers all tokens up to its end, the adapter and the tenant's
salt, so equal hashes mean equal contents, and no block is ever shared across tenants.
"""

import hashlib
from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Reversible


def root_hash(salt: bytes, adapter: str = "") -> bytes:
    """Where the chain of block hashes begins, of a tenant and the adapter of this fingerprint."""
    root = hashlib.blake2b(salt, digest_size=32, person=b"tampu kv blocks").digest()
    return hashlib.blake2b(root + adapter.encode(), digest_size=32).digest() if adapter else root


def block_hash(parent: bytes, token_ids: "array[int]") -> bytes:
    """Hash of a whole block whose predecessor has the hash `parent`."""
    return hashlib.blake2b(parent + token_ids.tobytes(), digest_size=32).digest()


def num_blocks_for(num_tokens: int, block_size: int) -> int:
    """Blocks that hold so many tokens."""
    return -(-num_tokens // block_size)


class BlockPool:
    """Owner of all blocks."""

    def __init__(self, num_blocks: int, block_size: int) -> None:
        self.num_blocks = num_blocks
        self.block_size = block_size
        self._ref_counts = [0] * num_blocks
        self._hashes: list[bytes | None] = [None] * num_blocks
        self._by_hash: dict[bytes, int] = {}
        # Blocks nobody holds, next to be handed out first: empty ones, then cached ones by when they were let go.
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(num_blocks))

    @property
    def num_free(self) -> int:
        """Blocks that can be handed out, cached ones included."""
        return len(self._free)

    def allocate(self, count: int) -> list[int] | None:
        """So many blocks, each held once and without a hash; None, and nothing changed, when there are too few."""
        if count > len(self._free):
            return None
        return [self._take() for _ in range(count)]

    def _take(self) -> int:
        block, _ = self._free.popitem(last=False)
        self.forget((block,))
        self._ref_counts[block] = 1
        return block

    def find(self, hashes: Iterable[bytes]) -> list[int]:
        """Blocks of the longest cached run at the beginning of `hashes`; none of them is held by this."""
        found = []
        for digest in hashes:
            if (block := self._by_hash.get(digest)) is None:
                break
            found.append(block)
        return found

    def num_held(self, blocks: Iterable[int]) -> int:
        """How many of these somebody holds already, so that holding them too takes no free block."""
        return sum(self._ref_counts[block] > 0 for block in blocks)

    def hold(self, blocks: Iterable[int]) -> None:
        """Hold each of these found blocks once more."""
        for block in blocks:
            self._ref_counts[block] += 1
            self._free.pop(block, None)

    def register(self, block: int, digest: bytes) -> None:
        """Let a held block, now computed, be found by its hash; a twin that is found already stays the one."""
        assert self._ref_counts[block] > 0, f"block {block} is registered but not held"
        if digest not in self._by_hash:
            self.forget((block,))
            self._by_hash[digest] = block
            self._hashes[block] = digest

    def forget(self, blocks: Iterable[int]) -> None:
        """Let none of these be found any more."""
        for block in blocks:
            digest = self._hashes[block]
            if digest is not None:
                del self._by_hash[digest]
                self._hashes[block] = None

    def release(self, block_table: Reversible[int]) -> None:
        """Let each block go once. The end of a prefix is reused before its beginning, empty blocks before all."""
        for block in reversed(block_table):
            self._ref_counts[block] -= 1
            assert self._ref_counts[block] >= 0, f"block {block} is released but not held"
            if self._ref_counts[block] == 0:
                self._free[block] = None
                self._free.move_to_end(block, last=self._hashes[block] is not None)

    def check(self, block_tables: Iterable[Iterable[int]]) -> None:
        """Add everything up again: raise AssertionError unless the books agree with these tables of all holders."""
        held = Counter(block for table in block_tables for block in table)
        assert all(self._ref_counts[block] == held[block] for block in range(self.num_blocks)), "ref counts"
        assert set(self._free) == set(range(self.num_blocks)) - set(held), "free blocks"
        hashes = {digest: block for block, digest in enumerate(self._hashes) if digest is not None}
        assert hashes == self._by_hash, "hashes"
        cached = [self._hashes[block] is not None for block in self._free]
        assert cached == sorted(cached), "empty blocks are handed out first"
