"""What an answer must match: OpenAI's `response_format`, and the fields that vLLM and other providers added.

Whether a schema can be enforced is not decided here; see `tampu.grammar`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tampu.dialects.fields import Field, Nested, Table, read_table, table_schema
from tampu.dialects.kinds import JSON, Boolean, Either, Listing, NoEffect, OneOf, Refused, Text, require
from tampu.errors import InvalidRequest, SchemaTooComplex
from tampu.request import Constraint, ConstraintKind
from tampu.strict_json import count_values

MAX_SOURCE = 2**19  # characters of a schema or grammar as a string
MAX_SCHEMA_VALUES = 50_000  # keywords, names, numbers: more than any schema has that can be enforced
MAX_CHOICES = 1000
SCHEMA_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema; given back as JSON text."""

    noun = "a JSON schema"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object or a boolean."""
        return isinstance(value, dict | bool)

    def read(self, param: str, value: JSON) -> str:
        """The schema as text, its keys in their order."""
        require(self, param, value)
        if count_values(value, MAX_SCHEMA_VALUES + 1) > MAX_SCHEMA_VALUES:
            raise SchemaTooComplex(f"{param} may have at most {MAX_SCHEMA_VALUES} values.", param=param)
        return json.dumps(value, ensure_ascii=False)

    def schema(self) -> dict[str, JSON]:
        """An object or a boolean."""
        return {"type": ["object", "boolean"]}


@dataclass(frozen=True, slots=True)
class SchemaName:
    """What a client calls its schema."""

    noun = "1 to 64 letters, digits, _ or -"

    def matches(self, value: JSON) -> bool:
        """Whether it is a string."""
        return type(value) is str

    def read(self, param: str, value: JSON) -> str:
        """The name."""
        if not self.matches(value) or not SCHEMA_NAME.fullmatch(value):
            raise InvalidRequest(f"{param} must be {self.noun}.", param=param)
        return str(value)

    def schema(self) -> dict[str, JSON]:
        """A string of this pattern."""
        return {"type": "string", "pattern": f"^{SCHEMA_NAME.pattern}$"}


WRAPPED = (
    Field("name", SchemaName(), "What the client calls it; has no effect."),
    Field("description", Text(MAX_SOURCE), "For people; has no effect."),
    Field("schema", Schema(), "The JSON schema.", required=True),
    Field("strict", Boolean(), "The schema is enforced either way."),
)


@dataclass(frozen=True, slots=True)
class WrappedSchema:
    """A schema as OpenAI wraps it, with a name beside it, or bare; given back as JSON text."""

    noun = "a JSON schema, or an object with one under schema"

    def matches(self, value: JSON) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)

    def read(self, param: str, value: JSON) -> str:
        """The schema as text."""
        require(self, param, value)
        if "schema" in value or "name" in value:
            return str(read_table(WRAPPED, value, f"{param}.")["schema"])
        return Schema().read(param, value)

    def schema(self) -> dict[str, JSON]:
        """The wrapper, or any object that has neither of its keys."""
        bare = {"type": "object", "not": {"anyOf": [{"required": ["name"]}, {"required": ["schema"]}]}}
        return {"anyOf": [table_schema(WRAPPED), bare]}


TYPES = ("text", "json_object", "json_schema", "regex", "grammar")
RESPONSE_FORMAT = (
    Field("type", OneOf(TYPES), "The form of the answer.", required=True),
    Field("json_schema", WrappedSchema(), "With type json_schema: the schema, wrapped as OpenAI does or bare."),
    Field("regex", Text(1024, min_length=1), "With type regex: the regular expression that the whole answer matches."),
    Field("grammar", Text(MAX_SOURCE, min_length=1), "With type grammar: Lark, or GBNF as llama.cpp has it."),
    Field("schema", Schema(), "With type json_object or json_schema: the schema, as llama.cpp and Together have it."),
)
CHOICES = Listing(Text(1024, min_length=1), MAX_CHOICES, min_items=1)
GRAMMAR = Text(MAX_SOURCE, min_length=1)
REGEX = Text(1024, min_length=1)
ANY_SCHEMA = Either((Schema(), GRAMMAR))
STRUCTURED_OUTPUTS = (
    Field("json", ANY_SCHEMA, "A JSON schema, also as a string."),
    Field("regex", REGEX, "A regular expression that the whole answer matches."),
    Field("choice", CHOICES, "The answers to choose from."),
    Field("grammar", GRAMMAR, "Lark, or GBNF as llama.cpp has it."),
    Field("json_object", Boolean(), "Any JSON object."),
    Field("structural_tag", Refused("use tools, or a grammar"), "Refused: use tools, or a grammar."),
    Field("whitespace_pattern", Refused("JSON comes on one line"), "Refused: JSON comes on one line."),
    Field("disable_any_whitespace", NoEffect(), "Accepted, has no effect: JSON comes on one line."),
)
CONSTRAINT_FIELDS: Table = (
    Field("response_format", Nested(RESPONSE_FORMAT), "What the answer must match; enforced token by token."),
    Field("structured_outputs", Nested(STRUCTURED_OUTPUTS), "The same as vLLM has it: one of its fields."),
    Field("guided_json", ANY_SCHEMA, "vLLM's older name of structured_outputs.json."),
    Field("guided_regex", REGEX, "vLLM's older name of structured_outputs.regex."),
    Field("guided_choice", CHOICES, "vLLM's older name of structured_outputs.choice."),
    Field("guided_grammar", GRAMMAR, "vLLM's older name of structured_outputs.grammar."),
    Field("guided_decoding_backend", NoEffect(), "Accepted, has no effect."),
    Field("guided_whitespace_pattern", Refused("JSON comes on one line"), "Refused: JSON comes on one line."),
    Field("json_schema", ANY_SCHEMA, "The same as llama.cpp and SGLang have it; also as a string."),
    Field("regex", REGEX, "The same as SGLang has it."),
    Field("ebnf", GRAMMAR, "SGLang's name of a grammar: Lark, or GBNF as llama.cpp has it."),
    Field("grammar", GRAMMAR, "llama.cpp's name of a grammar: Lark, or GBNF."),
    *(
        Field(name, Refused("use tools, or a grammar"), "Refused: use tools, or a grammar.")
        for name in ("structural_tag", "guided_structural_tag", "grammar_triggers")
    ),
    Field("grammar_lazy", Refused("use tools", (False,)), "Refused: use tools."),
)


def constraint_fields(*names: str) -> Table:
    """The rows of these names; all other names of a constraint are refused, since no answer may ignore one."""
    return tuple(field if field.name in names else _refused(field, f"use {names[0]}") for field in CONSTRAINT_FIELDS)


def _refused(field: Field, reason: str) -> Field:
    return field if isinstance(field.kind, NoEffect) else Field(field.name, Refused(reason), f"Refused: {reason}.")


def read_constraint(values: Mapping[str, Any]) -> Constraint | None:
    """What the fields of CONSTRAINT_FIELDS ask for, None when they ask for nothing. InvalidRequest when two do."""
    asked = [constraint for read in READERS if (constraint := read(values)) is not None]
    if len(asked) > 1:
        both = f"{asked[0].param} and {asked[1].param}"
        raise InvalidRequest(f"An answer is held to one thing at a time, got {both}.", param=asked[1].param)
    return asked[0] if asked else None


def _response_format(values: Mapping[str, Any]) -> Constraint | None:
    form = values.get("response_format", {"type": "text"})
    kind = form["type"]
    if kind == "text":
        return None
    if "schema" in form and kind in ("json_object", "json_schema") and kind not in form:
        return Constraint("json_schema", form["schema"], "response_format.schema")
    if kind == "json_object":
        return Constraint("json_object", "", "response_format")
    param = f"response_format.{kind}"
    if kind not in form:
        raise InvalidRequest(f"{param} is required with type {kind}.", param=param)
    return Constraint(kind, form[kind], param)


def _structured_outputs(values: Mapping[str, Any]) -> Constraint | None:
    fields = values.get("structured_outputs", {})
    given = [name for name in ("json", "regex", "choice", "grammar") if name in fields]
    given += ["json_object"] if fields.get("json_object") else []
    if not given:
        return None
    if len(given) > 1:
        raise InvalidRequest(
            f"structured_outputs takes one of its fields, got {' and '.join(given)}.", param="structured_outputs"
        )
    source = "" if given[0] == "json_object" else fields[given[0]]
    return _constraint(given[0], source, f"structured_outputs.{given[0]}")


def _named(field: str, name: str) -> Callable[[Mapping[str, Any]], Constraint | None]:
    return lambda values: _constraint(name, values[field], field) if field in values else None


KINDS: Mapping[str, ConstraintKind] = {
    "json": "json_schema",
    "json_object": "json_object",
    "regex": "regex",
    "choice": "choice",
    "grammar": "grammar",
}


def _constraint(name: str, source: str | tuple[str, ...], param: str) -> Constraint:
    text = source if isinstance(source, str) else json.dumps(source, ensure_ascii=False)
    return Constraint(KINDS[name], text, param)


OTHER_NAMES = {
    **{f"guided_{name}": name for name in ("json", "regex", "choice", "grammar")},
    "json_schema": "json",
    "regex": "regex",
    "ebnf": "grammar",
    "grammar": "grammar",
}
READERS = (_response_format, _structured_outputs, *(_named(field, name) for field, name in OTHER_NAMES.items()))
