"""Alarm: what a cloud or machine reports, and the fields it is parsed from. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from mvsnap.core.http_body import read_inner, refuse
from mvsnap.core.params import MAX_PREFIX, parse_moment
from mvsnap.core.strict_json import END_MS, FIRST_MS, one_line
from mvsnap.domain import Serial
from mvsnap.errors import BadInput
from mvsnap.spelling import fold

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Smaller numbers count the seconds since a machine was switched on.
_FIRST = datetime(2010, 1, 1, tzinfo=UTC)
_END = _EPOCH + timedelta(milliseconds=END_MS)
_DATE = len("2026-03-04")  # not longer: only a day, or a time without a day
MAX_TEXT = 1000
_MAX_NAME = 200
_SEPARATOR = " · "
_HEADLINE = 100

_FLAGS = dict.fromkeys(("true", "1", "1.0", "yes"), True)
_FLAGS |= dict.fromkeys(("false", "0", "0.0", "no"), False)

# Anything more recent counts as now: cameras have not stored it yet.
_NOW = timedelta(seconds=5)
# No camera keeps its video longer: a wrong clock, or an example message.
_OLDEST = timedelta(days=90)


class AlarmSource(StrEnum):
    IXON = "ixon"
    MERAKI = "meraki"
    OTHER = "other"


class Ignored(Struct, frozen=True):
    """Why an alarm needs no picture; a rule that names `field` takes one anyway."""

    because: str
    field: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """One message of a cloud or machine.

    kind: Meraki's alertTypeId, IXON's systemLabel; "" if there is none.
    time_text: the time as sent; occurred_at: the parsed time, None: unknown.
    camera: the Meraki camera that raised it; device_serial: of any other device, too.
    texts: what happened, in the sender's words, the most informative first.
    dedup_key: the same when the message is sent again; `is_own_key`: it differs for the
        next alarm, because the message has an id or a time.
    payload: the message without its secrets.
    organization_id: at Meraki, of the camera or sensor.
    """

    source: AlarmSource
    kind: str
    title: str
    texts: tuple[str, ...]
    occurred_at: datetime | None
    time_text: str
    device: str
    device_serial: str
    camera: Serial | None
    network: str
    image_url: str | None
    is_test: bool
    ignored: Ignored | None
    dedup_key: str
    is_own_key: bool
    payload: dict[str, Any] = field(repr=False)
    organization_id: str = ""


def headline(alarm: Alarm, title: str = "") -> str:
    """Return what happened in one line: the title, the device, short texts that fit.

    title: of the rule, replaces that of the message.
    """
    parts: list[str] = ["Test"] if alarm.is_test else []
    for text in (title or alarm.title, alarm.device, *alarm.texts):
        line = _SEPARATOR.join(parts)
        if not text or text.casefold() in line.casefold():
            continue
        if line and text != alarm.device and len(line) + len(text) > _HEADLINE:
            break  # it follows below, in the message and on the page
        parts.append(text)
    line = _SEPARATOR.join(parts)
    return line if len(line) <= MAX_PREFIX else f"{line[: MAX_PREFIX - 1]}…"


def moment_to_show(alarm: Alarm, now: datetime) -> datetime | None:
    """Return the past moment that a picture must show, None for now.

    An implausible time (in the future, or older than any recording) is ignored: a
    picture of now is better than none.
    """
    at = alarm.occurred_at
    return at if at is not None and now - _OLDEST < at < now - _NOW else None


def doubt(alarm: Alarm, now: datetime) -> str:
    """Return why the picture is not of the alarm's own time, "" if it is."""
    at = alarm.occurred_at
    if not alarm.time_text or (at is not None and now - _OLDEST < at < now + _NOW):
        return ""
    return (
        f"time: {alarm.time_text!r} is implausible; "
        "the picture shows the time of arrival"
    )


def parse_time(value: object) -> datetime | None:
    """Return an ISO 8601 time or an epoch in s or ms; UTC if without an offset."""
    if isinstance(value, str):
        text = value.strip()
        if not text or len(text) > 64:
            return None
        try:
            value = float(text) if text.isascii() else None
        except ValueError:
            return _iso(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    ms = value if abs(value) >= FIRST_MS else value * 1000
    return _within(_EPOCH + timedelta(milliseconds=ms)) if 0 < ms < END_MS else None


def first_time(*times: tuple[str, datetime | None]) -> tuple[str, datetime | None]:
    """Return the first time that can be parsed, else the first that was sent."""
    sent = [time for time in times if time[0]]
    return next((time for time in sent if time[1]), sent[0] if sent else ("", None))


def digest(*parts: object) -> str:
    """Return a key of JSON values: equal for equal values, in any order."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Fields:
    """An object of a message, parsed leniently: names in any spelling, null is absent.

    A field of the wrong type is refused with its path.
    """

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._path = path
        self._values: dict[str, tuple[str, Any]] = {}
        for name, value in values.items():
            if value is not None and value != "":
                self._values.setdefault(fold(name), (name, value))

    def has(self, name: str) -> bool:
        return fold(name) in self._values

    def raw(self, *names: str) -> Any:
        """Return the first of these that exists, None if none does."""
        return next((self._of(n)[1] for n in names if self.has(n)), None)

    def text(self, *names: str, most: int = MAX_TEXT) -> str:
        """Return the first of these as one clean line, "" if none exists."""
        for name in filter(self.has, names):
            path, value = self._of(name)
            if isinstance(value, dict | list):
                refuse(path, value, "a text")
            return clean(value, most)
        return ""

    def name(self, *names: str) -> str:
        return self.text(*names, most=_MAX_NAME)

    def flag(self, name: str) -> bool | None:
        """Return true or false, None if the field is absent or neither."""
        return _FLAGS.get(str(self.raw(name)).casefold().strip())

    def number(self, *names: str) -> float | None:
        try:
            return float(self.text(*names, most=40))
        except ValueError:
            return None

    def time(self, *names: str) -> tuple[str, datetime | None]:
        """Return the first of these as it was sent, and its parsed time."""
        text = self.text(*names, most=64)
        return text, parse_time(self.raw(*names))

    def object(self, name: str) -> Fields:
        """Return an object, also if sent as JSON text; empty if absent."""
        if not self.has(name):
            return Fields({}, name)
        path, value = self._of(name)
        if is_json_text(value):
            value = read_inner(path, value)
        if value == []:  # how PHP writes an empty object
            value = {}
        if not isinstance(value, dict):
            refuse(path, value, "an object")
        return Fields(value, f"{path}.")

    def objects(self, name: str) -> list[Fields]:
        """Return a list of objects; anything else in it is skipped."""
        if not self.has(name):
            return []
        path, value = self._of(name)
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            refuse(path, value, "a list")
        return [
            Fields(item, f"{path}.{index}.")
            for index, item in enumerate(value)
            if isinstance(item, dict)
        ]

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Yield names, as sent, with plain values as text."""
        for name, value in self._values.values():
            if not isinstance(value, dict | list):
                yield clean(name, _MAX_NAME), clean(value, MAX_TEXT)

    def is_object(self, name: str) -> bool:
        value = self.raw(name)
        return isinstance(value, dict) or is_json_text(value)

    def _of(self, name: str) -> tuple[str, Any]:
        sent, value = self._values[fold(name)]
        return self._path + sent, value


def is_json_text(value: object) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] == "{"


def clean(value: object, most: int) -> str:
    """Return one printable line without redundant spaces."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    line = " ".join(one_line(text, 4 * most).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _iso(text: str) -> datetime | None:
    if len(text) <= _DATE:
        return None
    try:
        return _within(parse_moment("time", text))
    except BadInput:
        return None


def _within(at: datetime) -> datetime | None:
    return at if _FIRST <= at < _END else None
