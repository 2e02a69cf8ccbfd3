import os
from pathlib import Path

import pytest

from tampu.errors import AdapterNotFound, InvalidAdapter
from tampu.model.adapter_store import STALE, AdapterStore
from tampu.settings import Paths
from tests.adapters import adapter_weights, write_adapter
from tests.checkpoints import tiny_config


def store_of(tmp_path: Path, model: str = "tiny") -> AdapterStore:
    return AdapterStore(Paths(*[tmp_path / "tampu"] * 4), model)


def add(store: AdapterStore, name: str, source: Path) -> str:
    return store.add(name, store.copy(source), tiny_config()).fingerprint


def everything(store: AdapterStore) -> list[str]:
    return sorted(path.name for path in store.directory.iterdir())


def test_what_is_added_is_listed_with_all_that_one_wants_to_know(tmp_path: Path) -> None:
    store, source = (
        store_of(tmp_path),
        write_adapter(tmp_path / "source", adapter_weights(targets=("q_proj", "o_proj"))),
    )
    (source / "training_args.bin").write_bytes(b"\x80\x04")  # stays where it is
    fingerprint = add(store, "pirate", source)
    (found,) = store_of(tmp_path).list()
    assert (found.name, found.fingerprint, found.rank, found.modules) == (
        "pirate",
        fingerprint,
        4,
        ("o_proj", "q_proj"),
    )
    assert found.size == (source / "adapter_model.safetensors").stat().st_size
    assert sorted(os.listdir(found.directory)) == ["adapter_config.json", "adapter_model.safetensors", "tampu.json"]
    assert everything(store) == ["pirate"]


def test_each_model_has_adapters_of_its_own_under_all_its_names(tmp_path: Path) -> None:
    add(store_of(tmp_path, "meta-llama/Llama-3.1-8B-Instruct"), "pirate", write_adapter(tmp_path / "source"))
    assert [adapter.name for adapter in store_of(tmp_path, "llama3.1:8b").list()] == ["pirate"]
    assert store_of(tmp_path, "cria").list() == []


def test_a_name_can_be_given_to_another_adapter_and_the_old_one_waits_to_be_swept(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    first = add(store, "pirate", write_adapter(tmp_path / "1", seed=1))
    second = add(store, "pirate", write_adapter(tmp_path / "2", seed=2))
    assert [adapter.fingerprint for adapter in store.list()] == [second]
    assert (store.retired(first) / "adapter_model.safetensors").is_file()
    store.sweep(in_use={first})
    assert store.retired(first).is_dir()
    store.sweep()
    assert everything(store) == ["pirate"]


def test_what_is_removed_is_gone_after_a_sweep(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    add(store, "pirate", write_adapter(tmp_path / "source"))
    store.remove("pirate")
    store.sweep()
    assert (store.list(), everything(store)) == ([], [])
    with pytest.raises(AdapterNotFound):
        store.remove("pirate")


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    fingerprint = add(store, "pirate", write_adapter(tmp_path / "good"))
    for source in (write_adapter(tmp_path / "dora", use_dora=True), write_adapter(tmp_path / "rank", rank=9)):
        with pytest.raises(InvalidAdapter):
            add(store, "pirate", source)
    weights = adapter_weights()
    next(iter(weights.values()))[0, 0] = float("nan")
    with pytest.raises(InvalidAdapter, match="NaN"):
        add(store, "pirate", write_adapter(tmp_path / "nan", weights))
    assert [adapter.fingerprint for adapter in store.list()] == [fingerprint]
    assert everything(store) == ["pirate"]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "/etc", "a/b", "a\\b", "a\0b", "..%2fx", ".staged-1", "-x", "a" * 65, "ａ", "a b", "a\n"],
)
def test_names_that_could_be_anything_else_are_refused(tmp_path: Path, name: str) -> None:
    store = store_of(tmp_path)
    with pytest.raises(InvalidAdapter) as caught:
        add(store, name, write_adapter(tmp_path / "source"))
    assert caught.value.param == "name"
    with pytest.raises(AdapterNotFound):
        store.remove(name)
    assert everything(store) == []


def test_a_directory_without_both_files_is_no_adapter(tmp_path: Path) -> None:
    source = write_adapter(tmp_path / "source")
    (source / "adapter_model.safetensors").rename(source / "adapter_model.bin")
    with pytest.raises(InvalidAdapter, match=r"adapter_model\.bin is a pickle"):
        store_of(tmp_path).copy(source)
    with pytest.raises(InvalidAdapter, match=r"adapter_config\.json is missing"):
        store_of(tmp_path).copy(tmp_path)


def test_uploads_that_were_broken_off_are_swept_a_day_later(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    fresh, stale = store.stage(), store.stage()
    os.utime(stale, (1, stale.stat().st_mtime - STALE - 60))
    store.sweep()
    assert everything(store) == [fresh.name]


def test_a_directory_with_a_broken_record_is_passed_over_and_can_be_replaced(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    for content in (b"{", b"[]", b'{"name": 1}'):
        broken = store.directory / "pirate"
        broken.mkdir(parents=True, exist_ok=True)
        (broken / "tampu.json").write_bytes(content)
        assert store.list() == []
    add(store, "pirate", write_adapter(tmp_path / "source"))
    assert [adapter.name for adapter in store.list()] == ["pirate"]
