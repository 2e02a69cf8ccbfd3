"""A request made ready for the engine: rendered to ids, checked against the model, nothing left open.

Both ways into the engine go through here, the in-process `LLM` and the server's `LocalEngine`, so that both refuse the
same requests in the same words.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tampu.engine.adapters import AdapterOffer
from tampu.engine.card import ModelCard
from tampu.engine.length import LONG, least_tokens, length_of
from tampu.engine.sequence import SequenceSpec
from tampu.errors import ContextTooLong, InvalidPrompt, InvalidRequest, OutOfRange, UnsupportedModel
from tampu.model.hub import resolve
from tampu.model.packed import open_packed
from tampu.request import MAX_SEED, GenerateRequest, Message, Prompt, SamplingParams
from tampu.settings import EngineSettings, Paths
from tampu.text.chat_format import end_ids, render, render_raw
from tampu.text.middle_out import cut_ids, cut_middle, shorten_chat
from tampu.text.tokenizer import Tokenizer

ANSWER_SHARE = 4  # of the context, one in so many tokens
FindAdapter = Callable[[str], AdapterOffer]


def draw_seed() -> int:
    """A seed for a request that gave none."""
    return secrets.randbelow(MAX_SEED + 1)


def find_none(name: str) -> AdapterOffer:
    """Stands for a model without adapters."""
    raise InvalidRequest(f"There is no adapter {name!r:.80} of this model.", param="adapter")


def locate_draft(settings: EngineSettings, paths: Paths) -> EngineSettings:
    """The settings with the path of the draft model in place of its name; ModelMissing when there is none."""
    if not settings.draft_model:
        return settings
    return replace(settings, draft_model=str(resolve(settings.draft_model, paths)))


def read_tokenizer(packed: Path) -> Tokenizer:
    """The tokenizer inside a packed file."""
    model = open_packed(packed)
    data = model.tokenizer_json
    if data is None:
        raise UnsupportedModel(f"{packed} holds no tokenizer: its checkpoint had none. Add one and pack it again.")
    return Tokenizer.from_json(data, model.dates)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request in ids. `sampling` is resolved: seed and max_tokens are numbers, the model's own stop ids are in."""

    request: GenerateRequest
    prompt_token_ids: tuple[int, ...]
    sampling: SamplingParams
    grammar: str = ""
    adapter: AdapterOffer | None = None
    # Whether the prompt begins with a token that the client did not send: 1 or 0.
    num_added: int = 0

    def specs(self, first_id: int) -> list[SequenceSpec]:
        """One sequence per choice, with the ids [first_id, first_id + n)."""
        num_choices = self.sampling.n
        # Stop strings are the assembler's. The prompt is the same for all choices: the first one scores it.
        own = replace(self.sampling, n=1, stop=())
        unscored = replace(own, prompt_logprobs=None)
        return [
            SequenceSpec(
                id=first_id + choice,
                prompt_token_ids=self.prompt_token_ids,
                sampling=unscored if choice else own,
                choice=choice,
                group=first_id if num_choices > 1 else None,
                salt=self.request.tenant.encode(),
                grammar=self.grammar,
                adapter=self.adapter.fingerprint if self.adapter else "",
            )
            for choice in range(num_choices)
        ]


class Preparer:
    """Renders and checks requests against one model."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        card: ModelCard,
        draw: Callable[[], int] = draw_seed,
        find_adapter: FindAdapter = find_none,
    ) -> None:
        self.tokenizer = tokenizer
        self.card = card
        self._draw = draw
        self._find_adapter = find_adapter

    def prepare(self, request: GenerateRequest, grammar: str = "") -> Prepared:
        """The request made ready, with its compiled constraint; InvalidRequest names what is wrong with it."""
        sampling = request.sampling
        sampling.check()
        self._check_ids(sampling)
        _check_limits(sampling, grammar)
        adapter = self._find_adapter(request.adapter) if request.adapter else None
        request, prompt = self._fitting(request)
        num_added = self._num_added(request, prompt)
        if request.truncate_prompt_tokens is not None:
            kept = self._kept(request, prompt)
            prompt, num_added = prompt[len(prompt) - kept :], max(0, num_added - (len(prompt) - kept))
        self._check_known(request, prompt)
        if not prompt:
            raise InvalidPrompt("The prompt must not be empty.", param=_prompt_param(request))
        resolved = replace(
            sampling,
            seed=self._draw() if sampling.seed is None else sampling.seed,
            max_tokens=self._max_tokens(request, len(prompt)),
            stop_token_ids=self._stop_token_ids(request),
        )
        return Prepared(request, prompt, resolved, grammar, adapter, num_added)

    def count(self, prompt: Prompt) -> int:
        """How many ids a prompt has."""
        return len(self._render(GenerateRequest("", "", prompt)))

    def _num_added(self, request: GenerateRequest, prompt: tuple[int, ...]) -> int:
        """Whether a begin-of-text stands before what the client sent: 1 or 0."""
        bos_id, text = self.tokenizer.bos_id, request.prompt
        if bos_id is None or not isinstance(text, str) or prompt[:1] != (bos_id,):
            return 0
        return 0 if text.startswith(self.tokenizer.token_name(bos_id)) else 1

    def _kept(self, request: GenerateRequest, prompt: tuple[int, ...]) -> int:
        """How many of the prompt's last tokens stay."""
        most, length = request.truncate_prompt_tokens or 0, len(prompt)
        if most < 0:
            most = max(0, self._context(request) - (request.sampling.max_tokens or 1))
        return min(length, most)

    def _stop_token_ids(self, request: GenerateRequest) -> tuple[int, ...]:
        """Those of the request, and those that end the model's answers unless they are to be ignored: what its files
        name, and for a chat what its format ends turns with, whatever they name."""
        sampling = request.sampling
        own = {*self.card.eos_token_ids, *(end_ids(self.tokenizer) if is_chat(request) else ())}
        ends = {*sampling.stop_token_ids, *(() if sampling.ignore_eos else own)}
        if sampling.min_tokens and sampling.allowed_token_ids and ends.issuperset(sampling.allowed_token_ids):
            raise InvalidRequest(
                "All of allowed_token_ids end the answer, and min_tokens does not let it end.", param="min_tokens"
            )
        return tuple(sorted(id_ for id_ in ends if id_ < self.card.vocab_size))

    def _fitting(self, request: GenerateRequest) -> tuple[GenerateRequest, tuple[int, ...]]:
        """The ids of the prompt, and the request that they are of: with middle-out a shortened one.

        A prompt that cannot fit is not rendered: ContextTooLong, or only what is kept of it is.
        """
        if request.truncate_prompt_tokens is not None:  # its end is kept, however long it is
            return request, self._render(request)
        room = self._context(request) - (request.sampling.max_tokens or 1)
        is_long = length_of(request) > LONG
        least = least_tokens(request, self.tokenizer, self._context(request)) if is_long else 0
        if least <= room:
            prompt = self._render(request)
            if len(prompt) <= room or not request.middle_out:
                return request, prompt
        if not request.middle_out or room <= 0:
            raise self._too_long(request, least, at_least=True)
        request = self._without_middle(request)
        return request, self._render(request)

    def _too_long(self, request: GenerateRequest, num_prompt: int, at_least: bool = False) -> ContextTooLong:
        completion, param = request.sampling.max_tokens, _prompt_param(request)
        return ContextTooLong(
            context=self._context(request), prompt=num_prompt, completion=completion, param=param, at_least=at_least
        )

    def _render(self, request: GenerateRequest) -> tuple[int, ...]:
        prompt = request.prompt
        if not prompt:
            return ()
        if isinstance(prompt, str):
            return tuple(render_raw(prompt, self.tokenizer))
        messages = [part for part in prompt if isinstance(part, Message)]
        if not messages:
            return self._check_prompt_ids(tuple(part for part in prompt if isinstance(part, int)))
        try:
            ids = render(messages, request.offered_tools, self.tokenizer, request.continue_last, request.date_string)
            return tuple(ids)
        except UnsupportedModel as error:
            raise InvalidRequest(f"This model takes no chats, only raw prompts. {error}", param="messages") from error

    def _without_middle(self, request: GenerateRequest) -> GenerateRequest:
        """The request with what of its prompt there is room for; who does not say how much is to come gets a quarter
        of the context for it."""
        context = self._context(request)
        room = context - (request.sampling.max_tokens or context // ANSWER_SHARE)
        if room <= 0:
            return request
        prompt = request.prompt
        if isinstance(prompt, str):
            return replace(request, prompt=cut_middle(prompt, room, lambda text: len(render_raw(text, self.tokenizer))))
        messages = [part for part in prompt if isinstance(part, Message)]
        if not messages:
            return replace(request, prompt=cut_ids(tuple(part for part in prompt if isinstance(part, int)), room))
        tools, date = request.offered_tools, request.date_string
        kept = shorten_chat(messages, tools, self.tokenizer, request.continue_last, room, date)
        return replace(request, prompt=kept)

    def _context(self, request: GenerateRequest) -> int:
        return min(self.card.context, request.max_context or self.card.context)

    def _check_prompt_ids(self, token_ids: tuple[int, ...]) -> tuple[int, ...]:
        for token_id in token_ids:
            self._check_id("prompt", token_id)
        return token_ids

    def _check_known(self, request: GenerateRequest, prompt: tuple[int, ...]) -> None:
        """Raise InvalidRequest where a text has a token that the tokenizer knows and the model does not."""
        if (highest := max(prompt, default=0)) >= self.card.vocab_size:
            raise InvalidRequest(
                f"The prompt has the token {self.tokenizer.token_name(highest)!r:.80} with id {highest}, and the model "
                f"knows ids up to {self.card.vocab_size - 1}.",
                param=_prompt_param(request),
            )

    def _check_ids(self, sampling: SamplingParams) -> None:
        for token_id in sampling.stop_token_ids:
            self._check_id("stop_token_ids", token_id)
        for token_id in sampling.logit_bias:
            self._check_id("logit_bias", token_id)
        for token_id in sampling.allowed_token_ids:
            self._check_id("allowed_token_ids", token_id)

    def _check_id(self, param: str, token_id: int) -> None:
        if not 0 <= token_id < self.card.vocab_size:
            raise OutOfRange(param, value=token_id, low=0, high=self.card.vocab_size - 1)

    def _max_tokens(self, request: GenerateRequest, num_prompt: int) -> int:
        """What was asked for, else all that the context has room for, up to the request's cap."""
        context = self._context(request)
        room, asked = context - num_prompt, request.sampling.max_tokens
        if room < (1 if asked is None else asked):
            raise self._too_long(request, num_prompt)
        return min(room, request.token_cap or room) if asked is None else asked


def _check_limits(sampling: SamplingParams, grammar: str) -> None:
    """Raise InvalidRequest for more tokens than there may be, or what a grammar decides already: where the answer may
    end, and with which tokens."""
    if sampling.max_tokens is not None and sampling.min_tokens > sampling.max_tokens:
        raise OutOfRange("min_tokens", value=sampling.min_tokens, low=0, high=sampling.max_tokens)
    limits = {"min_tokens": sampling.min_tokens > 0, "allowed_token_ids": bool(sampling.allowed_token_ids)}
    for name, is_limited in {"ignore_eos": sampling.ignore_eos, **limits}.items():
        if grammar and is_limited:
            raise InvalidRequest(f"{name} cannot be combined with a schema, a grammar or enforced tools.", param=name)


def is_chat(request: GenerateRequest) -> bool:
    """Whether the prompt is messages, not text or ids."""
    prompt = request.prompt
    return not isinstance(prompt, str) and any(isinstance(part, Message) for part in prompt[:1])


def _prompt_param(request: GenerateRequest) -> str:
    if request.prompt_param:
        return request.prompt_param
    return "messages" if is_chat(request) or not request.prompt else "prompt"
