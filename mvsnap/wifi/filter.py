"""Wi-Fi form: the filter of the Wi-Fi pages, with what was entered wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.core.days import day_span
from mvsnap.domain import Serial, ZoneId
from mvsnap.errors import BadInput
from mvsnap.texts import N_
from mvsnap.web.filters import Filter, Typed, one_of, plain, typed, whole_number
from mvsnap.wifi.devices import device_number
from mvsnap.wifi.model import Radio, TotalTime, VisitOrder, WifiFilter

# Name, text, days, and how many days ago the last of them is.
PERIODS = {
    "today": (N_("Today"), 1, 0),
    "yesterday": (N_("Yesterday"), 1, 1),
    "7-days": ("7 days", 7, 0),
    "30-days": ("30 days", 30, 0),
}
RADIOS = {Radio.WIFI: "Wi-Fi", Radio.BLUETOOTH: N_("Bluetooth")}
SIGNALS_DBM = (-85, -78, -70, -65, -60, -50)
DWELLS_S = (60, 300, 900, 1800, 3600)
TOTALS_S = (300, 900, 1800, 3600, 4 * 3600, 8 * 3600)
_PERIOD = "7-days"
_MOST_DAYS = 366
_FIRST_DAY = date(2000, 1, 1)
_NAMES = (
    *("period", "from", "to", "network", "radio", "long_stays", "device"),
    *("opening", "hour_from", "hour_to", "min_total_s", "max_total_s"),
    *("min_rssi_dbm", "min_dwell_s", "sort", "serial", "zone_id", "after"),
)
# What the address keeps on the way to another Wi-Fi page.
_SHARED = (
    *("period", "from", "to", "network", "radio", "long_stays"),
    *("opening", "hour_from", "hour_to", "min_total_s", "max_total_s"),
)


class WifiForm(Filter, frozen=True):
    """first, last: days of the site, both inclusive; after: key of a row."""

    today: date
    first: date
    last: date
    wanted: WifiFilter
    order: VisitOrder
    serial: Serial | None
    zone_id: ZoneId | None
    after: str | None

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without the page and without invalid ones, for an address."""
        return {
            name: text
            for name, text in self.entered.items()
            if name != "after" and name not in self.mistakes
        }

    @property
    def shared(self) -> dict[str, Any]:
        """Those of them that other Wi-Fi pages have, too."""
        return {n: text for n, text in self.query.items() if n in _SHARED}

    @property
    def period(self) -> str | None:
        """The name of the period, None for custom days."""
        return next(
            (n for n in PERIODS if _span(n, self.today) == (self.first, self.last)),
            None,
        )

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def with_period(self, name: str) -> dict[str, Any]:
        """Return the parameters of the same page for one of PERIODS."""
        return self._without("period", "from", "to") | {"period": name}

    def moved(self, periods: int) -> dict[str, Any] | None:
        """Return the parameters shifted by this many periods; None: in the future."""
        try:
            by = timedelta(days=self.days * periods)
            first, last = self.first + by, self.last + by
        except OverflowError:
            return None
        if first > self.today or first < _FIRST_DAY:
            return None
        days = {"from": first.isoformat(), "to": last.isoformat()}
        return self._without("period", "from", "to") | days

    def with_(self, **changed: str) -> dict[str, Any]:
        """Return the parameters with some replaced; empty ones are omitted."""
        return {n: v for n, v in (self.query | changed).items() if v}

    def visits_of(self, device: str) -> dict[str, Any]:
        """Return the parameters for all visits of a device in the period."""
        return self.shared | {"device": device, "long_stays": "yes"}

    def _without(self, *names: str) -> dict[str, Any]:
        return {n: text for n, text in self.query.items() if n not in names}


def read_form(
    given: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
    open_hours: frozenset[int] | None = None,
) -> WifiForm:
    """Return the filter; an invalid value is left out.

    open_hours: those of the week in which the site is open, None if nobody said.
    """
    texts, today = typed(given, _NAMES), now.astimezone(zone).date()
    first, last = _days(texts, today, zone)
    serial = texts.serial()
    since = day_span(first.isoformat(), zone)[0]
    until = day_span(last.isoformat(), zone)[1]
    wanted = WifiFilter(
        since=since,
        until=until,
        network_id=texts.parsed("network", plain),
        radio=texts.parsed("radio", lambda text: Radio(one_of(text, RADIOS))),
        long_stays=bool(texts.parsed("long_stays", _is_wanted)),
        device=texts.parsed("device", _device),
        min_rssi_dbm=texts.parsed("min_rssi_dbm", whole_number(-127, 0)),
        min_dwell_s=texts.parsed("min_dwell_s", whole_number(0, 604_800)),
        hours=texts.hours_or_opening(zone, open_hours),
        total=_total(texts, since, until),
    )
    orders = [order.value for order in VisitOrder]
    order = texts.parsed("sort", lambda text: VisitOrder(one_of(text, orders)))
    return WifiForm(
        entered=texts.entered,
        mistakes=texts.mistakes,
        today=today,
        first=first,
        last=last,
        wanted=wanted,
        order=order or VisitOrder.TIME,
        serial=serial,
        zone_id=texts.parsed("zone_id", lambda text: ZoneId(plain(text))),
        after=texts.parsed("after", plain),
    )


def _days(texts: Typed, today: date, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day; custom days take precedence over a period."""
    name = texts.parsed("period", lambda text: one_of(text, PERIODS))
    first, last = _span(name or _PERIOD, today)
    own_first = texts.parsed("from", lambda text: _day("from", text, today, zone))
    own_last = texts.parsed("to", lambda text: _day("to", text, today, zone))
    if own_first is None and own_last is None:
        return first, last
    chosen = own_first or own_last or today, own_last or own_first or today
    if chosen[1] < chosen[0]:
        texts.mistakes["to"] = f"to: must not be before {chosen[0]}"
    elif (chosen[1] - chosen[0]).days >= _MOST_DAYS:
        texts.mistakes["from"] = f"from: expected at most {_MOST_DAYS} days"
    else:
        return chosen
    return first, last


def _span(name: str, today: date) -> tuple[date, date]:
    _, days, ago = PERIODS[name]
    last = today - timedelta(days=ago)
    return last - timedelta(days=days - 1), last


def _day(name: str, text: str, today: date, zone: ZoneInfo) -> date:
    try:
        day_span(text, zone)
        day = date.fromisoformat(text)
    except BadInput as exc:
        raise BadInput(exc.message.replace("day:", f"{name}:", 1)) from exc
    if not _FIRST_DAY <= day <= today + timedelta(days=1):
        raise BadInput(f"{name}: no data for {text[:40]!r}")
    return day


def _total(texts: Typed, since: datetime, until: datetime) -> TotalTime | None:
    parse = whole_number(0, _MOST_DAYS * 86_400)
    least_s = texts.parsed("min_total_s", parse)
    most_s = texts.parsed("max_total_s", parse)
    if least_s is None and most_s is None:
        return None
    if least_s is not None and most_s is not None and most_s < least_s:
        texts.mistakes["max_total_s"] = "max_total_s: must not be below min_total_s"
        return None
    return TotalTime(since, until, least_s, most_s)


def _is_wanted(text: str) -> bool:
    return one_of(text, ["yes", "no"]) == "yes"


def _device(text: str) -> int:
    number = device_number(text)
    if number is None:
        raise BadInput(f"{text[:40]!r} (expected a device as shown in the tables)")
    return number
