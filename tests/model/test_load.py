"""From whatever the user has to a packed file, once."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from tampu.errors import BadSetting, DamagedFile, ModelError, ModelMissing, UnsupportedModel
from tampu.model.load import check_disk, prepare
from tampu.model.packed import open_packed
from tests.checkpoints import random_checkpoint, random_weights, silent, tiny_config
from tests.gguf_files import write_gguf


class Recorder:
    """A progress callback that remembers the phases."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def __call__(self, phase: str, done: float) -> None:
        assert 0 <= done <= 1
        self.phases.append(phase)


def test_the_first_start_packs_and_the_second_finds_the_file(tmp_path: Path) -> None:
    checkpoint, first, second = random_checkpoint(tmp_path / "tiny"), Recorder(), Recorder()
    packed = prepare(checkpoint, "auto", first, tmp_path / "cache")
    written = packed.stat().st_mtime_ns
    assert prepare(checkpoint, "auto", second, tmp_path / "cache") == packed
    assert packed.stat().st_mtime_ns == written
    assert set(first.phases) == {"packing"}
    assert second.phases == []


def test_auto_means_int8_for_a_checkpoint(tmp_path: Path) -> None:
    packed = prepare(random_checkpoint(tmp_path / "tiny"), "auto", silent, tmp_path / "cache")
    assert open_packed(packed).kind == "int8"


@pytest.mark.parametrize("quant", ["int8", "bf16", "f32"])
def test_each_kind_has_a_file_of_its_own(tmp_path: Path, quant: str) -> None:
    checkpoint = random_checkpoint(tmp_path / "tiny")
    prepare(checkpoint, "int8", silent, tmp_path / "cache")
    packed = prepare(checkpoint, quant, silent, tmp_path / "cache")
    assert open_packed(packed).kind == quant
    assert packed.name.startswith(f"tiny-{quant}-")


def test_a_gguf_file_is_packed_like_a_directory(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "tiny.gguf", tiny_config(), random_weights(tiny_config()), "Q8_0")
    packed = prepare(file, "auto", silent, tmp_path / "cache")
    assert packed.name.startswith("tiny-int8-")
    assert open_packed(packed, verify=True).source == "tiny"


def test_a_packed_file_is_used_where_it_lies(tmp_path: Path) -> None:
    packed = prepare(random_checkpoint(tmp_path / "tiny"), "bf16", silent, tmp_path / "cache")
    assert prepare(packed, "auto", silent, tmp_path / "other") == packed
    assert prepare(packed, "bf16", silent, tmp_path / "other") == packed
    assert not (tmp_path / "other").exists()


def test_a_packed_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    packed = prepare(random_checkpoint(tmp_path / "tiny"), "int8", silent, tmp_path / "cache")
    with pytest.raises(BadSetting, match=r"quant is f32, but .* holds int8 weights"):
        prepare(packed, "f32", silent, tmp_path / "cache")


def test_an_unknown_quant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="quant must be auto or one of int8, int4, bf16, f32, got 'int3'"):
        prepare(random_checkpoint(tmp_path / "tiny"), "int3", silent, tmp_path / "cache")


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="nothing does not exist"):
        prepare(tmp_path / "nothing", "auto", silent, tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.pt", "is a pickle"),
        ("pytorch_model.bin", "is a pickle"),
        ("notes.txt", "none of the things tampu loads"),
    ],
)
def test_other_files_are_refused_with_what_would_do(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04")
    with pytest.raises(UnsupportedModel, match=message):
        prepare(tmp_path / name, "auto", silent, tmp_path / "cache")


def test_a_changed_checkpoint_is_packed_again_and_its_old_file_removed(tmp_path: Path) -> None:
    checkpoint = random_checkpoint(tmp_path / "tiny", seed=1)
    neighbour = prepare(random_checkpoint(tmp_path / "other" / "tiny"), "int8", silent, tmp_path / "cache")
    old = prepare(checkpoint, "int8", silent, tmp_path / "cache")
    random_checkpoint(checkpoint, seed=2)
    os.utime(checkpoint / "model.safetensors", ns=(1, 1))
    new = prepare(checkpoint, "int8", silent, tmp_path / "cache")
    assert new != old
    assert sorted((tmp_path / "cache").glob("*.tampu")) == sorted([neighbour, new])


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / ".tiny-int8-0-0.tampu.123.part").write_bytes(b"half")
    prepare(random_checkpoint(tmp_path / "tiny"), "int8", silent, tmp_path / "cache")
    assert list((tmp_path / "cache").glob(".*.part")) == []


def test_a_full_disk_is_said_with_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Packing needs 1000 TB in .* are free\. Free some space, or set TAMPU_HOME"):
        check_disk(tmp_path / "cache", 10**15)
    check_disk(tmp_path / "cache", 1)


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(ModelError, match=r"cache cannot be written: .*Set TAMPU_HOME"):
        prepare(random_checkpoint(tmp_path / "tiny"), "int8", silent, tmp_path / "cache")


def test_a_snapshot_of_the_hub_is_called_by_its_repository(tmp_path: Path) -> None:
    snapshot = random_checkpoint(tmp_path / "models--meta-llama--Llama-3.2-1B" / "snapshots" / "4e20de362430")
    packed = prepare(snapshot, "int8", silent, tmp_path / "cache")
    assert packed.name.startswith("Llama-3.2-1B-int8-")
    assert open_packed(packed).source == "Llama-3.2-1B"


def test_a_gguf_link_of_the_hub_is_called_by_its_own_name(tmp_path: Path) -> None:
    blob = write_gguf(tmp_path / "blobs" / "9f86d081", tiny_config(), random_weights(tiny_config()))
    (tmp_path / "tiny-Q8_0.gguf").symlink_to(blob)
    packed = prepare(tmp_path / "tiny-Q8_0.gguf", "int8", silent, tmp_path / "cache")
    assert packed.name.startswith("tiny-Q8_0-int8-")


def test_a_damaged_checkpoint_leaves_no_packed_file(tmp_path: Path) -> None:
    checkpoint = random_checkpoint(tmp_path / "tiny")
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(DamagedFile):
        prepare(checkpoint, "int8", silent, tmp_path / "cache")
    assert list((tmp_path / "cache").glob("*tampu*")) == []


def prepare_and_report(checkpoint: Path, cache: Path, results: Any) -> None:
    seen = Recorder()
    packed = prepare(checkpoint, "int8", seen, cache)
    results.put((packed.stat().st_ino, "packing" in seen.phases))


def test_processes_that_start_together_pack_once(tmp_path: Path) -> None:
    checkpoint = random_checkpoint(tmp_path / "tiny")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=prepare_and_report, args=(checkpoint, tmp_path / "cache", results)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    reports = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert len({inode for inode, _ in reports}) == 1
    assert sum(packed for _, packed in reports) == 1
