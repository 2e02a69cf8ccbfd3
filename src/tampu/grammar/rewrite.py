"""A schema in the words that llguidance enforces: what says nothing is left out, what means the same is written so.

Only what can be reached from the root is read: definitions that nothing refers to hold no answer to anything.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tampu.errors import SchemaTooComplex, UnsupportedSchema
from tampu.grammar.keywords import (
    DEPENDENT,
    ENFORCED,
    NAMED,
    ONE,
    REFUSED,
    SEVERAL,
    VALUES,
    check_size,
    check_value,
    is_always,
    is_never,
    misspelt,
    says_nothing,
)
from tampu.grammar.logic import negated, unless_without
from tampu.grammar.numbers import is_held, simplest
from tampu.grammar.places import Path, place, reference_to
from tampu.grammar.references import References
from tampu.grammar.settle import settle

MAX_DEPTH = 64  # schemas within schemas
MAX_PROPERTIES = 5000  # of all schemas together
MAX_OPTIONAL = 2000  # of one object: each adds four items to a row of llguidance's parser
# Drafts that ignore what stands beside a reference.
LONE = re.compile(r"json-schema\.org/draft-0[3-7]/")
NAME_RULES = frozenset({"enum", "const", "pattern"})
# Characters that JSON writes only as \uXXXX, which answers do not use: every text has one spelling.
UNWRITTEN = re.compile("[\x00-\x07\x0b\x0e-\x1f\x7f]")


class Rewriter:
    """Rewrites one schema; `schema` is the result, and `definitions` what it refers to, by pointer."""

    def __init__(self, root: Any, param: str) -> None:
        self._param = param
        self._references = References(root, param)
        self._has_lone_references = isinstance(root, dict) and bool(LONE.search(str(root.get("$schema", ""))))
        self._waiting: list[Path] = []
        self._num_properties = 0
        self.definitions: dict[str, Any] = {}
        self.schema = self._schema(root, (), 0)
        while self._waiting:
            path = self._waiting.pop()
            self.definitions[place(path)] = self._schema(self._references.at(path), path, 0)
        check_size(param, "The schema", self._num_properties, MAX_PROPERTIES, "properties")

    def _schema(self, schema: Any, path: Path, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise SchemaTooComplex(
                f"{self._param}: schemas nest {MAX_DEPTH} deep at most; see {place(path)}.", param=self._param
            )
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise self._refusal("a schema is an object or a boolean", path)
        if self._has_lone_references and "$ref" in schema:
            return {"$ref": self._value(schema, "$ref", schema["$ref"], (*path, "$ref"), depth)}
        found: dict[str, Any] = {}
        for keyword, value in schema.items():
            self._check_keyword(keyword, schema, (*path, keyword))
            if keyword in ENFORCED:
                found[keyword] = self._value(schema, keyword, value, (*path, keyword), depth)
        if is_never(schema):
            return False
        self._check_optional(found, path)
        return settle(schema, found)

    def _check_keyword(self, keyword: str, schema: Mapping[str, Any], path: Path) -> None:
        if keyword in REFUSED and not says_nothing(keyword, schema):
            raise self._refusal(f"{keyword} cannot be enforced", path)
        if meant := misspelt(keyword):
            raise self._refusal(f"{keyword} is no keyword", path, f" Did you mean {meant}?")

    def _value(self, schema: Mapping[str, Any], keyword: str, value: Any, path: Path, depth: int) -> Any:
        if keyword == "items" and isinstance(value, list):
            return self._several(value, path, depth)
        value = check_value(keyword, value, f"{self._param}{place(path)}", self._param)
        if keyword == "propertyNames":
            return self._names(schema, value, path)
        if keyword in DEPENDENT:
            return [unless_without(name, self._needed(need, (*path, name), depth)) for name, need in value.items()]
        if keyword == "not":
            return self._negated(value, path)
        if keyword in ONE:
            return self._schema(value, path, depth + 1)
        if keyword in SEVERAL:
            return self._several(value, path, depth)
        if keyword in NAMED:
            return self._named(value, path, depth)
        if keyword in VALUES:
            return self._literal(value, path)
        return self._reference(schema, value, path) if keyword == "$ref" else value

    def _needed(self, need: Any, path: Path, depth: int) -> Any:
        if isinstance(need, list):
            return {"required": check_value("required", need, f"{self._param}{place(path)}", self._param)}
        return self._schema(need, path, depth + 1)

    def _negated(self, schema: Any, path: Path) -> list[Any]:
        rewritten = self._schema(schema, path, 0)
        if is_never(rewritten):
            return []
        if is_always(rewritten):
            return [False]
        part = negated(rewritten)
        if part is None:
            raise self._refusal("not cannot be enforced but for types and required names", path)
        return [part]

    def _several(self, schemas: list[Any], path: Path, depth: int) -> list[Any]:
        return [self._schema(each, (*path, index), depth + 1) for index, each in enumerate(schemas)]

    def _named(self, schemas: dict[str, Any], path: Path, depth: int) -> dict[str, Any]:
        self._num_properties += len(schemas)
        return {name: self._schema(each, (*path, name), depth + 1) for name, each in schemas.items()}

    def _names(self, schema: Any, names: Any, path: Path) -> Any:
        """The rules for the names of properties, without those that say nothing."""
        while isinstance(names, dict) and isinstance(names.get("$ref"), str) and len(path) <= MAX_DEPTH:
            names = self._references.at(self._references.path_of(schema, names["$ref"], f"{self._param}{place(path)}"))
            path = (*path, "$ref")
        found = self._schema(names, path, 0)
        rules = {keyword: value for keyword, value in found.items() if keyword != "type"} if found is not True else {}
        is_for_text = found is True or (isinstance(found, dict) and found.get("type", "string") == "string")
        is_alone = not {"properties", "patternProperties"} & schema.keys()
        if not is_for_text or (rules and not (is_alone and rules.keys() <= NAME_RULES and len(rules) == 1)):
            raise self._refusal("propertyNames cannot be enforced but for an enum or a pattern alone", path)
        return rules

    def _literal(self, value: Any, path: Path) -> Any:
        if not is_held(value):
            raise self._refusal("numbers beyond 2^53 or 15 digits cannot be enforced exactly, write strings", path)
        if any(UNWRITTEN.search(text) for text in _strings(value)):
            raise self._refusal("answers have no control characters but \\b, \\t, \\n, \\f and \\r", path)
        return simplest(value)

    def _reference(self, schema: Mapping[str, Any], reference: str, path: Path) -> str:
        target = self._references.path_of(schema, reference, f"{self._param}{place(path)}")
        name = place(target) if target else ""
        if name and name not in self.definitions:
            self.definitions[name] = True  # until its turn comes
            self._waiting.append(target)
        return reference_to(name)

    def _check_optional(self, found: Mapping[str, Any], path: Path) -> None:
        required = set(found.get("required", ()))
        count = sum(name not in required for name in found.get("properties", ()))
        where = f"The object at {place(path)}"
        check_size(self._param, where, count, MAX_OPTIONAL, "properties that are not required")

    def _refusal(self, why: str, path: Path, hint: str = "") -> UnsupportedSchema:
        return UnsupportedSchema(f"{self._param}: {why}; see {place(path)}.{hint}", param=self._param)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _strings(each)
