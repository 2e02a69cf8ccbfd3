"""Where the references of a schema lead: to a place in it, or nowhere."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from tampu.errors import UnsupportedSchema
from tampu.grammar.places import Path

MAX_NESTING = 200  # of the JSON that a schema is written in


class References:
    """The places of a schema that have names: its identifiers, anchors, and everything under a pointer."""

    def __init__(self, root: Any, param: str) -> None:
        self._root = root
        self._param = param
        self._named: dict[str, Path] = {"": ()}
        self._bases: dict[int, str] = {}
        self._learn(root)

    def path_of(self, schema: Any, reference: str, where: str) -> Path:
        """The place that a reference in this schema leads to. UnsupportedSchema when it is not here."""
        base = self._bases.get(id(schema), "")
        target = base + reference if reference.startswith("#") else urljoin(base, reference)
        resource, fragment = urldefrag(target)
        if target in self._named:
            return self._named[target]
        if resource not in self._named:
            raise UnsupportedSchema(
                f"{where}: only references within the schema are followed, not {reference[:200]}.", param=self._param
            )
        if fragment and not fragment.startswith("/"):
            raise self._missing(reference, where)
        path = self._named[resource]
        for step in _steps(fragment):
            path = (*path, self._step(path, step, reference, where))
        return path

    def at(self, path: Path) -> Any:
        """What stands at a place."""
        found = self._root
        for step in path:
            found = found[step]
        return found

    def _step(self, path: Path, step: str, reference: str, where: str) -> str | int:
        found = self.at(path)
        if isinstance(found, dict) and step in found:
            return step
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            return int(step)
        raise self._missing(reference, where)

    def _missing(self, reference: str, where: str) -> UnsupportedSchema:
        return UnsupportedSchema(f"{where}: there is no {reference[:200]}.", param=self._param)

    def _learn(self, root: Any) -> None:
        """Note the base of each object, and each identifier and anchor. `examples` and the like do no harm."""
        waiting: list[tuple[Path, Any, str]] = [((), root, "")]
        while waiting:
            path, found, base = waiting.pop()
            if isinstance(found, dict):
                base = self._learn_names(path, found, base)
            waiting.extend(((*path, step), child, base) for step, child in _children(found))

    def _learn_names(self, path: Path, found: dict[str, Any], base: str) -> str:
        name, anchor = found.get("$id"), found.get("$anchor")
        if isinstance(name, str):
            target = urljoin(base, name) if "#" not in name[:1] else base + name
            self._named.setdefault(target.removesuffix("#"), path)
            base = urldefrag(target)[0]
        if isinstance(anchor, str):
            self._named.setdefault(f"{base}#{anchor}", path)
        self._bases[id(found)] = base
        return base


def _steps(fragment: str) -> Iterator[str]:
    for step in unquote(fragment).split("/")[1:]:
        yield step.replace("~1", "/").replace("~0", "~")


def _children(found: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(found, dict):
        yield from found.items()
    elif isinstance(found, list):
        yield from enumerate(found)
