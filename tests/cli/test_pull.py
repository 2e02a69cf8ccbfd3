import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import random_checkpoint
from tests.cli.conftest import Tampu
from tests.model.fake_hub import FakeHub, serving


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    directory = random_checkpoint(tmp_path / "upstream")
    with serving(FakeHub("someone/tiny", {path.name: path.read_bytes() for path in directory.iterdir()})) as fake:
        yield fake


def test_a_pulled_model_can_be_talked_to_by_its_name(hub: FakeHub, tampu: Tampu) -> None:
    result = tampu("pull", "someone/tiny", HF_ENDPOINT=hub.endpoint)
    assert result.exit_code == 0
    assert "tampu chat --model someone/tiny" in result.stdout
    assert tampu("chat", "--model", "someone/tiny", "--max-tokens", "2", "hello").exit_code == 0


def test_json_says_where_the_model_is(hub: FakeHub, tampu: Tampu, tmp_path: Path) -> None:
    values = json.loads(tampu("pull", "someone/tiny", "--json", HF_ENDPOINT=hub.endpoint).stdout)
    assert values["name"] == "someone/tiny"
    assert Path(values["path"]).is_relative_to(tmp_path / "hf" / "hub")


def test_a_licence_to_accept_is_exit_code_5(hub: FakeHub, tampu: Tampu) -> None:
    hub.gated = True
    without = tampu("pull", "someone/tiny", HF_ENDPOINT=hub.endpoint)
    assert (without.exit_code, "Found: no token." in without.stderr) == (5, True)
    unapproved = tampu("pull", "someone/tiny", HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_secret")
    assert (unapproved.exit_code, "not approved yet" in unapproved.stderr) == (5, True)
    assert "hf_secret" not in unapproved.stderr


def test_no_network_is_exit_code_6_and_names_what_is_here(hub: FakeHub, tampu: Tampu) -> None:
    tampu("pull", "someone/tiny", HF_ENDPOINT=hub.endpoint)
    result = tampu("pull", "someone/else", HF_ENDPOINT=f"http://127.0.0.1:{_closed_port()}")
    assert result.exit_code == 6
    assert "did not answer" in result.stderr
    assert "someone/tiny" in result.stderr


def test_an_unknown_repository_is_exit_code_4(hub: FakeHub, tampu: Tampu) -> None:
    result = tampu("pull", "someone/else", HF_ENDPOINT=hub.endpoint)
    assert result.exit_code == 4
    assert "has no model someone/else" in result.stderr


def test_without_a_name_it_shows_what_can_be_pulled(tampu: Tampu) -> None:
    result = tampu("pull")
    assert result.exit_code == 0
    headings, first, *_ = result.stdout.splitlines()
    assert headings.split() == ["name", "download", "in", "memory", "fits", "here", "licence"]
    assert first.startswith("llama3.2:1b  2.5 GB ") and first.endswith("Llama 3.2 Community License")
    assert "cria" not in result.stdout.partition("\n\n")[0]
    assert "cria needs no pull" in result.stdout


def test_the_table_for_programs_has_bytes_and_what_fits(tampu: Tampu) -> None:
    found = {entry["name"]: entry for entry in json.loads(tampu("pull", "--json").stdout)}
    large, small = found["llama3.1:8b"], found["llama3.2:1b"]
    assert (large["download"], large["licence"]) == (2 * 8_030_261_248, "Llama 3.1 Community License")
    assert large["memory"] > small["memory"] > 1_000_000_000
    assert small["fits"] in ("int8", "int4", None) and small["repository"] == "meta-llama/Llama-3.2-1B-Instruct"


@pytest.mark.parametrize("name", ["cria", "tampu/cria"])
def test_the_bundled_model_needs_no_pull(name: str, tampu: Tampu) -> None:
    result = tampu("pull", name, HF_HUB_OFFLINE="1")
    assert result.exit_code == 0
    assert result.stdout.startswith("cria comes with tampu: there is nothing to fetch.")
    assert json.loads(tampu("pull", name, "--json").stdout)["path"].endswith("cria.tampu")


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
