"""Replay a recorded answer here, and say whether it is the same, byte for byte. Exit code 1 when it is not.

ID is any that the client saw: that of the answer (chatcmpl-..., gen-..., resp_..., msg_...) or of the request (req_...,
the headers x-request-id and cf-ai-req-id). Where the server did not record text, give the prompt or the body that was
sent.
"""

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from tampu.cli import options
from tampu.cli.files import read_input
from tampu.cli.opening import open_model
from tampu.cli.terminal import counted, print_json
from tampu.cli.verification import (
    Text,
    Verdict,
    check_model,
    check_text,
    compare,
    recorded_text,
    text_of_body,
    text_of_prompt,
)
from tampu.errors import BadSetting, RecordNotFound
from tampu.gateway.database import Database
from tampu.gateway.inspection import inspect_store
from tampu.gateway.store import Store, store_path
from tampu.generation import GenerationRecord
from tampu.settings import EngineSettings, Paths, ServerSettings

DIGITS = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@options.engine_flags()
def verify(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of the answer or of the request.")],
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="What was asked, in one user message.")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="FILE", help="The body that was sent; - is standard input.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="FILE", help="The server's file of records. [TAMPU_STORE]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    **flags: Any,
) -> None:
    """Replay and compare."""
    if prompt is not None and request is not None:
        raise typer.BadParameter("Give --prompt or --request, not both.")
    options.settings(EngineSettings, flags)  # a bad one is told before anything is looked for
    record = find_record(id_, options.settings(ServerSettings, {"store": store}))
    texts = find_text(record, prompt, request)
    check_text(record, texts)
    with open_model(engine_of(record) | {name: flag for name, flag in flags.items() if flag is not None}) as llm:
        check_model(record, llm)
        verdicts = compare(record, texts, llm)
    if as_json:
        print_json(as_object(record, verdicts))
    else:
        print(in_words(verdicts))
    if any(verdict.difference for verdict in verdicts):
        raise typer.Exit(1)


def find_record(id_: str, settings: ServerSettings) -> GenerationRecord:
    """The record of this id. Raises RecordNotFound, BadSetting where there is no store to look into, and
    DamagedStore."""
    path = store_path(settings, Paths.find())
    if path is None:
        raise BadSetting("store is off: there are no records.")
    if not path.is_file():
        raise RecordNotFound(id_, f"in {path}: the file is not there")
    inspect_store(path)

    async def find() -> tuple[GenerationRecord, ...]:
        records = Store(Database(path), settings.keep_records)
        try:
            return await records.find(spellings(id_))
        finally:
            await records.close()

    found = asyncio.run(find())
    if not found:
        raise RecordNotFound(id_, f"in {path}")
    return found[0]


def spellings(id_: str) -> list[str]:
    """The id, and the request's own where this has its digits: a UUID in Cloudflare's headers, a message's id."""
    found = DIGITS.search(id_.lower())
    return [id_, f"req_{found[0].replace('-', '')}"] if found else [id_]


def find_text(record: GenerationRecord, prompt: str | None, request: str | None) -> list[Text]:
    """What was asked: from the flags, else from the record."""
    if prompt is not None:
        return text_of_prompt(record, prompt)
    if request is not None:
        return text_of_body(record, read_input(request))
    return recorded_text(record)


def engine_of(record: GenerationRecord) -> dict[str, Any]:
    """Settings of the engine that answered: its very file, else what is here under its name."""
    engine, adapter = record.replay["engine"], record.replay["requests"][0]["adapter"]
    name = record.served_by.removesuffix(f":{adapter}") if adapter else record.served_by
    model = engine["model"] if Path(engine["model"]).is_file() else name
    return {"model": model, "kv_dtype": engine["kv_dtype"]}


def in_words(verdicts: list[Verdict]) -> str:
    """`same 123 tokens, byte for byte`, or a line per choice that differs."""
    several = len(verdicts) > 1
    if not any(verdict.difference for verdict in verdicts):
        tokens = counted(sum(verdict.recorded.num_tokens for verdict in verdicts), "token")
        choices = f" in {counted(len(verdicts), 'choice')}" if several else ""
        is_cut = any(verdict.recorded.finish_reason is None for verdict in verdicts)
        return f"same {tokens}{choices}, byte for byte{', as far as it was delivered' if is_cut else ''}"
    names = {verdict: f"choice {verdict.index} of prompt {verdict.position}: " for verdict in verdicts if several}
    return "\n".join(
        f"differs: {names.get(verdict, '')}{verdict.difference}" for verdict in verdicts if verdict.difference
    )


def as_object(record: GenerationRecord, verdicts: list[Verdict]) -> dict[str, Any]:
    """The verdict for programs."""
    return {
        "id": record.id,
        "answer_id": record.answer_id,
        "same": not any(verdict.difference for verdict in verdicts),
        "model": record.served_by,
        "fingerprint": record.fingerprint,
        "choices": [
            {
                "prompt": verdict.position,
                "index": verdict.index,
                "recorded_tokens": verdict.recorded.num_tokens,
                "tokens": min(verdict.num_tokens, verdict.recorded.num_tokens),
                "recorded_finish_reason": verdict.recorded.finish_reason,
                "finish_reason": verdict.finish_reason,
                "difference": verdict.difference,
            }
            for verdict in verdicts
        ],
    }
