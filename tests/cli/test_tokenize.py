import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tampu
from tests.text.vocabularies import META_FILE, needs_meta_file, ranks_file


def test_the_rendered_prompt_is_shown_with_its_ids(tampu: Tampu) -> None:
    lines = tampu("tokenize", "ok\n").stdout.splitlines()
    assert lines[0].split() == ["tokens", "ids"]
    assert lines[1].split() == ["<|begin_of_text|>", "256"]
    assert lines[3].split() == ["u│s│e│r", "117", "115", "101", "114"]
    assert lines[6].split() == ["o│k", "111", "107"]
    assert lines[-1] == "25 tokens"


def test_parts_of_a_character_are_shown_as_bytes(tampu: Tampu) -> None:
    assert "\\xc3│\\xb1 " in tampu("tokenize", "ñ").stdout


def test_json_has_ids_and_segments(tampu: Tampu) -> None:
    values = json.loads(tampu("tokenize", "--json", "--system", "a", "b").stdout)
    assert values["ids"] == [token_id for segment in values["segments"] for token_id in segment["ids"]]
    assert {"text": "<|eot_id|>", "control": True, "ids": [265]} in values["segments"]
    assert {"text": "a", "control": False, "ids": [97]} in values["segments"]


def test_words_never_become_control_tokens_but_raw_ones_do(tampu: Tampu) -> None:
    assert json.loads(tampu("tokenize", "--json", "<|eot_id|>").stdout)["ids"].count(265) == 1
    assert json.loads(tampu("tokenize", "--raw", "--json", "a<|eot_id|>").stdout) == {"ids": [97, 265]}


def test_raw_text_on_standard_input_is_taken_to_the_byte(tampu: Tampu) -> None:
    assert json.loads(tampu("tokenize", "--raw", "--json", stdin=" hé\r\n").stdout) == {
        "ids": [32, 104, 195, 169, 13, 10]
    }
    assert json.loads(tampu("tokenize", "--raw", "--json", stdin="").stdout) == {"ids": []}


def test_a_lone_tokenizer_file_will_do(tampu: Tampu, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(ranks_file())
    result = tampu("tokenize", "--model", str(tmp_path / "tokenizer.model"), "--raw", "--json", stdin="hello world")
    assert json.loads(result.stdout) == {"ids": [259, 264]}


@needs_meta_file
def test_metas_file_gives_metas_ids(tampu: Tampu) -> None:
    result = tampu("tokenize", "--model", str(META_FILE), "--raw", "--json", stdin="Hello, world!")
    assert json.loads(result.stdout) == {"ids": [9906, 11, 1917, 0]}


def test_a_system_message_without_the_chat_format_is_refused(tampu: Tampu) -> None:
    assert tampu("tokenize", "--raw", "--system", "a", "b").exit_code == 2


@pytest.mark.parametrize("content", ["not a tokenizer", "{}"])
def test_a_file_that_is_no_tokenizer_is_said_to_be_none(content: str, tampu: Tampu, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    result = tampu("tokenize", "--model", str(tmp_path / "tokenizer.json"), "hi")
    assert result.exit_code == 1
    assert "tokenizer.json: " in result.stderr
