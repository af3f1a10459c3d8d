"""Webex text: text of others made harmless, and messages that fit. Pure."""

from __future__ import annotations

import re
import unicodedata

# Bytes of UTF-8, source: POST /messages.
MAX_MARKDOWN_BYTES = 7439
# More than that of a text is in no message.
_LONGEST = 2 * MAX_MARKDOWN_BYTES
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
# What clients make clickable by itself. Look-alikes here too: a hidden character counts
# as part of a host for some, and is dropped when the link is opened.
_TOKEN = re.compile(r"\S+")
_MARK = re.compile("[.:/\uff0e]")  # without one of them, nothing below is a link
_E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # opens a new mail, no page
_AROUND = "()‹›,;:.!?\"'"
_SLASHES = re.compile(r":/(?=/)|(?<![\w:/])/(?=/\w)")
_SCHEMES = (
    *(
        "mailto",
        "tel",
        "callto",
        "sms",
        "sip",
        "sips",
        "im",
        "xmpp",
        "skype",
        "facetime",
    ),
    *("webex", "webexteams", "spark", "msteams", "slack", "geo", "maps", "magnet"),
    *("javascript", "data", "file", "news", "view-source", "intent", "market"),
)
_SCHEME = re.compile(rf"\b({'|'.join(_SCHEMES)}):(?=\S)", re.I)
# Before what may be the last label of a host: `pump.log` as well, which is as readable.
_DOT = re.compile(
    r"(?<=\bwww)[.\uff0e]|(?<=\S)[.\uff0e](?=(?:[^\W\d_]{1,63}|xn--[\w-]{1,59})(?!\w))",
    re.I,
)
_IP = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?=[:/])")
_ONE_DOT = "\N{ONE DOT LEADER}"
_SLASH, _COLON = "\N{DIVISION SLASH}", "\N{RATIO}"
_JOINER = "\N{WORD JOINER}"


def neutralise(text: str) -> str:
    """Return user-controlled text as one readable line that Webex only displays.

    No mention (`<@all>`), link, markdown or HTML in it works. Plain text is unchanged,
    and so is the result of a second pass. What no message has room for is left out.
    """
    text = text[:_LONGEST]
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or _is_shown(c))
    text = " ".join(text.split()).translate(_LOOK_ALIKES).replace("~~", "∼∼")
    text = _EMPHASIS.sub(lambda found: _LOW_LINE * len(found[0]), text)
    text = _ENTITY.sub("\N{FULLWIDTH AMPERSAND}", text)
    text = _TOKEN.sub(_without_link, text)
    return _JOINER + text if _BLOCK.match(text) else text


def _without_link(found: re.Match[str]) -> str:
    token = found[0]
    if not _MARK.search(token):
        return token
    bare = token.strip(_AROUND)
    if _E_MAIL.fullmatch(bare) and bare[:4].lower() != "www.":
        return token
    token = _SLASHES.sub(lambda m: m[0][:-1].replace(":", _COLON) + _SLASH, token)
    if _SLASH in token:
        token = token.replace("/", _SLASH)
    token = _SCHEME.sub(rf"\1{_COLON}", token)
    token = _IP.sub(lambda m: m[0].replace(".", _ONE_DOT), token)
    return _DOT.sub(_ONE_DOT, token)


def _is_shown(char: str) -> bool:
    # The joiners are shown: in emoji, and in scripts whose signs they shape.
    is_joiner = char in "\u200c\u200d"
    return is_joiner or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


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
