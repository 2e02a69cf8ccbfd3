"""From a path that is not here to the one that was meant: for a base URL that is a little wrong, or a foreign API."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

# What clients add to their base URL; the longest that fits comes first.
TAILS = ("/chat/completions", "/completions", "/responses", "/models")
MAIN = "/v1"
ALIKE = 0.85  # of two paths, from 0 to 1, to take one for a slip of the other
ARGUMENT = re.compile(r"\{\w+(?::path)?\}")
# Beginnings of paths that clients of other programs ask for, and whose they are.
STRANGERS: Mapping[str, Sequence[str]] = {
    "Ollama": (
        *("/api/tags", "/api/version", "/api/generate", "/api/chat", "/api/show", "/api/ps", "/api/embed"),
        *("/api/embeddings", "/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete", "/api/blobs"),
    ),
    "Anthropic": ("/v1/messages", "/v1/complete", "/messages"),
    "Google Gemini": ("/v1beta", "/v1/models/gemini"),
    "Azure OpenAI": ("/openai/deployments",),
    "LM Studio": ("/api/v0",),
    "llama.cpp": ("/completion", "/props", "/slots", "/infill", "/apply-template", "/detokenize", "/embedding"),
    "Hugging Face's text-generation-inference": ("/generate", "/generate_stream", "/info"),
    "KoboldAI": ("/api/v1/generate", "/api/v1/info", "/api/extra", "/api/latest"),
    "Cohere": ("/v2/chat",),
}


@dataclass(frozen=True, slots=True)
class Signpost:
    """What to say of a path that is not here; `near` is the path that was meant, "" where that is anybody's guess."""

    words: str
    near: str = ""


def signpost(path: str, address: str, routes: Iterable[str]) -> Signpost:
    """Where to go from a path, on the server at `address` that has routes of these patterns."""
    known = list(routes)
    asked, lost = path.lower(), f"There is no {path} here"
    if (base := meant_base(asked, known)) is not None:
        near = base + next(tail for tail in TAILS if asked.endswith(tail))
        if near != path:
            return Signpost(f"{lost}. Did you mean {near}? Set the base URL to {address}{base}.", near)
    if any(filled(base, path) == path for base in bases_of(known, TAILS[0])):
        return Signpost(f"{path} is a base URL. Clients add a path to it, such as {path}{TAILS[0]}.", path + TAILS[0])
    if whose := stranger(asked):
        return Signpost(
            f"{lost}: that is {whose}'s API, and this is tampu. It speaks OpenAI's: choose an OpenAI-compatible "
            f"provider with the base URL {address}{MAIN}."
        )
    if near := slip(asked, known):
        return Signpost(f"{lost}. Did you mean {near}?", near)
    within = (base for base in bases_of(known, TAILS[0]) if asked.startswith(f"{filled(base, path)}/"))
    base = filled(max(within, key=len, default=MAIN), path)
    return Signpost(f"{lost}. The base URL is {address}{base}, and {address}/docs describes all APIs.")


def meant_base(path: str, known: Iterable[str]) -> str | None:
    """The base URL's path to which a client meant to add the end of `path`: the one most like what it has, and of
    several the shortest. None where `path` ends as no API's do.
    """
    tail = next((tail for tail in TAILS if path.endswith(tail)), None)
    if tail is None:
        return None
    bases = (filled(base, path) for base in bases_of(known, tail))
    return max(bases, key=lambda base: (common_segments(base, path), -base.count("/"), base == MAIN), default=None)


def bases_of(known: Iterable[str], tail: str) -> Iterator[str]:
    """What stands before `tail` in the routes that end with it."""
    for route in known:
        if next((each for each in TAILS if route.endswith(each)), None) == tail and route != tail:
            yield route.removesuffix(tail)


def filled(pattern: str, path: str) -> str:
    """The pattern with its arguments as they stand in the same places of `path`."""
    segments = path.split("/")
    return "/".join(
        segments[place] if ARGUMENT.fullmatch(segment) and place < len(segments) else segment
        for place, segment in enumerate(pattern.split("/"))
    )


def common_segments(one: str, other: str) -> int:
    """How many segments two paths begin with together."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((count for count, (left, right) in enumerate(pairs) if left != right), one.count("/") + 1)


def stranger(path: str) -> str:
    """Whose API the path belongs to, of those that are not spoken here; "" for nobody's."""
    names = {start: name for name, starts in STRANGERS.items() for start in starts}
    return next((name for start, name in names.items() if path == start or path.startswith(f"{start}/")), "")


def slip(path: str, known: Iterable[str]) -> str:
    """The route that differs from `path` by a letter or two, or that goes on after it; "" for none."""
    plain = [route for route in known if "{" not in route]
    longer = (route for route in plain if route.startswith(f"{path}/"))
    return next(iter(difflib.get_close_matches(path, plain, 1, ALIKE)), "") or next(longer, "")
