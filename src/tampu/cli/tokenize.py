"""Show the prompt a model is given, with its token ids. The words come from the arguments or from standard input.

PATH of --model may be a lone tokenizer file: tokenizer.json, Meta's tokenizer.model, or a GGUF.
"""

from typing import Annotated, Any

import typer

from tampu.cli.chat import RAW_HAS_NO_SYSTEM, prompt_of, read_words
from tampu.cli.options import settings
from tampu.cli.terminal import counted, print_json, table
from tampu.engine.prepare import read_tokenizer
from tampu.errors import ModelError
from tampu.model.hub import resolve
from tampu.model.packed import SUFFIX
from tampu.request import Message
from tampu.settings import EngineSettings, Paths
from tampu.text.chat_format import Segment, render_segments
from tampu.text.tokenizer import Tokenizer


def tokenize(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="What to tokenize.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="PATH", help="Model or tokenizer file. [TAMPU_MODEL]")
    ] = None,
    system: Annotated[
        str, typer.Option("--system", "-s", metavar="TEXT", help="A system message before the words.")
    ] = "",
    raw: Annotated[bool, typer.Option("--raw", help="No chat format: control tokens are read in the words.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help='Print {"ids": [...]}; without --raw also the pieces.')
    ] = False,
) -> None:
    """Print ids."""
    if raw and system:
        raise typer.BadParameter(RAW_HAS_NO_SYSTEM)
    text = read_words(words)
    if text is None:
        raise typer.BadParameter("Give words as arguments, or pipe them in.")
    tokenizer = open_tokenizer(settings(EngineSettings, {"model": model}).model)
    segments = raw_segments(text, tokenizer) if raw else chat_segments(text, system, tokenizer)
    ids = [token_id for segment in segments for token_id in segment.token_ids]
    if as_json:
        print_json({"ids": ids} if raw else {"ids": ids, "segments": list(map(as_object, segments))})
    else:
        print(table(("tokens", "ids"), [row for segment in segments for row in rows(segment, tokenizer)]))
        print(f"\n{counted(len(ids), 'token')}")


def open_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a model, wherever it is kept."""
    path = resolve(name, Paths.find())
    if not path.is_file() and not path.is_dir():
        raise ModelError(f"{path} is neither a file nor a directory.")
    return read_tokenizer(path) if path.suffix == SUFFIX else Tokenizer.from_file(path)


def raw_segments(text: str, tokenizer: Tokenizer) -> list[Segment]:
    """One stretch: all of the text."""
    return [Segment(text, tuple(tokenizer.encode_raw(text)))]


def chat_segments(text: str, system: str, tokenizer: Tokenizer) -> list[Segment]:
    """The chat format around the words, as one user message."""
    messages = [part for part in prompt_of(text, system, raw=False) if isinstance(part, Message)]
    return render_segments(messages, (), tokenizer)


def as_object(segment: Segment) -> dict[str, Any]:
    """A stretch for programs."""
    return {"text": segment.text, "control": segment.control, "ids": list(segment.token_ids)}


def visible(token_id: int, tokenizer: Tokenizer) -> str:
    """A token on one line: its text, or its bytes where it is a part of a character."""
    name = tokenizer.token_name(token_id)
    return repr(tokenizer.token_bytes(token_id))[2:-1] if "\ufffd" in name else repr(name)[1:-1]


def rows(segment: Segment, tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """A line per word of a stretch: its tokens between bars, then their ids."""
    if segment.control:
        return [(segment.text, str(segment.token_ids[0]))]
    lines: list[tuple[list[str], list[str]]] = [([], [])]
    for token_id in segment.token_ids:
        name = visible(token_id, tokenizer)
        if sum(map(len, lines[-1][0])) + len(name) > 60:
            lines.append(([], []))
        lines[-1][0].append(name)
        lines[-1][1].append(str(token_id))
    return [("│".join(names), " ".join(ids)) for names, ids in lines]
