import json
import os
from pathlib import Path

import pytest

from tampu.errors import ModelMissing
from tampu.model.hub import BUNDLED, find_snapshot, hub_cache, is_complete, local_models, resolve
from tampu.model.names import HubName
from tampu.settings import Paths

COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"TAMPU_HOME": str(tmp_path / "tampu")})


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HF_HUB_CACHE": str(tmp_path / "hub")}


def snapshot(environment: dict[str, str], repository: str, files: dict[str, str], commit: str = COMMIT) -> Path:
    """A snapshot as the hub's library leaves it: links into `blobs`."""
    home = Path(environment["HF_HUB_CACHE"]) / f"models--{repository.replace('/', '--')}"
    directory = home / "snapshots" / commit
    directory.mkdir(parents=True)
    (home / "blobs").mkdir(exist_ok=True)
    for name, text in files.items():
        (home / "blobs" / name).write_text(text)
        (directory / name).symlink_to(home / "blobs" / name)
    return directory


WHOLE = {"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "weights"}


def test_a_path_is_itself(paths: Paths, environment: dict[str, str], tmp_path: Path) -> None:
    assert resolve(str(tmp_path), paths, environment) == tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "llama3.1:8b",
        "LLAMA3.1:8B",
        "@cf/meta/llama-3.1-8b-instruct",
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
    ],
)
def test_every_alias_finds_the_same_snapshot(name: str, paths: Paths, environment: dict[str, str]) -> None:
    directory = snapshot(environment, "meta-llama/Llama-3.1-8B-Instruct", WHOLE)
    assert resolve(name, paths, environment) == directory


def test_a_known_model_that_is_not_here_says_how_to_get_it(paths: Paths, environment: dict[str, str]) -> None:
    with pytest.raises(ModelMissing, match=r"llama3\.1:8b is not on this machine\.\n\n  tampu pull llama3\.1:8b "):
        resolve("llama3.1:8b", paths, environment)


def test_an_unknown_name_gets_the_nearest_ones_and_what_is_here(paths: Paths, environment: dict[str, str]) -> None:
    snapshot(environment, "someone/tiny", WHOLE)
    with pytest.raises(ModelMissing) as caught:
        resolve("llama3.1-8b", paths, environment)
    assert "Did you mean llama3.1:8b" in str(caught.value)
    assert "someone/tiny" in str(caught.value)


def test_an_empty_name_is_no_model(paths: Paths, environment: dict[str, str]) -> None:
    with pytest.raises(ModelMissing, match="no model or file called ''"):
        resolve(" ", paths, environment)


def test_a_mistyped_path_is_not_taken_for_a_name(paths: Paths, environment: dict[str, str]) -> None:
    with pytest.raises(ModelMissing, match="no model or file called /nowhere/at/all"):
        resolve("/nowhere/at/all", paths, environment)


@pytest.mark.parametrize("missing", WHOLE)
def test_a_snapshot_with_a_missing_file_is_not_found(missing: str, environment: dict[str, str]) -> None:
    directory = snapshot(environment, "someone/tiny", WHOLE)
    assert find_snapshot(HubName("someone/tiny"), hub_cache(environment)) == directory
    (directory / missing).resolve().unlink()  # the link stays and leads nowhere
    assert find_snapshot(HubName("someone/tiny"), hub_cache(environment)) is None


def test_all_shards_of_the_index_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.model").write_text("")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-00001-of-00002.safetensors").write_text("")
    assert not is_complete(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").write_text("")
    assert is_complete(tmp_path)


@pytest.mark.parametrize("index", ["{", "[]", "{}", '{"weight_map": 3}'])
def test_a_broken_index_is_no_whole_checkpoint(index: str, tmp_path: Path) -> None:
    for name, text in {"config.json": "{}", "tokenizer.json": "{}", "model.safetensors.index.json": index}.items():
        (tmp_path / name).write_text(text)
    assert not is_complete(tmp_path)


def test_the_snapshot_that_main_points_at_comes_first(environment: dict[str, str]) -> None:
    older = snapshot(environment, "someone/tiny", WHOLE, "a" * 40)
    newer = snapshot(environment, "someone/tiny", {**WHOLE, "generation_config.json": "{}"}, "b" * 40)
    os.utime(older, (0, 0))
    assert find_snapshot(HubName("someone/tiny"), hub_cache(environment)) == newer
    refs = older.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    assert find_snapshot(HubName("someone/tiny"), hub_cache(environment)) == older


def test_a_gguf_file_is_found_by_its_quantisation(paths: Paths, environment: dict[str, str]) -> None:
    directory = snapshot(environment, "someone/tiny-GGUF", {"a-Q4_K_M.gguf": "4", "a-Q8_0.gguf": "8"})
    assert resolve("someone/tiny-GGUF:q8_0", paths, environment) == directory / "a-Q8_0.gguf"
    assert resolve("someone/tiny-GGUF/a-Q4_K_M.gguf", paths, environment) == directory / "a-Q4_K_M.gguf"
    with pytest.raises(ModelMissing):
        resolve("someone/tiny-GGUF", paths, environment)


def test_the_list_has_whole_models_with_their_sizes_under_names_that_can_be_used(
    paths: Paths, environment: dict[str, str]
) -> None:
    snapshot(environment, "someone/tiny", WHOLE)
    snapshot(environment, "someone/half", {"config.json": "{}"})
    snapshot(environment, "someone/tiny-GGUF", {"a-Q8_0.gguf": "12345678"})
    packed = paths.cache / "packed"
    packed.mkdir(parents=True)
    (packed / "tiny-int8-1-2.tampu").write_text("123")
    found = [(model.name, model.source, model.size) for model in local_models(paths, environment)]
    assert resolve("tiny-int8-1-2", paths, environment) == packed / "tiny-int8-1-2.tampu"
    assert [entry for entry in found if entry[1] != "bundled"] == [
        ("someone/tiny", "hub", 7),
        ("someone/tiny-GGUF/a-Q8_0.gguf", "hub", 8),
        ("tiny-int8-1-2", "packed", 3),
    ]


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
        ({}, f"{Path.home()}/.cache/huggingface/hub"),
    ],
)
def test_the_hubs_cache_is_where_its_own_library_has_it(environment: dict[str, str], cache: str) -> None:
    assert str(hub_cache(environment)) == cache


def test_the_demo_model_is_bundled_or_its_absence_is_explained(paths: Paths) -> None:
    if (BUNDLED / "cria.tampu").exists():
        assert resolve("cria", paths) == BUNDLED / "cria.tampu"
    else:
        with pytest.raises(ModelMissing, match="Reinstall tampu"):
            resolve("cria", paths)
