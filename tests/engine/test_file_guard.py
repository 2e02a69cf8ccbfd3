"""What is served is what was packed: a file is found that was altered, at any time, and nobody is answered from it."""

import asyncio
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tampu.engine.file_guard import FileGuard
from tampu.errors import EngineFailure
from tampu.model.load import prepare
from tampu.model.packed import PREAMBLE, file_id_of, open_packed
from tests.checkpoints import random_checkpoint, silent
from tests.engine.test_front import QUICK as FRONT_QUICK
from tests.engine.test_front import ask, collect, engine, kill_worker, run, until, worker_pid

QUICK = replace(FRONT_QUICK, file_tick=0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("guard")
    return prepare(random_checkpoint(root / "tiny"), "f32", silent, root / "cache")


@pytest.fixture
def packed(whole: Path, tmp_path: Path) -> Path:
    """A file of its own, to be altered."""
    return Path(shutil.copy(whole, tmp_path / "tiny.tampu"))


def flip(path: Path) -> None:
    """Flip a bit of a weight, in the file as it lies there."""
    content = path.read_bytes()
    index = json.loads(content[PREAMBLE.unpack_from(content)[3] :])
    place = index["weights"]["layers.1.o_proj"]["data"]["offset"] + 17
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


async def watched(path: Path, change: str) -> tuple[list[str], bool]:
    told: list[str] = []
    guard = FileGuard(path, open_packed(path).file_id, told.append, tick=0.005, rest=0.0)
    if change == "before":
        flip(path)
    watching = asyncio.create_task(guard.run())
    await until(lambda: guard.verified or bool(told))
    if change == "written":
        flip(path)
    elif change == "touched":
        os.utime(path, ns=(1, 1))
    elif change == "replaced":
        os.replace(shutil.copy(path, path.with_name("other")), path)
    await asyncio.sleep(0.1)
    if change == "written":
        await until(lambda: bool(told))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return told, guard.verified


CHANGES = {"none": False, "before": True, "written": True, "touched": False, "replaced": False}


@pytest.mark.parametrize(("change", "is_told"), CHANGES.items())
def test_a_file_is_told_of_when_its_contents_are_not_those_that_were_packed(
    packed: Path, change: str, is_told: bool
) -> None:
    told, verified = asyncio.run(watched(packed, change))
    assert bool(told) == is_told and verified == (change != "before")
    if told:
        assert "not what it was packed as" in told[0] and "fails its checksum" in told[0]


def test_a_server_whose_file_is_altered_answers_nothing_more(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, patience=QUICK) as local:
            await local.ready()
            assert (await collect(local, ask(max_tokens=3)))[-1].finish_reason == "length"
            flip(packed)
            await until(lambda: local.status.phase == "failed")
            assert "fails its checksum" in local.status.detail
            with pytest.raises(Exception, match="not what it was packed as"):
                await collect(local, ask())

    run(work())


def test_answers_under_way_do_not_go_on_with_another_file_that_is_damaged(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.01", replace(QUICK, file_tick=60.0)) as local:
            await local.ready()
            answering = asyncio.create_task(collect(local, ask(max_tokens=200)))
            await until(lambda: local.stats.engine.generation_tokens > 3)
            flip(Path(shutil.copy(packed, packed.with_name("other"))))
            os.replace(packed.with_name("other"), packed)
            os.kill(worker_pid(local), 9)
            with pytest.raises(EngineFailure, match="not what it was packed as"):
                await answering

    run(work())


def test_answers_under_way_go_on_with_an_equal_copy(packed: Path) -> None:
    async def work() -> None:
        async with engine(packed, "0.002", replace(QUICK, file_tick=60.0)) as local:
            await local.ready()
            expected = [chunk.token_ids for chunk in await collect(local, ask(max_tokens=60))]
            answering = asyncio.create_task(collect(local, ask(max_tokens=60)))
            await until(lambda: local.stats.engine.generation_tokens > 65)
            os.replace(shutil.copy(packed, packed.with_name("other")), packed)
            await kill_worker(local)
            assert [chunk.token_ids for chunk in await answering] == expected
            assert local.card is not None and local.card.file_id == file_id_of(packed)

    run(work())
