"""Visitor filter: which days, which camera, in what order; and what was typed wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mvsnap.core.days import day_span
from mvsnap.core.visitors import Span, last_days
from mvsnap.domain import Serial, parse_serial
from mvsnap.errors import BadInput

T = TypeVar("T")

PERIODS = {"1": "1 day", "7": "7 days", "28": "28 days"}
SORTS = ("camera", "zone", "entrances", "average", "people")
ORDERS = ("asc", "desc")
_PERIOD = "7"


@dataclass(frozen=True, slots=True)
class VisitorFilter:
    """entered: the texts that are not empty; mistakes: what is wrong with them.

    last: the last day of the period; days: how many.
    """

    entered: dict[str, str]
    mistakes: dict[str, str]
    last: date
    days: int
    spans: tuple[Span, ...]
    serial: Serial | None
    sort: str
    descending: bool

    @property
    def since(self) -> datetime:
        return self.spans[0][0]

    @property
    def until(self) -> datetime:
        return self.spans[-1][1]

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without those that are wrong, for an address."""
        return {n: text for n, text in self.entered.items() if n not in self.mistakes}

    def must_fit(self) -> None:
        """Raise BadInput for the first mistake."""
        for message in self.mistakes.values():
            raise BadInput(message)

    def sorted_by(self, sort: str) -> dict[str, Any]:
        """Return the parameters of the same table, sorted by this column.

        A column that is sorted already is turned round; numbers begin with the highest.
        """
        starts_down = sort not in ("camera", "zone")
        down = not self.descending if sort == self.sort else starts_down
        return self.query | {"sort": sort, "order": "desc" if down else "asc"}


def read_filter(
    given: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> VisitorFilter:
    """Return the filter; a value that cannot be used is left out."""
    names = ("day", "days", "serial", "sort", "order")
    texts = {name: given.get(name, "").strip() for name in names}
    entered = {name: text for name, text in texts.items() if text}
    mistakes: dict[str, str] = {}

    def parsed(name: str, parse: Callable[[str], T], otherwise: T) -> T:
        try:
            return parse(entered[name]) if name in entered else otherwise
        except BadInput as exc:
            message = exc.message
            named = message if message.startswith(f"{name}:") else f"{name}: {message}"
            mistakes[name] = named
            return otherwise

    today = now.astimezone(zone).date()
    last = parsed("day", lambda text: parse_day(text, today, zone), today)
    days = int(parsed("days", lambda text: _one_of("days", text, [*PERIODS]), _PERIOD))
    serial = parsed("serial", parse_serial, None)
    sort = parsed("sort", lambda text: _one_of("sort", text, SORTS), "camera")
    order = parsed("order", lambda text: _one_of("order", text, ORDERS), "asc")
    spans = tuple(last_days(last, zone, days))
    return VisitorFilter(
        entered, mistakes, last, days, spans, serial, sort, order == "desc"
    )


def parse_day(text: str, today: date, zone: ZoneInfo) -> date:
    """Return the day.

    Raises:
        BadInput: no date, one to come, or one before cameras counted.
    """
    day_span(text, zone)
    day = date.fromisoformat(text.strip())
    if not date(2000, 1, 1) <= day <= today + timedelta(days=1):
        raise BadInput(
            f"day: nothing is counted on {text[:40]!r} (expected a past day)",
            code="bad_time",
        )
    return day


def _one_of(name: str, text: str, known: tuple[str, ...] | list[str]) -> str:
    if text not in known:
        expected = ", ".join(known)
        raise BadInput(f"{name}: {text[:40]!r} (expected one of: {expected})")
    return text
