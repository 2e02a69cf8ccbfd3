"""Frames of bytes: a length, then msgpack of a dataclass as a list of its values. Never pickle, never code.

Both ends are the same version of this package, so values go by position. What a peer sends is checked against the
types of the dataclass's fields all the same: garbage ends in BrokenFrame, not in an attribute error a step later.
"""

import dataclasses
import struct
import types
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgpack

from tampu.errors import TampuError

HEADER = struct.Struct(">I")
MAX_FRAME = 64 * 2**20  # a prompt of 131,072 tokens with 20 log-probabilities each takes about 41 MB

Decoder = Callable[[Any], Any]


class BrokenFrame(TampuError):
    """Bytes that are not a frame: too long, not msgpack, or not of the promised types."""


class FrameCodec:
    """Turns instances of the given dataclasses into bytes and back; the first byte of a body says which."""

    def __init__(self, *kinds: type) -> None:
        self._kinds = kinds
        self._tags = {kind: tag for tag, kind in enumerate(kinds)}

    def encode(self, frame: object) -> bytes:
        """The frame's bytes, length first."""
        body: bytes = msgpack.packb((self._tags[type(frame)], frame), default=_values)
        if len(body) > MAX_FRAME:
            raise BrokenFrame(f"A frame has at most {MAX_FRAME} bytes, this {type(frame).__name__} has {len(body)}.")
        return HEADER.pack(len(body)) + body

    def decode(self, body: bytes | memoryview) -> Any:
        """The frame whose bytes, without the length, these are."""
        try:
            tag, values = msgpack.unpackb(body, use_list=False, strict_map_key=False)
            return decoder(self._kinds[tag])(values)
        except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
            raise BrokenFrame(f"Not a frame: {error}") from error


class FrameReader:
    """Cuts a stream of bytes into frames, however they arrive."""

    def __init__(self, codec: FrameCodec) -> None:
        self._codec = codec
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """The frames that are complete now; raises BrokenFrame on garbage."""
        self._buffer += data
        frames, start = [], 0
        while len(self._buffer) - start >= HEADER.size:
            (size,) = HEADER.unpack_from(self._buffer, start)
            if size > MAX_FRAME:
                raise BrokenFrame(f"A frame has at most {MAX_FRAME} bytes, this one claims {size}.")
            end = start + HEADER.size + size
            if len(self._buffer) < end:
                break
            frames.append(self._codec.decode(bytes(self._buffer[start + HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return frames


def _values(value: object) -> Any:
    """What msgpack cannot pack itself: a dataclass as the tuple of its values, a mapping as a dict."""
    if dataclasses.is_dataclass(value):
        return tuple(getattr(value, name) for name in value.__dataclass_fields__)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot go into a frame")


@cache
def decoder(kind: Any) -> Decoder:
    """The function that checks an unpacked value against this type and builds it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return partial(_build, kind)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return partial(_optional, decoder(inner))
    if origin is tuple and arguments[-1] is Ellipsis:
        return partial(_run_of, _plain_types(arguments[0]), decoder(arguments[0]))
    if origin is tuple:
        return partial(_row, tuple(decoder(argument) for argument in arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return partial(_plain, (dict,))
    return partial(_plain, _plain_types(kind))


def _plain_types(kind: Any) -> tuple[type, ...]:
    """The types a value of this kind has after msgpack; none when it takes more than a look to build it."""
    if get_origin(kind) is Literal:
        return (str,)
    if kind is float:
        return (float, int)
    return (kind,) if kind in (int, str, bytes, bool) else ()


def _plain(allowed: tuple[type, ...], value: Any) -> Any:
    if type(value) not in allowed:
        raise TypeError(f"{type(value).__name__} where {' or '.join(kind.__name__ for kind in allowed)} belongs")
    return value


def _optional(inner: Decoder, value: Any) -> Any:
    return None if value is None else inner(value)


def _run_of(allowed: tuple[type, ...], inner: Decoder, values: Any) -> tuple[Any, ...]:
    _plain((tuple,), values)
    if allowed and set(map(type, values)) <= set(allowed):
        return tuple(values)
    return tuple(map(inner, values))


def _row(inner: tuple[Decoder, ...], values: Any) -> tuple[Any, ...]:
    return tuple(decode(value) for decode, value in zip(inner, values, strict=True))


@cache
def _field_decoders(kind: type) -> tuple[Decoder, ...]:
    return tuple(decoder(hint) for hint in get_type_hints(kind).values())


def _build(kind: type, values: Any) -> Any:
    return kind(*[decode(value) for decode, value in zip(_field_decoders(kind), values, strict=True)])
