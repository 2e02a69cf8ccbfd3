"""Samples name the model as each provider does, and ask for a key only where one is needed."""

import pytest

from tampu.dialects.base import Policy
from tampu.dialects.dataoorts import Dataoorts
from tampu.dialects.openai import OpenAI
from tampu.dialects.workers_ai import WorkersAI
from tampu.server.samples import Reader, literal

READER = Reader("http://llama:1", lambda provider: f"{provider}/it's")
KEYED = Reader("http://llama:1", needs_key=True)


def test_a_command_is_quoted_for_the_shell() -> None:
    dialect = OpenAI.build(Policy())
    command = READER.samples(dialect, dialect.operations[0])[0].text
    assert command.startswith("curl http://llama:1/v1/chat/completions \\\n")
    assert '"model": "openai/it\'"\'"\'s"' in command


def test_a_name_in_a_path_is_encoded() -> None:
    dialect = WorkersAI.build(Policy())
    path = READER.path(dialect, dialect.operations[0])
    assert path == "/client/v4/accounts/me/ai/run/workers_ai/it%27s"


def test_stream_is_set_where_the_table_has_it() -> None:
    dialect = Dataoorts.build(Policy())
    streamed = READER.samples(dialect, dialect.operations[0])[3].text
    assert '"What is the capital of Peru?"}], "stream": True}' in streamed


@pytest.mark.parametrize("dialect", [OpenAI.build(Policy()), WorkersAI.build(Policy())], ids=lambda each: each.name)
def test_the_key_comes_from_the_environment_where_one_is_needed(dialect: OpenAI | WorkersAI) -> None:
    for sample in KEYED.samples(dialect, dialect.operations[0]):
        assert "TAMPU_API_KEY" in sample.text
    for sample in READER.samples(dialect, dialect.operations[0]):
        assert "TAMPU_API_KEY" not in sample.text and "import os" not in sample.text


def test_values_are_written_as_python_has_them() -> None:
    assert literal({"a": [True, None, 'say "hi"'], "é": 1.5}) == '{"a": [True, None, "say \\"hi\\""], "é": 1.5}'
