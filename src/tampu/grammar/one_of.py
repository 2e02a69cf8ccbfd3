"""`oneOf` as `anyOf`, where no value can match two of its parts; llguidance sees that only in simple cases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tampu.errors import UnsupportedSchema
from tampu.grammar.numbers import simplest, text
from tampu.grammar.places import Path, name_of, place
from tampu.grammar.walk import with_children

MAX_STEPS = 6  # of references, and of properties within properties, that are compared
MAX_PARTS = 100  # that are compared, each with each
ALL = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


@dataclass
class Facts:
    """What must hold for a value, as far as it is easily seen."""

    types: frozenset[str] = ALL
    values: frozenset[str] | None = None  # as JSON; None for any
    required: frozenset[str] = frozenset()
    properties: list[Mapping[str, Any]] = field(default_factory=list)
    is_closed: bool = False
    choices: list[Sequence[Any]] = field(default_factory=list)

    def of(self, name: str) -> Iterator[Any]:
        """The schemas of a property."""
        yield from (named[name] for named in self.properties if name in named)

    @property
    def names(self) -> frozenset[str]:
        """All properties that are listed."""
        return frozenset(name for named in self.properties for name in named)


class OneOf:
    """Settles the `oneOf` of rewritten schemas. UnsupportedSchema names one whose parts may match together."""

    def __init__(self, schemas: Mapping[str, Any], param: str) -> None:
        self._schemas = schemas
        self._param = param

    def settled(self) -> dict[str, Any]:
        """The same schemas by name, without any `oneOf`."""
        return {name: self._settle(schema, name, ()) for name, schema in self._schemas.items()}

    def _settle(self, schema: Any, name: str, path: Path) -> Any:
        if not isinstance(schema, dict):
            return schema
        around = with_children(schema, lambda child, steps: self._settle(child, name, path + steps))
        if "oneOf" not in around:
            return around
        parts = around.pop("oneOf")
        if met := self._meeting(around, parts):
            parts = _with_one_name(parts)
            if parts is None:
                raise self._refusal(met, name + place((*path, "oneOf")))
        if "anyOf" in around:
            return {**around, "allOf": [*around.get("allOf", []), {"anyOf": parts}]}
        return {**around, "anyOf": parts}

    def _meeting(self, around: Any, parts: Sequence[Any]) -> tuple[int, int] | None:
        """The first two parts that some value may match together."""
        values = [self._facts([part], MAX_STEPS).values for part in parts]
        if None not in values and len(frozenset().union(*filter(None, values))) == sum(map(len, filter(None, values))):
            return None
        for one, other in combinations(range(len(parts)), 2):
            if len(parts) > MAX_PARTS or not self.are_disjoint([around, parts[one]], [around, parts[other]], MAX_STEPS):
                return one, other
        return None

    def _refusal(self, met: tuple[int, int], where: str) -> UnsupportedSchema:
        return UnsupportedSchema(
            f"{self._param}: parts {met[0]} and {met[1]} of oneOf may match together; make them differ in a type or in "
            f"the const of a required property, or write anyOf; see {where}.",
            param=self._param,
        )

    def are_disjoint(self, one: Sequence[Any], other: Sequence[Any], steps: int) -> bool:
        """Whether no value can match all schemas of both groups; no when that is not easily seen."""
        if steps == 0:
            return False
        left, right = self._facts(one, steps), self._facts(other, steps)
        types = left.types & right.types
        if not types or (left.values is not None and right.values is not None and not left.values & right.values):
            return True
        if types == {"object"} and self._differ_in_a_property(left, right, steps - 1):
            return True
        return any(
            all(self.are_disjoint([*mine, option], theirs, steps - 1) for option in choice)
            for mine, theirs, choices in ((one, other, left.choices), (other, one, right.choices))
            for choice in choices
        )

    def _differ_in_a_property(self, left: Facts, right: Facts, steps: int) -> bool:
        for name in sorted(left.required | right.required):
            if any(facts.is_closed and name not in facts.names for facts in (left, right)):
                return True
            one, other = list(left.of(name)), list(right.of(name))
            if one and other and self.are_disjoint(one, other, steps):
                return True
        return False

    def _facts(self, schemas: Sequence[Any], steps: int) -> Facts:
        facts = Facts()
        for schema in schemas:
            self._learn(schema, facts, steps)
        return facts

    def _learn(self, schema: Any, facts: Facts, steps: int) -> None:
        if isinstance(schema, bool):
            facts.types &= ALL if schema else frozenset()
            return
        if "type" in schema:
            facts.types &= _types(schema["type"])
        for values in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
            if values is not None:
                _learn_values(values, facts)
        facts.required |= frozenset(schema.get("required", ()))
        if isinstance(schema.get("properties"), dict):
            facts.properties.append(schema["properties"])
        facts.is_closed |= schema.get("additionalProperties") is False and "patternProperties" not in schema
        facts.choices += [schema[key] for key in ("anyOf", "oneOf") if key in schema]
        if steps and "$ref" in schema:
            self._learn(self._schemas[name_of(schema["$ref"])], facts, steps - 1)
        for part in schema.get("allOf", ()) if steps else ():
            self._learn(part, facts, steps - 1)


def _learn_values(values: Sequence[Any], facts: Facts) -> None:
    found = frozenset(text(simplest(value)) for value in values)
    facts.values = found if facts.values is None else facts.values & found
    facts.types &= frozenset(_type_of(value) for value in values)


def _types(types: Any) -> frozenset[str]:
    found = {types} if isinstance(types, str) else set(types)
    return frozenset(found | ({"integer"} if "number" in found else set()))


def _type_of(value: Any) -> str:
    value = simplest(value)
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _with_one_name(parts: Sequence[Any]) -> list[Any] | None:
    """Parts that require one name each and no more, as "exactly one of these" is written; each excludes the others."""
    names = list[str]()
    for part in parts:
        if not isinstance(part, dict) or part.keys() - {"type"} != {"required"} or len(part["required"]) != 1:
            return None
        names += part["required"]
    if len(set(names)) < len(names):
        return None
    return [
        {"type": "object", "properties": {other: False for other in names if other != name}, "required": [name]}
        for name in names
    ]
