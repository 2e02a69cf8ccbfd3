import json

import pytest

from tampu.cli.bench import Roof, decode, prefill
from tampu.engine.llm import LLM
from tampu.kernels.limits import Limits
from tests.cli.conftest import Tampu


def test_figures_come_for_reading_and_for_each_number_of_streams(tampu: Tampu) -> None:
    result = tampu("bench", "--json", "--streams", "1", "--streams", "3", "--tokens", "4", "--prompt-tokens", "20")
    values = json.loads(result.stdout)
    assert values["quant"] == "f32"
    assert [(figure["work"], figure["streams"], figure["tokens"]) for figure in values["figures"]] == [
        ("prefill", 1, 20),
        ("decode", 1, 4),
        ("decode", 3, 12),
    ]
    assert all(figure["tokens_per_second"] > 0 for figure in values["figures"])
    prefill, one, three = (figure["limit"] for figure in values["figures"])
    assert prefill is None  # float weights: no integer products
    assert three == pytest.approx(3 * one) and one > 0


def test_the_table_has_a_line_per_figure(tampu: Tampu) -> None:
    lines = tampu("bench", "--streams", "2", "--tokens", "3", "--prompt-tokens", "5").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["work", "prefill", "decode"]


def test_every_token_asked_for_is_written(llm: LLM) -> None:
    before = llm.stats().generation_tokens
    decode(llm, 2, 10)
    prefill(llm, 8)
    assert llm.stats().generation_tokens - before == 21


def test_the_limits_of_integer_weights_are_the_memory_and_the_multipliers() -> None:
    roof = Roof(bytes_per_step=1000, operations=10, limits=Limits(read=2000.0, multiply=100.0))
    assert (roof.reading(), roof.writing(1), roof.writing(4), roof.writing(64)) == (10.0, 2.0, 8.0, 10.0)


def test_no_streams_are_wrong_usage(tampu: Tampu) -> None:
    assert tampu("bench", "--streams", "0").exit_code == 2


def test_what_does_not_fit_the_context_is_refused(tampu: Tampu) -> None:
    result = tampu("bench", "--prompt-tokens", "5000")
    assert result.exit_code == 2
    assert "5001 tokens do not fit the context of 2048" in result.stderr
