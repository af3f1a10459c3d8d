"""Answers of the clouds: headers and error bodies, read without trusting them. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from mvsnap.redaction import hidden

_LONGEST_WAIT_S = 3600.0
_LINK = re.compile(r"\b\w+://\S+")
_MOST_READ = 2000
_MOST_BYTES = 65_536
_MOST_TEXTS = 5
_DEEPEST = 4
# Keys of a reason, in any spelling, the most telling first.
_REASONS = (
    *("errors", "error", "errormessage", "message", "messages", "msg"),
    *("errordescription", "errormessages", "errormsg", "detail", "details"),
    *("description", "reason", "title", "fault", "faultstring", "info", "text"),
    # What some proxies and gateways wrap an answer in.
    *("response", "data", "body"),
)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, 0..3600, or None without one.

    Webex has been seen to send `rand(30),add(30)`; proxies send HTTP dates.
    """
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT_S)


def parse_json(body: bytes) -> Any:
    """Return the parsed body, or None if it is not JSON (HTML, empty, truncated)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def clean(text: str, *secrets: str) -> str:
    """Return a service's own message as one short line without links and secrets."""
    text = _LINK.sub("[link]", hidden(text, secrets, "[secret]", _MOST_READ))
    line = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(line.split())[:300]


def reason(body: bytes, *secrets: str) -> str:
    """Return why a service refused, in its own words, as `clean` returns them.

    The body is JSON of any shape that has a known key, or plain text; "" for anything
    else, such as HTML.
    """
    if len(body) > _MOST_BYTES:
        return ""
    parsed = parse_json(body)
    texts = [_plain_text(body)] if parsed is None else list(_texts(parsed, 0))
    return clean("; ".join(text for text in texts[:_MOST_TEXTS] if text), *secrets)


def _plain_text(body: bytes) -> str:
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        return ""
    # JSON that cannot be parsed is cut, and says little.
    is_other = text[:1] in ("<", "{", "[", '"') or text == "null" or "\0" in text
    return "" if is_other else text


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts of an error: `{"errors": ["..."]}`, `{"error": {...}}` ..."""
    if isinstance(value, str):
        if not value.lstrip().startswith("<"):
            yield value
    elif isinstance(value, int | float) and not isinstance(value, bool) and depth:
        yield str(value)
    elif isinstance(value, list) and depth < _DEEPEST:
        for inner in value[:_MOST_TEXTS]:
            yield from _texts(inner, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        yield from _texts_of_object(value, depth)


def _texts_of_object(value: dict[str, Any], depth: int) -> Iterator[str]:
    named = {key.casefold().replace("_", ""): inner for key, inner in value.items()}
    for name in _REASONS:
        if found := list(_texts(named.get(name), depth + 1)):
            yield from found
            return
    if depth:  # fields with what is wrong with each; at the top it is something else
        for key, inner in list(value.items())[:_MOST_TEXTS]:
            for text in _texts(inner, depth + 1):
                yield f"{key}: {text}"
