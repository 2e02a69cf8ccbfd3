import json
from pathlib import Path

from tampu.cli.models import fits
from tampu.model.pack import packed_size
from tampu.model.weights import SafetensorsCheckpoint
from tests.checkpoints import random_checkpoint
from tests.cli.conftest import Tampu

COMMIT = "c0ffee" + "0" * 34


def test_a_model_of_the_hubs_cache_is_listed_with_the_memory_it_will_take(tampu: Tampu, tmp_path: Path) -> None:
    directory = random_checkpoint(tmp_path / "hf" / "hub" / "models--someone--tiny" / "snapshots" / COMMIT)
    found = {entry["name"]: entry for entry in json.loads(tampu("models", "--json").stdout)}
    assert found["someone/tiny"] == {
        "name": "someone/tiny",
        "source": "hub",
        "path": str(directory),
        "size": (directory / "model.safetensors").stat().st_size,
        "memory": packed_size(SafetensorsCheckpoint(directory).config, "int8"),
        "fits": True,
    }
    table = tampu("models").stdout
    assert "someone/tiny  hub" in table
    assert "`tampu pull` shows what else there is." in table


def test_a_model_of_another_kind_is_listed_as_such(tampu: Tampu, tmp_path: Path) -> None:
    directory = random_checkpoint(tmp_path / "hf" / "hub" / "models--someone--bert" / "snapshots" / COMMIT)
    (directory / "config.json").write_text('{"architectures": ["BertModel"]}')
    found = {entry["name"]: entry for entry in json.loads(tampu("models", "--json").stdout)}
    assert (found["someone/bert"]["memory"], found["someone/bert"]["fits"]) == (None, None)
    assert "not a model tampu runs" in tampu("models").stdout


def test_what_fits_is_said_in_a_word() -> None:
    assert (fits(1), fits(10**18), fits(None)) == ("yes", "no", "not a model tampu runs")
