"""Badge events from a CSV file of any access system. Pure: rows in, swipes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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
from mvsnap.core import csv_reader
from mvsnap.core.csv_reader import BadRow, Columns
from mvsnap.errors import BadInput

COLUMNS = Columns(
    known={
        "timestamp": (
            *("datetime", "date time", "date/time", "event time", "occurred at"),
            *("swiped at", "event timestamp", "zeitstempel", "zeitpunkt", "time stamp"),
        ),
        "date": ("event date", "datum", "day"),
        "time": ("event clock time", "uhrzeit", "zeit"),
        "user_id": (
            *("badge", "badge id", "badge number", "card", "card id", "card number"),
            *("user", "userid", "employee id", "employee number", "person id"),
            *("cardholder id", "personnel number", "ausweis", "ausweisnummer"),
            *("personalnummer", "id"),
        ),
        "reader": (
            *("door", "reader name", "door name", "reader id", "location", "device"),
            *("terminal", "access point", "leser", "tuer", "tür"),
        ),
    },
    needed=("user_id", "reader"),
)
# Day first between dots: nobody writes the month first with dots.
_WRITTEN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%y %H:%M:%S")
# An afternoon, impossible on a 12-hour clock without AM and PM; all parts differ.
_SAMPLE = datetime(2026, 11, 23, 14, 35, 56, tzinfo=UTC)
_EXPECTED = "a time like 2026-01-31 08:15:00, with or without an offset"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to parse a file.

    columns: its column names by our names; time_format: for `strptime`.
    """

    zone: ZoneInfo
    now: datetime
    columns: Mapping[str, str]
    time_format: str | None = None


def read(lines: Iterable[str], how: Reading) -> Iterator[Swipe | BadRow]:
    """Yield each row as a swipe, or with the reason why it is not one.

    Raises:
        BadInput: the header has no column for the time, the person or the reader.
    """
    first = True
    for row in csv_reader.read(lines, COLUMNS, how.columns):
        if isinstance(row, BadRow):
            yield row
            continue
        if first and not {"timestamp", "date", "time"} & set(row.cells):
            names = ", ".join(COLUMNS.known["timestamp"][:4])
            raise BadInput(f"no column for timestamp (usual names are {names})")
        first = False
        try:
            yield _swipe(row.cells, how)
        except BadInput as exc:
            yield BadRow(row.line, exc.message)


def check_format(text: str) -> None:
    """Check a format for `strptime` once, before every row of a file fails.

    Raises:
        BadInput
    """
    try:
        found = datetime.strptime(_SAMPLE.strftime(text), text)  # noqa: DTZ007
    except (ValueError, re.error) as exc:
        raise BadInput(f"{text[:40]!r} cannot be used: {exc}") from exc
    if (found.date(), found.hour) != (_SAMPLE.date(), _SAMPLE.hour):
        raise BadInput(
            f"{text[:40]!r} is not a date and time (expected one like %d/%m/%Y %H:%M)"
        )


def _swipe(cells: Mapping[str, str], how: Reading) -> Swipe:
    text = cells.get("timestamp") or " ".join(
        cells[name] for name in ("date", "time") if cells.get(name)
    )
    used = {"timestamp", "user_id", "reader"}
    if not cells.get("timestamp"):
        used |= {"date", "time"}
    moment = _moment(text, how)
    return Swipe(
        check_moment("timestamp", moment, text, how.now),
        parse_text("user_id", cells.get("user_id", "")),
        parse_text("reader", cells.get("reader", "")),
        _details({n: c for n, c in cells.items() if n not in used and n and c}),
    )


def _moment(text: str, how: Reading) -> datetime:
    if not text:
        raise BadInput(f"timestamp: missing (expected {_EXPECTED})")
    plain = text.replace(".", "", 1)
    if how.time_format is None and plain.isascii() and plain.isdigit():
        found = epoch(float(text)) if 9 <= len(text) < 20 else None
    else:
        if how.time_format is None:
            refuse_day("timestamp", text)
        found = _written(text, how)
    if found is None:
        hint = "" if how.time_format else "; set another with --time-format"
        wanted = how.time_format or _EXPECTED
        raise BadInput(f"timestamp: {text[:40]!r} (expected {wanted}{hint})")
    return found


def _written(text: str, how: Reading) -> datetime | None:
    formats = (how.time_format,) if how.time_format else (None, *_WRITTEN)
    for form in formats:
        try:
            moment = _parsed(text, form)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=how.zone)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _parsed(text: str, form: str | None) -> datetime:
    if form is not None:
        # Without an offset it gets the zone of the site a line later.
        return datetime.strptime(text, form)  # noqa: DTZ007
    # `2026-01-31 08:15:00 +01:00` and `... UTC` are common, and no ISO.
    date, blank, rest = text.upper().replace(" UTC", "Z").rpartition(" ")
    glued = date + rest if blank and rest[:1] in ("+", "-") else f"{date}{blank}{rest}"
    return datetime.fromisoformat(glued)


def _details(rest: Mapping[str, str]) -> dict[str, Detail]:
    if len(rest) > MAX_DETAILS:
        raise BadInput(f"{len(rest)} more cells (expected at most {MAX_DETAILS})")
    return {
        parse_text("column name", name): parse_prose(name[:40], cell, MAX_DETAIL)
        for name, cell in rest.items()
    }
