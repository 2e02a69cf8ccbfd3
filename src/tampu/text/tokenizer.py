"""Text to token ids and back, over the `tokenizers` package.

Text is never read as a control token unless `encode_raw` is asked to: `encode` merges bytes and knows nothing else.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from tampu.errors import DamagedFile, ModelMissing, UnsupportedModel
from tampu.request import PromptDates
from tampu.text.vocabulary import BYTE_OF_CHARACTER, Vocabulary, read_vocabulary

# Files that hold a tokenizer, in a Hugging Face directory or in Meta's.
FILES = ("tokenizer.json", "tokenizer.model", "original/tokenizer.model")
SLICE = 32_768  # characters


class Tokenizer:
    """Token ids of a text, and the bytes of a token id."""

    def __init__(self, vocabulary: Vocabulary, dates: PromptDates | None = None) -> None:
        self.dates = dates  # that the model's chat format tells
        self._merging = vocabulary.merging
        self.control: Mapping[str, int] = vocabulary.control
        self.special_ids = frozenset(vocabulary.control.values())
        self.vocab_size = vocabulary.size
        self.bos_id, self.eos_id = vocabulary.bos, vocabulary.eos
        self._added = {id_: text.encode() for text, id_ in vocabulary.added.items()}
        self._names = {id_: name for name, id_ in vocabulary.control.items()}
        self._parsed = {**vocabulary.added, **vocabulary.control}
        self._parser = _any_of(self._parsed)

    @classmethod
    def from_json(cls, data: bytes, dates: PromptDates | None = None) -> "Tokenizer":
        """A tokenizer from bytes in any form that `tampu.text.vocabulary` lists."""
        return cls(read_vocabulary(data), dates)

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """A tokenizer from tokenizer.json, Meta's tokenizer.model, a .gguf, or a directory that holds one."""
        if path.is_dir():
            path = _file_in(path)
        try:
            with path.open("rb") as file:
                start = file.read(4)
                data = b"" if start == b"GGUF" else start + file.read()
        except OSError as error:
            raise ModelMissing(f"{path} cannot be read: {error.strerror}.") from error
        if start == b"GGUF":
            # Only a GGUF file needs the gguf package and the numpy under it: a text chat starts without them.
            from tampu.text.gguf_vocabulary import read_gguf_vocabulary

            data = read_gguf_vocabulary(path)
        try:
            return cls.from_json(data)
        except DamagedFile as error:
            raise DamagedFile(f"{path}: {error}") from error

    @property
    def eot_id(self) -> int | None:
        """End of turn, `<|eot_id|>`."""
        return self.control.get("<|eot_id|>")

    @property
    def eom_id(self) -> int | None:
        """End of message when a tool is to answer, `<|eom_id|>`; Llama 3.0 has none."""
        return self.control.get("<|eom_id|>")

    @property
    def python_tag_id(self) -> int | None:
        """Start of a built-in tool call, `<|python_tag|>`; Llama 3.0 has none."""
        return self.control.get("<|python_tag|>")

    def control_id(self, name: str) -> int:
        """The id of a control token that the chat format needs; UnsupportedModel when there is none."""
        if name not in self.control:
            raise UnsupportedModel(f"The tokenizer has no {name}: the model does not know Llama 3's chat format.")
        return self.control[name]

    @cached_property
    def longest_token(self) -> int:
        """So many characters of a text, or fewer, become one id; a huge number where that cannot be known."""
        if self._merging.normalizer is not None or self._merging.model.unk_token is not None:
            return sys.maxsize  # what shortens a text first, or takes any text for one token
        merged = self._merging.get_vocab(with_added_tokens=False)
        return max(map(len, (*merged, *self._parsed)), default=sys.maxsize)

    @staticmethod
    def slices(text: str) -> Iterator[str]:
        """The text in pieces that are encoded within some milliseconds each; cut anywhere."""
        return (text[start : start + SLICE] for start in range(0, len(text), SLICE))

    def encode(self, text: str) -> list[int]:
        """The ids of this text. None of them is special, whatever the text holds."""
        return self._merge(_well_formed(text))

    def encode_raw(self, text: str) -> list[int]:
        """The ids of this text with control tokens parsed: `<|eot_id|>` becomes one id."""
        pieces = self._parser.split(_well_formed(text)) if self._parsed else [text]
        # Of what the parser splits, every second piece is a token that it knows.
        return [
            id_
            for place, piece in enumerate(pieces)
            for id_ in ([self._parsed[piece]] if place % 2 else self._merge(piece))
        ]

    def decode(self, token_ids: Iterable[int]) -> str:
        """The text of these ids, with U+FFFD where their bytes are not UTF-8; special ids have none."""
        return b"".join(map(self.token_bytes, token_ids)).decode("utf-8", errors="replace")

    def decode_raw(self, token_ids: Iterable[int]) -> str:
        """The text that `encode_raw` makes these ids of: control tokens stand by name."""
        return b"".join(map(self.named_bytes, token_ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes this token stands for; none for a special id or one past the vocabulary."""
        if token_id in self.special_ids:
            return b""
        if token_id in self._added:
            return self._added[token_id]
        token: str = self._merging.id_to_token(token_id) or ""
        try:
            return bytes([BYTE_OF_CHARACTER[character] for character in token])
        except KeyError:
            return token.encode()  # a token that its file spells out instead of using the byte alphabet

    def named_bytes(self, token_id: int) -> bytes:
        """The same, with the name of a control token: what `encode_raw` reads as this token."""
        name = self._names.get(token_id)
        return self.token_bytes(token_id) if name is None else name.encode()

    def token_name(self, token_id: int) -> str:
        """What to show for this token: the name of a control token, else its text."""
        return self._names.get(token_id) or self.token_bytes(token_id).decode("utf-8", errors="replace")

    def _merge(self, text: str) -> list[int]:
        # Unlike the library's `encode`, this lets other threads run: a server goes on while a long prompt is read.
        (encoding,) = self._merging.encode_batch_fast([text], add_special_tokens=False)
        token_ids: list[int] = encoding.ids
        return token_ids


def _file_in(directory: Path) -> Path:
    for name in FILES:
        if (directory / name).is_file():
            return directory / name
    raise ModelMissing(f"{directory} has no tokenizer: neither {' nor '.join(FILES)}.")


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """A pattern with one group that matches the longest of these texts."""
    return re.compile(f"({'|'.join(map(re.escape, sorted(texts, key=len, reverse=True)))})")


def _well_formed(text: str) -> str:
    """The text with pairs of surrogates joined and lone ones replaced, since those have no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
