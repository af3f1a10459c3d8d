"""Body of POST /badges: one badge event, or a list of them. Pure.

{"timestamp": "2026-01-31T08:15:00+01:00", "user_id": "4711", "reader": "Door 1",
 "result": "granted"}: anything beyond the first three is kept as a detail. Their names
are read in any spelling (`UserID`). A system with one reader may not name it.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import Any

from mvsnap.badges.model import (
    MAX_DETAIL,
    MAX_DETAILS,
    Detail,
    Swipe,
    check_moment,
    epoch,
    parse_prose,
    parse_text,
    refuse_day,
)
from mvsnap.core.http_body import (
    form_pairs,
    given_once,
    parse_json,
    without_secrets,
)
from mvsnap.core.params import parse_moment
from mvsnap.core.strict_json import unique_keys
from mvsnap.errors import BadInput
from mvsnap.spelling import fold

MAX_BYTES = 1_000_000
MOST = 1000
# Of a form, or of what a Python program holds: both are slow to read.
_MAX_ODD = 262_144
_MAX_COMMAS = MOST * (MAX_DETAILS + 10)
_FIELDS = ("timestamp", "user_id", "reader")
_FOLDED = {fold(name): name for name in _FIELDS}
# The name that an event gets which names none; a camera can be given to it.
NO_READER = "Badge reader"
_EXAMPLE = '{"timestamp": "2026-01-31T08:15:00Z", "user_id": "4711", "reader": "Door"}'
_MOST_NAMED = 10
_MAX_NAME = 100
_PYTHON = re.compile(r"\[?\s*\{\s*'")
# A quote left open matches to the end: nothing is looked at twice.
_QUOTED = re.compile(r"""("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|'([^']*)(?:'|\Z)""", re.S)
_EPOCH = "a time like 2026-01-31T08:15:00Z, or seconds or milliseconds since 1970"


def read(body: bytes, now: datetime) -> list[Swipe]:
    """Return all badge events of the body; times without an offset are UTC.

    Raises:
        BadInput: names up to ten invalid ones; none must be stored then.
    """
    rows, is_list = _rows(body)
    found: list[Swipe] = []
    mistakes: list[str] = []
    for index, row in enumerate(rows):
        place = f"[{index}]" if is_list else ""
        try:
            found.append(swipe(place, row, now))
        except BadInput as exc:
            mistakes.append(exc.message)
    if mistakes:
        more = len(mistakes) - _MOST_NAMED
        named = mistakes[:_MOST_NAMED] + ([f"and {more} more"] if more > 0 else [])
        raise BadInput("; ".join(named))
    return found


def _rows(body: bytes) -> tuple[list[Any], bool]:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as exc:
        raise BadInput(f"body: not UTF-8 (expected {_EXAMPLE})") from exc
    if not text:
        raise BadInput(f"body: empty (expected {_EXAMPLE}, or a list)")
    if text[0] not in '[{"':
        return [_form(text)], False
    found = _parsed(text)
    if not isinstance(found, list):
        return [found], False
    if not 1 <= len(found) <= MOST:
        raise BadInput(f"body: {len(found)} badge events (expected 1 to {MOST})")
    return found, True


def _parsed(text: str) -> Any:
    expected = f"{_EXAMPLE}, or a list"
    try:
        return parse_json("body", text, _JSON, expected, max_commas=_MAX_COMMAS)
    except BadInput:
        # A list as a Python program holds it: with the other kind of quotes.
        if len(text) > _MAX_ODD or not _PYTHON.match(text):
            raise
        json_text = _QUOTED.sub(
            lambda q: q[0] if q[2] is None else json.dumps(q[2]), text
        )
        return parse_json("body", json_text, _JSON, expected, max_commas=_MAX_COMMAS)


def _form(text: str) -> dict[str, Any]:
    mistake = f"body: neither JSON nor a form (expected {_EXAMPLE})"
    if len(text) > _MAX_ODD:
        raise BadInput(mistake)
    return given_once(form_pairs(text, MAX_DETAILS, mistake))


def swipe(place: str, row: Any, now: datetime) -> Swipe:
    """Return one badge event; mistakes name it as `place`, "" for the whole body.

    Raises:
        BadInput
    """
    if not isinstance(row, dict):
        kind = "a list" if isinstance(row, list) else repr(row)[:40]
        raise BadInput(f"{place or 'body'}: {kind} (expected {_EXAMPLE})")
    dot = f"{place}." if place else ""
    row = {"reader": NO_READER} | _named(dot, row)
    return Swipe(
        _moment(f"{dot}timestamp", row.get("timestamp"), now),
        parse_text(f"{dot}user_id", row.get("user_id")),
        parse_text(f"{dot}reader", row.get("reader")),
        _details(dot, row),
    )


def _named(dot: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields by our names; beside ours, another spelling is a detail."""
    found = {name: value for name, value in row.items() if name in _FIELDS}
    given = set(found)
    for name, value in row.items():
        ours = _FOLDED.get(fold(name), name)
        if name in given:
            continue
        if ours in given:
            ours = name
        elif ours in found:
            raise BadInput(f"{dot}{ours}: given twice, as {name[:40]!r} too")
        found[ours] = value
    return found


def _moment(name: str, came: Any, now: datetime) -> datetime:
    moment = None
    if isinstance(came, str):
        moment = _written(name, came.strip())
    elif isinstance(came, int | float) and not isinstance(came, bool):
        moment = epoch(came)
    if moment is None:
        given = "missing" if came is None else repr(came)[:40]
        raise BadInput(f"{name}: {given} (expected {_EPOCH})")
    return check_moment(name, moment, came, now)


def _written(name: str, text: str) -> datetime | None:
    if text.isascii() and text.replace(".", "", 1).isdigit():
        # Shorter than seconds of this century: a date without separators.
        return epoch(float(text)) if len(text) < 20 else None
    refuse_day(name, text)
    try:
        return parse_moment(name, text)
    except BadInput:
        return None


def _details(dot: str, row: dict[str, Any]) -> dict[str, Detail]:
    # The sender may authenticate with a key in the body; it must not be stored.
    fields = without_secrets(row)
    rest = {name: value for name, value in fields.items() if name not in _FIELDS}
    if len(rest) > MAX_DETAILS:
        raise BadInput(
            f"{dot or 'body'}: {len(rest)} details (expected at most {MAX_DETAILS})"
        )
    return {detail_name(dot, n): detail(f"{dot}{n[:40]}", v) for n, v in rest.items()}


def detail_name(dot: str, name: str) -> str:
    """Return the name of a detail, or raise BadInput."""
    return parse_text(f"{dot}(detail name)", name, _MAX_NAME)


def detail(name: str, value: Any) -> Detail:
    """Return the value of a detail, or raise BadInput; nested values become text."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{name}: not a number (expected a 64-bit number)")
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int) and -(2**53) <= value <= 2**53:
        return value
    try:
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    except RecursionError as exc:
        # The deepest nesting that can be encoded.
        raise BadInput(f"{name}: nested too deeply") from exc
    return parse_prose(name, text, MAX_DETAIL)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


_JSON = json.JSONDecoder(object_pairs_hook=unique_keys, parse_constant=_refuse)
