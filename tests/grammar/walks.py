"""Random texts that a grammar allows, as a model would write them that tries everything and ends soon."""

import json
import random
from typing import Any

import numpy as np

from tampu.grammar.compile import compile_constraint
from tampu.grammar.matcher import Grammars, MaskWriter, Matcher, Vocabulary
from tampu.request import Constraint

# Every byte, and tokens that span what stands between names and values.
SPANS = (
    *(b'{"', b'"}', b'": ', b'": "', b'", "', b', "', b'": {"', b'"}, "', b"}}", b'"]', b'\\"', b'a"', b'b": 1'),
    b"true",
)
TEXTS = (*(bytes((byte,)) for byte in range(256)), *SPANS, b"")
END = len(TEXTS) - 1
CLOSING = [token for token, text in enumerate(TEXTS[:END]) if text[-1:] in b'"}]']
WORDS: tuple[int, ...] = (*range(0x20, 0x7F), *range(256, END))


def span_vocabulary() -> Vocabulary:
    """Bytes, spans and an end."""
    return Vocabulary(TEXTS, {END: "<|end|>"}, [END], lambda text: list(text.encode()))


def schema_grammar(schema: Any) -> str:
    """The grammar of a schema."""
    return compile_constraint(Constraint("json_schema", schema if isinstance(schema, str) else json.dumps(schema)))


def next_tokens(matcher: Matcher) -> set[int]:
    """What may come next."""
    mask = np.zeros((1, END // 32 + 1), np.uint32)
    MaskWriter().write([(matcher, 0, ())], mask)
    return {int(token) for token in np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))}


def accepts(schema: Any, value: Any) -> bool:
    """Whether an answer may be this value, or this text if it is bytes."""
    text = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    matcher = Grammars(span_vocabulary()).matcher(schema_grammar(schema))
    return matcher.allowed(list(text)) == len(text) and (matcher.advance(list(text)) or END in next_tokens(matcher))


class Walker:
    """Walks through grammars; `haste` is how often it takes a token that closes something."""

    def __init__(self, haste: float = 0.5) -> None:
        self._grammars = Grammars(span_vocabulary())
        self._haste = haste

    def tokens(self, grammar: str, seed: int, max_tokens: int = 400) -> list[int] | None:
        """The tokens of a text that matches; None when it does not end in time."""
        rng = random.Random(seed)
        matcher = self._grammars.matcher(grammar)
        taken: list[int] = []
        for _ in range(max_tokens):
            token = self._choose(rng, next_tokens(matcher))
            if token == END:
                return taken
            taken.append(token)
            if matcher.advance([token]):
                return taken
        return None

    def text(self, grammar: str, seed: int, max_tokens: int = 400) -> str | None:
        """Such a text."""
        tokens = self.tokens(grammar, seed, max_tokens)
        return None if tokens is None else b"".join(TEXTS[token] for token in tokens).decode()

    def _choose(self, rng: random.Random, allowed: set[int]) -> int:
        if END in allowed:
            return END
        closing = [token for token in CLOSING if token in allowed]
        if closing and rng.random() < self._haste:
            return rng.choice(closing)
        plain = [token for token in WORDS if token in allowed]
        return rng.choice(plain or sorted(allowed))
