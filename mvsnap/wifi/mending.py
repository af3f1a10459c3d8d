"""What senders write although JSON does not know it, made readable. Pure.

Only what has one meaning: another encoding of the same text, a control character within
a text, half a character, and NaN or Infinity, of which nothing is read. All else is no
JSON.
"""

from __future__ import annotations

import json
import re

import msgspec

from mvsnap.errors import BadInput

NO_JSON = "body: is no JSON (expected a scanning message)"

# An escaped backslash, a whole pair, or else (group 1) half of one.
_HALF = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
# A text, which stays, or else (group 1) a number that is none. A text that does not end
# goes to the end of the body: nothing is looked at twice.
_NO_NUMBER = re.compile(
    rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)'
    rb"|([-+]?(?:nan|inf(?:inity)?))(?![0-9A-Za-z_])",
    re.I | re.S,
)
# Between values, a blank means the same as a line end.
_CONTROLS = bytes.maketrans(bytes(range(32)), b" " * 32)
_BOM = "\ufeff"


def readable(body: bytes) -> bytes:
    """Return the body as JSON that every decoder accepts.

    Raises:
        BadInput: it is no JSON, even so.
    """
    body = without_half_characters(_in_utf_8(body))
    if _is_json(body):
        return body  # nearly always: each look at 3 MB takes its time
    body = body.translate(_CONTROLS)
    body = _NO_NUMBER.sub(lambda found: found[0] if found[1] is None else b"null", body)
    if not _is_json(body):
        raise BadInput(NO_JSON)
    return body


def is_readable(body: bytes) -> bool:
    """Return whether nothing has to be mended, if it is JSON at all."""
    return body.isascii() and not _may_have_halves(body)


def without_half_characters(body: bytes) -> bytes:
    """Return the body without lone surrogates, which no decoder accepts.

    They come from names that somebody truncated within an emoji.
    """
    if not _may_have_halves(body):
        return body
    return _HALF.sub(lambda found: found[0] if found[1] is None else b"\\ufffd", body)


def _may_have_halves(body: bytes) -> bool:
    # The first of these is quick, and says no for nearly every body.
    return b"\\" in body and (b"\\ud" in body or b"\\uD" in body)


def _in_utf_8(body: bytes) -> bytes:
    """Return the same text in UTF-8; what is no character there is replaced."""
    if body.isascii() and b"\0" not in body[:4]:
        return body
    text = body.decode(json.detect_encoding(body), "replace")
    return text.removeprefix(_BOM).encode("utf-8", "replace")


def _is_json(body: bytes) -> bool:
    try:
        _ANYTHING.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        return isinstance(exc, msgspec.ValidationError)
    return True


# Skips over the whole body without making a single object.
_ANYTHING = msgspec.json.Decoder(msgspec.Raw)
