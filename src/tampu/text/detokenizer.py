"""Token ids to text as they come, without ever splitting a character."""

import codecs
from collections.abc import Iterable

from tampu.text.tokenizer import Tokenizer


class Detokenizer:
    """The text of ids pushed one after the other.

    Bytes of an unfinished character are held until they are one, or until they are certain to be none: then U+FFFD
    stands for them, just as if all ids had been decoded at once. Control tokens have no text, or with `names_control`
    their name.
    """

    def __init__(self, tokenizer: Tokenizer, names_control: bool = False) -> None:
        self._bytes_of = tokenizer.named_bytes if names_control else tokenizer.token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_ids: Iterable[int]) -> str:
        """The text that these further ids finish; may be empty."""
        return self._decoder.decode(b"".join(map(self._bytes_of, token_ids)))

    def flush(self) -> str:
        """What is left at the end: U+FFFD for a character that never came whole, else nothing."""
        return self._decoder.decode(b"", final=True)
