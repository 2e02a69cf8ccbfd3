"""Places in a schema, as errors name them, and references to them as a rewritten schema has them."""

from urllib.parse import quote, unquote

DEFINED = "#/$defs/"
Path = tuple[str | int, ...]


def place(path: Path) -> str:
    """A JSON pointer to a place in a schema."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path if step != "")
    return "".join(f"/{step}" for step in steps) or "/"


def reference_to(name: str) -> str:
    """A reference to a definition by its name; the root's is empty."""
    return DEFINED + quote(name.replace("~", "~0").replace("/", "~1")) if name else "#"


def name_of(reference: str) -> str:
    """The definition that such a reference leads to."""
    if reference == "#":
        return ""
    return unquote(reference.removeprefix(DEFINED)).replace("~1", "/").replace("~0", "~")
