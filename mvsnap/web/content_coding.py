"""Bodies of requests that are compressed (Content-Encoding)."""

from __future__ import annotations

import zlib

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from mvsnap.errors import BadInput

_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
# Each costs a copy of the rest: a body of empty parts would take quadratic time.
_MOST_PARTS = 16
_WITH_HEADER, _RAW = zlib.MAX_WBITS, -zlib.MAX_WBITS


def unpacked(asked: Request, most_bytes: int, *, cache: bool = True) -> bytes:
    """Return the body as it was before it was compressed, at most so many bytes.

    cache: whether the request keeps its compressed body for others to read.

    Raises:
        BadInput, RequestEntityTooLarge, UnsupportedMediaType
    """
    body = asked.get_data(cache=cache, parse_form_data=False)
    coding = asked.headers.get("Content-Encoding", "").strip().lower()
    # Some senders compress and do not say so; no text begins like this.
    is_gzip = coding in ("gzip", "x-gzip") or (not coding and body[:2] == _MAGIC)
    if is_gzip:
        return _inflated(body, (_GZIP,), "gzip", most_bytes)
    if coding in ("", "identity") or not body:
        return body
    if coding == "deflate":  # some send it without the header that belongs to it
        return _inflated(body, (_WITH_HEADER, _RAW), coding, most_bytes)
    raise UnsupportedMediaType("Content-Encoding: expected gzip, deflate or none")


def _inflated(
    body: bytes, formats: tuple[int, ...], coding: str, most_bytes: int
) -> bytes:
    for wbits in formats:
        try:
            return _members(body, wbits, coding, most_bytes)
        except zlib.error:
            continue
    raise BadInput(f"body: not {coding}, as it should be")


def _members(body: bytes, wbits: int, coding: str, most_bytes: int) -> bytes:
    """Return all that is in the body: gzip may consist of several parts."""
    plain = b""
    for _ in range(_MOST_PARTS):
        if not body:
            return plain
        unpack = zlib.decompressobj(wbits=wbits)
        # One byte more than allowed: a small body may decompress to gigabytes.
        plain += unpack.decompress(body, most_bytes + 1 - len(plain))
        if len(plain) > most_bytes:
            raise RequestEntityTooLarge
        if not unpack.eof:
            raise BadInput(f"body: the {coding} data is truncated")
        body = unpack.unused_data  # a copy of all that is left
    if body:
        raise BadInput(f"body: more than {_MOST_PARTS} {coding} parts")
    return plain
