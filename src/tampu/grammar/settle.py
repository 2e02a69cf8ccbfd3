"""Keywords that mean something together, or that mean the same in words that llguidance has."""

from collections.abc import Mapping
from typing import Any

from tampu.grammar.keywords import DEPENDENT, FORMATS, IN_PLACE, INTEGER_FORMATS, is_never
from tampu.grammar.logic import MAX_CASES, at_least_one

Found = dict[str, Any]


def settle(schema: Mapping[str, Any], found: Found) -> Found:
    """What is enforced of a schema, given its keywords one by one."""
    _settle_format(found)
    _settle_names(found)
    _settle_counts(found)
    _settle_logic(found)
    if schema.get("nullable") is True and "type" in found:
        found["type"] = [*_types(found), "null"]
    if "unevaluatedProperties" in schema and is_never(schema["unevaluatedProperties"]):
        found.setdefault("additionalProperties", False)
    if "patternProperties" in found:
        # llguidance reads runs of keywords: additionalProperties must be in one run with the patterns.
        return dict(sorted(found.items(), key=lambda item: item[0] in IN_PLACE))
    return found


def _types(found: Found) -> list[str]:
    types = found.get("type", [])
    return types if isinstance(types, list) else [types]


def _settle_format(found: Found) -> None:
    """Formats that are not known are annotations; those of whole numbers are bounds."""
    name = found.get("format")
    if name not in FORMATS:
        found.pop("format", None)
    is_whole = "integer" in _types(found) and "number" not in _types(found)
    if is_whole and name in INTEGER_FORMATS:
        low, high = INTEGER_FORMATS[name]
        found["minimum"] = max(low, found.get("minimum", low))
        found["maximum"] = min(high, found.get("maximum", high))


def _settle_names(found: Found) -> None:
    """Names of an enumeration become properties, those of a pattern patternProperties."""
    rules = found.pop("propertyNames", {})
    if not rules:
        return
    others = found.get("additionalProperties", True)
    found["additionalProperties"] = False
    if "pattern" in rules:
        found["patternProperties"] = {rules["pattern"]: others}
    else:
        names = rules["enum"] if "enum" in rules else [rules["const"]]
        found["properties"] = {name: others for name in names if isinstance(name, str)}


def _settle_logic(found: Found) -> None:
    """What else must hold becomes one more part of allOf."""
    further = [part for keyword in (*sorted(DEPENDENT), "not") for part in found.pop(keyword, ())]
    names = found.get("properties", {}).keys() - set(found.get("required", ()))
    is_open = not is_never(found.get("additionalProperties", True)) or "patternProperties" in found
    if found.get("minProperties") == 1 and is_open and 0 < len(names) <= MAX_CASES:
        del found["minProperties"]
        further.append(at_least_one([name for name in found["properties"] if name in names]))
    if further:
        found["allOf"] = [*found.get("allOf", []), *further]


def _settle_counts(found: Found) -> None:
    """Leave out counts that the names of the properties already keep."""
    properties, required = found.get("properties", {}), dict.fromkeys(found.get("required", ()))
    if found.get("minProperties", 0) <= len(required):
        found.pop("minProperties", None)
    is_closed = found.get("additionalProperties") is False and not found.get("patternProperties")
    if is_closed and found.get("maxProperties", 0) >= len(properties | required):
        found.pop("maxProperties", None)
