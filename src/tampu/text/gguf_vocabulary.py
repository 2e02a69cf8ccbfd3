"""The vocabulary inside a GGUF file. Only this module of `text` loads the gguf package."""

import json
from pathlib import Path
from typing import Any

from gguf import GGUFReader

from tampu.errors import DamagedFile, reason

# Key of the container: the field of the file it is read from.
FIELDS = {
    "model": "tokenizer.ggml.model",
    "pre": "tokenizer.ggml.pre",
    "tokens": "tokenizer.ggml.tokens",
    "merges": "tokenizer.ggml.merges",
    "token_type": "tokenizer.ggml.token_type",
}
OPTIONAL_FIELDS = {"bos": "tokenizer.ggml.bos_token_id", "eos": "tokenizer.ggml.eos_token_id"}


def read_gguf_vocabulary(path: Path) -> bytes:
    """The vocabulary as the JSON container that `read_vocabulary` and packed files know.

    Raises DamagedFile when the file is not GGUF or has no vocabulary.
    """
    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, OSError) as error:
        raise DamagedFile(f"{path} is not a whole GGUF file: {reason(error)}") from error
    if missing := [name for name in FIELDS.values() if name not in reader.fields]:
        raise DamagedFile(f"{path} has no {missing[0]}.")
    container: dict[str, Any] = {"format": "gguf"}
    for key, name in (FIELDS | OPTIONAL_FIELDS).items():
        if name in reader.fields:
            container[key] = reader.fields[name].contents()
    return json.dumps(container, ensure_ascii=False).encode()
