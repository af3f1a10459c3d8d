"""Strict reader of JSON from a broker that anybody may write to. Pure.

Every value must have its type and be plausible. Only BadMessage is raised, whatever the
bytes, and it shows only a few of them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from mvsnap.core.params import parse_moment
from mvsnap.errors import BadInput

MAX_BYTES = 65_536
# Smaller times are seconds: as milliseconds they would lie before March 1973.
FIRST_MS = 100_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2201, 1, 1, tzinfo=UTC)
END_MS = round(_END.timestamp() * 1000)


class BadMessage(ValueError):
    """An invalid message; the text says why, for people."""


class RepeatedKey(BadMessage):
    """`key` occurs twice in one object, which is ambiguous."""

    def __init__(self, key: str) -> None:
        super().__init__("a key comes twice")
        self.key = key


def parse(payload: bytes) -> Any:
    """Return the parsed JSON; it has no duplicate key and no number beyond 64 bits."""
    if len(payload) > MAX_BYTES:
        raise BadMessage(f"{len(payload)} bytes, expected at most {MAX_BYTES}")
    try:
        return _JSON.decode(payload.decode())
    except BadMessage:
        raise
    except (ValueError, RecursionError) as exc:
        raise BadMessage(f"not JSON: {shown(payload)}") from exc


def parse_object(payload: bytes) -> dict[str, Any]:
    message = parse(payload)
    if not isinstance(message, dict):
        refuse("expected an object", message)
    return message


def time_ms(message: dict[str, Any]) -> int:
    """Return the time of a message in milliseconds, 0 if it has none."""
    value = message.get("ts", 0)
    if isinstance(value, str) and _is_digits(value):
        value = int(value)
    ts = whole_number("ts", value, 0, END_MS - 1)
    return whole_number("ts", ts * 1000, 0, END_MS - 1) if ts < FIRST_MS else ts


def moment(message: dict[str, Any]) -> datetime | None:
    """Return the time of a message, which MT sensors write in ISO 8601."""
    value = message.get("ts")
    if not isinstance(value, str) or _is_digits(value):
        ts_ms = time_ms(message)
        return _EPOCH + timedelta(milliseconds=ts_ms) if ts_ms else None
    try:
        at = parse_moment("ts", value)
    except BadInput as exc:
        raise BadMessage(f"ts: expected a time, got {shown(value)}") from exc
    if not _EPOCH <= at < _END:
        refuse("ts: out of range", value)
    return at


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """Return a whole number, also one written as 3.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(f"{name}: expected a whole number", value)
    if not least <= value <= most:
        refuse(f"{name}: expected {least} to {most}", value)
    return value


def one_line(text: str, most: int) -> str:
    """Return a text that databases, logs and terminals accept: one printable line."""
    cut = text[:most]
    if cut.isprintable():
        return cut
    return "".join(sign if sign.isprintable() else " " for sign in cut)


def refuse(why: str, got: object) -> Never:
    raise BadMessage(f"{why}, got {shown(got)}")


def shown(value: object) -> str:
    """Return a value's first characters: a log line is no place for a whole payload."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    cut = value[:30] if isinstance(value, str | bytes) else value
    return "nothing" if cut is None else repr(cut)[:40]


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return them as a dict; the object_pairs_hook of each strict reader.

    Raises:
        RepeatedKey
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKey(key)
        found[key] = value
    return found


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(END_MS))


def _in_64_bits(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        refuse("a number that is not finite", digits)
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not abs(number) < float("inf"):  # NaN is not below it either
        refuse("a number that is not finite", digits)
    return number


# json, because it reveals duplicate keys; msgspec silently keeps the last.
_JSON = json.JSONDecoder(
    object_pairs_hook=unique_keys,
    parse_int=_in_64_bits,
    parse_float=_finite,
    parse_constant=_finite,
)
