"""Re-encoded pictures: upright, small, and without anything hidden in them."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from mvsnap.store.files.pictures import UnusablePicture, portrait, thumbnail

_SHORT, _LONG, _TEXT = 3, 4, 2
_ORIENTATION = 0x0112


def exif(*entries: tuple[int, int, bytes]) -> bytes:
    """Return EXIF with these tags, types and four bytes of a value."""
    head = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries))
    rows = [struct.pack("<HHI", tag, kind, 1) + value for tag, kind, value in entries]
    return head + b"".join(rows) + bytes(4)


def turned(by: int) -> tuple[int, int, bytes]:
    return _ORIENTATION, _SHORT, struct.pack("<I", by)


def image(kind: str = "JPEG", **given: Any) -> bytes:
    """Return an image of which each corner has another brightness."""
    made = Image.new("L", (32, 16))
    for number, corner in enumerate(((0, 0), (16, 0), (0, 8), (16, 8))):
        made.paste(60 * number + 30, (*corner, corner[0] + 16, corner[1] + 8))
    out = io.BytesIO()
    made.save(out, kind, **given)
    return out.getvalue()


def corners(jpeg: bytes | None) -> list[int]:
    """Return size and corners, coarsely: JPEG changes them a little."""
    assert jpeg is not None
    made = Image.open(io.BytesIO(jpeg)).convert("L")
    right, low = made.width - 3, made.height - 3
    places = ((2, 2), (right, 2), (2, low), (right, low))
    pixels = made.tobytes()
    found = [pixels[x + y * made.width] for x, y in places]
    return [made.width, *(round(n / 60) for n in found)]


@pytest.mark.parametrize("by", range(10))
def test_a_photo_is_drawn_upright(by: int) -> None:
    given = image(exif=exif(turned(by)))
    out = io.BytesIO()
    ImageOps.exif_transpose(Image.open(io.BytesIO(given))).save(out, "JPEG")
    assert corners(portrait(given)) == corners(out.getvalue())


@pytest.mark.parametrize(
    "wrong",
    [
        (0x0100, _TEXT, b"abc\0"),
        (0x011A, _TEXT, b"abc\0"),
        (0x0100, 9, b"\xff" * 4),
        (0x010E, 5, b"\1\0\0\0"),
        (0x8769, _TEXT, b"abc\0"),
        (0x8769, _LONG, b"\x08\0\0\0"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_malformed_exif_keeps_no_photo_away(wrong: tuple[int, int, bytes]) -> None:
    given = image(exif=exif(turned(6), wrong))
    assert corners(portrait(given))[0] == 16


@pytest.mark.parametrize("length", [100, 70_000])
def test_a_comment_is_not_passed_on(length: int) -> None:
    made = portrait(image("GIF", comment=b"x" * length))
    assert made is not None
    assert b"xxxx" not in made


@pytest.mark.parametrize("cut", range(0, 370, 7))
def test_half_an_image_is_rejected_without_an_error(tmp_path: Path, cut: int) -> None:
    given = image(exif=exif(turned(6)))[:cut]
    with pytest.raises(UnusablePicture):
        portrait(given)
    (tmp_path / "half.jpg").write_bytes(given)
    assert thumbnail(tmp_path / "half.jpg") is None
