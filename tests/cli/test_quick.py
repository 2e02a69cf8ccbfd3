from tests.cli.conftest import Tampu


def test_flags_stand_under_headings_with_what_they_take(tampu: Tampu) -> None:
    help_text = tampu("chat", "--help").stdout
    headings = [line for line in help_text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Arguments:", "Options:", "Sampling:", "Engine:"]
    assert "  -m, --model TEXT " in help_text
    assert "  --quant auto|int8|int4|bf16|f32" in help_text
    assert "  --prefix-caching / --no-prefix-caching" in help_text
    assert "0 is greedy. [0 to 5]" in help_text


def test_what_is_required_has_no_brackets(tampu: Tampu) -> None:
    assert tampu("generate", "--help").stdout.startswith("Usage: tampu generate [OPTIONS] FILE\n")
    assert tampu("tokenize", "--help").stdout.startswith("Usage: tampu tokenize [OPTIONS] [WORDS]...\n")
