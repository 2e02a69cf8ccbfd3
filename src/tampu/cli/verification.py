"""A recorded answer against its replay: the request put together again, run, and compared token by token."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from tampu.catalogue import CATALOGUE
from tampu.dialects.base import Context, ModelEntry, Operation, Policy
from tampu.dialects.table import build_dialects
from tampu.engine.llm import LLM
from tampu.errors import AdapterNotFound, InvalidRequest, ModelMissing, ServiceError
from tampu.generation import ChoiceDigest, GenerationRecord
from tampu.model.lora import fingerprint_with
from tampu.replay import TokenDigest, digest, request_of, text_of
from tampu.request import Chunk, FinishReason, GenerateRequest, Message
from tampu.strict_json import parse_json

Text = Mapping[str, Any]  # of a request, as `replay.text_of` makes it
MAX_CHOICES = 128
ANY_NUMBER = 2**31  # no limit of the model's own: the record's request was within them


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a choice, and in words how it differs from what was recorded; empty where it does not."""

    position: int  # of its request in the call
    index: int
    recorded: ChoiceDigest
    num_tokens: int
    finish_reason: FinishReason | None
    difference: str = ""


def recorded_text(record: GenerationRecord) -> list[Text]:
    """The text of each request as it was kept. InvalidRequest where none was."""
    if record.text is None:
        raise InvalidRequest(
            f"The text of {record.id} was not recorded. Give its prompt with --prompt, or the body of the request "
            f"with --request. (A server with --log-text records text.)"
        )
    return list(record.text["requests"])


def text_of_prompt(record: GenerationRecord, prompt: str) -> list[Text]:
    """The text of a chat with one user message; if the record is of a raw prompt, that."""
    chat, raw = (text_of(GenerateRequest("", "", asked)) for asked in ((Message("user", prompt),), prompt))
    return [raw if [digest(raw)] == list(record.prompt_digests) else chat]


def text_of_body(record: GenerationRecord, body: bytes) -> list[Text]:
    """The text of each request of a body, as the dialect that took it reads it. InvalidRequest names what is wrong."""
    entry = ModelEntry(
        (record.model,), CATALOGUE.describe(record.model), 0, ANY_NUMBER, "", record.fingerprint, ANY_NUMBER
    )
    context = Context(record.id, int(record.created), record.seed, lambda name: entry, query=record.replay["query"])  # noqa: ARG005
    call = operation_of(record).parse(record.replay["path_args"], parse_json(body), context)
    return [text_of(request) for request in call.requests]


def operation_of(record: GenerationRecord) -> Operation:
    """The operation that answered. InvalidRequest when there is none of its name any more."""
    for dialect in build_dialects(policy_of(record)):
        for operation in dialect.operations:
            if (dialect.name, operation.name) == (record.dialect, record.operation):
                return operation
    raise InvalidRequest(f"This tampu does not know the operation {record.operation} of {record.dialect}.")


def policy_of(record: GenerationRecord) -> Policy:
    """Under which the body was read. Records of version 0.1.0 do not have it, and it was most often this one."""
    recorded: Mapping[str, Any] = record.replay.get("policy", {})
    known = {item.name for item in fields(Policy)}
    return Policy(**{"max_choices": MAX_CHOICES} | {name: recorded[name] for name in recorded if name in known})


def check_text(record: GenerationRecord, texts: Sequence[Text]) -> None:
    """Raise InvalidRequest unless these are the texts that were answered."""
    digests = tuple(digest(text) for text in texts)
    if digests != record.prompt_digests:
        raise InvalidRequest(
            f"This is not the prompt of {record.id}: its SHA-256 is {_listed(digests)}, and "
            f"{_listed(record.prompt_digests)} was recorded. Messages, tools and the constraint all count."
        )


def check_model(record: GenerationRecord, llm: LLM) -> None:
    """Raise ModelMissing unless the loaded model, with the adapter of the record, gives the same tokens."""
    adapter = parameters_of(record)["adapter"]
    try:
        found = fingerprint_with(llm.card.fingerprint, llm.adapters.get(adapter).fingerprint if adapter else "")
    except AdapterNotFound as error:
        raise ModelMissing(f"{record.id} was answered with an adapter that is not here. {error}") from error
    if found != record.fingerprint:
        raise ModelMissing(
            f"{record.id} was answered by another model than the one here: {record.served_by} had the fingerprint "
            f"{record.fingerprint}, and {llm.card.id}{':' if adapter else ''}{adapter} has {found}."
        )


def compare(record: GenerationRecord, texts: Sequence[Text], llm: LLM) -> list[Verdict]:
    """Replay all requests and compare each choice. Raises ServiceError when a request is refused."""
    requests = list(requests_of(record, texts))
    watches = [list(choices) for choices in _watches(record, lambda id_: _shown(llm.tokenizer.token_bytes(id_)))]
    place = {request.id: position for position, request in enumerate(requests)}
    for request_id, news in llm.generate(requests):
        if isinstance(news, ServiceError):
            raise news
        watches[place[request_id]][news.index].note(news)
        if all(watch.has_enough for choices in watches for watch in choices):
            break
    return [
        watch.verdict(position, index)
        for position, choices in enumerate(watches)
        for index, watch in enumerate(choices)
    ]


def requests_of(record: GenerationRecord, texts: Sequence[Text]) -> Iterator[GenerateRequest]:
    """The requests of the call again, each bounded as the context bounded it then."""
    context = record.replay["engine"].get("context")  # records of version 0.1.0 do not have it
    for position, text in enumerate(texts):
        request = request_of(f"{record.id}.{position}", record.model, parameters_of(record, position), text)
        if context is not None:
            request = replace(request, max_context=min(context, request.max_context or context))
        cut = [choice.num_tokens for choice in record.choice_digests[position] if choice.finish_reason == "length"]
        if request.sampling.max_tokens is None and cut:
            request = replace(request, sampling=replace(request.sampling, max_tokens=max(cut)))
        yield request


def parameters_of(record: GenerationRecord, position: int = 0) -> Mapping[str, Any]:
    """The parameters of one of the call's requests; the record has them once where all are alike."""
    parameters: Sequence[Mapping[str, Any]] = record.replay["requests"]
    return parameters[position % len(parameters)]


class Watch:
    """Follows the replay of one choice."""

    def __init__(self, recorded: ChoiceDigest, text: Mapping[str, Any] | None, render: Callable[[int], str]) -> None:
        self._recorded = recorded
        self._text = text  # what was answered, where that was recorded
        self._render = render
        self._token_ids: list[int] = []
        self._finish_reason: FinishReason | None = None
        self._words = ""

    def note(self, chunk: Chunk) -> None:
        """Take in a piece of the replay."""
        self._token_ids += chunk.token_ids
        self._finish_reason = chunk.finish_reason or self._finish_reason
        self._words += chunk.text

    @property
    def has_enough(self) -> bool:
        """Whether what is still to come changes nothing; of an answer that was cut, only what there was is compared."""
        wanted = self._recorded.num_tokens
        is_past = len(self._token_ids) >= wanted + (self._recorded.finish_reason is not None)
        return self._finish_reason is not None or is_past

    def verdict(self, position: int, index: int) -> Verdict:
        """What came of it."""
        return Verdict(
            position, index, self._recorded, len(self._token_ids), self._finish_reason, self._difference() or ""
        )

    def _difference(self) -> str | None:
        recorded, came = self._recorded, len(self._token_ids)
        if digest_of(self._token_ids[: recorded.num_tokens]) != recorded.sha256:
            others = "others came" if came >= recorded.num_tokens else f"{came} came"
            return self._first_difference() or f"{recorded.num_tokens} tokens were recorded, and {others}"
        if recorded.finish_reason is None:
            return None
        if came != recorded.num_tokens:
            return f"{recorded.num_tokens} tokens were recorded, and more came"
        if self._finish_reason != recorded.finish_reason:
            return f"it ended by {recorded.finish_reason}, and now by {self._finish_reason}"
        if self._text is not None and self._text["text"] != self._words:
            return "its tokens are the same and its text is not"
        return None

    def _first_difference(self) -> str | None:
        """Where the tokens part, if what was answered was recorded."""
        if self._text is None:
            return None
        pairs = zip(self._text["token_ids"], [*self._token_ids, None], strict=False)
        place, (then, now) = next((place, pair) for place, pair in enumerate(pairs) if pair[0] != pair[1])
        came = "nothing" if now is None else repr(self._render(now))
        return f"token {place} was {self._render(then)!r}, and now {came} came"


def digest_of(token_ids: Iterable[int]) -> str:
    """Their SHA-256."""
    whole = TokenDigest()
    whole.push(token_ids)
    return whole.hex


def _watches(record: GenerationRecord, render: Callable[[int], str]) -> Iterator[Iterator[Watch]]:
    for position, choices in enumerate(record.choice_digests):
        texts = [None] * len(choices) if record.text is None else record.text["choices"][position]
        yield (Watch(choice, text, render) for choice, text in zip(choices, texts, strict=True))


def _shown(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _listed(digests: Iterable[str]) -> str:
    return ", ".join(digests)
