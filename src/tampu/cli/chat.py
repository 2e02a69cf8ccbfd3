"""Talk to a model. With words as arguments, or a pipe, the answer alone is printed; else a conversation begins.

Among the words - stands for standard input:

git diff | tampu chat "Describe this change:" -
"""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tampu.cli import options
from tampu.cli.files import read_text
from tampu.cli.opening import check, open_model, read_flags
from tampu.cli.reply import Reply, ask
from tampu.cli.terminal import is_terminal, note, print_json, shown
from tampu.engine.llm import LLM
from tampu.request import Chunk, Constraint, Message, Prompt, SamplingParams, TokenLogprob

RAW_HAS_NO_SYSTEM = "--raw has no system message; write it into the words."


@options.engine_flags()
@options.sampling_flags()
def chat(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="What to ask.")] = None,
    system: Annotated[
        str, typer.Option("--system", "-s", metavar="TEXT", help="What the model is told before all else.")
    ] = "",
    raw: Annotated[bool, typer.Option("--raw", help="No chat format: the model goes on from the words.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer with its usage and seed as JSON.")] = False,
    schema: Annotated[
        str | None, typer.Option("--schema", metavar="FILE", help="A JSON schema that the answer must match.")
    ] = None,
    adapter: Annotated[
        str | None, typer.Option("--adapter", metavar="NAME", help="The LoRA adapter of the model to answer with.")
    ] = None,
    **flags: Any,
) -> None:
    """Answer once, or converse."""
    text = read_words(words)
    check_flags(text, system, raw, as_json, {**flags, "schema": schema})
    constraint = None if schema is None else read_schema(schema)
    llm = open_model(flags, max_num_seqs=options.sampling(flags).get("n", 1))
    if adapter is not None:
        llm.adapters.get(adapter)  # refuse an unknown one before a conversation begins
    sampling = read_flags(llm, flags)
    if text is None:
        # Only a conversation needs prompt_toolkit.
        from tampu.cli.conversation import Conversation
        from tampu.cli.interactive import converse

        converse(Conversation(llm, sampling, system, adapter or ""))
        return
    answer_once(llm, prompt_of(text, system, raw), check(sampling), as_json, constraint, adapter or "")


def check_flags(text: str | None, system: str, raw: bool, as_json: bool, flags: Mapping[str, Any]) -> None:
    """Refuse what would be ignored."""
    if text is not None and not text.strip():
        raise typer.BadParameter("Nothing was asked: give words as arguments, or pipe them in.")
    if raw and system:
        raise typer.BadParameter(RAW_HAS_NO_SYSTEM)
    if text is None and (raw or as_json or flags.get("schema") is not None or flags.get("n") is not None):
        raise typer.BadParameter(
            "--raw, --json, --schema and --n need words to answer: a conversation has none of them."
        )
    if flags.get("logprobs") is not None and not as_json:
        raise typer.BadParameter("--logprobs needs --json, which shows them.")


def read_schema(path: str) -> Constraint:
    """The constraint to answers that match the schema in this file."""
    return Constraint("json_schema", read_text(path), param="--schema")


def read_words(words: list[str] | None) -> str | None:
    """What is asked: the arguments, with standard input for each -, or all of a pipe; None on a terminal."""
    if words:
        return " ".join(read_text("-") if word == "-" else word for word in words)
    return None if is_terminal(sys.stdin) else read_text("-")


def prompt_of(text: str, system: str, raw: bool) -> Prompt:
    """The words as a chat, or as they are."""
    if raw:
        return text
    return (*((Message("system", system),) if system else ()), Message("user", text))


def answer_once(
    llm: LLM,
    prompt: Prompt,
    sampling: SamplingParams,
    as_json: bool,
    constraint: Constraint | None = None,
    adapter: str = "",
) -> None:
    """Print the answer; its times go to standard error when a person looks."""
    stream_text = not as_json and sampling.n == 1
    show = write if stream_text else lambda chunk, seconds: None  # noqa: ARG005
    reply = ask(llm, prompt, sampling, show, constraint, adapter)
    if as_json:
        print_json(as_object(llm, reply))
    elif stream_text:
        print(flush=True)
    elif reply.completion is not None:
        for choice in reply.completion.choices:
            print(f"[{choice.index}] {shown(choice.text, sys.stdout)}")
    note(reply.summary)
    if reply.completion is None:
        raise typer.Exit(130)


def write(chunk: Chunk, _seconds: float) -> None:
    """A piece of the answer on standard output at once."""
    if chunk.text:
        sys.stdout.write(shown(chunk.text, sys.stdout))
        sys.stdout.flush()


def as_object(llm: LLM, reply: Reply) -> dict[str, Any]:
    """The answer with what is needed to repeat it."""
    values: dict[str, Any] = {"model": llm.card.id, "text": reply.text}
    if reply.completion is not None:
        completion = reply.completion
        values["choices"] = [
            {"text": choice.text, "finish_reason": choice.finish_reason, "token_ids": list(choice.token_ids)}
            | ({"logprobs": list(map(_logprob, choice.logprobs[: len(choice.token_ids)]))} if choice.logprobs else {})
            for choice in completion.choices
        ]
        values["seed"], values["fingerprint"] = completion.opening.seed, completion.opening.fingerprint
    if reply.usage is not None:
        usage = reply.usage
        values["usage"] = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
        }
    times = {"first_token_s": reply.first_token, "total_s": reply.seconds, "tokens_per_s": reply.tokens_per_second}
    return values | {name: round(value, 4) for name, value in times.items()}


def _logprob(entry: TokenLogprob) -> dict[str, Any]:
    top = {"top": list(map(_logprob, entry.top))} if entry.top else {}
    return {"id": entry.token_id, "text": entry.text, "logprob": entry.logprob, **top}
