"""A recorded answer is replayed and compared: whatever was asked, in whichever dialect, with its text or without."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tampu.dialects.base import Context, Operation, Policy
from tampu.dialects.table import build_dialects
from tampu.dialects.workers_ai_answers import answer_headers
from tampu.engine.entry import entry_of
from tampu.engine.llm import LLM
from tampu.errors import ServiceError
from tampu.gateway.database import Database
from tampu.gateway.store import Store
from tampu.generation import GenerationRecord
from tampu.server.recorder import Asked, Recorder
from tampu.server.records import RequestRecord, new_request_id
from tampu.settings import Paths
from tests.adapters import write_adapter
from tests.cli.conftest import Tampu

Remember = Callable[..., GenerationRecord]


def operations(policy: Policy) -> dict[tuple[str, str], Operation]:
    """Every operation of every dialect under a policy, by the names of both."""
    return {
        (dialect.name, operation.name): operation
        for dialect in build_dialects(policy)
        for operation in dialect.operations
    }


OPERATIONS = operations(Policy())
HELLO = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "size", "schema": {"enum": ["small", "large", 3]}}}
CHATS: dict[str, dict[str, Any]] = {
    "plain": {},
    "choices": {"n": 3, "temperature": 1.5, "presence_penalty": 0.5},
    "stream": {"stream": True, "seed": 3},
    "tools": {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
    "constraint": {"response_format": SCHEMA, "temperature": 2},
    "controls": {"logit_bias": {"5": 3}, "stop": ["a", "e"], "logprobs": True, "top_logprobs": 2, "top_p": 0.9},
}
COMPLETIONS: dict[str, dict[str, Any]] = {
    "raw": {"prompt": "Once upon"},
    "ids": {"prompt": [1, 2, 3], "echo": True},
    "several": {"prompt": ["Once", "upon"], "n": 2, "logprobs": 1},
}
# What a body has, by the fields of the operation: the first of each row.
PROMPTS = {"input": "Once", "messages": HELLO, "prompt": "Once", "data": {"prompt": "Once", "max_tokens": 16}}
LIMITS = {"max_output_tokens": 16, "max_tokens": 16, "max_new_tokens": 16}


def keep(path: Path, record: GenerationRecord) -> None:
    """Put the record into a store."""

    async def run() -> None:
        store = Store(Database(path), 36_500)
        await store.start()
        store.add(record)
        await store.close()

    asyncio.run(run())


@pytest.fixture
def home(environment: dict[str, str | None]) -> Paths:
    """Where the `tampu` of these tests keeps things."""
    return Paths.find({"TAMPU_HOME": str(environment["TAMPU_HOME"])})


@pytest.fixture
def remember(home: Paths, model: Path) -> Remember:
    """`remember(body, ...)`: have it answered as a server would, and keep the record."""

    def ask(
        body: dict[str, Any],
        dialect: str = "openai",
        operation: str = "chat",
        *,
        with_text: bool = False,
        chunks: int = 10_000,  # then the client leaves
        policy: Policy | None = None,
        **settings: Any,
    ) -> GenerationRecord:
        records: list[GenerationRecord] = []
        with LLM(str(model), threads=1, paths=home, **settings) as llm:
            entry = entry_of(llm.card, 0)
            request, path_args = RequestRecord(new_request_id(), "POST", "/"), {"account_id": "me", "model": "tiny"}
            context = Context(request.id, 1_700_000_000, 5, lambda name: entry)  # noqa: ARG005
            call = operations(policy or Policy())[dialect, operation].parse(path_args, body, context)
            engine = {"model": llm.card.packed, "kv_dtype": llm.card.kv_dtype, "context": llm.card.context}
            facts = {"engine": engine, "path_args": path_args, "query": {}}
            asked = Asked(dialect, operation, {}, facts | ({"policy": asdict(policy)} if policy else {}))
            recorder = Recorder(call, entry, asked, request, records.append, with_text)
            positions = {request.id: position for position, request in enumerate(call.requests)}
            broke = answer(llm, recorder, positions, chunks)
            recorder.finish("abort" if broke else None)
        keep(home.records, records[0])
        return records[0]

    return ask


def answer(llm: LLM, recorder: Recorder, positions: dict[str, int], chunks: int) -> bool:
    """Run the call; whether it was cut after so many chunks."""
    for number, (request_id, chunk) in enumerate(llm.generate(recorder.call.requests)):
        assert not isinstance(chunk, ServiceError), chunk
        if number == chunks:
            return True
        recorder.request.note(chunk)
        recorder.note(positions[request_id], chunk)
    return False


def tokens(record: GenerationRecord) -> int:
    return sum(choice.num_tokens for choices in record.choice_digests for choice in choices)


def said(record: GenerationRecord) -> str:
    """What is said of an answer that is the same."""
    count, choices = tokens(record), sum(map(len, record.choice_digests))
    several = f" in {choices} choices" if choices > 1 else ""
    return f"same {count} token{'' if count == 1 else 's'}{several}, byte for byte\n"


@pytest.mark.parametrize("asked", CHATS.values(), ids=CHATS)
def test_a_chat_is_replayed_from_its_body_or_from_the_recorded_text(
    asked: dict[str, Any], tampu: Tampu, remember: Remember, tmp_path: Path
) -> None:
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 12, **asked}
    (tmp_path / "body.json").write_text(json.dumps(body))
    record = remember(body)
    found = tampu("verify", record.answer_id, "--request", str(tmp_path / "body.json"))
    assert (found.stdout, found.exit_code) == (said(record), 0), found.stderr
    with_text = remember(body, with_text=True)
    assert with_text.choice_digests == record.choice_digests
    assert tampu("verify", with_text.id).stdout == said(record)


@pytest.mark.parametrize("asked", COMPLETIONS.values(), ids=COMPLETIONS)
def test_raw_prompts_are_replayed_likewise(asked: dict[str, Any], tampu: Tampu, remember: Remember) -> None:
    body = {"model": "tiny", "max_tokens": 9, **asked}
    record = remember(body, operation="completions")
    found = tampu("verify", record.id, "--request", "-", stdin=json.dumps(body))
    assert (found.stdout, found.exit_code) == (said(record), 0), found.stderr
    assert tampu("verify", remember(body, operation="completions", with_text=True).id).stdout == said(record)


STRICTLY: list[tuple[str, str, dict[str, Any]]] = [
    ("workers_ai", "run", {"prompt": "Once upon", "max_tokens": 9}),
    ("workers_ai_v1", "responses", {"model": "tiny", "input": "Hi", "truncation": "auto", "max_output_tokens": 9}),
    ("openai", "chat", {"model": "tiny", "messages": HELLO, "max_tokens": 9}),
]


@pytest.mark.parametrize(("dialect", "operation", "body"), STRICTLY, ids=lambda value: str(value)[:20])
def test_a_body_is_read_under_the_policy_that_took_it(
    dialect: str, operation: str, body: dict[str, Any], tampu: Tampu, remember: Remember
) -> None:
    record = remember(body, dialect, operation, policy=Policy(strict=True))
    found = tampu("verify", record.id, "--request", "-", stdin=json.dumps(body))
    assert (found.stdout, found.exit_code) == (said(record), 0), found.stderr


@pytest.mark.parametrize(("dialect", "operation"), OPERATIONS)
def test_a_body_is_read_by_the_dialect_that_took_it(
    dialect: str, operation: str, tampu: Tampu, remember: Remember
) -> None:
    names = {field.name for field in OPERATIONS[dialect, operation].table}
    rows: tuple[dict[str, Any], ...] = ({"model": "tiny"}, PROMPTS, LIMITS)
    firsts = (next(((name, row[name]) for name in row if name in names), None) for row in rows)
    body = dict(pair for pair in firsts if pair)
    record = remember(body, dialect, operation)
    found = tampu("verify", record.id, "--request", "-", stdin=json.dumps(body))
    assert (found.stdout, found.exit_code) == (said(record), 0), found.stderr


def test_the_prompt_alone_is_enough_for_a_message_or_a_raw_prompt(tampu: Tampu, remember: Remember) -> None:
    chat = remember({"model": "tiny", "messages": HELLO, "max_tokens": 12})
    raw = remember({"model": "tiny", "prompt": "hello", "max_tokens": 12}, operation="completions")
    for record in (chat, raw):
        assert tampu("verify", record.id, "--prompt", "hello").stdout == said(record)


def test_an_answer_that_was_cut_is_compared_as_far_as_it_was_delivered(tampu: Tampu, remember: Remember) -> None:
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 40, "n": 2, "logit_bias": {"5": 3}}
    whole, cut = remember(body), remember(body, with_text=True, chunks=9)
    assert cut.cancelled and 0 < tokens(cut) < tokens(whole)
    expected = f"same {tokens(cut)} tokens in 2 choices, byte for byte, as far as it was delivered\n"
    assert tampu("verify", cut.id).stdout == expected


def test_an_answer_that_filled_a_smaller_context_is_compared_up_to_there(tampu: Tampu, remember: Remember) -> None:
    body = {"model": "tiny", "messages": HELLO, "logit_bias": {"5": 100}}
    record = remember(body, max_model_len=64)
    assert record.finish_reasons == ("length",)
    assert tampu("verify", record.id, "--prompt", "hello").stdout == said(record)


def test_an_adapter_is_part_of_the_answer(tampu: Tampu, remember: Remember, tmp_path: Path) -> None:
    assert tampu("adapters", "add", str(write_adapter(tmp_path / "pirate"))).exit_code == 0
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "temperature": 0}
    plain, pirate = remember(body), remember({**body, "lora": "pirate"})
    assert plain.choice_digests != pirate.choice_digests
    assert tampu("verify", pirate.id, "--prompt", "hello").stdout == said(pirate)
    assert tampu("adapters", "add", str(write_adapter(tmp_path / "b", seed=1)), "--name", "pirate").exit_code == 0
    changed = tampu("verify", pirate.id, "--prompt", "hello")
    assert (changed.exit_code, "by another model than the one here" in changed.stderr) == (4, True)
    assert tampu("adapters", "remove", "pirate").exit_code == 0
    gone = tampu("verify", pirate.id, "--prompt", "hello")
    assert (gone.exit_code, "There is no adapter 'pirate'" in gone.stderr) == (4, True)


def test_another_prompt_is_told_with_both_digests_before_anything_is_loaded(tampu: Tampu, remember: Remember) -> None:
    record = remember({"model": "tiny", "messages": HELLO, "max_tokens": 2})
    found = tampu("verify", record.id, "--prompt", "goodbye", "--model", "nowhere")
    assert found.exit_code == 2
    assert f"This is not the prompt of {record.id}" in found.stderr and record.prompt_digests[0] in found.stderr


def test_another_model_is_told_with_both_fingerprints(tampu: Tampu, remember: Remember) -> None:
    record = remember({"model": "tiny", "messages": HELLO, "max_tokens": 2})
    found = tampu("verify", record.id, "--prompt", "hello", "--kv-dtype", "bf16")
    assert (found.exit_code, record.fingerprint in found.stderr) == (4, True)
    assert found.stderr.count("has") == 1


def test_an_answer_that_differs_is_shown_where_it_does(tampu: Tampu, remember: Remember, home: Paths) -> None:
    record = remember({"model": "tiny", "messages": HELLO, "max_tokens": 6, "logit_bias": {"5": 100}}, with_text=True)
    (choice,) = record.choice_digests[0]
    assert record.text is not None
    other_ids = {"choices": [[{"text": "?", "token_ids": [5, 5, 7, 5, 5, 5], "tool_calls": []}]]}
    forged = {
        "a": replace(record, choice_digests=((replace(choice, sha256="0" * 64),),), text=None),
        "b": replace(record, choice_digests=((replace(choice, sha256="0" * 64),),), text={**record.text, **other_ids}),
        "c": replace(record, choice_digests=((replace(choice, finish_reason="stop"),),)),
    }
    for name, each in forged.items():
        keep(home.records, replace(each, id=name, answer_id=name))
    answers = [tampu("verify", "a", "--prompt", "hello"), tampu("verify", "b"), tampu("verify", "c", "--json")]
    assert [found.exit_code for found in answers] == [1, 1, 1]
    assert answers[0].stdout == "differs: 6 tokens were recorded, and others came\n"
    assert answers[1].stdout.startswith("differs: token 2 was ")
    verdict = json.loads(answers[2].stdout)
    assert (verdict["same"], verdict["choices"][0]["difference"]) == (False, "it ended by stop, and now by length")


def test_the_verdict_is_there_for_programs(tampu: Tampu, remember: Remember) -> None:
    record = remember({"model": "tiny", "messages": HELLO, "max_tokens": 3, "logit_bias": {"5": 100}}, with_text=True)
    assert json.loads(tampu("verify", record.id, "--json").stdout) == {
        "id": record.id,
        "answer_id": record.answer_id,
        "same": True,
        "model": "tiny",
        "fingerprint": record.fingerprint,
        "choices": [
            {
                "prompt": 0,
                "index": 0,
                "recorded_tokens": 3,
                "tokens": 3,
                "recorded_finish_reason": "length",
                "finish_reason": "length",
                "difference": "",
            }
        ],
    }


def test_what_is_missing_is_told(tampu: Tampu, remember: Remember, tmp_path: Path) -> None:
    no_file = tampu("verify", "req_1")
    record = remember({"model": "tiny", "messages": HELLO, "max_tokens": 2})
    no_record, no_text = tampu("verify", "req_1"), tampu("verify", record.id)
    elsewhere = tampu("verify", record.id, "--store", str(tmp_path / "other.db"))
    both = tampu("verify", record.id, "--prompt", "hello", "--request", "-")
    off, bad = tampu("verify", "req_1", TAMPU_STORE="off"), tampu("verify", record.id, "--request", "-", stdin="{")
    codes = [found.exit_code for found in (no_file, no_record, no_text, elsewhere, both, off, bad)]
    assert codes == [4, 4, 2, 4, 2, 3, 2]
    assert "the file is not there" in no_file.stderr and "the file is not there" in elsewhere.stderr
    assert "There is no record of a generation 'req_1' in " in no_record.stderr
    assert "was not recorded. Give its prompt with --prompt" in no_text.stderr
    assert "store is off" in off.stderr and "The body is not JSON" in bad.stderr


@pytest.mark.parametrize("operation", ["chat", "completions"])
def test_the_id_in_cloudflares_headers_finds_the_record(tampu: Tampu, remember: Remember, operation: str) -> None:
    body = {"model": "tiny", "max_tokens": 5} | ({"messages": HELLO} if operation == "chat" else {"prompt": "Once"})
    record = remember(body, "workers_ai_v1", operation, with_text=True)
    assert tampu("verify", answer_headers(record.id)["cf-ai-req-id"]).stdout == said(record)


def test_a_file_of_records_that_is_empty_is_said_and_left_alone(tampu: Tampu, tmp_path: Path) -> None:
    (tmp_path / "records.db").touch()
    result = tampu("verify", "req_1", "--store", str(tmp_path / "records.db"))
    assert result.exit_code == 3 and "is empty: what was recorded is gone" in result.stderr
    assert (tmp_path / "records.db").stat().st_size == 0
