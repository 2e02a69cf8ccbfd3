"""Where a tokenizer's vocabulary comes from: each form that a checkpoint may bring, read into one shape.

The forms, told apart by their first bytes and never by a file's name:

- Hugging Face `tokenizer.json`
- Meta's `tokenizer.model`: lines of a base64 token and its rank (as OpenAI's tiktoken reads them)
- a JSON object with `"format": "tiktoken"` and `"ranks"`: that same file in base64, as packed files carry it
- a JSON object with `"format": "gguf"`: the vocabulary of a GGUF file, as packed files carry it
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import tokenizers
from tokenizers import models, pre_tokenizers

from tampu.errors import DamagedFile, UnsupportedModel

# How Llama 3 cuts text into words before it merges bytes within each.
LLAMA3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Names that llama.cpp gives to pre-tokenizers that cut words in this way.
LLAMA3_GGUF_WORDS = ("llama-bpe", "llama3", "llama-v3")
GGUF_CONTROL, GGUF_USER_DEFINED = 3, 4

BEGIN_OF_TEXT, END_OF_TEXT = "<|begin_of_text|>", "<|end_of_text|>"


def _llama3_control_names() -> tuple[str, ...]:
    """The 256 control tokens of Llama 3.1 in order of their ids, which follow the 128000 ranks."""
    named = {
        0: BEGIN_OF_TEXT,
        1: END_OF_TEXT,
        4: "<|finetune_right_pad_id|>",
        6: "<|start_header_id|>",
        7: "<|end_header_id|>",
        8: "<|eom_id|>",
        9: "<|eot_id|>",
        10: "<|python_tag|>",
    }
    reserved = (f"<|reserved_special_token_{number}|>" for number in range(256))
    return tuple(named.get(place) or next(reserved) for place in range(256))


def _byte_alphabet() -> Mapping[int, str]:
    """The visible character that stands for each byte in a byte-level vocabulary, as GPT-2 chose them."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}


LLAMA3_CONTROL_NAMES = _llama3_control_names()
CHARACTER_OF_BYTE = _byte_alphabet()
BYTE_OF_CHARACTER = {character: byte for byte, character in CHARACTER_OF_BYTE.items()}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Merges of bytes, and beside them the tokens that merging never makes.

    `merging` knows no added token. `control` and `added` map a token's text to its id: control tokens have no text
    of their own, added ones are text like any other, but one token. `size` is one past the largest id.
    """

    merging: tokenizers.Tokenizer
    control: Mapping[str, int]
    size: int
    added: Mapping[str, int] = field(default_factory=dict)
    bos: int | None = None
    eos: int | None = None


def read_vocabulary(data: bytes) -> Vocabulary:
    """The vocabulary in these bytes, whichever of the forms above it has.

    Raises DamagedFile when they have none, UnsupportedModel when it is not a byte-level BPE.
    """
    if data.lstrip()[:1] != b"{":
        return _from_ranks(data)
    try:
        form = json.loads(data).get("format") if b'"format"' in data[:200] else None
    except (ValueError, RecursionError) as error:
        raise DamagedFile("The tokenizer's JSON cannot be read: it may be truncated.") from error
    if form == "gguf":
        return _from_gguf(json.loads(data))
    if form == "tiktoken":
        return _from_ranks(_unpack_ranks(json.loads(data)))
    return _from_hugging_face(data)


@contextmanager
def _naming(trouble: str) -> Iterator[None]:
    """DamagedFile for whatever the library cannot read: it raises bare Exception, and panics for some files."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise DamagedFile(f"{trouble}: {error}") from error


def _unpack_ranks(container: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(container["ranks"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise DamagedFile("The tokenizer's ranks are not base64.") from error


def _from_hugging_face(data: bytes) -> Vocabulary:
    with _naming("tokenizer.json cannot be read"):
        whole = tokenizers.Tokenizer.from_buffer(data)
    if not isinstance(whole.model, models.BPE):
        raise UnsupportedModel(f"tokenizer.json has a {type(whole.model).__name__} model; tampu runs byte-level BPE.")
    _check_bytes(json.loads(data))
    added = whole.get_added_tokens_decoder()
    control = {token.content: id_ for id_, token in added.items() if token.special or _is_bracketed(token.content)}
    ordinary = {token.content: id_ for id_, token in added.items() if token.content not in control}
    if any(whole.model.token_to_id(name) is not None for name in (*control, *ordinary)):
        whole.model = _model_without(json.loads(data)["model"], {*control, *ordinary})
    whole.model.dropout = None  # a training device that would make ids random
    return Vocabulary(
        _merging(whole.model, whole.pre_tokenizer, whole.normalizer),
        control,
        max(whole.get_vocab_size(), *(id_ + 1 for id_ in added), 0),
        ordinary,
        control.get(BEGIN_OF_TEXT),
        control.get(END_OF_TEXT),
    )


def _check_bytes(file: Mapping[str, Any]) -> None:
    """Raise UnsupportedModel unless the vocabulary is one of bytes, each spelt by its visible character.

    Others, such as SentencePiece's, lose what they have no token for, and write blanks as characters of their own.
    """
    model, steps = file["model"], list(_steps(file.get("pre_tokenizer"))) + list(_steps(file.get("normalizer")))
    to_bytes = [step for step in steps if step.get("type") == "ByteLevel"]
    marks = [key for key in ("byte_fallback", "continuing_subword_prefix", "end_of_word_suffix") if model.get(key)]
    if marks or not to_bytes:
        found = marks[0] if marks else ", ".join(str(step.get("type")) for step in steps) or "no pre-tokenizer"
        raise UnsupportedModel(f"tokenizer.json has a BPE model with {found}; tampu runs byte-level BPE.")
    if any(step.get("add_prefix_space") for step in to_bytes):
        raise UnsupportedModel("tokenizer.json puts a space before every text (add_prefix_space); tampu does not.")
    known = model["vocab"]
    if missing := [byte for byte, character in CHARACTER_OF_BYTE.items() if character not in known]:
        raise UnsupportedModel(f"tokenizer.json has no token for the byte {missing[0]}: text would be lost.")


def _steps(step: Any) -> Iterator[Mapping[str, Any]]:
    """A pre-tokenizer or normalizer, or the parts of a sequence of them."""
    if not isinstance(step, Mapping):
        return
    parts = step.get("pretokenizers") or step.get("normalizers")
    if step.get("type") != "Sequence" or not parts:
        yield step
        return
    for part in parts:
        yield from _steps(part)


def _is_bracketed(content: str) -> bool:
    """Whether a token that a file forgot to call special is one all the same."""
    return content.startswith("<|") and content.endswith("|>")


def _model_without(model: Mapping[str, Any], names: set[str]) -> models.BPE:
    """The BPE model of a tokenizer.json without tokens that only ids may make."""
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"])
    return models.BPE(
        vocab={token: id_ for token, id_ in model["vocab"].items() if token not in names},
        merges=[(left, right) for left, right in pairs if not {left, right, left + right} & names],
        ignore_merges=bool(model.get("ignore_merges")),
    )


def _from_ranks(data: bytes) -> Vocabulary:
    ranks: dict[str, int] = {}
    try:
        for line in data.splitlines():
            if line:
                token, rank = line.split()
                ranks[_visible(base64.b64decode(token, validate=True))] = int(rank)
    except ValueError as error:
        raise DamagedFile("The tokenizer is neither JSON nor lines of a base64 token and its rank.") from error
    if len(ranks) < 256 or sorted(ranks.values()) != list(range(len(ranks))):
        raise DamagedFile(f"The tokenizer's {len(ranks)} ranks do not count up from 0 over every byte.")
    control = {name: len(ranks) + place for place, name in enumerate(LLAMA3_CONTROL_NAMES)}
    return Vocabulary(
        _llama3_merging(ranks, _merges(ranks)),
        control,
        len(ranks) + len(control),
        bos=control[BEGIN_OF_TEXT],
        eos=control[END_OF_TEXT],
    )


def _visible(token: bytes) -> str:
    return token.decode("latin-1").translate(CHARACTER_OF_BYTE)


def _merges(ranks: Mapping[str, int]) -> list[tuple[str, str]]:
    """Every pair of tokens that joins into a third, the lowest rank first.

    Byte-pair encoding only meets the pair that first made a token, so that listing its other pairs changes nothing.
    """
    merges: list[tuple[str, str]] = []
    for token in sorted(ranks, key=ranks.__getitem__):
        pairs = ((token[:cut], token[cut:]) for cut in range(1, len(token)))
        known = [pair for pair in pairs if pair[0] in ranks and pair[1] in ranks]
        merges.extend(sorted(known, key=lambda pair: (ranks[pair[0]], ranks[pair[1]])))
    return merges


def _from_gguf(container: Mapping[str, Any]) -> Vocabulary:
    if container.get("model") != "gpt2" or container.get("pre") not in LLAMA3_GGUF_WORDS:
        raise UnsupportedModel(
            f"The GGUF vocabulary is {container.get('model')!r} cut by {container.get('pre')!r}; "
            f"tampu reads 'gpt2' cut by one of {', '.join(LLAMA3_GGUF_WORDS)}."
        )
    tokens, types = container["tokens"], container["token_type"]
    if len(tokens) != len(types):
        raise DamagedFile(f"The GGUF vocabulary has {len(tokens)} tokens but {len(types)} token types.")
    control = {token: id_ for id_, token in enumerate(tokens) if types[id_] == GGUF_CONTROL}
    added = {token: id_ for id_, token in enumerate(tokens) if types[id_] == GGUF_USER_DEFINED}
    merged = {token: id_ for id_, token in enumerate(tokens) if types[id_] not in (GGUF_CONTROL, GGUF_USER_DEFINED)}
    with _naming("The GGUF vocabulary does not fit its merges"):
        merges = [(left, right) for left, right in (pair.split(" ") for pair in container["merges"])]
        merging = _llama3_merging(merged, merges)
    return Vocabulary(merging, control, len(tokens), added, container.get("bos"), container.get("eos"))


def _llama3_merging(ids: Mapping[str, int], merges: list[tuple[str, str]]) -> tokenizers.Tokenizer:
    words = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(LLAMA3_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return _merging(models.BPE(vocab=dict(ids), merges=merges, ignore_merges=True), words, None)


def _merging(model: models.BPE, words: Any, normalizer: Any) -> tokenizers.Tokenizer:
    """A tokenizer without added tokens: nothing in a text can become one."""
    merging = tokenizers.Tokenizer(model)
    if words is not None:
        merging.pre_tokenizer = words
    if normalizer is not None:
        merging.normalizer = normalizer
    return merging
