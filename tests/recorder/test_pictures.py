"""Pictures in the bytes of a stream, and what the first bytes say. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mvsnap.errors import UpstreamError
from mvsnap.recorder.command import Input
from mvsnap.recorder.mjpeg import LIMIT_BYTES, Pictures, part
from mvsnap.recorder.signature import kind_of, refusal
from mvsnap.simulator.video import draw_number

JPEGS = [draw_number(number) for number in (1, 2, 3)]
# An EXIF thumbnail: a whole picture inside the header of another.
NESTED = JPEGS[0][:2] + b"\xff\xe1" + (len(JPEGS[1]) + 2).to_bytes(2, "big")
NESTED += JPEGS[1] + JPEGS[0][2:]


@pytest.mark.parametrize("step", [1, 7, 1000, 10**6])
@pytest.mark.parametrize(
    "join",
    [
        b"",
        b"\r\n--x\r\nContent-Type: image/jpeg\r\n\r\n",
        b"\r\n\r\n----wrong\n\n",
    ],
    ids=["nothing", "no length", "a strange boundary"],
)
def test_pictures_are_found_whatever_is_between_them(step: int, join: bytes) -> None:
    stream = b"noise" + join + join.join([*JPEGS, NESTED]) + join
    pictures = Pictures()
    found = [
        picture
        for begin in range(0, len(stream), step)
        for picture in pictures.feed(stream[begin : begin + step])
    ]
    assert found == [*JPEGS, NESTED]


def test_our_own_parts_are_read_back() -> None:
    stream = b"".join(part(jpeg) for jpeg in JPEGS)
    assert Pictures().feed(stream) == JPEGS


def test_a_wrong_length_does_not_cut_a_picture() -> None:
    head = b"--x\r\nContent-Length: %d\r\n\r\n" % (len(JPEGS[0]) - 200)
    assert Pictures().feed(head + JPEGS[0] + JPEGS[1]) == JPEGS[:2]


# What comes before a picture of this many bytes.
HEADERS: dict[str, Callable[[int], bytes]] = {
    "nothing": lambda size: b"",
    "a boundary": lambda size: b"\r\n--x1\r\nContent-Type: image/jpeg\r\n\r\n",
    "line feeds": lambda size: b"\n--frame\nContent-Type: image/jpeg\n\n",
    "a length": lambda size: b"\r\n--x1\r\nContent-Length: %d\r\n\r\n" % size,
    "no boundary": lambda size: b"\r\nContent-Length: %d\r\n\r\n" % size,
    "too short a length": lambda size: (
        b"\r\n--x1\r\nContent-Length: %d\r\n\r\n" % (size - 700)
    ),
}
# How a picture is damaged.
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no end": lambda jpeg: jpeg[:-2],
    "padded": lambda jpeg: jpeg + bytes(300),
    "fill": lambda jpeg: jpeg + b"\xff" * 20,
}


@pytest.mark.parametrize("step", [1, 1000, 10**6])
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_picture_without_a_clean_end_takes_no_other_one_along(
    header: str, damage: str, step: int
) -> None:
    sent = [*JPEGS, DAMAGES[damage](NESTED), *JPEGS, JPEGS[0][:-2]]
    stream = b"".join(HEADERS[header](len(jpeg)) + jpeg for jpeg in sent)
    pictures = Pictures()
    found = []
    for begin in range(0, len(stream), step):
        found += pictures.feed(stream[begin : begin + step])
    found += [last] if (last := pictures.rest()) is not None else []
    assert len(found) == 8
    assert found[:3] == found[4:7] == JPEGS
    assert found[3].startswith(NESTED[:-2])
    assert found[3].endswith(b"\xff\xd9")
    assert len(found[3]) <= len(NESTED) + 400
    assert found[-1].startswith(JPEGS[0][:-2])


@pytest.mark.parametrize("header", sorted(HEADERS.keys() - {"nothing"}))
@pytest.mark.parametrize("size", [3, 30, 160, 300, 500])
def test_a_picture_cut_within_its_header_is_left_out(header: str, size: int) -> None:
    sent = [JPEGS[0], NESTED[:size], JPEGS[1], JPEGS[2], JPEGS[0]]
    stream = b"".join(HEADERS[header](len(jpeg)) + jpeg for jpeg in sent)
    found = Pictures().feed(stream)
    assert [jpeg for jpeg in found if jpeg in JPEGS] == [*JPEGS, JPEGS[0]]


def test_every_byte_of_a_stream_is_looked_at_once() -> None:
    piece, pictures = bytes(1000), Pictures()
    began = time.process_time()
    pictures.feed(b"\xff\xd8\xff\xda\x00\x02")
    for _ in range(19_000):
        pictures.feed(piece)
    assert pictures.feed(b"\xff\xd9")
    for _ in range(19_000):
        pictures.feed(piece)  # no picture: nothing is kept
    assert time.process_time() - began < 3


def test_a_picture_without_end_has_a_limit() -> None:
    endless = b"\xff\xd8\xff\xda\x00\x02" + bytes(LIMIT_BYTES)
    with pytest.raises(UpstreamError, match="20 MB"):
        Pictures().feed(endless)


MPEG_TS = (b"G" + bytes(187)) * 3
OCTETS = "application/octet-stream"


@pytest.mark.parametrize(
    ("media", "head", "kind"),
    [
        (OCTETS, b"\r\n \xff\xd8\xff\xe0", Input.MPJPEG),
        ("", b"--frame\r\n", Input.MPJPEG),
        ("video/mp2t", b"\xff\xd8\xff\xe0", Input.MPJPEG),
        ("", b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0", Input.MPJPEG),
        ("multipart/x-mixed-replace", b"", Input.MPJPEG),
        ("image/jpeg", MPEG_TS, Input.MPEGTS),
        ("", b"\0\0\0\1\x67" + bytes(20), Input.H264),
        ("", b"\0\0\1\x09" + bytes(20), Input.H264),
        ("video/h264", b"\0\0\0\1\x40\1" + bytes(20), Input.HEVC),
        ("", b"\0\0\1\xb3" + bytes(20), Input.ANY),
        ("text/plain", b"FLV\1\5\0\0\0\x09" + bytes(20), Input.ANY),
        ("video/mp2t", b"RIFF\0\0\0\0AVI " + bytes(20), Input.ANY),
        ("video/mp4", bytes(3) + b"\x18ftypisom" + bytes(20), Input.ANY),
        ("video/mp2t", bytes(range(256)) * 20, Input.MPEGTS),
        ("", bytes(range(256)) * 20, Input.ANY),
        ("", b"\xff", None),
        ("", b"<html><body>", None),
        (OCTETS, MPEG_TS[:100], None),
    ],
)
def test_the_bytes_of_a_stream_say_what_it_is(
    media: str, head: bytes, kind: Input | None
) -> None:
    assert kind_of(media, head, is_all=False) is kind


@pytest.mark.parametrize(
    ("media", "head", "why"),
    [
        ("text/html", b"<html>\n", "it sends text/html"),
        ("", b'{"error": 1}', "it sends text,"),
        ("application/vnd.apple.mpegurl", b"#EXTM3U\n", "playlist"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", "it sends PNG"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8 ", "it sends WebP"),
        ("image/heic", bytes(range(20)), "image/heic without a JPEG"),
        ("image/jpeg", b"\r\n", "empty"),
        ("x" * 1000, b"text", "it sends xxx"),
    ],
)
def test_what_is_no_video_is_refused_by_name(media: str, head: bytes, why: str) -> None:
    assert kind_of(media, head, is_all=True) is None
    said = refusal(media, head)
    assert said is not None
    assert why in said
    assert len(said) < 100
