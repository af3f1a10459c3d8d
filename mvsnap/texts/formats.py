"""Dates and numbers as the site's language writes them.

The patterns are texts of the catalogue, too; their English ones are those of ISO 8601,
where a year is written at all.
"""

from __future__ import annotations

from datetime import date, datetime

from mvsnap.texts import gettext, pgettext


def number(value: float, digits: int = 0) -> str:
    """Return 12,345 or, with one digit, 12,345.6."""
    return localized_number(f"{value:,.{digits}f}")


def localized_number(digits: str) -> str:
    """Return 12,345.6 MB as it is written here."""
    # What is between thousands, and what before a fraction.
    sample = pgettext("format", "1,234.5")
    return digits.translate(str.maketrans(",.", sample[1] + sample[-2]))


def decimal(value: float, digits: int = 1) -> str:
    """Return 12345.6: of numbers that are hardly above a thousand."""
    return as_written(f"{value:.{digits}f}")


def percent(value: float) -> str:
    """Return 25%, without a fraction."""
    return pgettext("format", "%(number)s%%") % {"number": number(value)}


def as_written(digits: str) -> str:
    """Return 1.50 as 1,50 where that is how it is written."""
    return digits.replace(".", pgettext("format", "1,234.5")[-2])


def lasting(seconds: float) -> str:
    """Return a duration for people, such as `3 min 4 s`: units as everywhere."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest_s, "s"))
    units = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(units[:2]) or "0 s"


def tenths(seconds: float) -> str:
    """Return a duration as `lasting` does; below a second such as `0.4 s`."""
    return f"{decimal(max(seconds, 0.1))} s" if 0 < seconds < 0.95 else lasting(seconds)


def many(seconds: float) -> int:
    """Return 1 if `tenths` says `1 s`, `1 min` or `1 h`, else 2: for a plural."""
    return 1 if tenths(seconds) in ("1 s", "1 min", "1 h") else 2


def day(at: date) -> str:
    """Return 2026-11-29."""
    return _written(at, pgettext("format", "%Y-%m-%d"))


def to_minute(at: datetime) -> str:
    """Return 2026-11-29 14:03."""
    return _written(at, pgettext("format", "%Y-%m-%d %H:%M"))


def to_second(at: datetime) -> str:
    """Return 2026-11-29 14:03:07."""
    return _written(at, pgettext("format", "%Y-%m-%d %H:%M:%S"))


def zone(at: datetime) -> str:
    """Return CET, as it is called here; others have no name of their own."""
    return _zone_name(at.tzname() or "")


def _zone_name(english: str) -> str:
    known = {
        "CET": pgettext("time zone", "CET"),
        "CEST": pgettext("time zone", "CEST"),
        "EET": pgettext("time zone", "EET"),
        "EEST": pgettext("time zone", "EEST"),
        "WET": pgettext("time zone", "WET"),
        "WEST": pgettext("time zone", "WEST"),
    }
    return known.get(english, english)


def moment(stored: str) -> str:
    """Return 2026-11-29 14:03:07 CET, or to the minute or day, as it is written here.

    Raises:
        ValueError: it is no such text.
    """
    if len(stored) == len("2026-11-29"):
        return day(date.fromisoformat(stored))
    is_to_second = stored[16:17] == ":"
    length = 19 if is_to_second else 16
    at, name = datetime.fromisoformat(stored[:length]), stored[length:]
    zone = f" {_zone_name(name.strip())}" if name else ""
    return f"{to_second(at) if is_to_second else to_minute(at)}{zone}"


def weekday(at: date) -> str:
    """Return Sunday."""
    names = gettext("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
    return names.split()[at.weekday()]


def short_weekday(at: date) -> str:
    """Return Sun."""
    return short_weekdays()[at.weekday()]


def short_weekdays() -> list[str]:
    """Return Mon to Sun."""
    return gettext("Mon Tue Wed Thu Fri Sat Sun").split()


def short_day(at: date) -> str:
    """Return Sun 29: below a bar."""
    pattern = pgettext("format", "%a %-d")
    return _written(at, pattern.replace("%-d", str(at.day)))


def near_day(at: date) -> str:
    """Return Sun 29 Nov: of this year."""
    return _written(at, pgettext("format", "%a %d %b"))


def far_day(at: date) -> str:
    """Return Sun 29 Nov 2026."""
    return _written(at, pgettext("format", "%a %d %b %Y"))


def spoken_day(at: date, *, with_year: bool) -> str:
    """Return Wed 1 Jul, or Wed 1 Jul 2026: as one would say it."""
    pattern = pgettext("format", "%a %-d %b")
    if with_year:
        pattern = pgettext("format", "%a %-d %b %Y")
    return _written(at, pattern.replace("%-d", str(at.day)))


def _written(at: date, pattern: str) -> str:
    # %a is of the machine's locale, which is another thing.
    return at.strftime(pattern.replace("%a", short_weekday(at)))
