"""The front page: what is running, a chat with it, and where programs find it."""

from collections.abc import Iterator, Sequence
from importlib.resources import files

from starlette.responses import Response

from tampu import __version__
from tampu.dialects.base import Dialect, ModelEntry, Operation, Provider
from tampu.engine.card import EngineStatus
from tampu.server.html import Html, code, document, listing, tag
from tampu.server.operation_pages import by_provider
from tampu.server.samples import PACKAGE, Reader

SCRIPT = files("tampu.server").joinpath("home.js").read_text("utf-8")


def home_page(dialects: Sequence[Dialect], reader: Reader, status: EngineStatus, model: ModelEntry | None) -> Response:
    """The page, for a server that is ready with a model or not yet."""
    providers = by_provider(dialects)
    return document(
        "tampu",
        tag("h1", model.ids[0] if model else "tampu"),
        *state(status, model),
        chat(model.ids[0] if model else "", reader.needs_key),
        tag("h2", "For programs"),
        tag("p", "The same model answers clients of all of these. ", further()),
        *(way_in(provider, reader, *first(its)) for provider, its in providers.items()),
        tag("p", tag("small", f"tampu {__version__}")),
        here="/",
        script=SCRIPT,
    )


def further() -> Html:
    """Where there is more to read."""
    models, docs = tag("a", "/models", href="/models"), tag("a", "/docs", href="/docs")
    return tag("span", "Names, prices and samples in Python: ", models, ". Every field: ", docs, ".")


def state(status: EngineStatus, model: ModelEntry | None) -> Iterator[Html]:
    """What the engine is doing; the script goes on telling it until the model is ready."""
    ready = status.phase == "ready" and status.healthy and model is not None
    words = f"Ready: {model.context:,} tokens of context, {model.quantization}" if ready and model else waiting(status)
    yield tag("p", words, id="state", role="status", class_="dot ready" if ready else "dot")
    hidden = {} if status.phase == "loading" else {"hidden": ""}
    yield tag("progress", id="progress", max="1", value=f"{status.progress:.4f}", aria_label="Loading", **hidden)


def waiting(status: EngineStatus) -> str:
    """Why there is no answer now."""
    if status.phase == "failed":
        return f"The model cannot be loaded: {status.detail or 'the log says why'}."
    if status.phase == "loading":
        return f"Loading the model: {status.progress:.0%}{f' ({status.detail})' if status.detail else ''}"
    return f"The server is {status.phase if status.healthy else 'stuck'}."


def chat(model: str, needs_key: bool) -> Html:
    """The conversation, and what to say next."""
    field = tag("textarea", id="message", rows="2", maxlength="100000", placeholder="Who are you?")
    return tag(
        "section",
        tag("div", id="log", role="log", aria_label="Conversation", tabindex="0"),
        tag(
            "form",
            *(key_field() if needs_key else ()),
            tag("label", "Message", for_="message"),
            field,
            tag(
                "div",
                tag("button", "Send", id="send", class_="main"),
                tag("button", "Stop", id="stop", type="button", hidden=""),
                tag("button", "New chat", id="fresh", type="button", hidden=""),
                tag("small", "Enter sends, Shift+Enter begins a line."),
                class_="row",
            ),
            id="ask",
            data_model=model,
        ),
        tag("noscript", tag("p", "The chat needs JavaScript. All else on this server does not.")),
        class_="card",
        aria_label="Chat",
    )


def key_field() -> Iterator[Html]:
    """Where to type the key: the browser forgets it with the tab."""
    yield tag("label", "Key of this server (kept in this tab only)", for_="key")
    yield tag("input", id="key", type="password", autocomplete="off", spellcheck="false")


def first(dialects: Sequence[Dialect]) -> tuple[Dialect, Operation]:
    """The operation of a provider that is most like a chat of OpenAI's."""
    pairs = [(dialect, operation) for dialect in dialects for operation in dialect.operations]
    return next((pair for pair in pairs if pair[1].paths[0].endswith("/chat/completions")), pairs[0])


def base(reader: Reader, dialect: Dialect, operation: Operation) -> str:
    """The operation's path without what clients add themselves."""
    path = reader.path(dialect, operation)
    return path.removesuffix(next((suffix for suffix in PACKAGE if path.endswith(suffix)), ""))


def way_in(provider: Provider, reader: Reader, dialect: Dialect, operation: Operation) -> Html:
    """The base URL for a provider's clients, and a command that asks in its words."""
    url, program = reader.address + base(reader, dialect, operation), reader.samples(dialect, operation)[0]
    blocks = (tag("div", listing(*block), class_="code") for block in ((url, "url"), (program.text, program.language)))
    return tag("details", tag("summary", f"{provider.title} ", code(url)), *blocks)
