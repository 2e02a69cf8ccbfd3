"""Files on their way in: a form of known parts, written to disk as it comes and never held in memory."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.types import Receive

from tampu.errors import InvalidRequest, PayloadTooLarge, UnsupportedMedia
from tampu.model.adapter_config import CONFIG_FILE, MAX_CONFIG
from tampu.model.adapter_file import MAX_WEIGHTS, WEIGHTS_FILE
from tampu.server.body import bounded, pieces, too_large

MAX_NAME = 256  # bytes; what an adapter may be called is checked later
MAX_FRAME = 64 * 1024  # of the form around its parts


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a form: written as `file`, or where that is empty a text."""

    max_bytes: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts that a form must have, each once, and a sentence that says so."""

    parts: Mapping[str, Part]
    hint: str

    @property
    def max_bytes(self) -> int:
        """Of the whole body."""
        return sum(part.max_bytes for part in self.parts.values()) + MAX_FRAME


ADAPTER = Shape(
    {"name": Part(MAX_NAME), "config": Part(MAX_CONFIG, CONFIG_FILE), "weights": Part(MAX_WEIGHTS, WEIGHTS_FILE)},
    "Send multipart/form-data with the parts name, config (adapter_config.json) and weights (the safetensors file).",
)


async def receive_form(receive: Receive, headers: Headers, staged: Path, shape: Shape) -> dict[str, str]:
    """The texts of an uploaded form, its files written to `staged`. InvalidRequest or PayloadTooLarge says why not."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("Uploads are not compressed: send no Content-Encoding.")
    cap = shape.max_bytes
    if int(headers.get("content-length") or 0) > cap:
        raise too_large(cap)
    form = Form(headers.get("content-type", ""), staged, shape)
    with contextlib.closing(form):
        async for piece in bounded(pieces(receive), cap):
            form.feed(piece)
        return form.finish()


class Form:
    """Takes a form apart. Only the parts' own names count: what a client calls its files is never looked at."""

    def __init__(self, content_type: str, staged: Path, shape: Shape) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
            raise UnsupportedMedia(shape.hint)
        self._staged = staged
        self._shape = shape
        self._texts = {name: bytearray() for name, part in shape.parts.items() if not part.file}
        self._seen: set[str] = set()
        self._part = ""
        self._left = 0
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._file: BinaryIO | None = None
        self._complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open,
                "on_part_data": self._write,
                "on_part_end": self.close,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise InvalidRequest(f"The body is not a form. {self._shape.hint}") from None

    def finish(self) -> dict[str, str]:
        """The texts, once all is there."""
        missing = [part for part in self._shape.parts if part not in self._seen]
        if not self._complete or missing:
            what = f"its part {missing[0]} is missing" if missing else "it is cut off"
            param = missing[0] if missing else None
            raise InvalidRequest(f"The form is not whole: {what}. {self._shape.hint}", param=param)
        return {name: _decode(name, text) for name, text in self._texts.items()}

    def close(self) -> None:
        """Close the file that is being written, if one is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._disposition = b""

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _open(self) -> None:
        part = parse_options_header(self._disposition)[1].get(b"name", b"").decode("utf-8", "replace")
        if part not in self._shape.parts:
            raise InvalidRequest(f"The form has a part {part[:40]!r}. {self._shape.hint}", param=part[:40])
        if part in self._seen:
            raise InvalidRequest(f"The part {part} is there twice.", param=part)
        self._seen.add(part)
        self._part, self._left = part, self._shape.parts[part].max_bytes
        if file := self._shape.parts[part].file:
            self._file = (self._staged / file).open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        self._left -= end - start
        if self._left < 0:
            most = self._shape.parts[self._part].max_bytes
            raise PayloadTooLarge(f"The part {self._part} may have at most {most} bytes.", param=self._part)
        if self._file is None:
            self._texts[self._part].extend(data[start:end])
        else:
            self._file.write(data[start:end])

    def _end(self) -> None:
        self._complete = True


def _decode(part: str, text: bytes | bytearray) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"The {part} is not UTF-8.", param=part) from None
