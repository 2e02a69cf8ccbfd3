"""Adapters in the engine: whatever is loaded, dropped or beside them, sequences get the tokens they get alone."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tampu.engine.adapters import AdapterOffer, AdapterRoom, Entrant
from tampu.engine.engine import Engine
from tampu.engine.sequence import SequenceSpec
from tampu.errors import InvalidRequest
from tampu.kernels import load_kernels
from tampu.kernels.interface import LowRank
from tampu.model.adapter_file import open_adapter
from tampu.model.llama import Llama
from tampu.model.load import prepare
from tampu.model.lora import Adapter, load_adapter
from tampu.model.packed import PackedModel, open_packed
from tests.adapters import write_adapter
from tests.checkpoints import random_checkpoint, silent
from tests.fakes import engine_settings, output_token_ids, run_engine, sequence_spec


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedModel:
    home = tmp_path_factory.mktemp("int8")
    return open_packed(prepare(random_checkpoint(home / "checkpoint"), "int8", silent, home / "cache"))


@pytest.fixture(scope="module")
def offers(packed: PackedModel, tmp_path_factory: pytest.TempPathFactory) -> list[AdapterOffer]:
    """Three adapters that each change every answer."""
    home, found = tmp_path_factory.mktemp("adapters"), []
    for seed in range(3):
        file = open_adapter(write_adapter(home / str(seed), seed=seed), packed.config)
        found.append(AdapterOffer(file.fingerprint, str(home / str(seed)), load_adapter(file, packed).num_bytes))
    return found


def load_from(packed: PackedModel, directory: Path) -> Adapter:
    return load_adapter(open_adapter(directory, packed.config), packed)


def engine_of(packed: PackedModel, offers: list[AdapterOffer], **settings: Any) -> Engine:
    values = {"num_blocks": 256, "block_size": 32, "max_model_len": 512} | settings
    model = Llama(packed, load_kernels(num_threads=1))
    engine = Engine(model, engine_settings(**values), load_adapter=partial(load_from, packed))
    for offer in offers:
        engine.offer_adapter(offer)
    return engine


COMMON = tuple(range(100, 140))


def sequences(offers: list[AdapterOffer]) -> list[SequenceSpec]:
    """Twelve sequences with a common beginning: of each adapter and of none."""
    names = ["", *(offer.fingerprint for offer in offers)] * 3
    return [
        replace(sequence_spec(index, (*COMMON, index // 4), temperature=0.8 * (index % 2), seed=3), adapter=name)
        for index, name in enumerate(names)
    ]


def tokens_of(engine: Engine, specs: list[SequenceSpec]) -> dict[int, list[int]]:
    outputs = run_engine(engine, specs)
    assert not [output.error for some in outputs.values() for output in some if output.error]
    return {sequence_id: output_token_ids(some) for sequence_id, some in sorted(outputs.items())}


@pytest.fixture(scope="module")
def alone(packed: PackedModel, offers: list[AdapterOffer]) -> dict[int, list[int]]:
    """Tokens of sequences that each had an engine to themselves."""
    found: dict[int, list[int]] = {}
    for spec in sequences(offers):
        found |= tokens_of(engine_of(packed, offers, speculate="off"), [spec])
    return found


Alone = dict[int, list[int]]


def test_every_adapter_changes_the_answer(alone: Alone) -> None:
    for first in (0, 4, 8):
        assert len({tuple(alone[first + adapter]) for adapter in range(0, 4, 2)}) == 2
        assert len({tuple(alone[first + adapter]) for adapter in range(1, 4, 2)}) == 2


@pytest.mark.parametrize("budget", [3, 64, 512])
def test_neighbours_with_other_adapters_change_no_token(
    packed: PackedModel, offers: list[AdapterOffer], alone: Alone, budget: int
) -> None:
    engine = engine_of(packed, offers, max_num_batched_tokens=budget)
    assert tokens_of(engine, sequences(offers)) == alone
    assert tokens_of(engine, sequences(offers)) == alone  # and now with a warm prefix cache
    assert engine.stats().adapter_loads == 3


def test_no_block_of_the_cache_is_shared_between_adapters(packed: PackedModel, offers: list[AdapterOffer]) -> None:
    engine = engine_of(packed, offers)
    specs = sequences(offers)
    cached = []
    for spec in [*specs[:4], replace(specs[1], id=99)]:
        outputs = run_engine(engine, [spec])[spec.id]
        cached.append(outputs[0].num_cached_tokens)
    assert cached == [0, 0, 0, 0, 32]


def test_preemption_changes_no_token(packed: PackedModel, offers: list[AdapterOffer], alone: Alone) -> None:
    engine = engine_of(packed, offers, num_blocks=5, max_model_len=96)
    assert tokens_of(engine, sequences(offers)) == alone


def test_resuming_after_any_token_changes_none(packed: PackedModel, offers: list[AdapterOffer], alone: Alone) -> None:
    for count in (1, 4, 7):
        resumed = [spec.resumed(alone[spec.id][:count]) for spec in sequences(offers)]
        found = tokens_of(engine_of(packed, offers), resumed)
        assert found == {index: tokens[count:] for index, tokens in alone.items()}


@pytest.mark.parametrize("room", [1, 2])
def test_a_memory_that_holds_few_makes_the_others_wait(
    packed: PackedModel, offers: list[AdapterOffer], alone: Alone, room: int
) -> None:
    engine = engine_of(packed, offers, adapter_memory=room * offers[0].num_bytes)
    for spec in sequences(offers):
        engine.add(spec)
    outputs: dict[int, list[int]] = {}
    while engine.has_work():
        for output in engine.step():
            outputs.setdefault(output.sequence_id, []).extend(output.token_ids)
        assert engine.stats().adapters_loaded <= room
        engine.check()
    assert outputs == alone
    assert engine.stats().adapter_bytes == room * offers[0].num_bytes


def test_a_sequence_that_waits_for_its_adapter_can_be_aborted(packed: PackedModel, offers: list[AdapterOffer]) -> None:
    engine = engine_of(packed, offers)
    engine.add(sequences(offers)[1])
    assert (engine.stats().waiting, engine.has_work()) == (1, True)
    engine.abort(1)
    assert not engine.has_work()


def test_an_adapter_that_nobody_offered_is_refused(packed: PackedModel, offers: list[AdapterOffer]) -> None:
    engine = engine_of(packed, [])
    with pytest.raises(InvalidRequest) as caught:
        engine.add(sequences(offers)[1])
    assert caught.value.param == "adapter"
    assert not engine.has_work()


def test_files_that_are_gone_or_changed_fail_their_own_sequences_only(
    packed: PackedModel, offers: list[AdapterOffer], alone: Alone, tmp_path: Path
) -> None:
    gone = replace(offers[0], directory=str(tmp_path / "gone"))
    changed = replace(offers[1], directory=str(write_adapter(tmp_path / "changed", seed=77)))
    outputs = run_engine(engine_of(packed, [gone, changed, offers[2]]), sequences(offers))
    errors = {index: some[-1].error or "" for index, some in outputs.items()}
    assert all("adapter_config.json is missing" in errors[index] for index in (1, 5, 9))
    assert all("its files have changed since it was added" in errors[index] for index in (2, 6, 10))
    for index in (0, 3, 4, 7, 8, 11):
        assert output_token_ids(outputs[index]) == alone[index]


@pytest.mark.parametrize("seed", range(4))
def test_a_random_life_with_aborts_and_little_memory_changes_no_token(
    packed: PackedModel, offers: list[AdapterOffer], alone: Alone, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    engine = engine_of(
        packed,
        offers,
        adapter_memory=2 * offers[0].num_bytes,
        num_blocks=8,
        max_model_len=96,
        max_num_batched_tokens=24,
    )
    waiting = [sequences(offers)[index] for index in rng.permutation(12)]
    aborted: set[int] = set()
    outputs: dict[int, list[int]] = {}
    while waiting or engine.has_work():
        if waiting and rng.random() < 0.4:
            engine.add(waiting.pop())
        if rng.random() < 0.05:
            aborted.add(victim := int(rng.integers(12)))
            engine.abort(victim)
        for output in engine.step():
            outputs.setdefault(output.sequence_id, []).extend(output.token_ids)
        engine.check()
    whole = {index: tokens for index, tokens in outputs.items() if index not in aborted}
    assert whole == {index: tokens for index, tokens in alone.items() if index not in aborted}
    assert engine.stats().blocks_used == 0


class Shop:
    """Loads adapters of one layer, and can be made to wait."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.loaded: list[str] = []

    def load(self, directory: Path) -> Adapter:
        assert self.open.wait(10)
        self.loaded.append(directory.name)
        low_rank = LowRank(np.zeros(50, np.uint16), 1, np.empty((0, 3), np.int32))
        return Adapter(directory.name, ({"o_proj": low_rank},))


def room_of(shop: Shop, capacity: int) -> AdapterRoom:
    room = AdapterRoom(shop.load, capacity)
    for name in "abcd":
        room.offer(AdapterOffer(name, f"/shelf/{name}", 100))
    return room


def enter(room: AdapterRoom, number: int, adapter: str) -> None:
    room.add(replace(sequence_spec(number, (1,)), adapter=adapter), None)


def taken(room: AdapterRoom, in_use: str = "") -> list[int]:
    """The sequences that may go on, once everything that can be loaded is."""
    found: list[Entrant] = []
    for _ in range(20):
        found += room.take(set(in_use) | {each.spec.adapter for each in found}, patience=0.05)
        if not len(room):
            break
    return [entrant.spec.id for entrant in found]


def test_the_least_recently_used_adapter_goes_first() -> None:
    shop = Shop()
    room = room_of(shop, 250)
    for number, name in enumerate("abac"):
        enter(room, number, name)
        assert taken(room) == [number]
        assert room[name].fingerprint == name
    enter(room, 4, "a")
    assert taken(room) == [4]
    assert shop.loaded == ["a", "b", "c"]


def test_what_is_in_use_stays_and_a_newcomer_waits() -> None:
    shop = Shop()
    room = room_of(shop, 250)
    enter(room, 0, "a")
    enter(room, 1, "b")
    assert taken(room) == [0, 1]
    enter(room, 2, "c")
    enter(room, 3, "a")  # behind it, or it might wait for ever
    assert taken(room, in_use="ab") == []
    assert (len(room), room.num_loaded, room.num_bytes) == (2, 2, 200)
    assert taken(room, in_use="b") == [2]
    assert taken(room, in_use="bc") == []
    assert taken(room, in_use="c") == [3]


def test_an_adapter_larger_than_the_memory_is_alone_in_it() -> None:
    shop = Shop()
    room = room_of(shop, 10)
    enter(room, 0, "a")
    assert taken(room) == [0]
    enter(room, 1, "b")
    assert taken(room, in_use="a") == []
    assert taken(room) == [1]
    assert room.num_loaded == 1


def test_sequences_whose_adapter_is_there_pass_one_that_is_being_loaded() -> None:
    shop = Shop()
    room = room_of(shop, 1000)
    enter(room, 0, "a")
    assert taken(room) == [0]
    shop.open.clear()
    enter(room, 1, "b")
    enter(room, 2, "a")
    assert [entrant.spec.id for entrant in room.take((), patience=0.0)] == [2]
    shop.open.set()
    assert taken(room) == [1]
