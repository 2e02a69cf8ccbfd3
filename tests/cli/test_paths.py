import json
from pathlib import Path

from tests.cli.conftest import Tampu


def test_paths_are_under_tampu_home_and_the_hubs_cache(tampu: Tampu, tmp_path: Path) -> None:
    found = json.loads(tampu("paths", "--json").stdout)
    assert found["packed_models"] == str(tmp_path / "home" / "cache" / "packed")
    assert found["chat_history"] == str(tmp_path / "home" / "state" / "history")
    assert found["pulled_models"] == str(tmp_path / "hf" / "hub")


def test_the_table_has_the_same(tampu: Tampu) -> None:
    paths = json.loads(tampu("paths", "--json").stdout).values()
    assert [line.split(maxsplit=2)[-1] for line in tampu("paths").stdout.splitlines()[1:]] == list(paths)
