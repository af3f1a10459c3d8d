"""Answers of the clouds: headers and error bodies, read without trusting them. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from http import HTTPStatus
from itertools import islice
from typing import Any

from mvsnap.redaction import hidden

_LONGEST_WAIT_S = 3600.0
_LINK = re.compile(r"\b\w+://\S+")
_MOST_READ = 2000
_MOST_BYTES = 65_536
_MOST_TEXTS = 5
_DEEPEST = 4
# Where a page says what is wrong; the library is slow on long ones that are broken.
_SAYING = ("title", "h1", "h2", "h3", "p", "pre", "li")
_SILENT = ("script", "style", "head", "a")
_MOST_HTML = 4000
# What every web server writes, beside its number.
_PHRASES = {status.phrase.casefold() for status in HTTPStatus} | {"error", "bad"}
_NUMBER = re.compile(r"^(error|http|status|[\d:.,\s-])+", re.IGNORECASE)
# Keys of a reason, in any spelling, the most telling first.
_REASONS = (
    *("errors", "error", "errormessage", "message", "messages", "msg"),
    *("errordescription", "errormessages", "errormsg", "detail", "details"),
    *("description", "reason", "title", "fault", "faultstring", "info", "text"),
    # What some proxies and gateways wrap an answer in.
    *("response", "data", "body"),
)


def moment(value: Any) -> datetime | None:
    """Return an ISO 8601 time, in UTC where it does not say; None for anything else."""
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


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

    The body is JSON of any shape that has a known key, plain text, or a page whose
    headings say more than its status; in UTF-8 or Latin-1. "" for anything else.
    """
    if len(body) > _MOST_BYTES:
        return ""
    text = _decoded(body)
    parsed = parse_json(text.encode())
    texts = _plain_texts(text) if parsed is None else _texts(parsed, 0)
    found = [text for text in islice(texts, _MOST_TEXTS) if text]
    return clean("; ".join(dict.fromkeys(found)), *secrets)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = body.decode("latin-1").strip()
    # A text in Latin-1 is ASCII for the most part; a picture is not.
    plain = sum(
        char.isascii() and (char.isprintable() or char in "\r\n\t") for char in text
    )
    return text if plain > len(text) * 0.75 else ""


def _plain_texts(text: str) -> Iterator[str]:
    if text.startswith("<"):
        yield from _texts_of_page(text)
    # JSON that cannot be parsed is cut, and says little.
    elif text[:1] not in ("{", "[", '"') and text != "null" and "\0" not in text:
        yield text


def _texts_of_page(text: str) -> Iterator[str]:
    page = _Page()
    # The library asserts that declarations are those of HTML: what came before counts.
    with suppress(AssertionError):
        page.feed(text[:_MOST_HTML])
        page.close()
    for found in page.texts:
        said = " ".join(found.split())
        if _NUMBER.sub("", said).rstrip(".!").casefold() not in _PHRASES | {""}:
            yield said


class _Page(HTMLParser):
    """Gathers the texts of the elements in which a page says something."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._says = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SAYING:
            self.texts.append("")
            self._says = True
        elif tag in _SILENT:
            self._says = False

    def handle_endtag(self, tag: str) -> None:
        if tag in _SAYING or tag in _SILENT:
            self._says = False

    def handle_data(self, data: str) -> None:
        if self._says:
            self.texts[-1] += data


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts of an error: `{"errors": ["..."]}`, `{"error": {...}}` ..."""
    if isinstance(value, str):
        if value.lstrip().startswith("<"):
            yield from _texts_of_page(value.strip())
        else:
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
