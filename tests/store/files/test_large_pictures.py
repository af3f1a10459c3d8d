"""Pictures made to exhaust a Raspberry Pi: refused from their header, or decoded small.

Each is decoded in a process of its own, which reports the memory it took.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mvsnap import jpeg
from mvsnap.store.files.pictures import UnusablePicture, portrait, thumbnail, within

MB = 1024 * 1024
# Of one picture: what decoding may hold, and the file, the copies and the encoder.
MOST_MB = 160
PROBE = """
import json, sys
from pathlib import Path
from PIL import (
    GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
)
from mvsnap.store.files import pictures

def used():
    # Not ru_maxrss: that of a child begins with the memory of its parent.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

how, path = sys.argv[1], Path(sys.argv[2])
before = used()
try:
    if how == "portrait":
        made = pictures.portrait(path.read_bytes())
    elif how == "thumbnail":
        made = pictures.thumbnail(path)
    else:
        made = pictures.within(path, 1_000_000)
    said = "" if made else "nothing"
except pictures.UnusablePicture as exc:
    said = exc.message
print(json.dumps([used() - before, said]))
"""


def probed(how: str, path: Path) -> tuple[int, str]:
    """Return the megabytes that decoding took, and why there is no picture."""
    line = [sys.executable, "-c", PROBE, how, str(path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    used, said = json.loads(done.stdout)
    return used, said


def chunk(kind: bytes, body: bytes) -> bytes:
    sum_ = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", sum_)


def png(width: int, height: int, color: int = 6, *more: bytes) -> bytes:
    """Return a PNG of zeros, made without holding it; color: 2 RGB, 3, 6 RGBA."""
    row = bytes(1 + width * {0: 1, 2: 3, 3: 1, 6: 4}[color])
    packer = zlib.compressobj(9)
    data = b"".join([packer.compress(row) for _ in range(height)]) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(3)) if color == 3 else b""
    parts = (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), palette, *more)
    return b"".join(parts) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(
    kind: str, width: int, height: int, mode: str = "RGB", **how: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), 90 if mode in "LP" else None).save(
        out, kind, **how
    )
    return out.getvalue()


def resized(data: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose header promises another size."""
    at = next(i for i in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if i > 0)
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def gif(width: int, height: int) -> bytes:
    """Return a GIF whose one frame is to be cleared after it was shown."""
    screen = struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + bytes(6)
    clear = b"\x21\xf9\x04\x08\0\0\0\0"
    frame = (
        b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0"
    )
    return b"GIF89a" + screen + clear + frame + b";"


def many_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again."""
    data = saved("JPEG", 64, 64, "L", progressive=True)
    at, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:at] + data[at:end] * count + data[end:]


def webp(width: int, height: int) -> bytes:
    """Return the head of a WebP that says it is so large."""
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


HUGE: dict[str, Callable[[], bytes]] = {
    "a JPEG of 169 megapixels": lambda: resized(saved("JPEG", 8, 8), 13000, 13000),
    "a PNG of 169 megapixels": lambda: png(13000, 13000, 3),
    "a PNG of 116 kB, RGBA": lambda: png(6300, 6300, 6),
    "a PNG with a palette": lambda: png(6000, 6000, 3),
    "a WebP of 12 megapixels": lambda: saved("WEBP", 4000, 3000, method=0),
    "a progressive JPEG without subsampling": lambda: resized(
        saved("JPEG", 8, 8, progressive=True, subsampling=0), 6000, 6000
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_photo_is_refused_from_its_header(tmp_path: Path, name: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(HUGE[name]())
    used, said = probed("portrait", path)
    assert said.startswith("picture too large: ")
    assert " x " in said
    assert used < 60


FITTING: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a JPEG of 40 MP": ("portrait", lambda: saved("JPEG", 8000, 5000, "L")),
    "its thumbnail": ("thumbnail", lambda: saved("JPEG", 8000, 5000, "L")),
    "the same for a message": ("within", lambda: saved("JPEG", 8000, 5000, "L")),
    "12 MP for a message": ("within", lambda: saved("JPEG", 4000, 3000, quality=100)),
    "a progressive JPEG": (
        "portrait",
        lambda: saved("JPEG", 6000, 4000, "L", progressive=True),
    ),
    "a PNG of 16 MP": ("portrait", lambda: png(4000, 4000, 6)),
    "a WebP of 8 MP": ("portrait", lambda: saved("WEBP", 3264, 2448, method=0)),
    "a GIF": ("portrait", lambda: saved("GIF", 4000, 4000, "P")),
    "an animated PNG": (
        "portrait",
        lambda: png(2000, 2000, 6, chunk(b"acTL", struct.pack(">II", 900, 0))),
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_a_photo_of_a_usual_size_is_used(tmp_path: Path, name: str) -> None:
    how, make = FITTING[name]
    path = tmp_path / "photo"
    path.write_bytes(make())
    used, said = probed(how, path)
    assert said == ""
    assert used < MOST_MB


def test_the_text_in_a_photo_cannot_unpack_to_more_than_the_photo() -> None:
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000), 9))
    assert portrait(png(8, 8, 6, text))
    with pytest.raises(UnusablePicture, match="not a JPEG, PNG, WebP or GIF"):
        portrait(png(8, 8, 6, *[text] * 40))
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50 * MB), 9))
    with pytest.raises(UnusablePicture):
        portrait(png(8, 8, 6, profile))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_frame_of_a_gif_is_not_larger_than_a_picture_may_be() -> None:
    with pytest.raises(UnusablePicture, match="picture too large"):
        portrait(gif(60_000, 60_000))
    with pytest.raises(UnusablePicture):
        portrait(webp(16_000, 16_000))


def test_a_jpeg_of_many_scans_or_segments_is_not_decoded(tmp_path: Path) -> None:
    assert portrait(many_scans(50))
    began = time.process_time()
    for data in (
        resized(many_scans(5000), 6000, 5000),
        saved("JPEG", 8, 8)[:2] + b"\xff\xe1\0\x09Exif\0\0x" * 500_000 + b"\xff\xd9",
        b"\xff\xd8" + b"\xff\xd0" * 3_000_000,
        b"\xff\xd8" + b"x" * 6_000_000,
    ):
        with pytest.raises(UnusablePicture):
            portrait(data)
        path = tmp_path / "picture.jpg"
        path.write_bytes(data)
        assert thumbnail(path) is None
        assert within(path, 1_000_000) is None
        assert not jpeg.is_whole(data)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PPM", "TGA", "PCX"])
def test_other_formats_are_not_even_opened(kind: str) -> None:
    with pytest.raises(UnusablePicture, match="not a JPEG, PNG, WebP or GIF"):
        portrait(saved(kind, 16, 16))


def test_the_outline_of_a_picture_says_what_decoding_it_holds() -> None:
    plain = jpeg.outline(saved("JPEG", 64, 32))
    assert plain == jpeg.Outline(64, 32, 0, 1, is_whole=True)
    assert plain.refusal == ""
    scans = jpeg.outline(saved("JPEG", 64, 32, progressive=True, subsampling=2))
    assert scans is not None
    assert (scans.bytes_held, scans.is_whole) == (64 * 32 * 3, True)
    assert scans.scans > 5
