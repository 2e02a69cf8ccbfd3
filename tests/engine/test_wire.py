from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgpack
import pytest

from tampu.engine.wire import HEADER, MAX_FRAME, BrokenFrame, FrameCodec, FrameReader


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    weight: float
    near: tuple["Point", ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    name: str
    data: bytes
    colour: Literal["red", "blue"]
    bias: Mapping[int, float] = field(default_factory=dict)
    point: Point | None = None
    pair: tuple[int, str] = (0, "")


CODEC = FrameCodec(Point, Letter)
LETTER = Letter("a", b"\xff\x00", "red", {2**31: -1.5}, Point(2**63 - 1, 1.0, (Point(1, 0.25),)), (7, "b"))


def raw(values: object) -> bytes:
    body: bytes = msgpack.packb(values)
    return HEADER.pack(len(body)) + body


def test_a_frame_comes_back_equal_with_all_that_is_nested_in_it() -> None:
    assert FrameReader(CODEC).feed(CODEC.encode(LETTER)) == [LETTER]


def test_frames_are_found_however_the_bytes_are_cut() -> None:
    data = CODEC.encode(LETTER) + CODEC.encode(Point(3, 0.5)) + CODEC.encode(LETTER)
    for size in (1, 2, 3, 7, len(data)):
        reader = FrameReader(CODEC)
        frames = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])]
        assert frames == [LETTER, Point(3, 0.5), LETTER]


@pytest.mark.parametrize(
    "data",
    [
        HEADER.pack(MAX_FRAME + 1),
        HEADER.pack(1) + b"\xc1",  # a byte that msgpack never uses
        HEADER.pack(0),
        raw(7),
        raw([0]),
        raw([9, [1, 0.5, []]]),  # no such frame
        raw([0, [1, 0.5]]),  # a value too few
        raw([0, [1, 0.5, [], []]]),  # a value too many
        raw([0, ["1", 0.5, []]]),  # text where an int belongs
        raw([0, [True, 0.5, []]]),  # a bool is not an int
        raw([0, [1, 0.5, [[2, "x", []]]]]),
        raw([0, [1, 0.5, 3]]),
        raw([1, ["a", b"", "red", [], None, [0, ""]]]),
    ],
)
def test_garbage_is_a_broken_frame(data: bytes) -> None:
    with pytest.raises(BrokenFrame):
        FrameReader(CODEC).feed(data)


def test_a_frame_beyond_the_bound_is_not_sent() -> None:
    with pytest.raises(BrokenFrame, match=f"at most {MAX_FRAME} bytes"):
        CODEC.encode(Letter("a", bytes(MAX_FRAME), "red"))


def test_only_values_go_into_a_frame() -> None:
    with pytest.raises(TypeError, match="object cannot go into a frame"):
        CODEC.encode(Point(object(), 1.0))  # type: ignore[arg-type]
