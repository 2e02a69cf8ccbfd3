"""Chat and text completions as OpenAI-shaped dialects offer them: tables differ, what a body means does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.answers import ChatAnswer, Manner, Report, Stamp, TextAnswer
from tampu.dialects.base import Call, Context, ModelEntry, Waiting, check_token_ids
from tampu.dialects.constraints import read_constraint
from tampu.dialects.fields import Table, read_table, sampling_values
from tampu.dialects.kinds import JSON
from tampu.dialects.tools import read_tools
from tampu.errors import InvalidRequest
from tampu.request import GenerateRequest, SamplingParams

# Finds the model that a body asks for, by the values of its fields; with the name that it is found by.
FindModel = Callable[[Mapping[str, Any], Context], tuple[str, ModelEntry]]
Extras = Mapping[str, Mapping[str, JSON]]  # of a Stamp: further, closing, preface
MakeExtras = Callable[[Mapping[str, Any], Context, ModelEntry, GenerateRequest], Extras]


def named_model(values: Mapping[str, Any], context: Context) -> tuple[str, ModelEntry]:
    """The model that the body names, and by which name. Raises ModelNotFound."""
    name = values["model"]
    return name, context.find(name)


def no_options(values: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - one of an operation's functions
    """None."""
    return {}


def no_extras(values: Mapping[str, Any], context: Context, model: ModelEntry, request: GenerateRequest) -> Extras:  # noqa: ARG001
    """Nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Chat:
    """Chat completions: one request, whatever `n` is."""

    table: Table
    manner: Manner
    paths: tuple[str, ...]
    new_id: Callable[[Context], str]
    answer_schema: Mapping[str, JSON]
    token_cap: int = 0  # of a body without max_tokens; 0 is none but the context
    waiting: Waiting | None = None
    name: str = "chat"
    takes_forms: bool = False
    find: FindModel = named_model
    extras: MakeExtras = no_extras
    options: Callable[[Mapping[str, Any]], Mapping[str, Any]] = no_options  # further fields of each request

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:  # noqa: ARG002
        """The call. Raises InvalidRequest naming the field, or ModelNotFound."""
        values = read_table(self.table, body)
        include_usage, every_chunk = stream_options(values, self.manner)
        sampling = sampling_values(self.table, values) | stops(values) | chat_logprobs(values)
        limit = values.get("max_completion_tokens", values.get("max_tokens"))
        name, model = self.find(values, context)
        params = sampling_params({**sampling, "max_tokens": at_least_one(limit)}, model, context.seed)
        messages = values["messages"]
        request = GenerateRequest(
            context.request_id,
            name,
            messages,
            params,
            continue_last=messages[-1].role == "assistant",
            tenant=context.tenant,
            adapter=values.get("lora", ""),
            constraint=read_constraint(values),
            token_cap=self.token_cap,
            **read_tools(values),
            **prompt_options(values),
            **self.options(values),
        )
        extras = self.extras(values, context, model, request)
        stamp = Stamp(
            self.new_id(context), context.created, name, include_usage, every_chunk, model.known.price, **extras
        )
        logprobs, report = params.logprobs is not None, read_report(values, params)
        answer = ChatAnswer(self.manner, stamp, params.n, logprobs, prompt_only=limit == 0, report=report)
        return Call(name, (request,), values.get("stream", False), answer, stamp.id, self.waiting)


@dataclass(frozen=True, slots=True)
class Completions:
    """Text completions: one request per prompt, all with the same parameters and seed."""

    table: Table
    manner: Manner
    paths: tuple[str, ...]
    new_id: Callable[[Context], str]
    answer_schema: Mapping[str, JSON]
    token_cap: int = 0
    waiting: Waiting | None = None
    name: str = "completions"
    takes_forms: bool = False
    find: FindModel = named_model
    extras: MakeExtras = no_extras
    options: Callable[[Mapping[str, Any]], Mapping[str, Any]] = no_options  # further fields of each request

    def parse(self, path_args: Mapping[str, str], body: JSON, context: Context) -> Call:  # noqa: ARG002
        """The call. Raises InvalidRequest naming the field, or ModelNotFound."""
        values = read_table(self.table, body)
        include_usage, every_chunk = stream_options(values, self.manner)
        echo, limit = values.get("echo", False), values.get("max_tokens")
        name, model = self.find(values, context)
        sampling = sampling_values(self.table, values) | stops(values) | {"max_tokens": at_least_one(limit)}
        if echo and "logprobs" in values:
            sampling["prompt_logprobs"] = max(values["logprobs"], values.get("prompt_logprobs", 0))
        params = sampling_params(sampling, model, context.seed)
        prompts: tuple[str | tuple[int, ...], ...] = values["prompt"]
        for index, prompt in enumerate(prompts):
            if isinstance(prompt, tuple):
                check_token_ids(f"prompt[{index}]" if len(prompts) > 1 else "prompt", prompt, model.vocab_size)
        ids = [context.request_id] if len(prompts) == 1 else [f"{context.request_id}-{i}" for i in range(len(prompts))]
        constraint = read_constraint(values)
        requests = tuple(
            GenerateRequest(
                request_id,
                name,
                prompt,
                params,
                echo=echo,
                tenant=context.tenant,
                adapter=values.get("lora", ""),
                constraint=constraint,
                token_cap=self.token_cap,
                **prompt_options(values),
                **self.options(values),
            )
            for request_id, prompt in zip(ids, prompts, strict=True)
        )
        extras = self.extras(values, context, model, requests[0])
        stamp = Stamp(
            self.new_id(context), context.created, name, include_usage, every_chunk, model.known.price, **extras
        )
        logprobs = params.logprobs is not None
        answer = TextAnswer(
            self.manner,
            stamp,
            len(prompts),
            params.n,
            logprobs,
            prompt_only=limit == 0,
            report=read_report(values, params),
            echo=echo,
        )
        return Call(name, requests, values.get("stream", False), answer, stamp.id, self.waiting)


def prompt_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is done with a prompt besides reading it, as fields of a request."""
    template = values.get("chat_template_kwargs") or {}
    date = {"date_string": template["date_string"]} if "date_string" in template else {}
    return {name: values[name] for name in ("truncate_prompt_tokens", "return_token_ids") if name in values} | date


def read_report(values: Mapping[str, Any], params: SamplingParams) -> Report:
    """What the answer tells of its tokens. Raises InvalidRequest for what a stream does not tell, or what has no
    log-probabilities to show."""
    prompt_logprobs, as_ids = "prompt_logprobs" in values, values.get("return_tokens_as_token_ids", False)
    if prompt_logprobs and values.get("stream"):
        raise InvalidRequest("prompt_logprobs is only allowed without stream.", param="prompt_logprobs")
    if as_ids and params.logprobs is None:
        name = "return_tokens_as_token_ids"
        raise InvalidRequest(f"{name} is only allowed with logprobs.", param=name)
    return Report(values.get("return_token_ids", False), as_ids, prompt_logprobs)


def stops(values: Mapping[str, Any]) -> dict[str, Any]:
    """The stop strings as SamplingParams wants them."""
    stop = values.get("stop", ())
    return {"stop": (stop,) if isinstance(stop, str) else stop}


def at_least_one(limit: int | None) -> int | None:
    """The engine gives a token to every prompt; who wants none does not see it."""
    return None if limit is None else max(1, limit)


def chat_logprobs(values: Mapping[str, Any]) -> dict[str, int | None]:
    """How many alternatives to report. Raises InvalidRequest for `top_logprobs` alone."""
    if values.get("logprobs"):
        return {"logprobs": values.get("top_logprobs", 0)}
    if "top_logprobs" in values:
        raise InvalidRequest("top_logprobs is only allowed with logprobs: true.", param="top_logprobs")
    return {"logprobs": None}


def stream_options(values: Mapping[str, Any], manner: Manner) -> tuple[bool, bool]:
    """Whether the stream has its usage, and whether every chunk has it.

    Raises InvalidRequest for options without a stream, where the usage has to be asked for.
    """
    asked = manner.usage_place == "asked"
    if asked and "stream_options" in values and not values.get("stream"):
        raise InvalidRequest("stream_options is only allowed with stream: true.", param="stream_options")
    options = values.get("stream_options") or {}
    return options.get("include_usage", not asked), options.get("continuous_usage_stats", False)


def sampling_params(sampling: Mapping[str, Any], model: ModelEntry, seed: int) -> SamplingParams:
    """Checked parameters, ids within the vocabulary; what the body leaves open is as the model's makers recommend, the
    seed as drawn."""
    params = SamplingParams(**{"seed": seed, **model.recommended, **sampling})
    params.check()
    check_token_ids("stop_token_ids", params.stop_token_ids, model.vocab_size)
    check_token_ids("logit_bias", params.logit_bias, model.vocab_size)
    check_token_ids("allowed_token_ids", params.allowed_token_ids, model.vocab_size)
    return params
