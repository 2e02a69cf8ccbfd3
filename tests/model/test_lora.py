"""An adapter beside its model is the model that it would be merged into."""

from pathlib import Path

import numpy as np
import pytest

from tampu.kernels import available_isas, load_kernels
from tampu.kernels.interface import F32, I32, AttentionRows
from tampu.model.adapter_file import open_adapter
from tampu.model.llama import ForwardInput, Llama
from tampu.model.load import prepare
from tampu.model.lora import Adapter, AdapterRows, fingerprint_with, load_adapter, num_elements
from tampu.model.packed import PackedModel, open_packed
from tests.adapters import ALL, adapter_weights, merged, write_adapter
from tests.checkpoints import random_weights, silent, tiny_config, write_checkpoint
from tests.model.oracle import BLOCK_SIZE, load, prompt, tampu_logits, transformers_logits

# Largest difference to the merged model, as a part of the spread of its logits.
BOUNDS = {"f32": 2e-6, "bf16": 0.03, "int8": 0.06}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = tiny_config()
    return write_checkpoint(tmp_path_factory.mktemp("base") / "model", config, random_weights(config))


def open_kind(checkpoint: Path, kind: str) -> PackedModel:
    return open_packed(prepare(checkpoint, kind, silent, checkpoint.with_name("cache")))


def logits(model: Llama, token_ids: I32, adapters: list[Adapter], owners: I32) -> F32:
    """All logits of one prompt, whose tokens have these adapters."""
    num_blocks = -(-len(token_ids) // BLOCK_SIZE)
    positions = np.arange(len(token_ids), dtype=np.int32)
    rows = AttentionRows(np.arange(num_blocks, dtype=np.int32)[None], np.zeros_like(positions), positions)
    inputs = ForwardInput(token_ids, positions, rows, positions, AdapterRows(adapters, owners))
    return model.forward(inputs, model.new_cache(num_blocks, BLOCK_SIZE, "f32"))


def all_with(model: Llama, token_ids: I32, adapter: Adapter) -> F32:
    return logits(model, token_ids, [adapter], np.zeros(len(token_ids), np.int32))


@pytest.mark.parametrize("kind", ["f32", "bf16", "int8"])
@pytest.mark.parametrize("targets", [ALL, ("q_proj", "v_proj"), ("k_proj", "up_proj", "o_proj")], ids=" ".join)
def test_logits_are_those_of_merged_weights(
    tmp_path: Path, checkpoint: Path, kind: str, targets: tuple[str, ...]
) -> None:
    config, token_ids = tiny_config(), prompt(40)
    weights = adapter_weights(rank=4, targets=targets)
    packed = open_kind(checkpoint, kind)
    adapter = load_adapter(open_adapter(write_adapter(tmp_path / "lora", weights), config), packed)
    found = all_with(Llama(packed, load_kernels()), token_ids, adapter)
    whole = write_checkpoint(tmp_path / "merged", config, merged(random_weights(config), weights, scale=2.0))
    expected = tampu_logits(load(whole, kind), token_ids)
    assert np.abs(found - expected).max() <= BOUNDS[kind] * np.abs(expected).max()
    without = tampu_logits(load(checkpoint, kind), token_ids)
    assert np.abs(without - expected).max() > 0.2 * np.abs(expected).max()


def test_logits_in_float32_are_those_of_transformers_with_merged_weights(tmp_path: Path, checkpoint: Path) -> None:
    config, token_ids, weights = tiny_config(), prompt(40), adapter_weights(rank=8, seed=3)
    packed = open_kind(checkpoint, "f32")
    directory = write_adapter(tmp_path / "lora", weights, rank=8, lora_alpha=16, use_rslora=True)
    adapter = load_adapter(open_adapter(directory, config), packed)
    whole = merged(random_weights(config), weights, scale=16 / np.sqrt(8))
    expected = transformers_logits(write_checkpoint(tmp_path / "merged", config, whole), token_ids)
    found = all_with(Llama(packed, load_kernels()), token_ids, adapter)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("kind", ["bf16", "int8", "int4"])
def test_an_adapter_beside_its_model_is_no_further_from_exact_weights_than_merged_ones(
    tmp_path: Path, checkpoint: Path, kind: str
) -> None:
    config, token_ids, weights = tiny_config(), prompt(40), adapter_weights()
    packed = open_kind(checkpoint, kind)
    adapter = load_adapter(open_adapter(write_adapter(tmp_path / "lora", weights), config), packed)
    whole = write_checkpoint(tmp_path / "merged", config, merged(random_weights(config), weights, scale=2.0))
    exact = tampu_logits(load(whole, "f32"), token_ids)
    beside = np.abs(all_with(Llama(packed, load_kernels()), token_ids, adapter) - exact).mean()
    assert beside <= 1.05 * np.abs(tampu_logits(load(whole, kind), token_ids) - exact).mean()


@pytest.mark.parametrize("kind", ["int8", "bf16", "f32"])
def test_a_token_has_the_same_bits_whatever_adapters_its_neighbours_have(
    tmp_path: Path, checkpoint: Path, kind: str
) -> None:
    packed, token_ids = open_kind(checkpoint, kind), prompt(6)
    files = [open_adapter(write_adapter(tmp_path / str(seed), seed=seed), packed.config) for seed in (1, 2)]
    adapters = [load_adapter(file, packed) for file in files]
    model = Llama(packed, load_kernels())
    # Six rows of one token each: nothing but the adapter can make them differ.
    cache = model.new_cache(6, BLOCK_SIZE, "f32")
    positions, slots = np.zeros(6, np.int32), np.arange(6, dtype=np.int32) * BLOCK_SIZE
    rows = AttentionRows(np.arange(6, dtype=np.int32)[:, None], np.arange(6, dtype=np.int32), positions)
    owners = np.array([0, 1, -1, 1, 0, -1], np.int32)
    wanted = np.arange(6, dtype=np.int32)
    together = model.forward(ForwardInput(token_ids, slots, rows, wanted, AdapterRows(adapters, owners)), cache)
    for index, owner in enumerate(owners.tolist()):
        alone = token_ids[index : index + 1]
        own = [] if owner < 0 else [adapters[owner]]
        expected = logits(model, alone, own, np.array([-1 if owner < 0 else 0], np.int32))
        assert together[index].tobytes() == expected[0].tobytes()
    assert together[2].tobytes() == tampu_logits(model, token_ids[2:3])[0].tobytes()


@pytest.mark.parametrize("isa", available_isas())
def test_every_instruction_set_gives_an_adapter_the_same_bits(tmp_path: Path, checkpoint: Path, isa: str) -> None:
    packed, token_ids = open_kind(checkpoint, "int8"), prompt(5)
    adapter = load_adapter(open_adapter(write_adapter(tmp_path / "lora"), packed.config), packed)
    found = all_with(Llama(packed, load_kernels(isa, 2)), token_ids, adapter)
    expected = all_with(Llama(packed, load_kernels()), token_ids, adapter)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("targets", [ALL, ("v_proj",), ("q_proj", "down_proj")], ids=" ".join)
def test_the_memory_it_takes_is_known_before_it_is_loaded(
    tmp_path: Path, checkpoint: Path, targets: tuple[str, ...]
) -> None:
    file = open_adapter(
        write_adapter(tmp_path / "lora", adapter_weights(rank=3, targets=targets), rank=3), tiny_config()
    )
    for kind, size in (("bf16", 2), ("f32", 4)):
        loaded = load_adapter(file, open_kind(checkpoint, kind))
        assert loaded.num_bytes == size * num_elements(file, tiny_config())


def test_patterns_give_modules_their_own_rank_and_alpha(tmp_path: Path, checkpoint: Path) -> None:
    weights = adapter_weights(rank=4, targets=("q_proj",)) | adapter_weights(rank=2, targets=("up_proj",), seed=5)
    directory = write_adapter(
        tmp_path / "lora", weights, rank_pattern={"up_proj": 2}, alpha_pattern={"up_proj": 4}, lora_alpha=8
    )
    packed, token_ids = open_kind(checkpoint, "f32"), prompt(9)
    found = all_with(
        Llama(packed, load_kernels()), token_ids, load_adapter(open_adapter(directory, tiny_config()), packed)
    )
    whole = merged(random_weights(tiny_config()), weights, scale=2.0)
    expected = tampu_logits(load(write_checkpoint(tmp_path / "merged", tiny_config(), whole), "f32"), token_ids)
    assert np.abs(found - expected).max() <= BOUNDS["f32"] * np.abs(expected).max()


def test_a_fingerprint_says_which_adapter_it_was() -> None:
    assert fingerprint_with("model", "") == "model"
    assert len({"model", fingerprint_with("model", "a"), fingerprint_with("model", "b")}) == 3
