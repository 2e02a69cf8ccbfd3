"""Operations for people: samples that run, and every field. /docs has all of them on one page."""

from collections.abc import Iterable, Iterator, Sequence

from starlette.responses import Response

from tampu import __version__
from tampu.dialects.base import Dialect, Operation, Provider, dumps
from tampu.dialects.parameters import Parameter, parameters
from tampu.request import SamplingParams
from tampu.server.documents import SUMMARY
from tampu.server.html import Html, code, document, fold, join, listing, prose, table, tag
from tampu.server.samples import Reader, plain


def docs_page(dialects: Sequence[Dialect], reader: Reader) -> Response:
    """Every operation of every dialect."""
    providers = by_provider(dialects)
    links = {**{f"#{each.key}": each.title for each in providers}, "/openapi.json": "OpenAPI description"}
    return document(
        f"Docs of tampu {__version__}",
        tag("h1", "Docs"),
        tag("p", SUMMARY),
        tag("nav", *(tag("a", words, href=address) for address, words in links.items())),
        *(provider_section(provider, reader, its) for provider, its in providers.items()),
        here="/docs",
    )


def by_provider(dialects: Iterable[Dialect]) -> dict[Provider, list[Dialect]]:
    """The dialects by whose they are, without those that generate nothing."""
    found: dict[Provider, list[Dialect]] = {}
    for dialect in dialects:
        if dialect.operations:
            found.setdefault(dialect.provider, []).append(dialect)
    return found


def provider_section(provider: Provider, reader: Reader, dialects: Iterable[Dialect]) -> Html:
    """A provider's operations."""
    parts = (
        part
        for dialect in dialects
        for operation in dialect.operations
        for part in operation_part(dialect, operation, reader)
    )
    return tag("section", tag("h2", provider.title), *parts, id=provider.key)


def operation_part(
    dialect: Dialect,
    operation: Operation,
    reader: Reader,
    sampling: SamplingParams | None = None,
    answers: Iterable[Html] = (),
) -> Iterator[Html]:
    """How to ask an operation. With the parameters of a body that leaves all open, numbers have their defaults."""
    yield tag("h3", "POST ", code(plain(operation.paths[0])))
    first, *others = reader.samples(dialect, operation)
    yield listing(first.text, first.language)
    for sample in others:
        yield fold(sample.title, listing(sample.text, sample.language))
    yield from answers
    rows = list(parameters(operation.table, sampling))
    yield fold(f"Parameters ({len(rows)})", parameter_table(rows))


def parameter_table(rows: Sequence[Parameter]) -> Html:
    """The fields of a body."""
    cells = (
        (
            join((code(row.name), tag("small", " required") if row.required else "")),
            row.takes,
            "" if row.default is None else code(dumps(row.default).decode()),
            prose(row.doc),
        )
        for row in rows
    )
    return table(("field", "takes", "default", "what it does"), cells)
