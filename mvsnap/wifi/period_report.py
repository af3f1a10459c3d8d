"""What Wi-Fi heard in a period, as lines of a report about visitors."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mvsnap.core.amounts import amount
from mvsnap.core.days import lasting
from mvsnap.core.period_words import change_words
from mvsnap.wifi.model import Totals, WifiFilter
from mvsnap.wifi.overview import compared
from mvsnap.wifi.reports import WifiReports


def period_lines(
    reports: WifiReports,
    zone: ZoneInfo,
    span: tuple[datetime, datetime],
    before: str,
    now: datetime,
) -> tuple[str, ...]:
    """Return lines about a span of whole days of the site; none if nothing was heard.

    before: the period before in words.
    """
    wanted = WifiFilter(*span)
    totals = reports.totals(wanted)
    if not totals.visits:
        return ()
    change, found = "", compared(reports, wanted, zone, now)
    if found is not None:
        change = change_words(found.percent, found.before.visits, before)
    visits = amount(totals.visits, "visit")
    return f"{visits}{change}", _devices(totals)


def _devices(totals: Totals) -> str:
    stay = lasting(round(totals.dwell_mean_s / 60) * 60 or totals.dwell_mean_s)
    devices = amount(totals.devices, "device")
    return f"{devices}, {totals.new_devices:,} new; average stay {stay}"
