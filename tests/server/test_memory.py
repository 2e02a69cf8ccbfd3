"""What later requests may refer to: within a tenant, within a size, the least recently used going first."""

from tampu.server.memory import Memory


def test_a_value_is_its_tenants_own() -> None:
    memory = Memory(100)
    memory.keep("ann", {"a": {"b": 1}})
    assert (memory.recall("ann", "a"), memory.recall("bob", "a"), memory.recall("ann", "b")) == ({"b": 1}, None, None)


def test_what_was_not_asked_for_longest_goes_first() -> None:
    memory = Memory(30)
    memory.keep("", {"a": "0123456", "b": "0123456", "c": "0123456"})  # 9 bytes each
    memory.recall("", "a")
    memory.keep("", {"d": "0123456"})
    assert [memory.recall("", key) is not None for key in "abcd"] == [True, False, True, True]


def test_a_value_of_more_than_all_is_not_kept() -> None:
    memory = Memory(10)
    memory.keep("", {"a": "0123456789"})
    assert memory.recall("", "a") is None
    memory.keep("", {"b": "01234567"})
    assert memory.recall("", "b") == "01234567"


def test_a_value_may_be_replaced_or_forgotten() -> None:
    memory = Memory(20)
    for _ in range(10):
        memory.keep("", {"a": "0123456"})
    memory.keep("", {"b": "0123456"})
    assert memory.recall("", "a") == memory.recall("", "b") == "0123456"
    assert (memory.forget("", "a"), memory.forget("", "a"), memory.recall("", "a")) == (True, False, None)
