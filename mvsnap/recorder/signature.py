"""Signature: what an HTTP camera sends, by its first bytes. Pure.

Its Content-Type comes second: cameras send JPEGs as application/octet-stream, as
text/plain or image/jpg, under names of their own, and without any.
"""

from __future__ import annotations

from mvsnap.recorder.command import Input
from mvsnap.texts import camera_wordings as words
from mvsnap.texts.wording import Reason

ENOUGH_BYTES = 4096  # whatever has not been recognised by then is not recognised later

_NAMED = {
    "video/mp2t": Input.MPEGTS,
    "video/h264": Input.H264,
    "video/avc": Input.H264,
    "video/h265": Input.HEVC,
    "video/hevc": Input.HEVC,
}
_BLANK = b"\r\n\t "
_JPEG = b"\xff\xd8"
_LEAST_BYTES = 12  # the longest sign below
_TS_PACKET = 188
# ffmpeg recognises them by itself, from the same bytes: FLV, Matroska, MP4, AVI.
_CONTAINERS = ((0, b"FLV"), (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"), (8, b"AVI "))
_PICTURES = (
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (8, b"WEBP", "WebP"),
)
# The first NAL unit after its start code.
_H264_TYPES = frozenset({1, 5, 6, 7, 8, 9})
_HEVC_BYTES = frozenset({0x40, 0x42, 0x44, 0x46})  # parameter sets, delimiter
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\f\r"))


def kind_of(media: str, head: bytes, *, is_all: bool) -> Input | None:
    """Return how to read a stream that begins with these bytes.

    media: its Content-Type, in lower case. is_all: no more bytes will come. None: more
    bytes are needed or, if there are enough, it is no video: `refusal` says what it is.
    """
    bare = head.lstrip(_BLANK)
    is_enough = is_all or len(head) >= ENOUGH_BYTES
    if media.startswith("multipart/") or bare.startswith((_JPEG, b"--")):
        return Input.MPJPEG
    if len(bare) < _LEAST_BYTES and not is_enough:
        return None
    if (kind := _of_video(bare)) is not None:
        return kind
    if _is_text(bare):  # perhaps the header of a picture
        return Input.MPJPEG if _JPEG + b"\xff" in bare else None
    is_short_ts = bare[:1] == b"G" and len(bare) <= _TS_PACKET
    if refusal(media, head) is not None or (is_short_ts and not is_enough):
        return None
    return _NAMED.get(media, Input.ANY)


def refusal(media: str, head: bytes) -> Reason | None:
    """Return what this is instead of a stream; None if it may be one."""
    bare = head.lstrip(_BLANK)
    if not bare:
        return words.IS_EMPTY()
    if bare.startswith(b"#EXTM3U"):
        return words.IS_PLAYLIST()
    for place, sign, name in _PICTURES:
        if bare.startswith(sign, place):
            return words.OTHER_PICTURE(name=name)
    if _is_text(bare):
        return words.NO_STREAM(media=media[:40] or "text")
    if media.startswith("image/"):
        return words.WITHOUT_JPEG(media=media[:40])
    return None


def _of_video(bare: bytes) -> Input | None:
    if any(bare.startswith(sign, place) for place, sign in _CONTAINERS):
        return Input.ANY
    if bare[:1] == b"G" and bare[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return Input.MPEGTS
    code = bare.find(b"\0\0\1", 0, 4)
    if code not in (0, 1):
        return None
    first = bare[code + 3]
    if first in _HEVC_BYTES:
        return Input.HEVC
    is_h264 = first < 0x80 and first & 0x1F in _H264_TYPES
    return Input.H264 if is_h264 else Input.ANY


def _is_text(bare: bytes) -> bool:
    """Return whether what comes before any JPEG is text."""
    text = bare.partition(_JPEG)[0][:512]
    return len(text) == len(text.translate(None, _CONTROL))
