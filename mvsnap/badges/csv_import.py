"""Badge events from a CSV file of any access system. Pure: rows in, swipes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.badges import csv_times
from mvsnap.badges.csv_order import MOST_WAITING, CsvSwipe, Row, in_order
from mvsnap.badges.csv_times import TimeStyle
from mvsnap.badges.model import (
    MAX_DETAIL,
    MAX_DETAILS,
    Detail,
    Swipe,
    check_moment,
    parse_prose,
    parse_text,
)
from mvsnap.core import csv_reader, spreadsheet
from mvsnap.core.csv_reader import BadRow, Columns
from mvsnap.errors import BadInput

COLUMNS = Columns(
    known={
        # With a date beside it, each of these may be the time of day alone.
        "timestamp": (
            *("datetime", "date time", "date/time", "date and time", "event time"),
            *("occurred at", "swiped at", "event timestamp", "time stamp"),
            *("event date time", "event date/time", "event date and time"),
            *("transaction time", "swipe time", "access time", "log time"),
            *("datum und uhrzeit", "datum uhrzeit", "datum und zeit", "datum zeit"),
            *("zeitstempel", "zeitpunkt"),
        ),
        "date": (
            *("event date", "transaction date", "swipe date", "access date"),
            *("log date", "datum", "day", "tag"),
        ),
        "time": ("event clock time", "local time", "time of day", "uhrzeit", "zeit"),
        "user_id": (
            *("badge", "badge id", "badge number", "card", "card id", "card number"),
            *("user", "userid", "employee id", "employee number", "person id"),
            *("badge no", "card no", "employee no", "credential", "credential number"),
            *("cardholder id", "personnel number", "ausweis", "ausweisnummer"),
            *("personalnummer", "id"),
        ),
        "reader": (
            *("door", "reader name", "door name", "reader id", "location", "device"),
            *("terminal", "access point", "leser", "tuer", "tür"),
        ),
    },
    needed=("user_id", "reader"),
    one_of=("timestamp", "date", "time"),
)
# An afternoon, impossible on a 12-hour clock without AM and PM; all parts differ.
_SAMPLE = datetime(2026, 11, 23, 14, 35, 56, tzinfo=UTC)


class Reading(Struct, frozen=True):
    """How to parse a file.

    columns: its column names by our names; time_format: for `strptime`.
    on_others: called with the headings that nothing is known of.
    """

    zone: ZoneInfo
    now: datetime
    columns: Mapping[str, str]
    time_format: str | None = None
    on_others: Callable[[Sequence[str]], object] = lambda _names: None


def read(lines: Iterable[str], how: Reading) -> Iterator[Swipe | BadRow]:
    """Yield each row as a swipe, or with the reason why it is not one.

    Rows that others have to explain come after these: a time that the clocks showed
    twice, a number that may be cut.

    Raises:
        BadInput: the header has no column for the time, the person or the reader.
    """
    for row in _whole_numbers(in_order(_rows(lines, how))):
        yield row if isinstance(row, BadRow) else row.swipe


def _rows(lines: Iterable[str], how: Reading) -> Iterator[Row]:
    for row in csv_reader.read(lines, COLUMNS, how.columns, how.on_others):
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            yield _swipe(row.line, row.cells, how)
        except BadInput as exc:
            yield BadRow(row.line, exc.as_reason)


def _whole_numbers(rows: Iterable[Row]) -> Iterator[Row]:
    """Refuse long numbers that end in zeros, unless another one shows all its digits.

    A spreadsheet leaves zeros in each long number of a column, or in none.
    """
    waiting: list[CsvSwipe] = []
    whole = False
    for row in rows:
        if whole or isinstance(row, BadRow) or row.number is None:
            yield row
        elif not spreadsheet.may_be_cut(row.number):
            whole = True
            yield from waiting
            yield row
        else:
            waiting.append(row)
            if len(waiting) == MOST_WAITING:
                yield from map(_cut, waiting)
                waiting = []
    if not whole:
        yield from map(_cut, waiting)


def _cut(row: CsvSwipe) -> BadRow:
    return BadRow(row.line, spreadsheet.cut("user_id", row.number or "").as_reason)


def check_format(text: str) -> None:
    """Check a format for `strptime` once, before every row of a file fails.

    Raises:
        BadInput
    """
    try:
        # Only its fields are compared.
        found = datetime.strptime(_SAMPLE.strftime(text), text)  # noqa: DTZ007
    except (ValueError, re.error) as exc:
        raise BadInput(f"{text[:40]!r} cannot be used: {exc}") from exc
    if (found.date(), found.hour) != (_SAMPLE.date(), _SAMPLE.hour):
        raise BadInput(
            f"{text[:40]!r} is not a date and time (expected one like %d/%m/%Y %H:%M)"
        )


def _swipe(line: int, cells: Mapping[str, str], how: Reading) -> CsvSwipe:
    times = {
        name: spreadsheet.text_of(name, cells[name])
        for name in ("timestamp", "date", "time")
        if name in cells
    }
    text = csv_times.joined(times)
    used = {"timestamp", "user_id", "reader"}
    if text != " ".join(times.get("timestamp", "").split()):
        used |= {"date", "time"}
    moment = csv_times.parse(text, TimeStyle(how.zone, how.time_format))
    number = cells.get("user_id", "")
    swipe = Swipe(
        check_moment("timestamp", moment, text, how.now),
        parse_text("user_id", spreadsheet.number_of("user_id", number)),
        parse_text("reader", spreadsheet.text_of("reader", cells.get("reader", ""))),
        _details({n: c for n, c in cells.items() if n not in used and n and c}),
    )
    is_long = spreadsheet.is_long(swipe.user_id) and not spreadsheet.is_text(number)
    return CsvSwipe(line, swipe, text, swipe.user_id if is_long else None)


def _details(rest: Mapping[str, str]) -> dict[str, Detail]:
    if len(rest) > MAX_DETAILS:
        raise BadInput(f"{len(rest)} more cells (expected at most {MAX_DETAILS})")
    return {
        parse_text("column name", name): parse_prose(name[:40], cell, MAX_DETAIL)
        for name, cell in rest.items()
    }
