"""Smaller copies of pictures: for lists, and for channels to show them inline.

Pictures come from outside, and a small file may hold a huge one. Its own header says
what decoding would cost, so that is looked at first; nothing else opens a picture.
"""

from __future__ import annotations

import io
import logging
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mvsnap.errors import BadInput
from mvsnap.jpeg import MOST_BYTES, MOST_PIXELS, outline, too_large

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

log = logging.getLogger(__name__)

_THUMBNAIL_WIDTH = 480
_PORTRAIT_SIZE = 640
# A message shows no more; 12 megapixels are the most that an MV camera sends.
_MOST_POSTED_PIXELS = 12_500_000
_MOST_FILE_BYTES = 20 * 1024 * 1024
_MOST_TEXT_BYTES = 4 * 1024 * 1024  # of a PNG's text chunks, unpacked
# Decoding one of more holds the lock: several at once would not fit into a Pi.
_LARGE_BYTES = 32 * 1024 * 1024
_one_at_a_time = threading.Lock()
_JPEG = b"\xff\xd8"
_ORIENTATION = 0x0112
# Measured with Pillow 13: per pixel, the decoder and a copy in RGB. GIF and PNG with a
# palette have one byte before it. WebP keeps two canvases and two copies.
_BYTES_PER_PIXEL = {"WebP": 16, "GIF": 6, "PNG": 8, "JPEG": 8}
# What Pillow raises for bytes that are not a picture, or have malformed EXIF.
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, TypeError, AttributeError),
    *(struct.error, LookupError, ArithmeticError, MemoryError),
)


class UnusablePicture(BadInput):
    """It is no picture, or too large to be decoded."""

    code = "unusable_picture"


def thumbnail(jpeg: Path) -> bytes | None:
    """Return a JPEG 480 pixels wide, None if the file is not a readable picture."""
    size = (_THUMBNAIL_WIDTH, _THUMBNAIL_WIDTH)

    def made(picture: Image) -> bytes:
        picture.thumbnail(size)
        return _encoded(picture, quality=80)

    return _copy_of(jpeg, lambda _w, _h: size, made)


def within(jpeg: Path, max_bytes: int) -> bytes | None:
    """Return the picture in at most `max_bytes`; reduces quality first, then size."""

    def made(picture: Image) -> bytes | None:
        for scale, quality in ((1, 85), (1, 70), (2, 80), (3, 75), (4, 70)):
            size = (picture.width // scale, picture.height // scale)
            small = picture if scale == 1 else picture.resize(size)
            content = _encoded(small, quality)
            if len(content) <= max_bytes:
                return content
        return None

    return _copy_of(jpeg, _postable, made)


def portrait(image: bytes) -> bytes:
    """Return a JPEG of at most 640 pixels.

    Re-encoded: nothing that was hidden in the image is passed on.

    Raises:
        UnusablePicture: no JPEG, PNG, WebP or GIF, or too large.
    """
    size = (_PORTRAIT_SIZE, _PORTRAIT_SIZE)
    with _decoded(image, ("JPEG", "PNG", "WebP", "GIF"), lambda _w, _h: size) as made:
        made.thumbnail(size)
        upright = _upright(made)
        upright.info.clear()  # a comment would be written again
        return _encoded(upright, quality=85)


def _copy_of(
    path: Path,
    size: Callable[[int, int], tuple[int, int]],
    make: Callable[[Image], bytes | None],
) -> bytes | None:
    """size: as small as the picture may be decoded, by its width and height."""
    try:
        if path.stat().st_size > _MOST_FILE_BYTES:
            raise UnusablePicture("picture too large: more than 20 MB")
        with _decoded(path.read_bytes(), ("JPEG",), size) as picture:
            return make(picture)
    except (UnusablePicture, OSError) as exc:
        log.warning("cannot make a copy of %s: %s", path.name, exc)
        return None


@contextmanager
def _decoded(
    data: bytes, kinds: tuple[str, ...], size: Callable[[int, int], tuple[int, int]]
) -> Iterator[Image]:
    """Decode a picture in RGB, reduced towards `size` where the decoder can.

    Raises:
        UnusablePicture: none of these kinds, or too large.
    """
    try:
        buffered = _require_readable_segments(data) if data[:2] == _JPEG else 0
        kind, picture = _opened(data, kinds)
        held = _require_moderate(kind, picture, size, buffered)
        with _one_at_a_time if held > _LARGE_BYTES else nullcontext(), picture:
            # Freed here, and not with the last reference to it.
            yield picture if picture.mode == "RGB" else picture.convert("RGB")
    except _UNREADABLE as exc:
        log.info("a picture cannot be read: %s", type(exc).__name__)
        names = " or ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
        raise UnusablePicture(f"not a {names}") from None


def _require_readable_segments(jpeg: bytes) -> int:
    """Return how many bytes the decoder holds besides the picture.

    Raises:
        UnusablePicture: too large, or decoding takes too long.
    """
    found = outline(jpeg)
    if found is None:
        raise OSError("no frame")
    if found.refusal:
        raise UnusablePicture(found.refusal)
    return found.bytes_held


def _opened(data: bytes, kinds: tuple[str, ...]) -> tuple[str, ImageFile]:
    """Read the header alone, with the reader of that kind and no other."""
    # Imported here: most gateways never need it, and it takes 5 MB.
    from PIL import (
        GifImagePlugin,
        Image,
        JpegImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
    )

    # Pillow warns above this, and raises an error above twice as much: for what it
    # allocates before the size of a picture is known, such as a frame of a GIF.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    PngImagePlugin.MAX_TEXT_MEMORY = _MOST_TEXT_BYTES
    file = io.BytesIO(data)
    try:
        if data.startswith(_JPEG) and "JPEG" in kinds:
            return "JPEG", JpegImagePlugin.JpegImageFile(file)
        if data.startswith(b"\x89PNG\r\n\x1a\n") and "PNG" in kinds:
            return "PNG", PngImagePlugin.PngImageFile(file)
        if data.startswith((b"GIF87a", b"GIF89a")) and "GIF" in kinds:
            return "GIF", GifImagePlugin.GifImageFile(file)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and "WebP" in kinds:
            return "WebP", WebPImagePlugin.WebPImageFile(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise UnusablePicture(f"picture too large: {MOST_PIXELS} pixels") from exc
    raise OSError("none of these kinds")


def _require_moderate(
    kind: str,
    picture: ImageFile,
    size: Callable[[int, int], tuple[int, int]],
    buffered: int,
) -> int:
    """Return how many bytes decoding will hold; buffered: of them, already known.

    Raises:
        UnusablePicture: too many.
    """
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise UnusablePicture(too_large(width, height))
    if kind == "JPEG":
        # The decoder halves the picture while reading: much less work.
        picture.draft("RGB", size(width, height))
    held = buffered + picture.width * picture.height * _BYTES_PER_PIXEL[kind]
    if held > MOST_BYTES:
        raise UnusablePicture(too_large(width, height))
    return held


def _postable(width: int, height: int) -> tuple[int, int]:
    while width * height > _MOST_POSTED_PIXELS:
        width, height = width // 2, height // 2
    return width, height


def _upright(picture: Image) -> Image:
    """Return the picture rotated according to its orientation tag.

    Not by `ImageOps`: that rewrites the EXIF, and fails if it is malformed.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(picture.getexif().get(_ORIENTATION, 1))
    return picture if turn is None else picture.transpose(turn)


def _encoded(picture: Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
