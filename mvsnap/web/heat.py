"""Heat map: averages by weekday and hour, as a table that screen readers read, too."""

from __future__ import annotations

from collections.abc import Container, Sequence

from msgspec import Struct

from mvsnap.core.week_hours import HOURS_A_DAY, HOURS_A_WEEK
from mvsnap.texts import formats

# charts.css has this many colours, from the lowest to the highest.
_LEVELS = 5


class HeatCell(Struct, frozen=True):
    """text: "" where nothing is known; level: 0 for nobody, to 5 for the highest."""

    text: str
    level: int
    is_closed: bool


class HeatMap(Struct, frozen=True):
    """rows: an hour and its seven days, Monday first; without empty nights."""

    title: str
    unit: str
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    has_closed: bool

    @property
    def days(self) -> Sequence[str]:
        return formats.short_weekdays()


def heat_map(
    title: str,
    unit: str,
    values: Sequence[float | None],
    open_hours: Container[int] | None = None,
) -> HeatMap | None:
    """Return the map of 168 averages, None where there is nothing to show.

    open_hours: those of the week in which the site is open; None: all.
    """
    highest = max((value for value in values if value), default=0.0)
    if not highest:
        return None
    is_open = [open_hours is None or n in open_hours for n in range(HOURS_A_WEEK)]
    shown = [
        n % HOURS_A_DAY
        for n, value in enumerate(values)
        if value or (open_hours is not None and is_open[n])
    ]
    rows = [
        (
            f"{hour:02}:00",
            [
                _cell(values[n], highest, is_closed=not is_open[n])
                for n in range(hour, HOURS_A_WEEK, HOURS_A_DAY)
            ],
        )
        for hour in range(min(shown), max(shown) + 1)
    ]
    return HeatMap(title, unit, rows, not all(is_open))


def _cell(value: float | None, highest: float, *, is_closed: bool) -> HeatCell:
    if value is None:
        return HeatCell("", 0, is_closed)
    # Whoever came is not shown as nobody.
    level = max(1, round(_LEVELS * value / highest)) if value else 0
    return HeatCell(number(value), level, is_closed)


def number(value: float) -> str:
    """Return an average for display: 0, 0.4, 12."""
    return formats.decimal(value, 1 if 0 < value < 9.95 and value % 1 else 0)
