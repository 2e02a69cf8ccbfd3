"""An adapter on its way in: a form of three parts, written to disk as it comes and never held in memory."""

import contextlib
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.types import Receive

from tampu.errors import InvalidRequest, PayloadTooLarge, UnsupportedMedia
from tampu.model.adapter_config import CONFIG_FILE, MAX_CONFIG
from tampu.model.adapter_file import MAX_WEIGHTS, WEIGHTS_FILE
from tampu.server.body import bounded, pieces

MAX_NAME = 256  # bytes; what an adapter may be called is checked later
MAX_FRAME = 64 * 1024  # of the form around its parts
LIMITS = {"name": MAX_NAME, "config": MAX_CONFIG, "weights": MAX_WEIGHTS}
FILES = {"config": CONFIG_FILE, "weights": WEIGHTS_FILE}
FORM = "Send multipart/form-data with the parts name, config (adapter_config.json) and weights (the safetensors file)."


async def receive_adapter(receive: Receive, headers: Headers, staged: Path) -> str:
    """The name in an uploaded form, its files written to `staged`. InvalidRequest or PayloadTooLarge says why not."""
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("Uploads are not compressed: send no Content-Encoding.")
    cap = sum(LIMITS.values()) + MAX_FRAME
    if int(headers.get("content-length") or 0) > cap:
        raise PayloadTooLarge(f"The body may have at most {cap} bytes.")
    form = AdapterForm(headers.get("content-type", ""), staged)
    with contextlib.closing(form):
        async for piece in bounded(pieces(receive), cap):
            form.feed(piece)
        return form.finish()


class AdapterForm:
    """Takes the form apart. Only the parts' own names count: what a client calls its files is never looked at."""

    def __init__(self, content_type: str, staged: Path) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
            raise UnsupportedMedia(FORM)
        self._staged = staged
        self._name = bytearray()
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
            raise InvalidRequest(f"The body is not a form. {FORM}") from None

    def finish(self) -> str:
        """The adapter's name, once all is there."""
        missing = [part for part in LIMITS if part not in self._seen]
        if not self._complete or missing:
            what = f"its part {missing[0]} is missing" if missing else "it is cut off"
            raise InvalidRequest(f"The form is not whole: {what}. {FORM}", param=missing[0] if missing else None)
        try:
            return self._name.decode()
        except UnicodeDecodeError:
            raise InvalidRequest("The name is not UTF-8.", param="name") from None

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
        if part not in LIMITS:
            raise InvalidRequest(f"The form has a part {part[:40]!r}. {FORM}", param=part[:40])
        if part in self._seen:
            raise InvalidRequest(f"The part {part} is there twice.", param=part)
        self._seen.add(part)
        self._part, self._left = part, LIMITS[part]
        if part in FILES:
            self._file = (self._staged / FILES[part]).open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        self._left -= end - start
        if self._left < 0:
            most = LIMITS[self._part]
            raise PayloadTooLarge(f"The part {self._part} may have at most {most} bytes.", param=self._part)
        if self._file is None:
            self._name.extend(data[start:end])
        else:
            self._file.write(data[start:end])

    def _end(self) -> None:
        self._complete = True
