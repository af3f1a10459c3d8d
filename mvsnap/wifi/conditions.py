"""The filter of the Wi-Fi pages, as conditions of queries."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from mvsnap.core.days import utc_offsets
from mvsnap.core.week_hours import HOURS_A_WEEK, OpeningHours
from mvsnap.wifi.model import WifiFilter
from mvsnap.wifi.tables import scan_sources, visits

DAY_S, HOUR_S = 86_400, 3600
# The first hour of 1970 is one of a Thursday.
_EPOCH_HOUR = 3 * 24

Condition = ColumnElement[bool]


def of_visits(
    connection: Connection, wanted: WifiFilter, long_stay_s: int
) -> list[Condition]:
    """Return the condition for visits of the filter."""
    since_s, until_s = seconds(wanted.since), seconds(wanted.until)
    found = [visits.c.time_in_s >= since_s, visits.c.time_in_s < until_s]
    found += of_source(connection, visits.c.source_id, wanted)
    found += of_hours(visits.c.time_in_s, wanted)
    found += of_total(visits.c, wanted)
    dwell_s = visits.c.time_out_s - visits.c.time_in_s
    if not wanted.long_stays:
        found.append(dwell_s <= long_stay_s)
    if wanted.device is not None:
        found.append(visits.c.device == wanted.device)
    if wanted.min_rssi_dbm is not None:
        found.append(visits.c.rssi_dbm >= wanted.min_rssi_dbm)
    if wanted.min_dwell_s is not None:
        found.append(dwell_s >= wanted.min_dwell_s)
    return found


def of_source(
    connection: Connection, column: ColumnElement[int], wanted: WifiFilter
) -> list[Condition]:
    """Return the condition for network and radio, empty if any will do."""
    if wanted.network_id is None and wanted.radio is None:
        return []
    statement = select(scan_sources.c.id)
    if wanted.network_id is not None:
        statement = statement.where(scan_sources.c.network_id == wanted.network_id)
    if wanted.radio is not None:
        statement = statement.where(scan_sources.c.radio == wanted.radio)
    return [column.in_(connection.execute(statement).scalars().all())]


def of_hours(column: ColumnElement[int], wanted: WifiFilter) -> list[Condition]:
    """Return the condition for the hours of the day, empty if any will do.

    column: seconds since 1970.
    """
    hours = wanted.hours
    if hours is None:
        return []
    here = local(column, wanted, hours.zone)
    if isinstance(hours, OpeningHours):
        return [hour_of_week(here).in_(sorted(hours.hours))]
    second = here % DAY_S
    begun, before = second >= hours.first * HOUR_S, second < hours.until * HOUR_S
    is_over_midnight = hours.until <= hours.first
    return [or_(begun, before) if is_over_midnight else and_(begun, before)]


def hour_of_week(local_s: ColumnElement[int]) -> ColumnElement[int]:
    """Return the hour of the week, see core.week_hours, of seconds in local time."""
    return (local_s // HOUR_S + _EPOCH_HOUR) % HOURS_A_WEEK


def of_total(rows: Any, wanted: WifiFilter) -> list[Condition]:
    """Return the condition for the total time of a device, empty if any will do.

    rows: columns of a table with `device` and `source_id`. For each row, the visits of
    its device are added up, found by their index: lists are read page by page.
    """
    total = wanted.total
    if total is None:
        return []
    each = visits.alias("each").c
    sum_s = func.coalesce(func.sum(each.time_out_s - each.time_in_s), 0)
    all_s = (
        select(sum_s)
        .where(each.device == rows.device, each.source_id == rows.source_id)
        .where(each.time_in_s >= seconds(total.since))
        .where(each.time_in_s < seconds(total.until))
        .scalar_subquery()
    )
    found = []
    if total.least_s is not None:
        found.append(all_s >= total.least_s)
    if total.most_s is not None:
        found.append(all_s <= total.most_s)
    return found


def local(
    column: ColumnElement[int], wanted: WifiFilter, zone: ZoneInfo
) -> ColumnElement[int]:
    """Return seconds in the site's local time."""
    (_, first_s), *later = utc_offsets(wanted.since, wanted.until, zone)
    if not later:
        return column + first_s
    changes = [(column >= from_s, offset_s) for from_s, offset_s in reversed(later)]
    return column + case(*changes, else_=first_s)


def seconds(moment: datetime) -> int:
    """Return the first whole second at or after the moment."""
    return math.ceil(moment.timestamp())
