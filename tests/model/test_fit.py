"""Which kind of weights fits how much memory, and what is said when none does."""

import pytest

from tampu.errors import TooLittleMemory
from tampu.model.config import ModelConfig
from tampu.model.fit import RESERVE, Need, check_fits, choose_kind, largest_known, need_of
from tests.checkpoints import tiny_config

GB = 1_000_000_000


def llama_8b() -> ModelConfig:
    return tiny_config(
        hidden_size=4096,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        intermediate_size=14336,
        vocab_size=128256,
        max_position_embeddings=131072,
    )


def test_a_need_is_weights_cache_and_a_reserve() -> None:
    need = need_of(llama_8b(), "int8", cache=GB)
    assert need.total == need.weights + GB + RESERVE
    assert 8.5 * GB < need.weights < 8.6 * GB
    assert 5.2 * GB < need_of(llama_8b(), "int4", cache=GB).weights < 5.4 * GB


def test_auto_takes_int8_where_it_fits_and_int4_where_only_that_does() -> None:
    int8, int4 = (need_of(llama_8b(), kind, GB).total for kind in ("int8", "int4"))
    assert choose_kind("8b", llama_8b(), GB, int8) == "int8"
    assert choose_kind("8b", llama_8b(), GB, int8 - 1) == "int4"
    assert choose_kind("8b", llama_8b(), GB, int4) == "int4"


def test_where_nothing_fits_it_says_how_much_is_needed_and_what_would_fit() -> None:
    with pytest.raises(TooLittleMemory) as caught:
        choose_kind("llama3.1:8b", llama_8b(), GB, 4 * GB)
    assert str(caught.value) == (
        "llama3.1:8b needs 6.8 GB as int4 (5.3 GB of weights, 1.0 GB of key-value cache, 500 MB for the rest); "
        "4.0 GB are free. What would fit: llama3.2:3b as int4."
    )


def test_a_kind_that_was_asked_for_is_refused_with_the_smaller_kind_that_fits() -> None:
    need = need_of(llama_8b(), "int8", GB)
    check_fits("8b", llama_8b(), need, need.total)
    with pytest.raises(TooLittleMemory, match=r"What would fit: `--quant int4`, or llama3.1:8b as int4\.$"):
        check_fits("8b", llama_8b(), need, 7 * GB)


def test_a_file_that_is_packed_already_needs_its_own_size() -> None:
    with pytest.raises(TooLittleMemory, match=r"^x needs 10 GB as bf16 \(9\.0 GB of weights"):
        check_fits("x", tiny_config(), Need("bf16", 9 * GB, GB // 2), 9 * GB)


@pytest.mark.parametrize(
    ("memory", "name"),
    [(32, "llama3.1:8b as int8"), (7, "llama3.1:8b as int4"), (4, "llama3.2:3b as int4"), (1, "cria")],
)
def test_the_largest_known_model_that_fits_is_named(memory: int, name: str) -> None:
    assert largest_known(memory * GB) == name
