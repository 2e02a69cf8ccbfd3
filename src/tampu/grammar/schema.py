"""Which JSON schemas are taken: every keyword is enforced, changes nothing, or is refused by name and place.

What is taken is rewritten to what llguidance can enforce, which decides.
"""

import json
from collections.abc import Callable
from typing import Any

from tampu.errors import InvalidRequest
from tampu.grammar.finite import without_endless
from tampu.grammar.keywords import ANNOTATIONS, VALUES, check_size, check_value
from tampu.grammar.numbers import is_held
from tampu.grammar.one_of import OneOf
from tampu.grammar.places import Path, place
from tampu.grammar.rewrite import Rewriter
from tampu.grammar.walk import children

MAX_SOURCE_BYTES = 512 * 2**10


def parse_schema(source: str, param: str) -> Any:
    """The schema in this JSON text."""
    check_length(source, param)
    try:
        return json.loads(source, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{param} is not JSON.", param=param) from error


def read_schema(schema: Any, param: str) -> dict[str, Any]:
    """The schema as it is enforced, with its definitions. UnsupportedSchema or SchemaTooComplex where it is not."""
    rewritten = Rewriter(schema, param)
    schemas = without_endless(OneOf({"": rewritten.schema, **rewritten.definitions}, param).settled())
    root = schemas.pop("")
    if isinstance(root, bool):
        root = {} if root else {"enum": []}
    return {**root, "$defs": schemas} if schemas else root


def literals(schema: Any, param: str) -> list[Any] | None:
    """The values of a schema that lists values and no more, where they hold numbers that only text keeps exactly."""
    if not isinstance(schema, dict):
        return None
    keywords = schema.keys() - ANNOTATIONS
    if len(keywords) != 1 or not keywords <= VALUES:
        return None
    (keyword,) = keywords
    value = check_value(keyword, schema[keyword], f"{param}/{keyword}", param)
    if is_held(value):
        return None
    return value if keyword == "enum" else [value]


def check_length(source: str, param: str) -> None:
    """Raise SchemaTooComplex for what is too long to be read at all."""
    check_size(param, "The source", len(source.encode(errors="surrogatepass")), MAX_SOURCE_BYTES, "bytes")


def find_refused(schema: dict[str, Any], is_refused: Callable[[Any], bool]) -> str:
    """The place of the innermost schema that is refused also alone, when the whole one is."""
    definitions = schema.get("$defs", {})

    def fails(part: Any) -> bool:
        return isinstance(part, dict) and part.keys() != {"$ref"} and is_refused({**part, "$defs": definitions})

    name, part = next(((name, part) for name, part in definitions.items() if fails(part)), ("", schema))
    path: Path = ()
    while found := next(((steps, child) for steps, child in children(part) if fails(child)), None):
        path, part = path + found[0], found[1]
    return name + place(path) if path else name or "/"


def _no_number(name: str) -> None:
    raise ValueError(name)
