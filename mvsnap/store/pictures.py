"""Smaller copies of pictures: for lists, and for channels to show them inline."""

from __future__ import annotations

import io
import logging
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

_THUMBNAIL_WIDTH = 480
_PORTRAIT_SIZE = 640
_MAX_PIXELS = 40_000_000
_ORIENTATION = 0x0112
# What Pillow raises for bytes that are not a picture, or have malformed EXIF.
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, TypeError, AttributeError),
    *(struct.error, LookupError, ArithmeticError),
)


def thumbnail(jpeg: Path) -> bytes | None:
    """Return a JPEG 480 pixels wide, None if the file is not a readable picture."""
    picture = _open(jpeg, draft_width=_THUMBNAIL_WIDTH)
    if picture is None:
        return None
    picture.thumbnail((_THUMBNAIL_WIDTH, _THUMBNAIL_WIDTH))
    return _encoded(picture, quality=80)


def within(jpeg: Path, max_bytes: int) -> bytes | None:
    """Return the picture in at most `max_bytes`; reduces quality first, then size."""
    picture = _open(jpeg)
    if picture is None:
        return None
    for scale, quality in ((1, 85), (1, 70), (2, 80), (3, 75), (4, 70)):
        width, height = picture.width // scale, picture.height // scale
        small = picture if scale == 1 else picture.resize((width, height))
        content = _encoded(small, quality)
        if len(content) <= max_bytes:
            return content
    return None


def portrait(image: bytes) -> bytes | None:
    """Return a JPEG of at most 640 pixels, None if the image is not readable.

    Re-encoded: nothing that was hidden in the image is passed on.
    """
    from PIL import Image

    kinds = ["JPEG", "PNG", "WEBP", "GIF"]
    try:
        with Image.open(io.BytesIO(image), formats=kinds) as picture:
            # Known before decompression: a small file may hold a huge picture.
            if picture.width * picture.height > _MAX_PIXELS:
                return None
            upright = _upright(picture).convert("RGB")
    except (*_UNREADABLE, Image.DecompressionBombError) as exc:
        log.info("a photo cannot be read: %s", type(exc).__name__)
        return None
    upright.thumbnail((_PORTRAIT_SIZE, _PORTRAIT_SIZE))
    upright.info.clear()  # a comment would be written again
    return _encoded(upright, quality=85)


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


def _open(jpeg: Path, draft_width: int | None = None) -> Image | None:
    # Imported here: most gateways never need it, and it takes 5 MB.
    from PIL import Image

    try:
        with Image.open(jpeg, formats=["JPEG"]) as picture:
            if draft_width is not None:
                # The decoder halves the picture while reading: much less work.
                picture.draft("RGB", (draft_width, draft_width))
            return picture.convert("RGB")
    except (*_UNREADABLE, Image.DecompressionBombError) as exc:
        log.warning("cannot read %s as a picture: %s", jpeg.name, type(exc).__name__)
        return None


def _encoded(picture: Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
