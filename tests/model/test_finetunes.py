"""Finetunes gather their files beside the adapters of their model, and have ids that stay."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from tampu.errors import InvalidAdapter
from tampu.model.adapter_store import AdapterStore
from tampu.model.finetunes import ABOUT_FILE, About, Finetunes, read_about, write_about
from tampu.settings import Paths

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ABOUT = About("pirate", "@cf/tampu/cria", "talks like \u00fcne", public=True, created=1_700_049_600.5)


def store(home: Path, model: str = "cria") -> AdapterStore:
    return AdapterStore(Paths(*[home] * 4), model)


def put(finetunes: Finetunes, home: Path, file: str, content: bytes = b"x") -> None:
    received = home / "received"
    received.write_bytes(content)
    finetunes.put("pirate", file, received)


def test_an_id_is_a_uuid_that_follows_from_model_and_name(tmp_path: Path) -> None:
    finetunes, llama = Finetunes(store(tmp_path)), Finetunes(store(tmp_path, "llama3.1:8b"))
    assert finetunes.uuid("pirate") == Finetunes(store(tmp_path / "elsewhere")).uuid("pirate")
    assert len({finetunes.uuid("pirate"), finetunes.uuid("parrot"), llama.uuid("pirate")}) == 3
    assert llama.uuid("pirate") == Finetunes(store(tmp_path, "meta-llama/Llama-3.1-8B-Instruct")).uuid("pirate")
    assert str(UUID(finetunes.uuid("pirate"))) == finetunes.uuid("pirate")


def test_a_name_or_an_id_finds_its_name(tmp_path: Path) -> None:
    finetunes = Finetunes(store(tmp_path))
    for asked in ("pirate", finetunes.uuid("pirate"), finetunes.uuid("pirate").upper()):
        assert finetunes.named(asked, ["parrot", "pirate"]) == "pirate"
    assert finetunes.named("Pirate", ["parrot", "pirate"]) is None


def test_files_are_gathered_until_both_are_there(tmp_path: Path) -> None:
    finetunes = Finetunes(store(tmp_path))
    assert finetunes.waiting() == []
    finetunes.begin(ABOUT)
    assert finetunes.waiting() == [ABOUT]
    assert finetunes.missing("pirate") == (CONFIG, WEIGHTS)
    put(finetunes, tmp_path, WEIGHTS)
    put(finetunes, tmp_path, WEIGHTS, b"again")
    assert finetunes.missing("pirate") == (CONFIG,)
    put(finetunes, tmp_path, CONFIG)
    staged = finetunes.stage("pirate")
    assert sorted(path.name for path in staged.iterdir()) == [CONFIG, WEIGHTS, ABOUT_FILE]
    assert ((staged / WEIGHTS).read_bytes(), read_about(staged)) == (b"again", ABOUT)
    assert finetunes.missing("pirate") == (CONFIG, WEIGHTS) and finetunes.waiting() == [ABOUT]
    finetunes.drop("pirate")
    assert finetunes.waiting() == []


def test_to_begin_anew_forgets_what_came_before(tmp_path: Path) -> None:
    finetunes = Finetunes(store(tmp_path))
    finetunes.begin(ABOUT)
    put(finetunes, tmp_path, CONFIG)
    finetunes.begin(ABOUT)
    assert finetunes.missing("pirate") == (CONFIG, WEIGHTS)


def test_half_of_one_is_kept_for_a_day(tmp_path: Path) -> None:
    now = 1_700_136_000.0
    finetunes = Finetunes(store(tmp_path), clock=lambda: now)
    for name, age in (("kept", 86_000), ("forgotten", 87_000)):
        finetunes.begin(About(name, "cria", "", public=False, created=now))
        os.utime(store(tmp_path).directory / f".finetune-{name}", (now - age, now - age))
    finetunes.begin(About("new", "cria", "", public=False, created=now))
    assert [about.name for about in finetunes.waiting()] == ["kept", "new"]


@pytest.mark.parametrize("name", ["../pirate", ".pirate", "", "a/b", "x" * 65])
def test_no_name_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidAdapter):
        Finetunes(store(tmp_path)).begin(About(name, "cria", "", public=False, created=0))
    assert not store(tmp_path).directory.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "pirate"}', "\x00"])
def test_a_damaged_description_is_none(tmp_path: Path, text: str) -> None:
    assert read_about(tmp_path) is None
    write_about(tmp_path, ABOUT)
    assert read_about(tmp_path) == ABOUT
    (tmp_path / ABOUT_FILE).write_text(text)
    assert read_about(tmp_path) is None
