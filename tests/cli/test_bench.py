import json

from tampu.cli.bench import decode, prefill
from tampu.engine.llm import LLM
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


def test_the_table_has_a_line_per_figure(tampu: Tampu) -> None:
    lines = tampu("bench", "--streams", "2", "--tokens", "3", "--prompt-tokens", "5").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["work", "prefill", "decode"]


def test_every_token_asked_for_is_written(llm: LLM) -> None:
    before = llm.stats().generation_tokens
    decode(llm, 2, 10)
    prefill(llm, 8)
    assert llm.stats().generation_tokens - before == 21


def test_no_streams_are_wrong_usage(tampu: Tampu) -> None:
    assert tampu("bench", "--streams", "0").exit_code == 2


def test_what_does_not_fit_the_context_is_refused(tampu: Tampu) -> None:
    result = tampu("bench", "--prompt-tokens", "5000")
    assert result.exit_code == 3
    assert "5001 tokens do not fit the context of 2048" in result.stderr
