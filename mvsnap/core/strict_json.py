"""Strict reader of JSON from a broker that anybody may write to. Pure.

Every value must have its type and be plausible. Only BadMessage is raised, whatever the
bytes, and it shows only a few of them.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from mvsnap.core.params import parse_moment
from mvsnap.errors import BadInput
from mvsnap.spelling import fold

MAX_BYTES = 65_536
# Smaller times are seconds: as milliseconds they would lie before March 1973.
FIRST_MS = 100_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_MS = round(datetime(2201, 1, 1, tzinfo=UTC).timestamp() * 1000)
ODD_TIME = -1
_NUMBER = re.compile(r"[-+]?[0-9]{1,20}(\.[0-9]{1,9})?", re.ASCII)
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "1.0", "open", "wet"), True),
    **dict.fromkeys(("false", "no", "off", "0", "0.0", "closed", "dry"), False),
}


class BadMessage(ValueError):
    """An invalid message; the text says why, for people."""


class RepeatedKey(BadMessage):
    """`key` occurs twice in one object, which is ambiguous."""

    def __init__(self, key: str) -> None:
        super().__init__("a key comes twice")
        self.key = key


def parse(payload: bytes) -> Any:
    """Return the parsed JSON; it has no duplicate key and no number beyond 64 bits.

    What has one meaning is read: a byte order mark, a NUL at the end, NaN as null.
    """
    if len(payload) > MAX_BYTES:
        raise BadMessage(f"{len(payload)} bytes, expected at most {MAX_BYTES}")
    try:
        text = payload.decode("utf-8-sig").rstrip("\0 \t\r\n")
        return _JSON.decode(text)
    except BadMessage:
        raise
    except (ValueError, RecursionError) as exc:
        raise BadMessage(f"not JSON: {shown(payload)}") from exc


def parse_object(payload: bytes) -> dict[str, Any]:
    message = parse(payload)
    if not isinstance(message, dict):
        refuse("expected an object", message)
    return message


def value_of(message: dict[str, Any], name: str) -> Any:
    """Return the value of a key in any spelling, None if it is absent or null."""
    value = message.get(name)
    if value is not None:
        return value
    wanted = fold(name)
    for key, found in message.items():
        if found is not None and fold(key) == wanted:
            return found
    return None


def time_ms(message: dict[str, Any]) -> int:
    """Return the time of a message in milliseconds.

    0 if it has none; ODD_TIME if it has one that cannot be right: what happened is
    true all the same.
    """
    value = value_of(message, "ts")
    number = number_of(value)
    if number is None or number == 0:  # 0: a clock that was never set
        return ODD_TIME if number is False else 0
    if isinstance(number, str):
        return _iso_ms(number)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return ODD_TIME
    for factor in (1000, 1, 1e-3, 1e-6):  # seconds, ms, microseconds, nanoseconds
        if FIRST_MS <= number * factor < END_MS:
            return round(number * factor)
    return ODD_TIME


def moment(message: dict[str, Any]) -> datetime | None:
    """Return the time of a message, None if it has none that can be right."""
    ts_ms = time_ms(message)
    return _EPOCH + timedelta(milliseconds=ts_ms) if ts_ms > 0 else None


def truth(value: object) -> bool | None:
    """Return what a yes or no means, in the spellings of gateways; None: it is none."""
    if isinstance(value, str):
        return _TRUTHS.get(value[:10].strip().casefold())
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    return None


def number_of(value: object) -> object:
    """Return the number that a text holds; anything else as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value[:32].strip()):
        return value
    number = float(value[:32])
    return int(number) if number.is_integer() else number


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """Return a whole number, also one written as 3.0 or as a text."""
    value = number_of(value)
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


def _iso_ms(text: str) -> int:
    try:
        at = parse_moment("ts", text[:64])
    except BadInput:
        return ODD_TIME
    ms = round((at - _EPOCH) / timedelta(milliseconds=1))
    return ms if FIRST_MS <= ms < END_MS else ODD_TIME


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
    # Gateways write NaN for what they do not know.
    parse_constant=lambda _name: None,
    strict=False,
)
