"""Which model and which provider a body asks for: fallbacks, suffixes of names, and the `provider` object.

There is one provider, this server, so that what the object demands is a filter, and what it prefers changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tampu.catalogue import PER_MILLION
from tampu.dialects.base import Context, ModelEntry
from tampu.dialects.fields import Field, Nested, Table
from tampu.dialects.kinds import JSON, Boolean, Either, Listing, NoEffect, Number, OneOf, Text, require, shown
from tampu.errors import InvalidRequest, ModelNotFound, RuledOut
from tampu.request import Range

NAME = "openrouter"
BASE = "/api/v1"
PROVIDER = "tampu"  # its name, and its slug
SUFFIXES = ("nitro", "floor", "exacto", "free")  # of model names: how to choose among providers
QUANTIZATIONS = ("int4", "int8", "fp4", "mxfp4", "nvfp4", "fp6", "fp8", "mxfp8", "fp16", "bf16", "fp32", "unknown")
# Words of `supported_parameters` that have no effect here.
UNSUPPORTED = ("include_reasoning", "prediction", "reasoning", "reasoning_effort", "verbosity", "web_search_options")
MAX_NAMES = 64
ONE_PROVIDER = "Accepted; there is one provider, so that it changes nothing."
DECIMAL = re.compile(r"\d{1,18}(\.\d{1,18})?")


@dataclass(frozen=True, slots=True)
class Dollars:
    """An amount as a number or as a decimal string; given back as a Decimal."""

    noun = "an amount: a number or a decimal string"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string or a number."""
        return type(value) is str or Number(Range(0, 0)).matches(value)

    def read(self, param: str, value: JSON) -> Decimal:
        """The amount, which is not negative."""
        require(self, param, value)
        if type(value) is str and not DECIMAL.fullmatch(value):
            raise InvalidRequest(f"{param} must be {self.noun}, got {shown(value)!r}.", param=param)
        if type(value) is not str:
            Range(0, 1e18).check(param, value)
        return Decimal(str(value))

    def schema(self) -> dict[str, JSON]:
        """A number, or a string of digits."""
        text = {"type": "string", "pattern": f"^{DECIMAL.pattern}$"}
        return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1e18}, text]}


SLUGS = Listing(Text(256, min_length=1), MAX_NAMES)
SORTS = OneOf(("price", "throughput", "latency", "exacto"))
SORT = (
    Field("by", SORTS, "What to sort by."),
    Field("partition", OneOf(("model", "none")), "Whether providers of different models are sorted apart."),
)
RATE = Number(Range(0, 1e12))
PERCENTILES = tuple(Field(name, RATE, "Of so many percent.") for name in ("p50", "p75", "p90", "p99"))
CUTOFF = Either((RATE, Nested(PERCENTILES, closed=True)))
MAX_PRICE = (
    Field("prompt", Dollars(), "Dollars per million tokens of the prompt."),
    Field("completion", Dollars(), "Dollars per million tokens of the completion."),
    Field("request", Dollars(), "Dollars per request; here that is nothing."),
    Field("image", Dollars(), "Dollars per image; here that is nothing."),
    Field("audio", Dollars(), "Dollars per audio token; here that is nothing."),
)
PREFERENCES = (
    Field("order", SLUGS, "Providers to try in order; with allow_fallbacks false, no others."),
    Field("only", SLUGS, "The providers to choose from."),
    Field("ignore", SLUGS, "Providers not to use."),
    Field("allow_fallbacks", Boolean(), "false: fail rather than use a provider that is not in order."),
    Field("require_parameters", Boolean(), "Only providers that know every parameter sent."),
    Field("data_collection", OneOf(("allow", "deny")), "deny: none that trains on what it sees. tampu does not."),
    Field("zdr", Boolean(), "Only providers that keep no text, as this one unless it was started with --log-text."),
    Field("enforce_distillable_text", Boolean(), "Only models whose licence lets one train others on their answers."),
    Field("quantizations", Listing(OneOf(QUANTIZATIONS), len(QUANTIZATIONS)), "Kinds of weights to choose from."),
    Field("sort", Either((SORTS, Nested(SORT, closed=True))), ONE_PROVIDER),
    Field("preferred_min_throughput", CUTOFF, ONE_PROVIDER),
    Field("preferred_max_latency", CUTOFF, ONE_PROVIDER),
    Field("max_price", Nested(MAX_PRICE, closed=True), "The most that tokens may cost."),
    Field("options", NoEffect(), "Of other providers; has no effect."),
)
NAMES = Text(256, min_length=1)
ROUTING_FIELDS: Table = (
    Field("model", NAMES, "A name from /api/v1/models; left out, the model that is served."),
    Field("models", Listing(NAMES, MAX_NAMES), "Further models, tried in order where `model` cannot answer."),
    Field("provider", Nested(PREFERENCES, closed=True), "What the provider must be like; else 404 with the reason."),
    Field("route", OneOf(("fallback", "sort")), "Accepted, has no effect: `models` are fallbacks either way."),
)


def tag(model: ModelEntry) -> str:
    """The provider's slug with its variant: what kind of weights it has."""
    return f"{PROVIDER}/{quantization(model)}"


def quantization(model: ModelEntry) -> str:
    """The kind of weights in OpenRouter's words."""
    kind = "fp32" if model.quantization == "f32" else model.quantization
    return kind if kind in QUANTIZATIONS else "unknown"


def is_named(slugs: tuple[str, ...], model: ModelEntry) -> bool:
    """Whether we are among these: a slug without a variant means all of them."""
    return any(slug.lower() in (PROVIDER, tag(model)) for slug in slugs)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a body demands of the provider of one model."""

    name: str
    model: ModelEntry
    values: Mapping[str, Any]  # of the body's fields
    keeps_text: bool

    @property
    def provider(self) -> Mapping[str, Any]:
        """The values of the `provider` object."""
        return self.values.get("provider", {})  # type: ignore[no-any-return]

    def check(self) -> None:
        """Raise RuledOut for the first demand that is not met."""
        for field, rule in RULES.items():
            if field in self.provider and (unmet := rule(self)):
                raise self._ruled_out(field, unmet)

    def _ruled_out(self, field: str, unmet: str) -> RuledOut:
        reason, excluded_by = REASONS[field]
        message = NOT_ALLOWED if reason == "no_endpoints" else f"No endpoints found for {self.name}: {unmet}."
        param = f"provider.{field}"
        return RuledOut(message, model=self.name, reason=reason, excluded_by=excluded_by, field=param, detail=unmet)


NOT_ALLOWED = "No allowed providers are available for the selected model."


def _order(demand: Demand) -> str:
    stays = demand.provider.get("allow_fallbacks") is False and bool(demand.provider["order"])
    return "it is not in order" if stays and not is_named(demand.provider["order"], demand.model) else ""


def _only(demand: Demand) -> str:
    only = demand.provider["only"]
    return "it is not in only" if only and not is_named(only, demand.model) else ""


def _ignore(demand: Demand) -> str:
    return "it is in ignore" if is_named(demand.provider["ignore"], demand.model) else ""


def _quantizations(demand: Demand) -> str:
    wanted, kind = demand.provider["quantizations"], quantization(demand.model)
    return f"the weights are {kind}" if wanted and kind not in wanted else ""


def _max_price(demand: Demand) -> str:
    price = demand.model.known.price
    for part, pico in (("prompt", price.prompt), ("completion", price.completion)):
        most, asked = demand.provider["max_price"].get(part), Decimal(pico) / PER_MILLION
        if most is not None and asked > most:
            return f"a million tokens of the {part} cost ${asked:f}, more than ${most:f}"
    return ""


def _require_parameters(demand: Demand) -> str:
    unknown = [name for name in UNSUPPORTED if name in demand.values] if demand.provider["require_parameters"] else []
    return f"there is no {', '.join(unknown)}" if unknown else ""


def _zdr(demand: Demand) -> str:
    return "this server keeps the text of requests" if demand.provider["zdr"] and demand.keeps_text else ""


def _distillable(demand: Demand) -> str:
    wanted = demand.provider["enforce_distillable_text"]
    return "its licence does not say so" if wanted and not demand.model.known.licence.distillable else ""


RULES: Mapping[str, Callable[[Demand], str]] = {
    "only": _only,
    "ignore": _ignore,
    "order": _order,
    "zdr": _zdr,
    "enforce_distillable_text": _distillable,
    "quantizations": _quantizations,
    "max_price": _max_price,
    "require_parameters": _require_parameters,
}
# What became of the model, and by which word, where a demand is not met.
REASONS: Mapping[str, tuple[str, str]] = {
    "only": ("no_endpoints", "allowed_providers"),
    "ignore": ("no_endpoints", "allowed_providers"),
    "order": ("no_endpoints", "allowed_providers"),
    "zdr": ("privacy_restricted", "data_policy:zdr"),
    "enforce_distillable_text": ("privacy_restricted", "data_policy:training"),
    "quantizations": ("constraint_filtered", "quantization"),
    "max_price": ("constraint_filtered", "max_price"),
    "require_parameters": ("constraint_filtered", "require_parameters"),
}


@dataclass(frozen=True, slots=True)
class Router:
    """Finds the model of a body."""

    keeps_text: bool = False

    def find(self, values: Mapping[str, Any], context: Context) -> tuple[str, ModelEntry]:
        """The first model that is served and whose provider the body allows, and by which name.

        Raises RuledOut, or ModelNotFound with all names.
        """
        wanted = asked_for(values)
        if not wanted:
            model = context.find(context.default_model)
            return self._allowed(model.name_in(NAME), model, values)
        known: tuple[str, ...] = ()
        refusal: RuledOut | None = None
        for name in wanted:
            try:
                return self._allowed(*resolve(name, context.find), values)
            except RuledOut as error:
                refusal = refusal or error
            except ModelNotFound as error:
                known = error.known
        raise refusal or ModelNotFound(wanted[0], known, wanted)

    def _allowed(self, name: str, model: ModelEntry, values: Mapping[str, Any]) -> tuple[str, ModelEntry]:
        Demand(name, model, values, self.keeps_text).check()
        return name, model


def asked_for(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of models in a body, in the order in which they are tried."""
    first = (values["model"],) if "model" in values else ()
    return (*first, *values.get("models", ()))


def means(asked: str, name: str) -> bool:
    """Whether a body that asks so gets the model that was found as `name`."""
    return asked == name or asked in (f"{name}:{suffix}" for suffix in SUFFIXES)


def resolve(name: str, find: Callable[[str], ModelEntry]) -> tuple[str, ModelEntry]:
    """The model of this name, which may have a suffix that chooses among providers. Raises ModelNotFound."""
    try:
        return name, find(name)
    except ModelNotFound:
        base, _, suffix = name.rpartition(":")
        if suffix not in SUFFIXES:
            raise
        return base, find(base)
