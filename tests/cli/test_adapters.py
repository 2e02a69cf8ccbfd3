import json
from pathlib import Path

from tests.adapters import write_adapter
from tests.cli.conftest import Tampu


def test_an_adapter_is_added_listed_used_and_removed(tampu: Tampu, tmp_path: Path) -> None:
    source = write_adapter(tmp_path / "pirate")
    added = tampu("adapters", "add", str(source))
    assert added.exit_code == 0, added.output
    assert "pirate is here: rank 4" in added.stdout
    (listed,) = json.loads(tampu("adapters", "list", "--json").stdout)
    assert (listed["name"], listed["model"], listed["rank"]) == ("pirate", "tiny", 4)
    assert tampu("adapters", "list").stdout.splitlines()[1].startswith("pirate  tiny   4")
    options = ("--max-tokens", "8", "--temperature", "0", "--json")
    answers = [
        json.loads(tampu("chat", "hello", *options, *flags).stdout) for flags in ((), ("--adapter", "pirate"), ())
    ]
    assert answers[0]["text"] == answers[2]["text"] != answers[1]["text"]
    assert tampu("adapters", "remove", "pirate").exit_code == 0
    assert json.loads(tampu("adapters", "list", "--json").stdout) == []


def test_another_name_can_be_given(tampu: Tampu, tmp_path: Path) -> None:
    source = write_adapter(tmp_path / "source")
    assert json.loads(tampu("adapters", "add", str(source), "--name", "parrot", "--json").stdout)["name"] == "parrot"


def test_what_is_wrong_ends_in_a_message(tampu: Tampu, tmp_path: Path) -> None:
    dora = tampu("adapters", "add", str(write_adapter(tmp_path / "dora", use_dora=True)))
    assert (dora.exit_code, "use_dora is not supported" in dora.stderr) == (2, True)
    (tmp_path / "empty").mkdir()
    nothing = tampu("adapters", "add", str(tmp_path / "empty"))
    assert (nothing.exit_code, "adapter_config.json is missing" in nothing.stderr) == (2, True)
    unknown = tampu("adapters", "remove", "parrot")
    assert (unknown.exit_code, "There is no adapter 'parrot'" in unknown.stderr) == (4, True)
    asked = tampu("chat", "hello", "--adapter", "parrot")
    assert (asked.exit_code, "There is no adapter 'parrot'" in asked.stderr) == (4, True)


def test_a_misspelt_action_is_refused(tampu: Tampu) -> None:
    for arguments in (("drop", "x"), ("add",), ("remove",), ("list", "x")):
        assert tampu("adapters", *arguments).exit_code == 2


def test_an_empty_store_says_how_to_fill_it(tampu: Tampu) -> None:
    assert "tampu adapters add DIRECTORY" in tampu("adapters", "list").stdout
