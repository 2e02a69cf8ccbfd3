import json
import re
from pathlib import Path

from tampu.model.packed import open_packed
from tests.checkpoints import random_weights, tiny_config
from tests.cli.conftest import Tampu
from tests.gguf_files import write_gguf


def test_a_checkpoint_is_packed_into_the_file_named(tampu: Tampu, checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "packed.tampu"
    result = tampu("pack", str(checkpoint), "--output", str(target), "--quant", "bf16", "--json")
    assert json.loads(result.stdout) == {"path": str(target), "size": target.stat().st_size, "quant": "bf16"}
    assert open_packed(target, verify=True).kind == "bf16"


def test_without_a_name_it_goes_where_chat_and_serve_look(tampu: Tampu, checkpoint: Path, tmp_path: Path) -> None:
    path = Path(json.loads(tampu("pack", str(checkpoint), "--json").stdout)["path"])
    assert path.is_relative_to(tmp_path / "home" / "cache")
    assert open_packed(path).kind == "int8"


def test_it_says_the_kind_the_size_and_how_fast_it_was(tampu: Tampu, checkpoint: Path, tmp_path: Path) -> None:
    result = tampu("pack", str(checkpoint), "--output", str(tmp_path / "x.tampu"))
    assert re.search(r"x\.tampu  int8, \d+ kB in \d+\.\d s, .*B/s$", result.stdout.strip())


def test_mistakes_have_their_exit_codes(tampu: Tampu, checkpoint: Path, tmp_path: Path) -> None:
    assert tampu("pack", str(checkpoint), "--quant", "int3").exit_code == 3
    assert tampu("pack", str(checkpoint), "--output", "model.bin").exit_code == 2
    assert tampu("pack", str(tmp_path / "nowhere")).exit_code == 4
    assert tampu("pack", str(checkpoint / "config.json")).exit_code == 1


def test_a_packed_file_is_not_packed_again(tampu: Tampu, model: Path, tmp_path: Path) -> None:
    result = tampu("pack", str(model), "--output", str(tmp_path / "again.tampu"))
    assert result.exit_code == 1
    assert "is packed already" in result.stderr


def test_a_gguf_file_is_packed_and_talks(tampu: Tampu, tmp_path: Path) -> None:
    config = tiny_config()
    gguf = write_gguf(tmp_path / "tiny.gguf", config, random_weights(config), "Q8_0")
    packed = tmp_path / "tiny.tampu"
    assert tampu("pack", str(gguf), "--output", str(packed)).exit_code == 0
    answers = [
        tampu("chat", "--model", str(path), "--max-tokens", "3", "--temperature", "0", "--json", "hi")
        for path in (gguf, packed)
    ]
    texts = [json.loads(answer.stdout)["text"] for answer in answers]
    assert texts[0] == texts[1]
    assert json.loads(tampu("tokenize", "--model", str(gguf), "--raw", "--json", stdin=" t").stdout) == {"ids": [511]}
