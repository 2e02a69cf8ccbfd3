"""Small vocabularies in every form that a checkpoint may bring, and Meta's own where it is present."""

import base64
import json
from pathlib import Path

import pytest

from tampu.text.tokenizer import Tokenizer
from tampu.text.vocabulary import CHARACTER_OF_BYTE, LLAMA3_CONTROL_NAMES, LLAMA3_WORDS

META_FILE = Path(__file__).parents[3] / "shared" / "data" / "llama-3" / "tokenizer.model"
needs_meta_file = pytest.mark.skipif(not META_FILE.is_file(), reason="Meta's tokenizer.model is not here")

# Merged in this order: ids 256, 257, ...; the words are those that the tests say.
MERGED = (
    *(b"he", b"ll", b"hell", b"hello", b" w", b"or", b" wor", b" worl", b" world", b"us", b"er", b"user"),
    *(b"ot", b"eot", b"_i", b"_id", b"<|", b"|>", b"\n\n", b"as", b"si", b"st", b"an", b"ant", b"12", b"123"),
    *("é".encode(), " 🦙".encode()[:3], "🦙".encode()[:2], "🦙".encode()[2:], "🦙".encode()),
)
TOKENS = (*(bytes([byte]) for byte in range(256)), *MERGED)
FIRST_CONTROL = len(TOKENS)


def visible(token: bytes) -> str:
    """The token in the alphabet of byte-level vocabularies."""
    return "".join(CHARACTER_OF_BYTE[byte] for byte in token)


def ranks_file() -> bytes:
    """A small vocabulary in the form of Meta's tokenizer.model."""
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(TOKENS))


def merges() -> list[tuple[str, str]]:
    """The pair that makes each merged token: of its cuts into two tokens, the one with the lowest ids."""
    ids = {token: id_ for id_, token in enumerate(TOKENS)}
    found = []
    for token in MERGED:
        cuts = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        known = [cut for cut in cuts if cut[0] in ids and cut[1] in ids]
        if known:
            left, right = min(known, key=lambda cut: (ids[cut[0]], ids[cut[1]]))
            found.append((visible(left), visible(right)))
    return found


def gguf_container() -> dict[str, object]:
    """The same vocabulary as a GGUF file has it."""
    return {
        "format": "gguf",
        "model": "gpt2",
        "pre": "llama-bpe",
        "tokens": [*map(visible, TOKENS), *LLAMA3_CONTROL_NAMES],
        "merges": [" ".join(pair) for pair in merges()],
        "token_type": [1] * len(TOKENS) + [3] * 256,
        "bos": FIRST_CONTROL,
        "eos": FIRST_CONTROL + 9,
    }


def tokenizer_json(**changes: object) -> bytes:
    """The same vocabulary as Hugging Face's tokenizer.json has it."""
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                added_token(FIRST_CONTROL + place, name) for place, name in enumerate(LLAMA3_CONTROL_NAMES)
            ],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": LLAMA3_WORDS}, "behavior": "Isolated", "invert": False},
                    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
                ],
            },
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": True,
                "vocab": {visible(token): id_ for id_, token in enumerate(TOKENS)},
                "merges": merges(),
            },
        }
        | changes
    ).encode()


def added_token(id_: int, content: str, special: bool = True) -> dict[str, object]:
    """An entry of `added_tokens`."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}
    return {"id": id_, "content": content, **flags}


def small_tokenizer() -> Tokenizer:
    """The small vocabulary, ready."""
    return Tokenizer.from_json(ranks_file())
