"""Random JSON schemas, the same for the same seed: every keyword that is enforced, in every company."""

import random
from typing import Any

NAMES = ("a", "b", "name", "größe", 'with "quotes"', "back\\slash", "", "line\nbreak", "🦙", "$id", "a b")
PATTERNS = ("^[a-z]{2,5}$", "[0-9]+", "^(red|green|blue)$", r"^\d{3}-\d{4}$", "x")
FORMATS = ("date", "time", "date-time", "uuid", "ipv4", "email", "duration", "hostname")
VALUES: tuple[Any, ...] = (None, True, 0, -1.5, "", "two words", 'q"', [1, "x"], {"k": [None]}, 1e20)
DEPTH = 3


def random_schema(seed: int) -> dict[str, Any]:
    """A schema, perhaps with definitions that it refers to."""
    rng = random.Random(seed)
    schema = _schema(rng, DEPTH)
    if rng.random() < 0.2:
        end = rng.choice([{"type": "null"}, {"type": "boolean"}])
        node = {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, end]}},
            "required": ["next"],
        }
        schema = {"type": "array", "items": {"anyOf": [schema, {"$ref": "#/$defs/node"}]}, "maxItems": 3}
        schema["$defs"] = {"node": node}
    return schema


def _schema(rng: random.Random, depth: int) -> dict[str, Any]:
    makers = [_string, _string, _integer, _number, _plain, _fixed]
    if depth > 0:
        makers += [_array, _object, _object, _object, _any_of, _one_of, _all_of]
    return rng.choice(makers)(rng, depth)


def _string(rng: random.Random, depth: int) -> dict[str, Any]:  # noqa: ARG001 - one shape for all makers
    kind = rng.randrange(5)
    if kind == 0:
        return {"type": "string", "pattern": rng.choice(PATTERNS), "maxLength": 12}
    if kind == 1:
        return {"type": "string", "format": rng.choice(FORMATS)}
    low = rng.randrange(4)
    return {"type": "string", "minLength": low, "maxLength": low + rng.randrange(9)}


def _integer(rng: random.Random, depth: int) -> dict[str, Any]:  # noqa: ARG001
    low = rng.randrange(-1000, 1000)
    bounds = rng.choice(
        [
            {},
            {"minimum": low},
            {"minimum": low, "maximum": low + rng.randrange(500)},
            {"exclusiveMinimum": low, "exclusiveMaximum": low + 2 + rng.randrange(50)},
            {"multipleOf": rng.choice([2, 5, 7])},
        ]
    )
    return {"type": "integer", **bounds}


def _number(rng: random.Random, depth: int) -> dict[str, Any]:  # noqa: ARG001
    low = rng.randrange(-50, 50) / 4
    return {"type": "number", **rng.choice([{}, {"minimum": low, "maximum": low + rng.randrange(1, 40) / 8}])}


def _plain(rng: random.Random, depth: int) -> dict[str, Any]:  # noqa: ARG001
    return rng.choice([{"type": "boolean"}, {"type": "null"}, {"type": ["boolean", "null"]}])


def _fixed(rng: random.Random, depth: int) -> dict[str, Any]:  # noqa: ARG001
    if rng.random() < 0.3:
        return {"const": rng.choice(VALUES)}
    return {"enum": rng.sample(VALUES, rng.randrange(1, 5))}


def _array(rng: random.Random, depth: int) -> dict[str, Any]:
    low = rng.randrange(3)
    schema: dict[str, Any] = {"type": "array", "minItems": low, "maxItems": low + rng.randrange(3)}
    if rng.random() < 0.3:
        schema["prefixItems"] = [_schema(rng, depth - 1) for _ in range(rng.randrange(1, 3))]
    schema["items"] = _schema(rng, depth - 1)
    return schema


def _object(rng: random.Random, depth: int) -> dict[str, Any]:
    names = rng.sample(NAMES, rng.randrange(1, 5))
    schema: dict[str, Any] = {"type": "object", "properties": {name: _schema(rng, depth - 1) for name in names}}
    schema["required"] = rng.sample(names, rng.randrange(len(names) + 1))
    closing = rng.randrange(4)
    if closing < 2:
        schema["additionalProperties"] = False
    elif closing == 2:
        schema["additionalProperties"] = _schema(rng, 0)
        schema["maxProperties"] = len(names) + 1
    return schema


def _any_of(rng: random.Random, depth: int) -> dict[str, Any]:
    return {"anyOf": [_schema(rng, depth - 1) for _ in range(rng.randrange(1, 4))]}


def _one_of(rng: random.Random, depth: int) -> dict[str, Any]:
    tagged = [
        {
            "type": "object",
            "properties": {"kind": {"const": tag}, "value": _schema(rng, depth - 1)},
            "required": ["kind"],
        }
        for tag in ("x", "y")
    ]
    return {"oneOf": tagged}


def _all_of(rng: random.Random, depth: int) -> dict[str, Any]:
    low = rng.randrange(5)
    return rng.choice(
        [
            {"allOf": [{"type": "integer", "minimum": low}, {"maximum": low + 9}]},
            {"type": "object", "allOf": [_object(rng, depth - 1), {"required": ["a"]}]},
            {"allOf": [{"type": "string", "minLength": low}, {"maxLength": low + 3}]},
        ]
    )
