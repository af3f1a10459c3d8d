"""A trigger's parameters as domain values, or BadInput that names the field. Pure."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from mvsnap.domain import Serial, is_serial, parse_serial
from mvsnap.errors import BadInput

MAX_CAMERAS = 32
MAX_ROOM = 400
MAX_ROOMS = 20
# Between several rooms of a request: a title may have any other sign.
SEVERAL = "\x1f"
MAX_PREFIX = 500
MAX_WAIT_S = 60.0
_MAX_TIME = 100
DEFAULT_WAIT_S = 10.0
# Clocks of small devices are inexact; this far ahead still counts as now.
_CLOCK_ERROR = timedelta(seconds=5)
_OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
# So that a day more or less, and any zone, is still within the calendar.
_FIRST, _LAST = (datetime(year, 1, 3, tzinfo=UTC) for year in (1, 9999))


def no_dashboard(program: str) -> str:
    """Return why no job is accepted; program: how mvsnap is called on its machine.

    Without the key a job could only wait for a Dashboard that always refuses it.
    """
    return (
        "meraki.api_key is not set, so no snapshot can be taken. "
        f"Set it, or run: {program} init"
    )


def parse_serials(text: str, recorded: Iterable[str] = ()) -> tuple[Serial, ...]:
    """Return the serials of a comma separated list, without duplicates, in that order.

    recorded: names of cameras that only record clips, for a clear error.
    """
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    if not names:
        raise BadInput("mvSerial: no serial given (expected Qxxx-xxxx-xxxx)")
    if len(names) > MAX_CAMERAS:
        raise BadInput(
            f"mvSerial: {len(names)} serials (expected at most {MAX_CAMERAS})",
            code="too_many_serials",
        )
    known = {name.casefold() for name in recorded}
    for name in names:
        if name.casefold() in known:
            raise BadInput(
                f"mvSerial: {name[:40]} only records clips "
                "(expected the Meraki serial of a camera)",
                code="bad_serial",
            )
    if len(wrong := [name for name in names if not is_serial(name.upper())]) > 1:
        listed = ", ".join(repr(name[:40]) for name in wrong)
        raise BadInput(
            f"Not Meraki serials: {listed} (expected Qxxx-xxxx-xxxx)", code="bad_serial"
        )
    return tuple(dict.fromkeys(parse_serial(name) for name in names))


def parse_moment(name: str, text: str, zone: tzinfo = UTC) -> datetime:
    """Return an ISO 8601 time as aware UTC; one without an offset is of the zone.

    Programs say "ever" and "never" by the ends of the calendar: these come as `_FIRST`
    and `_LAST`.

    Raises:
        BadInput: not one, or of no year from 1 to 9999 in UTC.
    """
    if len(text) > _MAX_TIME:
        raise _no_time(name, text)
    # A plus that was not percent-encoded arrives as a space: 10:00:00 01:00
    date, blank, offset = text.strip().rpartition(" ")
    if blank and offset[:1].isdigit() and "T" in date.upper():
        text = f"{date}+{offset}"
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return min(max(moment.astimezone(UTC), _FIRST), _LAST)
    except (ValueError, OverflowError) as exc:
        raise _no_time(name, text) from exc


def _no_time(name: str, text: str) -> BadInput:
    return BadInput(
        f"{name}: not a time: {text[:40]!r} (expected one like 2026-01-31T08:15:00Z)",
        code="bad_time",
    )


def parse_at(text: str, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Return the past moment to show, None for now."""
    moment = parse_moment("at", text, zone)
    if moment > now + _CLOCK_ERROR:
        raise BadInput(
            f"at: {text[:40]!r} is in the future (expected a past time)",
            code="bad_time",
        )
    if moment < _OLDEST:
        raise BadInput(
            f"at: {text[:40]!r} is older than any recording (expected 2010 or later)",
            code="bad_time",
        )
    return None if moment > now - _CLOCK_ERROR else moment


def parse_wait_s(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise BadInput(
            f"wait_s: {text[:40]!r} (expected seconds from 0 to {MAX_WAIT_S:.0f})"
        )
    return wait_s


def parse_rooms(text: str) -> tuple[str, ...]:
    """Return the rooms and channels of a request: one, or several joined by SEVERAL."""
    rooms = [room for part in text.split(SEVERAL) if (room := part.strip())]
    if len(rooms) > MAX_ROOMS:
        raise BadInput(f"webexRoom: {len(rooms)} given (expected at most {MAX_ROOMS})")
    return tuple(_short("webexRoom", room, MAX_ROOM) for room in rooms)


def parse_prefix(text: str) -> str:
    return _short("prefix", text, MAX_PREFIX)


def parse_limit(text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
        raise BadInput(f"limit: {text[:40]!r} (expected 1 to {most})")
    return int(text[:9])


def _short(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise BadInput(f"{name}: {len(text)} characters (expected at most {most})")
    # Cc: control characters; Cs: half of a character, which no database stores.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise BadInput(f"{name}: contains control characters (expected plain text)")
    return text
