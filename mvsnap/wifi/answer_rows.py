"""What the store found about Wi-Fi as answers of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mvsnap.clock import iso
from mvsnap.web.places import Places
from mvsnap.wifi.answers import (
    WifiActivityAnswer,
    WifiBusiestAnswer,
    WifiComparedAnswer,
    WifiCorrelationAnswer,
    WifiDayAnswer,
    WifiHourAnswer,
    WifiLengthAnswer,
    WifiObservationAnswer,
    WifiPartAnswer,
    WifiPresenceAnswer,
    WifiTotalsAnswer,
    WifiVisitAnswer,
    WifiZoneAnswer,
)
from mvsnap.wifi.model import (
    Comparison,
    Correlation,
    ObservationRow,
    VisitRow,
    VisitSums,
    WifiFilter,
)
from mvsnap.wifi.overview import Activity
from mvsnap.wifi.presence_rows import PresenceRow, zone_rows


def span(wanted: WifiFilter) -> tuple[str, str]:
    return iso(wanted.since), iso(wanted.until)


def activity(wanted: WifiFilter, found: Activity, now: datetime) -> WifiActivityAnswer:
    totals, busiest, week = found.totals, found.busiest, found.week
    return WifiActivityAnswer(
        *span(wanted),
        is_over=wanted.until <= now,
        totals=WifiTotalsAnswer(
            *(totals.visits, totals.long_stays, totals.devices),
            *(totals.new_devices, totals.returning_devices),
            dwell_mean_s=round(totals.dwell_mean_s, 1),
        ),
        compared=_compared(found.compared),
        hours=_hours(found),
        days=_days(found),
        lengths=[
            WifiLengthAnswer(row.from_s, row.to_s, row.visits) for row in found.dwell
        ],
        busiest=WifiBusiestAnswer(busiest.day.isoformat(), busiest.hour, busiest.visits)
        if busiest
        else None,
        week=[_rounded(n) for n in week.values] if week and week.values else None,
    )


def _compared(found: Comparison | None) -> WifiComparedAnswer | None:
    if found is None:
        return None
    return WifiComparedAnswer(
        _part(found.since, found.until, found.so_far),
        _part(found.before_since, found.before_until, found.before),
        found.percent,
    )


def _part(since: datetime, until: datetime, sums: VisitSums) -> WifiPartAnswer:
    mean_s = round(sums.dwell_mean_s, 1)
    return WifiPartAnswer(iso(since), iso(until), sums.visits, sums.new_devices, mean_s)


def _hours(found: Activity) -> list[WifiHourAnswer]:
    return [
        WifiHourAnswer(
            *(row.hour, row.visits, row.new_devices, round(row.dwell_mean_s, 1)),
            visits_a_day=_rounded(found.week.visits[row.hour]) if found.week else None,
        )
        for row in found.hours
    ]


def _days(found: Activity) -> list[WifiDayAnswer]:
    today = found.now.date() if found.now else None
    return [
        WifiDayAnswer(
            row.day.isoformat(),
            today is None or row.day < today,
            *(row.visits, row.devices, row.new_devices),
            dwell_mean_s=round(row.dwell_mean_s, 1),
        )
        for row in found.days
    ]


def visit(row: VisitRow) -> WifiVisitAnswer:
    return WifiVisitAnswer(
        *(row.device, row.network_id, row.radio),
        *(iso(row.time_in), iso(row.time_out), round(row.dwell.total_seconds())),
        *(row.observations, row.rssi_dbm),
        *(_moment(row.near_in), _moment(row.near_out)),
        is_new=row.is_new,
    )


def observation(row: ObservationRow) -> WifiObservationAnswer:
    return WifiObservationAnswer(
        *(row.device, row.network_id, row.radio, iso(row.first_at), iso(row.last_at)),
        *(row.rssi_dbm, row.access_point, row.ssid),
    )


def correlation(
    wanted: WifiFilter,
    sums: Correlation,
    rows: Sequence[PresenceRow],
    after: str | None,
    places: Places,
) -> WifiCorrelationAnswer:
    zones = [
        WifiZoneAnswer(
            *(row.match.serial, row.camera, row.match.zone_id, row.zone),
            *(row.match.presences, row.match.accompanied, row.match.visits),
        )
        for row in zone_rows(sums.zones, places)
    ]
    presences = [_presence(row) for row in rows]
    return WifiCorrelationAnswer(
        *span(wanted), sums.near_visits, sums.matched_visits, zones, presences, after
    )


def _presence(row: PresenceRow) -> WifiPresenceAnswer:
    one = row.presence
    return WifiPresenceAnswer(
        *(one.serial, row.camera, one.zone_id, row.zone),
        *(iso(one.time_in), iso(one.time_out), one.peak_people, row.devices),
    )


def _moment(at: datetime | None) -> str | None:
    return iso(at) if at else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
