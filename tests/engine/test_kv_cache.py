from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tampu.engine.kv_cache import BlockPool, block_hash, num_blocks_for, root_hash

ONE, TWO, THREE = (block_hash(root_hash(b""), array("i", [token_id] * 4)) for token_id in (1, 2, 3))


def computed(pool: BlockPool, *hashes: bytes) -> list[int]:
    """Blocks that are held and registered under these hashes."""
    blocks = pool.allocate(len(hashes))
    assert blocks is not None
    for block, digest in zip(blocks, hashes, strict=True):
        pool.register(block, digest)
    return blocks


@pytest.mark.parametrize(("num_tokens", "num_blocks"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_the_last_block_may_be_half_full(num_tokens: int, num_blocks: int) -> None:
    assert num_blocks_for(num_tokens, 4) == num_blocks


def test_a_hash_covers_the_tenant_the_prefix_and_the_tokens() -> None:
    tokens = array("i", [1, 2, 3, 4])
    root = root_hash(b"tenant")
    first = block_hash(root, tokens)
    hashes = [
        first,
        block_hash(root_hash(b"other tenant"), tokens),
        block_hash(root, array("i", [1, 2, 3, 5])),
        block_hash(first, tokens),
    ]
    assert len(set(hashes)) == 4
    assert first == block_hash(root_hash(b"tenant"), array("i", [1, 2, 3, 4]))


def test_allocation_is_all_or_nothing() -> None:
    pool = BlockPool(3, 4)
    assert pool.allocate(4) is None
    assert pool.num_free == 3
    assert pool.allocate(3) == [0, 1, 2]
    assert pool.allocate(1) is None
    assert pool.allocate(0) == []


def test_a_block_is_found_only_once_it_is_registered() -> None:
    pool = BlockPool(3, 4)
    blocks = pool.allocate(2)
    assert blocks is not None
    assert pool.find([ONE]) == []
    pool.register(blocks[0], ONE)
    assert pool.find([ONE, TWO]) == [blocks[0]]
    assert pool.find([TWO, ONE]) == []


def test_a_released_block_is_found_until_it_is_handed_out_again() -> None:
    pool = BlockPool(2, 4)
    (block,) = computed(pool, ONE)
    pool.release([block])
    assert pool.num_free == 2
    assert pool.find([ONE]) == [block]
    assert pool.allocate(2) is not None
    assert pool.find([ONE]) == []


def test_empty_blocks_go_first_then_the_end_of_the_prefix_let_go_longest_ago() -> None:
    pool = BlockPool(4, 4)
    first, second = computed(pool, ONE, TWO)
    (third,) = computed(pool, THREE)
    pool.release([first, second])
    pool.release([third])
    assert [pool.allocate(1) for _ in range(4)] == [[3], [second], [first], [third]]


def test_a_found_block_is_held_once_more_by_each_sharer() -> None:
    pool = BlockPool(2, 4)
    (block,) = computed(pool, ONE)
    assert pool.num_held([block]) == 1
    pool.hold([block])
    pool.release([block])
    assert pool.num_free == 1
    pool.release([block])
    assert (pool.num_free, pool.num_held([block])) == (2, 0)
    pool.hold(pool.find([ONE]))
    assert pool.num_free == 1
    pool.check([[block]])


def test_the_first_of_two_equal_blocks_is_the_one_that_is_found() -> None:
    pool = BlockPool(2, 4)
    first, second = computed(pool, ONE, ONE)
    assert pool.find([ONE]) == [first]
    pool.release([second])
    pool.release([first])
    assert pool.allocate(1) == [second]
    assert pool.find([ONE]) == [first]
    pool.check([[second]])


def test_a_forgotten_block_is_not_found_by_anybody() -> None:
    pool = BlockPool(2, 4)
    (block,) = computed(pool, ONE)
    pool.forget([block])
    assert pool.find([ONE]) == []
    pool.release([block])
    pool.check([])


@pytest.mark.parametrize("tables", [[], [[0, 1]], [[0], [0]]])
def test_check_notices_tables_that_do_not_match_the_books(tables: list[list[int]]) -> None:
    pool = BlockPool(3, 4)
    computed(pool, ONE)
    pool.check([[0]])
    with pytest.raises(AssertionError):
        pool.check(tables)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["allocate", "hold", "release", "register", "forget"]), st.integers(0, 11))))
def test_the_books_stay_right_whatever_happens(actions: list[tuple[str, int]]) -> None:
    pool = BlockPool(5, 4)
    tables: list[list[int]] = []
    hashes = [block_hash(root_hash(b""), array("i", [token_id])) for token_id in range(12)]
    for action, number in actions:
        match action:
            case "allocate":
                tables.append(pool.allocate(number % 3) or [])
            case "hold":
                found = pool.find([hashes[number]])
                pool.hold(found)
                tables.append(found)
            case "release" if tables:
                pool.release(tables.pop(number % len(tables)))
            case "register" if tables and tables[-1]:
                pool.register(tables[-1][-1], hashes[number])
            case "forget":
                pool.forget([number % 5])
        pool.check(tables)
