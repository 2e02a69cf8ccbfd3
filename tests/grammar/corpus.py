"""Schemas as the world's generators and people write them: ten styles, twenty each, also those that are refused.

A style is a list of parts, each the schema of one property, as that generator writes it, and a frame around them. A
schema is a frame with some of the parts; all of a style's parts come up. Which, follows from its number.
"""

import random
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
PER_STYLE = 20
DRAFT_07 = "http://json-schema.org/draft-07/schema#"


def _ref(name: str, at: str = "$defs") -> Schema:
    return {"$ref": f"#/{at}/{name}"}


def _tagged(tag: Any, key: str = "type", **others: Any) -> Schema:
    properties = {key: {"const": tag, "title": key.title()}, **others}
    return {"type": "object", "title": str(tag), "properties": properties, "required": [key]}


def _shuffled(parts: list[Any], number: int, count: int) -> dict[str, Any]:
    """`count` parts under names; over the numbers all of them come up."""
    order = random.Random(number // 3).sample(range(len(parts)), len(parts))
    start = number * count % len(parts)
    return {f"field_{index}": parts[index] for index in (order + order)[start : start + count]}


def _object(parts: list[Any], number: int, count: int = 3, **others: Any) -> Schema:
    properties = _shuffled(parts, number, count)
    return {"type": "object", "properties": properties, "required": list(properties)[: number % (count + 1)], **others}


PYDANTIC_2 = [
    {"title": "Name", "type": "string", "minLength": 1, "maxLength": 40},
    {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "Note"},
    {
        "discriminator": {"mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}, "propertyName": "type"},
        "oneOf": [_ref("Cat"), _ref("Dog")],
        "title": "Pet",
    },
    {"additionalProperties": {"type": "integer"}, "title": "Counts", "type": "object"},
    {"additionalProperties": True, "title": "Extra", "type": "object"},
    {"additionalProperties": {"type": "number"}, "propertyNames": _ref("Color"), "title": "By Color", "type": "object"},
    {"additionalProperties": {"type": "string"}, "propertyNames": {"pattern": "^[a-z_]+$"}, "type": "object"},
    {"maxItems": 2, "minItems": 2, "prefixItems": [{"type": "number"}, {"type": "string"}], "type": "array"},
    {"items": {"type": "string"}, "title": "Tags", "type": "array", "uniqueItems": True},
    {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"}], "title": "Price"},
    {"const": 1, "title": "Version", "type": "integer"},
    {"format": "date-time", "title": "Created", "type": "string"},
    {"format": "uuid", "title": "Id", "type": "string"},
    {"format": "password", "title": "Secret", "type": "string", "writeOnly": True},
    {"format": "uri", "maxLength": 2083, "minLength": 1, "title": "Url", "type": "string"},
    {"format": "json-string", "type": "string", "contentMediaType": "application/json", "contentSchema": {}},
    {"exclusiveMinimum": 0, "maximum": 100, "title": "Percent", "type": "number"},
    {"anyOf": [_ref("Tree"), {"type": "null"}], "default": None},
    {"default": "red", **_ref("Color"), "description": "A colour"},
    {"title": "Anything"},
    {"enum": [1, 2, 4], "title": "Bits", "type": "integer"},
    {"format": "duration", "title": "Every", "type": "string"},
    {"format": "path", "title": "File", "type": "string"},
]
PYDANTIC_2_DEFS = {
    "Cat": _tagged("cat", lives={"type": "integer"}),
    "Dog": _tagged("dog", good={"type": "boolean", "default": True}),
    "Color": {"enum": ["red", "green", "blue"], "title": "Color", "type": "string"},
    "Tree": {
        "properties": {"label": {"type": "string"}, "children": {"items": _ref("Tree"), "type": "array"}},
        "required": ["label"],
        "title": "Tree",
        "type": "object",
    },
}
PYDANTIC_1 = [
    {"title": "Owner", "description": "Who", "allOf": [_ref("User", "definitions")]},
    {"title": "Size", "default": 10, "exclusiveMinimum": 0, "type": "integer", "env_names": ["size"]},
    {
        "title": "Pair",
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": [{"type": "integer"}, {"type": "string"}],
    },
    {"title": "Any Of", "anyOf": [_ref("User", "definitions"), {"type": "string"}]},
    {"title": "Kind", "enum": ["a", "b"], "type": "string"},
    {"title": "Set", "type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    {"title": "Map", "type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}},
    {"title": "Patterned", "type": "object", "patternProperties": {"^[a-z]{2}$": {"type": "string"}}},
    {"title": "When", "type": "string", "format": "date-time"},
    {"title": "Duration", "type": "number", "format": "time-delta"},
    {"title": "Ip", "type": "string", "format": "ipvanyaddress"},
    {"title": "Data", "type": "string", "format": "binary"},
    {"title": "Price", "minimum": 0, "multipleOf": 0.01, "type": "number"},
    {"title": "Code", "pattern": "^[A-Z]{3}-[0-9]+$", "type": "string"},
    {
        "title": "One",
        "discriminator": {"propertyName": "type", "mapping": {}},
        "oneOf": [_ref("User", "definitions"), _ref("Bot", "definitions")],
    },
]
PYDANTIC_1_DEFS = {
    "User": {
        "title": "User",
        "type": "object",
        "required": ["type"],
        "additionalProperties": False,
        "properties": {"type": {"title": "Type", "enum": ["user"], "type": "string"}, "name": {"type": "string"}},
    },
    "Bot": {
        "title": "Bot",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"title": "Type", "enum": ["bot"], "type": "string"}},
    },
}
SCHEMARS = [
    {"type": "integer", "format": "uint32", "minimum": 0.0},
    {"type": "integer", "format": "uint8", "minimum": 0.0, "maximum": 255.0},
    {"type": ["integer", "null"], "format": "int64"},
    {"type": ["string", "null"], "default": None},
    {"type": "number", "format": "double"},
    {"oneOf": [{"description": "On", "type": "string", "enum": ["on"]}, {"type": "string", "enum": ["off"]}]},
    {"oneOf": [{"type": "string", "const": "up"}, {"description": "Down", "type": "string", "const": "down"}]},
    {
        "oneOf": [
            {"type": "object", "required": [name], "properties": {name: inner}, "additionalProperties": False}
            for name, inner in (
                ("Circle", {"type": "number", "format": "float"}),
                ("Unit", {"type": "null"}),
                ("Many", {}),
            )
        ]
    },
    {"oneOf": [_tagged("Move", "op", by={"type": "integer", "format": "int32"}), _tagged("Stop", "op")]},
    {"anyOf": [_ref("Point", "definitions"), {"type": "null"}]},
    {"description": "Where", "default": {"x": 0, "y": 0}, "allOf": [_ref("Point", "definitions")]},
    {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    {"type": "array", "items": [{"type": "number"}, {"type": "string"}], "maxItems": 2, "minItems": 2},
    {"type": "object", "additionalProperties": _ref("Point", "definitions")},
    {"type": "object", "additionalProperties": True},
    True,
    {"type": "string", "maxLength": 1, "minLength": 1},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "partial-date-time"},
    {"type": "integer", "format": "uint", "minimum": 0},
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
]
OPENAPI = [
    {"type": "integer", "format": "int64", "example": 10, "readOnly": True},
    {"type": "string", "nullable": True, "example": "doggie", "x-go-name": "Name"},
    {"type": "array", "xml": {"wrapped": True}, "items": {"type": "string", "xml": {"name": "url"}}},
    {
        "oneOf": [_ref("Cat", "components/schemas"), _ref("Dog", "components/schemas")],
        "discriminator": {"propertyName": "petType"},
    },
    {"allOf": [_ref("Cat", "components/schemas"), {"type": "object", "properties": {"extra": {"type": "boolean"}}}]},
    {"type": "string", "format": "byte", "maxLength": 100},
    {"type": "number", "format": "float", "minimum": 0, "exclusiveMinimum": True},
    {
        "type": "string",
        "enum": ["available", "sold"],
        "x-enum-varnames": ["A", "S"],
        "externalDocs": {"url": "http://a"},
    },
    {"type": "object", "additionalProperties": {"type": "integer", "format": "int32"}},
    {"type": "object", "additionalProperties": {}, "deprecated": True},
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": 2147483647, "default": 20},
    {"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807, "format": "int64"},
    {"type": "number", "format": "double", "minimum": 0, "maximum": 1.7976931348623157e308},
    {"anyOf": [_ref("Cat", "components/schemas"), {"type": "string", "format": "uuid"}], "nullable": True},
    {"type": "array", "items": _ref("Dog", "components/schemas"), "minItems": 1, "uniqueItems": True},
    {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    {"type": "object", "properties": {"a": {"type": "string", "writeOnly": True}}, "minProperties": 1},
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    {"oneOf": [{"type": "string", "format": "uuid"}, {"type": "string", "maxLength": 3}]},
]
OPENAPI_COMPONENTS = {
    "schemas": {
        "Cat": _tagged("cat", "petType", hunts={"type": "boolean"}),
        "Dog": _tagged("dog", "petType", size={"type": "integer", "format": "int32", "minimum": 0}),
    }
}
PROTOBUF = [
    {"type": "string", "description": "int64 as text", "format": "int64", "pattern": "^-?[0-9]+$"},
    {"anyOf": [{"type": "integer", "maximum": 2147483647, "minimum": -2147483648}, {"type": "string"}]},
    {"oneOf": [{"type": "string", "enum": ["OK", "BAD"]}, {"type": "integer"}], "title": "Status"},
    {"oneOf": [{"type": "array"}, {"type": "null"}], "items": {"type": "string"}},
    {"oneOf": [{"type": "integer"}, {"type": "null"}]},
    {"type": "string", "format": "date-time"},
    {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    {"type": "string", "format": "binary", "binaryEncoding": "base64", "media": {"binaryEncoding": "base64"}},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {
        "type": "object",
        "properties": {"mail": {"type": "string"}, "phone": {"type": "string"}},
        "oneOf": [{"required": ["mail"]}, {"required": ["phone"]}],
    },
    {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 4294967295, "default": 0},
    {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]},
    {
        "type": "object",
        "patternProperties": {"^(unit_price)$": {"type": "number"}},
        "properties": {"a": {"type": "string"}},
    },
    {"$ref": "#/definitions/acme.v1.Money"},
    {"items": {"$ref": "#/definitions/acme.v1.Money", "additionalProperties": True}, "type": "array"},
    {"type": "object", "additionalProperties": {"type": "boolean"}, "propertyNames": {"pattern": "^-?[0-9]+$"}},
]
MCP = [
    {"type": "string", "description": "Path to the file", "minLength": 1},
    {"type": "array", "items": {"type": "string"}, "description": "Paths", "minItems": 1},
    {"type": "number", "description": "How many", "default": 10, "optional": True},
    {"type": "integer", "minimum": -9007199254740991, "maximum": 9007199254740991},
    {"type": "integer", "exclusiveMinimum": 0, "maximum": 9007199254740991, "default": 5},
    {"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": {"type": "string"}},
    {"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": {}},
    {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
    {"type": "string", "enum": ["open", "closed", "all"], "examples": ["open"]},
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"oldText": {"type": "string"}, "newText": {"type": "string"}},
            "required": ["oldText", "newText"],
            "additionalProperties": False,
        },
    },
    {"type": "string", "format": "uri", "description": "URL to fetch"},
    {"not": {}, "description": "never"},
    {"type": "string", "required": True, "description": "as draft 3 has it"},
    {"type": "object", "properties": {}},
    {"type": "object"},
    {"type": "array", "items": {"$ref": "#/properties/filter"}},
    {
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "markdownDescription": "**one** or more",
    },
    {"type": "boolean", "description": "Force", "default": False, "strict": True},
    {"type": "string", "pattern": "^[0-9a-f]{7,40}$", "errorMessage": "a hash"},
    {"type": ["string", "null"], "title": "Cursor"},
    {"type": "string", "format": "email"},
    {"type": "any"},
]
TYPESCRIPT = [
    {"type": ["string", "number"], "tsType": "string | number"},
    {"anyOf": [{"type": "string", "const": "a"}, {"type": "number", "const": 1}, {"type": "null"}]},
    {"$ref": "#/definitions/Record%3Cstring%2Cnumber%3E"},
    {"$ref": "#/definitions/Partial<Options>"},
    {"type": "object", "additionalProperties": {}, "description": "unknown"},
    {
        "type": "array",
        "items": [{"type": "number"}, {"type": "number"}],
        "minItems": 2,
        "maxItems": 2,
        "additionalItems": False,
    },
    {"enum": ["left", "right", None, 3, True]},
    {"type": "object", "typeof": "function"},
    {"type": "object", "properties": {"a": {"type": "string"}}, "propertyOrder": ["a"], "defaultProperties": []},
    {"type": "string", "pattern": "^item-.*$"},
    {"not": {}},
    {
        "allOf": [
            {"$ref": "#/definitions/Partial<Options>"},
            {"properties": {"b": {"type": "number"}}, "type": "object"},
        ]
    },
    {"type": "string", "format": "date-time"},
    {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Partial<Options>"}]}},
    {"type": "object", "properties": {"self": {"$ref": "#"}}},
]
KUBERNETES = [
    {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
    {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    {"additionalProperties": {"type": "string"}, "type": "object", "description": "labels"},
    {
        "type": "array",
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-list-type": "map",
    },
    {"format": "int32", "type": "integer", "minimum": 1, "maximum": 65535},
    {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
    {
        "additionalProperties": {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]+))?$",
        },
        "type": "object",
    },
    {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"not": {"required": ["a"]}}],
    },
    {"type": "string", "nullable": True, "format": "date-time"},
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "string"},
        "x-kubernetes-map-type": "atomic",
    },
    {"enum": ["Always", "Never"], "type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]},
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "template": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"replicas": {"type": "integer", "format": "int32", "default": 1}},
                            }
                        },
                    }
                },
            }
        },
    },
    {"items": {"type": "string"}, "maxItems": 4, "type": "array", "x-kubernetes-list-type": "set"},
    {"format": "int64", "type": "integer"},
    {"format": "byte", "type": "string"},
]
SCHEMASTORE = [
    {"type": "object", "additionalProperties": {"type": "string"}, "markdownDescription": "*scripts*"},
    {"type": "string", "pattern": r"^(?:(?:@(?:[a-z0-9-*~][a-z0-9-*._~]*)?/[a-z0-9-._~])|[a-z0-9-~])[a-z0-9-._~]*$"},
    {"anyOf": [{"type": "string"}, _ref("person", "definitions")]},
    {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"url": {"type": "string", "format": "uri"}}}]},
    {
        "type": "object",
        "patternProperties": {"^x-": {}},
        "properties": {"name": {"type": "string"}},
        "additionalProperties": False,
    },
    {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 1},
    {"enum": ["commonjs", "module"], "enumDescriptions": ["old", "new"], "default": "commonjs"},
    {"if": {"type": "string"}, "then": {"minLength": 1}},
    {"type": "object", "dependencies": {"a": ["b"]}},
    {"type": "string", "x-intellij-html-description": "<b>a</b>", "javaType": "java.net.URI", "version": 3},
    {"type": ["boolean", "object"], "properties": {"strict": {"type": "boolean"}}, "tsType": "boolean | object"},
    {"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}}, {"required": ["a"]}]},
    {"oneOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]},
    {
        "type": "object",
        "patternProperties": {"^[a-z]+$": {"type": "integer"}, "^[A-Z]+$": {"type": "string"}},
        "additionalProperties": False,
    },
    {"$ref": "https://json.schemastore.org/partial-eslint"},
    {"$ref": "#person", "$comment": "by its anchor"},
    {"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": {"type": "number"}},
    {"type": "string", "format": "semver", "defaultSnippets": [{"body": "1.0.0"}]},
    {"not": {"type": "string"}},
]
BY_HAND = [
    {"type": "string", "description": "The city, e.g. Lima"},
    {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
    {"type": "string", "enum": [f"value {index}" for index in range(600)]},
    {"type": "integer", "const": 9007199254740993},
    {"type": "object", "properties": {f"p{index}": {"type": "string"} for index in range(520)}},
    {
        "type": "object",
        "properties": {"unit": {"enum": ["c", "f"]}},
        "required": ["unit"],
        "additionalProperties": False,
    },
    {"description": "no type"},
    {"type": "number", "minimum": 0.5, "maximum": 1.25},
    {"type": "string", "minlength": 3},
    {"anyOf": [{"required": ["x"]}, {"required": ["y"]}], "type": "object", "properties": {"x": {"type": "null"}}},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/loop"}}},
    {"items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}, "type": "array"},
    {"type": "string", "format": "phone", "name": "phone", "readonly": True},
    {"type": "array", "contains": {"type": "integer"}},
]
LOOP = {"type": "object", "properties": {"again": {"$ref": "#/$defs/loop"}}, "required": ["again"]}
POINT = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}, "required": ["x", "y"]}
PERSON = {"$id": "#person", "type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
MONEY = {
    "type": "object",
    "properties": {"units": {"type": "string"}, "nanos": {"type": "integer", "format": "int32"}},
    "additionalProperties": True,
}
TYPESCRIPT_DEFS = {
    "Record<string,number>": {"type": "object", "additionalProperties": {"type": "number"}},
    "Partial<Options>": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
}
FILTER = {"type": "object", "properties": {"field": {"type": "string"}}, "additionalProperties": False}

STYLES: dict[str, Callable[[int], Schema]] = {
    "pydantic 2": lambda number: _object(PYDANTIC_2, number, 3, title="Model", **{"$defs": PYDANTIC_2_DEFS}),
    "pydantic 1": lambda number: _object(PYDANTIC_1, number, 3, title="Model", definitions=PYDANTIC_1_DEFS),
    "schemars": lambda number: {"$schema": DRAFT_07, **_object(SCHEMARS, number, 3, definitions={"Point": POINT})},
    "OpenAPI": lambda number: _object(OPENAPI, number, 3, components=OPENAPI_COMPONENTS, example={"id": 1}),
    "protobuf": lambda number: {
        "$schema": "http://json-schema.org/draft-04/schema#",
        **_object(PROTOBUF, number, 3, additionalProperties=number % 2 == 0, definitions={"acme.v1.Money": MONEY}),
    },
    "MCP": lambda number: _mcp(number),
    "TypeScript": lambda number: {"$schema": DRAFT_07, **_object(TYPESCRIPT, number, 3, definitions=TYPESCRIPT_DEFS)},
    "Kubernetes": lambda number: _object(KUBERNETES, number, 4, description="A resource"),
    "SchemaStore": lambda number: {
        "$id": f"https://json.schemastore.org/{number}.json",
        "self": {"vendor": "acme"},
        **_object(SCHEMASTORE, number, 2, definitions={"person": PERSON}),
    },
    "by hand": lambda number: _object(BY_HAND, number, 2, **{"$defs": {"loop": LOOP}}),
}


def _mcp(number: int) -> Schema:
    schema = {"$schema": DRAFT_07, **_object(MCP, number, 3, additionalProperties=False)}
    return {**schema, "properties": {**schema["properties"], "filter": FILTER}}


def corpus() -> dict[str, Schema]:
    """All schemas, by style and number."""
    return {f"{style} {number}": frame(number) for style, frame in STYLES.items() for number in range(PER_STYLE)}
