"""What the catalogue's pages show of a served model, as JSON: the twin of what people see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tampu.catalogue import PER_MILLION, Price, decimal_dollars
from tampu.dialects.base import Dialect, ModelEntry, Operation, Provider
from tampu.dialects.fields import Nested, Table, table_schema
from tampu.dialects.kinds import JSON
from tampu.dialects.openai_answers import wire_fingerprint
from tampu.engine.card import EngineStatus
from tampu.errors import (
    ContextTooLong,
    EngineFailure,
    ModelNotFound,
    NotReady,
    Overloaded,
    PayloadTooLarge,
    ServiceError,
    Unauthorized,
)
from tampu.request import SamplingParams
from tampu.server.auth import REFUSAL
from tampu.server.example_answers import REQUEST_ID, example_of, parsed, streamed_answer, whole_answer
from tampu.server.metrics import Speed
from tampu.server.operation_pages import by_provider
from tampu.server.samples import Reader

TEXT_ONLY = ["text"]
A_MILLION = 1_000_000
# What somebody might ask for, with its tokens: of the prompt, of the completion.
WORKLOADS = (
    ("A question and its answer", 50, 200),
    ("A page, summed up", 1_000, 250),
    ("A long conversation", 8_000, 1_000),
    ("A million tokens each", A_MILLION, A_MILLION),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A served model at one moment, for one reader."""

    model: ModelEntry
    dialects: Sequence[Dialect]
    reader: Reader
    status: EngineStatus
    speed: Speed
    adapters: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        title = self.model.known.title or self.model.ids[0]
        return f"{title} with {self.model.adapter}" if self.model.adapter else title

    @property
    def address(self) -> str:
        """Where its page is, on this server."""
        return f"/models/{self.model.ids[0]}"

    def providers(self) -> dict[Provider, list[Dialect]]:
        """The dialects by whose they are."""
        return by_provider(self.dialects)


def per_million(pico: int) -> str:
    """A price of one token as dollars per million of them."""
    return decimal_dollars(pico * PER_MILLION)


def cost(price: Price, prompt: int, completion: int) -> int:
    """What so many tokens cost, in pico-dollars."""
    return prompt * price.prompt + completion * price.completion


def summary(shown: Shown) -> dict[str, JSON]:
    """A model as the list has it."""
    model, known, price = shown.model, shown.model.known, shown.model.known.price
    return {
        "id": model.ids[0],
        "object": "model",
        "created": model.created,
        "title": shown.title,
        "description": known.description,
        "page": shown.address,
        "names": {provider.key: model.name_in(provider.key) for provider in shown.providers()},
        "aliases": list(model.ids[1:]),
        **({"parent": model.parent, "adapter": model.adapter} if model.adapter else {}),
        "context_length": model.context,
        "quantization": model.quantization,
        "system_fingerprint": wire_fingerprint(model.fingerprint),
        "num_parameters": known.parameters or None,
        "released": known.released.isoformat() if known.released else None,
        "knowledge_cutoff": known.knowledge_cutoff.isoformat() if known.knowledge_cutoff else None,
        "hugging_face_id": known.repository or None,
        "input_modalities": TEXT_ONLY,
        "output_modalities": TEXT_ONLY,
        "capabilities": list(known.capabilities),
        "pricing": {
            "prompt": decimal_dollars(price.prompt),
            "completion": decimal_dollars(price.completion),
            "prompt_per_million": per_million(price.prompt),
            "completion_per_million": per_million(price.completion),
        },
        "licence": {"name": known.licence.name, "url": known.licence.url, "notice": known.licence.notice},
        "adapters": list(shown.adapters),
        "status": {
            "phase": shown.status.phase,
            "healthy": shown.status.healthy,
            "tokens_per_second": shown.speed.tokens_per_second,
            "seconds_to_first_token": shown.speed.seconds_to_first_token,
        },
    }


def details(shown: Shown) -> dict[str, JSON]:
    """A model with how to ask it: bodies, samples and errors of every operation of every dialect."""
    return {
        **summary(shown),
        "dialects": [
            {
                "name": dialect.name,
                "provider": dialect.provider.title,
                "operations": [_operation(shown, dialect, operation) for operation in dialect.operations],
                "errors": [
                    {"what": what, "status": status, "body": body} for what, status, body in errors(shown, dialect)
                ],
            }
            for dialects in shown.providers().values()
            for dialect in dialects
        ],
    }


def _operation(shown: Shown, dialect: Dialect, operation: Operation) -> JSON:
    samples = shown.reader.samples(dialect, operation)
    return {
        "name": operation.name,
        "paths": list(operation.paths),
        "body": table_schema(operation.table),
        "answer": whole_answer(dialect, operation, shown.model),
        "stream": streamed_answer(dialect, operation, shown.model),
        "samples": [{"title": sample.title, "text": sample.text} for sample in samples],
    }


def sampling_of(shown: Shown, dialect: Dialect, operation: Operation) -> SamplingParams:
    """The sampling parameters of a body that leaves them open."""
    body = example_of(dialect, operation, shown.model)
    return parsed(dialect, operation, shown.model, body).requests[0].sampling


def errors(shown: Shown, dialect: Dialect) -> Iterator[tuple[str, int, JSON]]:
    """What goes wrong, and the status and the body that a client gets for it."""
    for what, error in (*_of_bodies(shown, dialect), *_of_the_service(shown.model)):
        yield what, *dialect.render_error(error, REQUEST_ID)


def _of_bodies(shown: Shown, dialect: Dialect) -> Iterator[tuple[str, ServiceError]]:
    """What the first operation says of bodies that are wrong."""
    operation = dialect.operations[0]
    body = example_of(dialect, operation, shown.model)
    cases: Mapping[str, JSON] = {
        "What the model is to answer is missing": {name: body[name] for name in body if name == "model"},
        "A number beyond its range": with_temperature(operation.table, body, 99),
        "A value of another type": with_temperature(operation.table, body, "warm"),
    }
    for what, wrong in cases.items():
        try:
            parsed(dialect, operation, shown.model, wrong)
        except ServiceError as error:
            yield what, error


def with_temperature(table: Table, body: Mapping[str, JSON], value: JSON) -> dict[str, JSON]:
    """The body with this temperature, wherever the table has it."""
    if any(row.name == "temperature" for row in table):
        return {**body, "temperature": value}
    nested = {row.name: row.kind.table for row in table if isinstance(row.kind, Nested)}
    return {
        name: with_temperature(nested[name], item, value) if name in nested else item for name, item in body.items()
    }


def _of_the_service(model: ModelEntry) -> Iterator[tuple[str, ServiceError]]:
    yield "No key, or a wrong one", Unauthorized(REFUSAL)
    yield "No model of that name", ModelNotFound("llama", model.ids)
    too_long = ContextTooLong(context=model.context, prompt=model.context + 1, completion=None)
    yield "A prompt that does not fit the context", too_long
    yield "A body that is too large", PayloadTooLarge("The body has more bytes than the server takes.")
    yield "The queue is full", Overloaded("The queue is full.", retry_after=1)
    yield "The model is still loading", NotReady("The model is still loading: 42%.", retry_after=2)
    yield "Something failed inside", EngineFailure("Something went wrong inside the server.")
