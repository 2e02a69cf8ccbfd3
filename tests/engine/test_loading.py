import json
from pathlib import Path

import pytest

from tampu.engine.loading import least_cache, load_engine, model_id, resolve
from tampu.errors import BadSetting, TooLittleMemory, UnsupportedModel
from tampu.model.fit import need_of
from tampu.model.load import prepare
from tampu.settings import EngineSettings
from tests.checkpoints import random_checkpoint, silent, tiny_config

# Two layers of two key-value heads of 16, padded to 32: 2 * 2 * 2 * 32 = 256 values per token.
CONFIG = tiny_config(max_position_embeddings=1024)
BYTES_PER_BF16_BLOCK = 256 * 2 * 32


def test_the_cache_holds_every_sequence_in_full_where_memory_allows() -> None:
    resolved = resolve(EngineSettings(max_num_seqs=4), CONFIG, "int8", memory=2**30)
    assert (resolved.num_blocks, resolved.max_model_len, resolved.kv_dtype) == (4 * 1024 // 32, 1024, "bf16")


def test_otherwise_it_takes_half_of_the_free_memory() -> None:
    resolved = resolve(EngineSettings(), CONFIG, "int8", memory=2 * 100 * BYTES_PER_BF16_BLOCK + 1)
    assert (resolved.num_blocks, resolved.max_model_len) == (100, 1024)


def test_a_number_of_bytes_or_of_blocks_is_taken_as_it_is() -> None:
    by_bytes = EngineSettings(kv_memory=10 * BYTES_PER_BF16_BLOCK)
    assert resolve(by_bytes, CONFIG, "int8", memory=0).num_blocks == 10
    assert resolve(EngineSettings(num_blocks=7), CONFIG, "int8", memory=0).num_blocks == 7


def test_a_sequence_is_never_longer_than_the_whole_cache() -> None:
    assert resolve(EngineSettings(num_blocks=7), CONFIG, "int8", memory=0).max_model_len == 7 * 32


def test_f32_weights_have_an_f32_cache_unless_another_is_asked_for() -> None:
    assert resolve(EngineSettings(), CONFIG, "f32", memory=2**30).kv_dtype == "f32"
    assert resolve(EngineSettings(kv_dtype="bf16"), CONFIG, "f32", memory=2**30).kv_dtype == "bf16"


def test_an_int8_cache_holds_almost_twice_as_many_tokens_as_bf16() -> None:
    config = tiny_config(head_dim=128, max_position_embeddings=1024)
    bf16, int8 = (EngineSettings(kv_dtype=kind, kv_memory=2**22) for kind in ("bf16", "int8"))
    assert resolve(bf16, config, "int8", memory=0).num_blocks == 64
    assert resolve(int8, config, "int8", memory=0).num_blocks == 2 * 64 * 128 // 132


def test_no_memory_for_a_single_block_is_said_with_the_way_out() -> None:
    with pytest.raises(BadSetting, match=f"one has {BYTES_PER_BF16_BLOCK} bytes. Set kv_memory"):
        resolve(EngineSettings(), CONFIG, "int8", memory=-5)


def test_a_draft_model_has_its_share_of_the_memory() -> None:
    settings, config = EngineSettings(kv_memory=2**20), tiny_config()
    alone = resolve(settings, config, "int8", 0).num_blocks
    assert resolve(settings, config, "int8", 0, tiny_config(num_hidden_layers=6)).num_blocks == alone // 4


def test_a_context_beyond_the_models_own_is_refused() -> None:
    assert resolve(EngineSettings(max_model_len=1024), CONFIG, "int8", memory=2**30).max_model_len == 1024
    with pytest.raises(BadSetting, match="max_model_len is 1025, but this model ends at 1024"):
        resolve(EngineSettings(max_model_len=1025), CONFIG, "int8", memory=2**30)


def test_a_model_is_called_by_its_name_or_the_last_part_of_its_path(tmp_path: Path) -> None:
    (tmp_path / "llama").mkdir()
    (tmp_path / "small.gguf").touch()
    assert model_id("cria") == "cria"
    assert model_id("org/Some-Model-1B") == "org/Some-Model-1B"
    assert model_id(str(tmp_path / "llama")) == "llama"
    assert model_id(str(tmp_path / "small.gguf")) == "small"


def needed(settings: EngineSettings) -> int:
    return need_of(tiny_config(), "int8", least_cache(settings, tiny_config(), "int8")).total


def test_auto_takes_the_best_kind_for_the_free_memory_and_says_so(tmp_path: Path) -> None:
    checkpoint, settings = random_checkpoint(tmp_path / "tiny"), EngineSettings(model="tiny", num_blocks=4)
    enough = load_engine(checkpoint, tmp_path / "cache", settings, silent, lambda: needed(settings))[1]
    short = load_engine(checkpoint, tmp_path / "cache", settings, silent, lambda: needed(settings) - 1)[1]
    assert (enough.kind, short.kind) == ("int8", "int4")
    assert enough.choice.endswith(" kB, chosen for 500 MB free")


def test_too_little_memory_is_told_before_anything_is_packed(tmp_path: Path) -> None:
    checkpoint, settings = random_checkpoint(tmp_path / "tiny"), EngineSettings(model="tiny", quant="int8")
    with pytest.raises(TooLittleMemory, match="tiny needs 501 MB as int8"):
        load_engine(checkpoint, tmp_path / "cache", settings, silent, lambda: needed(settings) - 1)
    assert not (tmp_path / "cache").exists()


def test_a_packed_file_too_large_for_the_memory_is_not_loaded(tmp_path: Path) -> None:
    packed = prepare(random_checkpoint(tmp_path / "tiny"), "f32", silent, tmp_path / "cache")
    settings = EngineSettings(model=str(packed))
    with pytest.raises(TooLittleMemory, match="as f32"):
        load_engine(packed, tmp_path / "cache", settings, silent, lambda: needed(settings) - 10**6)
    card = load_engine(packed, tmp_path / "cache", settings, silent)[1]
    assert card.choice.endswith("as it was packed")


def test_the_least_cache_is_what_was_asked_for_or_a_short_context() -> None:
    assert least_cache(EngineSettings(kv_memory=12345), CONFIG, "int8") == 12345
    assert least_cache(EngineSettings(num_blocks=3), CONFIG, "int8") == 3 * BYTES_PER_BF16_BLOCK
    assert least_cache(EngineSettings(), CONFIG, "int8") == 32 * BYTES_PER_BF16_BLOCK
    assert least_cache(EngineSettings(max_model_len=64), CONFIG, "f32") == 4 * BYTES_PER_BF16_BLOCK


def test_a_tokenizer_that_cannot_be_run_is_refused_before_anything_is_packed(tmp_path: Path) -> None:
    checkpoint = random_checkpoint(tmp_path / "checkpoint", CONFIG)
    file = json.loads((checkpoint / "tokenizer.json").read_bytes())
    file["model"]["byte_fallback"] = True
    (checkpoint / "tokenizer.json").write_text(json.dumps(file))
    phases: list[str] = []
    with pytest.raises(UnsupportedModel, match=r"checkpoint: tokenizer\.json has a BPE model with byte_fallback"):
        load_engine(checkpoint, tmp_path / "cache", EngineSettings(), lambda phase, _: phases.append(phase))
    assert list((tmp_path / "cache").glob("*.tampu")) == []
