"""What an operation's example would be answered, whole and as a stream, worded by the dialect itself."""

from collections.abc import Mapping

from tampu.dialects.base import Call, Context, Dialect, ModelEntry, Operation
from tampu.dialects.fields import example_body
from tampu.dialects.kinds import JSON
from tampu.request import Chunk, Completion, Opening, TokenLogprob, Usage
from tampu.server.samples import ACCOUNT, streaming

PIECES = ("Lima", ".")
PROMPT_TOKENS = 17
REQUEST_ID = "req_" + "0" * 32


def context_of(model: ModelEntry) -> Context:
    """What parsers need to know, for bodies that nobody sent."""
    return Context(REQUEST_ID, model.created, 1, lambda name: model, default_model=model.ids[0])  # noqa: ARG005


def example_of(dialect: Dialect, operation: Operation, model: ModelEntry) -> dict[str, JSON]:
    """The body of the operation's samples."""
    return example_body(operation.table, model.name_in(dialect.provider.key))


def parsed(dialect: Dialect, operation: Operation, model: ModelEntry, body: Mapping[str, JSON]) -> Call:
    """The call of such a body. Raises ServiceError."""
    path_args = {"model": model.name_in(dialect.provider.key), "account_id": ACCOUNT}
    return operation.parse(path_args, body, context_of(model))


def whole_answer(dialect: Dialect, operation: Operation, model: ModelEntry) -> JSON:
    """The answer to the example."""
    call = parsed(dialect, operation, model, example_of(dialect, operation, model))
    return call.answer.render([Completion.fold(script(call, model))])


def streamed_answer(dialect: Dialect, operation: Operation, model: ModelEntry) -> str:
    """The same as a stream."""
    body = streaming(operation.table, example_of(dialect, operation, model))
    call = parsed(dialect, operation, model, body)
    events = [event for chunk in script(call, model) for event in call.answer.render_chunk(0, chunk)]
    return b"".join((*events, *call.answer.render_end())).decode()


def script(call: Call, model: ModelEntry) -> tuple[Chunk, ...]:
    """What the engine would have said."""
    usage = model.known.price.charge(Usage(PROMPT_TOKENS, len(PIECES) + 1))
    scored = call.requests[0].sampling.logprobs is not None
    chunks = [
        Chunk(0, piece, (index,), (TokenLogprob(index, piece.encode(), -0.5),) if scored else ())
        for index, piece in enumerate(PIECES)
    ]
    opening = Opening(1, model.fingerprint, PROMPT_TOKENS, 0)
    return (Chunk(opening=opening), *chunks, Chunk(finish_reason="stop", usage=usage))
