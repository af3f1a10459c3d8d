"""Webex text: text of others made harmless, and messages that fit. Pure."""

from __future__ import annotations

import re
import unicodedata

# Bytes of UTF-8, source: POST /messages.
MAX_MARKDOWN_BYTES = 7439
# Of each text that gives way: enough to recognise it.
_KEPT_BYTES = 60
_SPARE_BYTES = 16

# Look-alikes, not backslashes: whether Webex honours an escape inside a mention is not
# documented, and a second pass would double it.
_LOOK_ALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "(",
        "]": ")",
        "*": "\N{ASTERISK OPERATOR}",
        "`": "'",
        "\\": "\N{FULLWIDTH REVERSE SOLIDUS}",
    }
)
_LOW_LINE = "\N{MODIFIER LETTER LOW MACRON}"
# An underscore inside a word has no meaning: cam_gate_3 stays.
_EMPHASIS = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# Starts of a line that make a heading, list, quote, rule or table row.
_BLOCK = re.compile(r"(?=[#+=|-]|\d+[.)])")
_JOINER = "\N{WORD JOINER}"
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def neutralise(text: str) -> str:
    """Return user-controlled text as one readable line that Webex only displays.

    No mention (`<@all>`), markdown or HTML in it works. Plain text is unchanged, and so
    is the result of a second pass.
    """
    text = "".join(c for c in text if c.isspace() or _is_shown(c))
    text = " ".join(text.split()).translate(_LOOK_ALIKES).replace("~~", "∼∼")
    text = _EMPHASIS.sub(lambda found: _LOW_LINE * len(found[0]), text)
    text = _ENTITY.sub("\N{FULLWIDTH AMPERSAND}", text)
    return _JOINER + text if _BLOCK.match(text) else text


def _is_shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs") and char not in _BIDI


def fit(markdown: str, limit_bytes: int = MAX_MARKDOWN_BYTES) -> str:
    """Truncate to `limit_bytes` of UTF-8, between two characters, with an ellipsis."""
    raw = markdown.encode("utf-8", "replace")
    if len(raw) <= limit_bytes:
        return raw.decode()
    ellipsis = "…".encode()
    kept = raw[: max(limit_bytes - len(ellipsis), 0)]
    return kept.decode("utf-8", "ignore") + "…"


def shortened(text: str | list[str], excess: int) -> str | list[str]:
    """Return neutral text, or lines of it, that take about `excess` bytes less.

    Of several lines the longest give way first; each keeps its beginning.
    """
    if isinstance(text, str):
        return _shorter(text, excess)
    lines = list(text)
    for index in sorted(range(len(lines)), key=lambda i: -len(lines[i].encode())):
        if excess <= 0:
            break
        before = len(lines[index].encode())
        lines[index] = _shorter(lines[index], excess)
        excess -= before - len(lines[index].encode())
    return lines


def _shorter(text: str, excess: int) -> str:
    size = len(text.encode())
    if size <= _KEPT_BYTES:
        return text
    # The end of a cut text may count as markdown where it did not before.
    return fit(text, max(size - excess - _SPARE_BYTES, _KEPT_BYTES))
