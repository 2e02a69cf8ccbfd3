"""Which JSON schemas are taken: every keyword is enforced, changes nothing, or is refused by name and place.

The keywords are those of draft 2020-12 and of its forerunners where they differ. What llguidance can enforce decides.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tampu.errors import InvalidRequest, SchemaTooComplex, UnsupportedSchema, nearest

MAX_SCHEMA_BYTES = 64 * 2**10
MAX_DEPTH = 16  # schemas within schemas
MAX_PROPERTIES = 512  # of all schemas together
MAX_ENUM = 512
MAX_ENUM_BYTES = 32 * 2**10
MAX_PATTERN_BYTES = 2**10

Path = tuple[str | int, ...]

# Keywords that hold schemas: one, several in an array, several by name.
ONE = frozenset({"items", "additionalItems", "additionalProperties"})
SEVERAL = frozenset({"prefixItems", "allOf", "anyOf", "oneOf", "items"})
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions"})
ENFORCED = frozenset(
    {
        *("$ref", "type", "enum", "const", "required", "pattern", "format", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "minProperties", "maxProperties"),
    }
)
ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "id", "$anchor", "$comment", "$vocabulary", "title", "description", "default", "example"),
        *("examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema"),
        "discriminator",
    }
)
REFUSED = frozenset(
    {
        *("not", "if", "then", "else", "contains", "minContains", "maxContains", "uniqueItems", "propertyNames"),
        *("dependencies", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"),
        *("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "nullable", "x-guidance"),
    }
)
FORMATS = frozenset({"date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"})
# What asks for nothing may stand there.
HARMLESS = {"uniqueItems": False, "nullable": False}
KNOWN = ENFORCED | ONE | SEVERAL | NAMED | ANNOTATIONS | REFUSED


def read_schema(source: str, param: str) -> Any:
    """The schema in this JSON text, if all of it can be enforced. UnsupportedSchema or SchemaTooComplex otherwise."""
    check_length(source, param)
    try:
        schema = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{param} is not JSON.", param=param) from error
    num_properties = 0
    for path, part in walk(schema, param):
        if isinstance(part, dict):
            _check_keywords(path, part, param)
            num_properties += len(part.get("properties", {}))
            for keyword in HARMLESS:
                part.pop(keyword, None)
    _check_size(param, "The schema", num_properties, MAX_PROPERTIES, "properties")
    return schema


def check_length(source: str, param: str) -> None:
    """Raise SchemaTooComplex for what is too long to be read at all."""
    _check_size(param, "The source", len(source.encode()), MAX_SCHEMA_BYTES, "bytes")


def walk(schema: Any, param: str = "", path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The schema and all schemas in it, each with its place; an error for one that is no schema, or too deep."""
    depth = sum(step in ONE | SEVERAL | NAMED for step in path[::2]) if path else 0
    if depth > MAX_DEPTH:
        raise SchemaTooComplex(f"{param}: schemas nest {MAX_DEPTH} deep at most; see {place(path)}.", param=param)
    if not isinstance(schema, dict | bool):
        raise UnsupportedSchema(f"{param}: a schema is an object or a boolean; see {place(path)}.", param=param)
    yield path, schema
    for steps, child in children(schema):
        yield from walk(child, param, path + steps)


def children(schema: Any) -> Iterator[tuple[Path, Any]]:
    """The schemas directly in this one, each with the steps to it."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
        elif keyword in SEVERAL and isinstance(value, list):
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif keyword in ONE:
            yield (keyword, ""), value


def place(path: Path) -> str:
    """A JSON pointer to a place in a schema."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path if step != "")
    return "".join(f"/{step}" for step in steps) or "/"


def find_refused(schema: Any, is_refused: Callable[[Any], bool]) -> Path:
    """The place of the innermost schema that is refused also alone, when the whole one is."""
    definitions = {key: schema[key] for key in ("$defs", "definitions") if isinstance(schema, dict) and key in schema}
    path: Path = ()
    while True:
        for steps, child in children(schema):
            if steps[0] not in definitions and isinstance(child, dict) and is_refused({**definitions, **child}):
                path, schema = path + steps, child
                break
        else:
            return path


def _check_keywords(path: Path, schema: Mapping[str, Any], param: str) -> None:
    for keyword, value in schema.items():
        where = place((*path, keyword))
        if keyword in REFUSED and (keyword not in HARMLESS or value != HARMLESS[keyword]):
            raise UnsupportedSchema(f"{param}: {keyword} cannot be enforced; see {where}.", param=param)
        if keyword not in KNOWN and not keyword.startswith("x-"):
            hint = ", ".join(nearest(keyword, KNOWN - REFUSED, 1))
            known = f" Did you mean {hint}?" if hint else ""
            raise UnsupportedSchema(f"{param}: {keyword} is no keyword; see {where}.{known}", param=param)
        if keyword in NAMED and not isinstance(value, dict):
            raise UnsupportedSchema(f"{param}: {keyword} holds schemas by name; see {where}.", param=param)
        check = CHECKS.get(keyword)
        if check is not None:
            check(f"{param}{where}", value, param)


def _check_reference(where: str, value: Any, param: str) -> None:
    if not isinstance(value, str) or not value.startswith("#"):
        raise UnsupportedSchema(f"{where}: only references within the schema are followed.", param=param)


def _check_format(where: str, value: Any, param: str) -> None:
    if value not in FORMATS:
        raise UnsupportedSchema(f"{where}: of formats {', '.join(sorted(FORMATS))} can be enforced.", param=param)


def _check_enum(where: str, value: Any, param: str) -> None:
    if isinstance(value, list):
        _check_size(param, where, len(value), MAX_ENUM, "values")
        _check_size(param, where, len(json.dumps(value)), MAX_ENUM_BYTES, "bytes")


def _check_pattern(where: str, value: Any, param: str) -> None:
    if isinstance(value, str):
        check_pattern(value, where, param)


def _check_patterns(where: str, value: Any, param: str) -> None:
    for pattern in value if isinstance(value, dict) else ():
        check_pattern(pattern, where, param)


CHECKS: Mapping[str, Callable[[str, Any, str], None]] = {
    "$ref": _check_reference,
    "format": _check_format,
    "enum": _check_enum,
    "pattern": _check_pattern,
    "patternProperties": _check_patterns,
}


def check_pattern(pattern: str, where: str, param: str) -> None:
    """Raise SchemaTooComplex unless the regular expression is short enough."""
    _check_size(param, where, len(pattern.encode()), MAX_PATTERN_BYTES, "bytes")


def _check_size(param: str, what: str, size: int, most: int, unit: str) -> None:
    if size > most:
        raise SchemaTooComplex(f"{what} of {param} has at most {most} {unit}, got {size}.", param=param)
