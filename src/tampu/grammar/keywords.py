"""The keywords of JSON Schema: which are enforced, which say nothing about values, which are refused.

They are those of draft 2020-12 and of its forerunners where they differ. Unknown keywords are annotations, as the
standard says; one that looks like a misspelt constraint is refused, since the answer would not be held to it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tampu.errors import SchemaTooComplex, UnsupportedSchema
from tampu.grammar.numbers import bound, factor

MAX_ENUM = 1000
MAX_ENUM_BYTES = 128 * 2**10
MAX_PATTERN_BYTES = 2**10

# Keywords that hold schemas: one, several in an array, several by name.
ONE = frozenset({"items", "additionalItems", "additionalProperties"})
SEVERAL = frozenset({"prefixItems", "allOf", "anyOf", "oneOf"})
NAMED = frozenset({"properties", "patternProperties"})
DEFINITIONS = frozenset({"$defs", "definitions"})
DEPENDENT = frozenset({"dependencies", "dependentRequired", "dependentSchemas"})
VALUES = frozenset({"const", "enum"})
COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
ENFORCED = frozenset(
    {
        *("$ref", "type", "required", "pattern", "format", "multipleOf", "propertyNames", "not"),
        *(ONE | SEVERAL | NAMED | VALUES | COUNTS | BOUNDS | DEPENDENT),
    }
)
REFUSED = frozenset(
    {
        *("if", "contains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef"),
    }
)
ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$comment", "$vocabulary"),
        *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"),
        *("contentEncoding", "contentMediaType", "contentSchema", "discriminator", "nullable"),
        # Without `if` and `contains`, which are refused, these have no effect.
        *("then", "else", "minContains", "maxContains"),
    }
)
KNOWN = ENFORCED | REFUSED | ANNOTATIONS | DEFINITIONS
IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "$ref"})  # hold for the same value as the schema around them
COMBINING = IN_PLACE | DEPENDENT | {"if", "$dynamicRef"}
SHORTEST_TYPO = 4  # letters: `if` and `not` are one edit from too many words
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
FORMATS = frozenset({"date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"})
# OpenAPI's, protobuf's and schemars' formats of whole numbers, where they are narrower than a float64 holds.
INTEGER_FORMATS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32)},
}


def is_never(schema: Any) -> bool:
    """Whether a schema says in so many words that it allows nothing."""
    return schema is False or (isinstance(schema, dict) and is_always(schema.get("not", False)))


def is_always(schema: Any) -> bool:
    """Whether a schema says in so many words that it allows everything."""
    return schema is True or (isinstance(schema, dict) and schema.keys() <= ANNOTATIONS)


def says_nothing(keyword: str, schema: Mapping[str, Any]) -> bool:
    """Whether a keyword that cannot be enforced changes nothing where it stands, or is enforced in other words."""
    value = schema[keyword]
    match keyword:
        case "uniqueItems":
            return value is False or schema.get("maxItems") in (0, 1)
        case "if":
            return not {"then", "else"} & schema.keys()
        case "contains":
            return schema.get("minContains") == 0 and "maxContains" not in schema
        case "unevaluatedProperties":
            return is_always(value) or (is_never(value) and not COMBINING & schema.keys())
        case "unevaluatedItems":
            return is_always(value)
        case _:
            return False


def check_value(keyword: str, value: Any, where: str, param: str) -> Any:
    """The value of an enforced keyword as it is enforced; a refusal that says what it has to be."""
    check = CHECKS.get(keyword)
    return value if check is None else check(value, where, param)


def misspelt(keyword: str) -> str:
    """The keyword that this one was probably meant to be, empty when it is just unknown.

    `_format` and the like are how people take a keyword out.
    """
    if keyword in KNOWN or len(keyword) < SHORTEST_TYPO or not keyword[0].isalpha():
        return ""
    near = (known for known in sorted(ENFORCED | REFUSED) if len(known) >= SHORTEST_TYPO and is_near(keyword, known))
    return next(near, "")


def is_near(one: str, other: str) -> bool:
    """Whether two words differ in case, or in one letter that is missing, too many, another or swapped."""
    one, other = one.casefold(), other.casefold()
    start = next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        return abs(len(one) - len(other)) <= 1
    rest, more = one[start:], other[start:]
    return rest[1:] == more[1:] or rest[1:] == more or rest == more[1:] or rest[:2] + more[2:] == more[1::-1] + rest[2:]


def check_size(param: str, what: str, size: int, most: int, unit: str) -> None:
    """Raise SchemaTooComplex for more than there may be."""
    if size > most:
        raise SchemaTooComplex(f"{what} of {param} has at most {most} {unit}, got {size}.", param=param)


def check_pattern(value: Any, where: str, param: str) -> str:
    """A regular expression that is short enough."""
    if not isinstance(value, str):
        raise UnsupportedSchema(f"{where} must be a regular expression.", param=param)
    check_size(param, where, len(value.encode()), MAX_PATTERN_BYTES, "bytes")
    return value


def _must(noun: str, fits: Callable[[Any], bool]) -> Callable[[Any, str, str], Any]:
    def check(value: Any, where: str, param: str) -> Any:
        if not fits(value):
            raise UnsupportedSchema(f"{where} must be {noun}.", param=param)
        return value

    return check


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_types(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _count(value: Any, where: str, param: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != int(value):
        raise UnsupportedSchema(f"{where} must be a whole number of at least 0.", param=param)
    return int(value)


def _enum(value: Any, where: str, param: str) -> Any:
    if not isinstance(value, list):
        raise UnsupportedSchema(f"{where} must be an array of values.", param=param)
    check_size(param, where, len(value), MAX_ENUM, "values")
    check_size(param, where, len(json.dumps(value, ensure_ascii=False).encode()), MAX_ENUM_BYTES, "bytes")
    return value


def _patterns(value: Any, where: str, param: str) -> Any:
    if not isinstance(value, dict):
        raise UnsupportedSchema(f"{where} must be an object that holds schemas by pattern.", param=param)
    for pattern in value:
        check_pattern(pattern, where, param)
    return value


CHECKS: Mapping[str, Callable[[Any, str, str], Any]] = {
    "type": _must(f"one of {', '.join(TYPES)}, or an array of these", _is_types),
    "required": _must("an array of names", _is_names),
    "$ref": _must("a string", lambda value: isinstance(value, str)),
    "pattern": check_pattern,
    "format": _must("a string", lambda value: isinstance(value, str)),
    "enum": _enum,
    "patternProperties": _patterns,
    "multipleOf": factor,
    **dict.fromkeys(COUNTS, _count),
    **dict.fromkeys(BOUNDS, bound),
    **dict.fromkeys(SEVERAL, _must("an array of schemas", lambda value: isinstance(value, list))),
    "properties": _must("an object that holds schemas by name", lambda value: isinstance(value, dict)),
    **dict.fromkeys(DEPENDENT, _must("an object of names or schemas by name", lambda value: isinstance(value, dict))),
}
