"""Times as access systems and spreadsheets write them. Pure.

Day and month between slashes stand in either order: such a time needs a format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.badges.model import MAX_TIME, epoch, refuse_day
from mvsnap.errors import BadInput

EXPECTED = "a time like 2026-01-31 08:15:00, with or without an offset"
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<second>\d\d)([.,](?P<part>\d{1,9}))?)?"
    r"( ?(?P<half>[AP])M)?"
)
_OFFSET = r"( ?(?P<offset>[A-Z]{1,5}|[+-]\d\d(:?\d\d)?))?"
_DATES = (
    r"(?P<year>\d{4})(?P<sign>[-/.]) ?(?P<month>\d{1,2})(?P=sign) ?(?P<day>\d{1,2})\.?",
    # Day first between dots: nobody writes the month first with dots.
    r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4}|\d\d)",
    r"(?P<day>\d{1,2})[-. ]{1,2}(?P<name>[A-Z]{3,9})\.?[-, ]{1,2}(?P<year>\d{4}|\d\d)",
    r"(?P<name>[A-Z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})",
)
_FLAGS = re.I | re.ASCII
_WRITTEN = [
    re.compile(f"{date}[ T,]{{1,2}}{_CLOCK}{_OFFSET}", _FLAGS) for date in _DATES
]
_DAYS = [re.compile(date, _FLAGS) for date in _DATES]
_TIME_OF_DAY = re.compile(rf"{_CLOCK}{_OFFSET}", _FLAGS)
_EITHER_ORDER = re.compile(r"\d{1,2}([/-])\d{1,2}\1(\d{4}|\d\d)\b", re.ASCII)
_HALF = re.compile(r"\b([ap])\. ?m(\.|\b)", re.I)
# Days since 1900: from 1982 to 2119.
_SERIAL = re.compile(r"[3-7]\d{4}([.,]\d+)?( .*)?|(.* )?0[.,]\d{2,}", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d*)?", re.ASCII)
_EPOCH = re.compile(r"\d{9,13}(\.|$)", re.ASCII)
_COMPACT = re.compile(r"\d{8}T|\d{9}", re.ASCII)
_MIDNIGHT = re.compile(r"[ T]0{1,2}:00(:00([.,]0+)?)?$", re.ASCII)
# The date of a time of day alone, as spreadsheets and databases write it.
_NO_DATE = re.compile(r"(1899-12-3[01]|1900-01-0[01])[ T]", re.ASCII)


class TimeStyle(Struct, frozen=True):
    """form: for `strptime`, None for the usual ones."""

    zone: ZoneInfo
    form: str | None = None


def joined(cells: Mapping[str, str]) -> str:
    """Return the text of the time, of a row with one or two cells for it.

    Whatever the columns are called, a time of day belongs to the date beside it.
    """
    whole, date, time = (
        " ".join(cells.get(name, "").split()) for name in ("timestamp", "date", "time")
    )
    time = whole or time
    if not date or not time:
        return time or date
    time = _NO_DATE.sub("", time)
    return time if _has_date(time) else f"{_MIDNIGHT.sub('', date)} {time}"


def parse(text: str, style: TimeStyle) -> datetime:
    """Return a time in UTC, or in the zone if its clocks showed it twice.

    Raises:
        BadInput
    """
    if not text:
        raise BadInput(f"timestamp: missing (expected {EXPECTED})")
    if len(text) > MAX_TIME:
        raise BadInput(f"timestamp: {text[:40]!r} (expected {EXPECTED})")
    text = _HALF.sub(lambda half: f"{half[1].upper()}M", text)
    try:
        found = _parsed(text, style)
        if found is not None:
            return _placed(found, style.zone, text)
    except (ValueError, OverflowError):
        pass
    raise _mistake(text, style.form)


def is_doubtful(moment: datetime) -> bool:
    """Return whether the clocks showed this time twice."""
    return moment.tzinfo is not UTC


def in_pass(moment: datetime, fold: int) -> datetime:
    """Return a doubtful time as the first (0) or second (1) of the two, in UTC."""
    if not is_doubtful(moment):
        return moment
    return moment.replace(fold=fold).astimezone(UTC)


def _parsed(text: str, style: TimeStyle) -> datetime | None:
    """Return an aware time, or one without offset in the zone."""
    if style.form is not None:
        # Without an offset it gets the zone of the site.
        return datetime.strptime(text, style.form)  # noqa: DTZ007
    if _NUMBER.fullmatch(text):
        return epoch(float(text)) if _EPOCH.match(text) else None
    if any(day.fullmatch(text) for day in _DAYS):
        raise BadInput(f"timestamp: {text[:40]!r} has no time of day")
    refuse_day("timestamp", text)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return _written(text, style.zone)


def _written(text: str, zone: ZoneInfo) -> datetime | None:
    match = next(filter(None, (form.fullmatch(text) for form in _WRITTEN)), None)
    if match is None:
        return None
    part = match.groupdict()
    year, hour = int(part["year"]), int(part["hour"])
    if part["half"]:
        hour = _of_24(hour, part["half"].upper())
    name = part.get("name")
    month = _month(name) if name else int(part["month"])
    local = datetime(  # noqa: DTZ001 - the zone follows
        year + (2000 if year < 100 else 0),
        month,
        int(part["day"]),
        hour,
        int(part["minute"]),
        int(part["second"] or 0),
        int((part["part"] or "")[:6].ljust(6, "0")),
    )
    return _with_offset(local, part["offset"], zone)


def _of_24(hour: int, half: str) -> int:
    # Some write 14:15 PM and 00:15 AM, which is clear as well.
    is_of_24 = (hour == 0 and half == "A") or (hour > 12 and half == "P")
    if hour > 12 and not is_of_24:
        raise ValueError(half)
    return hour if is_of_24 else hour % 12 + (12 if half == "P" else 0)


def _month(name: str) -> int:
    # An unknown name is not in the list: a ValueError like that of month 13.
    return _MONTHS.index(name[:3].casefold()) + 1


def _with_offset(local: datetime, offset: str | None, zone: ZoneInfo) -> datetime:
    if not offset or offset.upper() in ("H", "UHR"):
        return local
    if offset.upper() in ("Z", "UTC", "GMT"):
        return local.replace(tzinfo=UTC)
    if offset[0] in "+-":
        return datetime.fromisoformat(f"{local.isoformat()}{offset}")
    # CET or CEST: the short names of this zone alone, others exist several times.
    for fold in (0, 1):
        there = local.replace(tzinfo=zone, fold=fold)
        if there.tzname() == offset.upper():
            return there.astimezone(UTC)
    raise ValueError(offset)


def _placed(found: datetime, zone: ZoneInfo, text: str) -> datetime:
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    first, second = (found.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    moment = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return moment
    if moment.astimezone(zone).replace(tzinfo=None) != found:
        raise BadInput(
            f"timestamp: {text[:40]!r} never was on the clocks of {zone.key} "
            "(clock change; expected a time that was)"
        )
    return first


def _has_date(text: str) -> bool:
    forms = (_EITHER_ORDER, _COMPACT, *_DAYS)
    return any(form.match(text) for form in forms)


def _mistake(text: str, form: str | None) -> BadInput:
    came = f"timestamp: {text[:40]!r}"
    if form is not None:
        return BadInput(f"{came} (expected {form})")
    hint = f"expected {EXPECTED}; set another with --time-format"
    if _SERIAL.fullmatch(text):
        return BadInput(f"{came} looks like an Excel date (export the column as text)")
    if _EITHER_ORDER.match(text):
        return BadInput(f"{came} has day or month first ({hint})")
    if _TIME_OF_DAY.fullmatch(text):
        return BadInput(f"{came} has no date ({hint})")
    return BadInput(f"{came} ({hint})")
