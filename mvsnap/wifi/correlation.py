"""Visits compared with cameras: who was near while a zone had people in it.

Overlaps of many thousand spans are counted at once. A join would compare every pair;
instead all begins and ends are sorted by time and counted along the way: of the spans
that began before an end, those that had not ended before the begin overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    cast,
    extract,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.store.paging import Order
from mvsnap.store.tables import presences
from mvsnap.wifi.conditions import of_hours, of_visits
from mvsnap.wifi.model import Correlation, PresenceMatch, WifiFilter, ZoneMatch
from mvsnap.wifi.tables import visits

# Longer presences are cut into several, see core.presence.
_LONGEST_PRESENCE = timedelta(hours=1)
# At the same moment: begins count first, then queries, then ends.
_BEGIN, _QUESTION, _END = 0, 1, 2


class WifiCorrelation:
    """window_s: a device this close in time to a presence counts as near.

    Long stays are excluded: a printer is always near.
    """

    def __init__(self, db: Database, *, long_stay_s: int, window_s: int) -> None:
        self._db = db
        self._long_stay_s = long_stay_s
        self._window_s = window_s
        window = timedelta(seconds=window_s)
        # Visits that may touch a presence begin at most this long before it, or later.
        self._before = timedelta(seconds=long_stay_s) + window
        self._after = _LONGEST_PRESENCE + window

    def summary(
        self,
        wanted: WifiFilter,
        serial: Serial | None = None,
        zone_id: ZoneId | None = None,
    ) -> Correlation:
        """Compare visits with presences that began in the span.

        Intended for a day: it reads all of both.
        """
        with self._db.reading() as connection:
            asked = _presences(wanted, serial, zone_id)
            near = self._near(connection, wanted)
            matches = _matches(near, asked, self._window_s)
            with_some = _sum(case((matches.c.many > 0, 1), else_=0))
            zone = (matches.c.key_1, matches.c.key_2)
            rows = connection.execute(
                select(*zone, func.count(), with_some, _sum(matches.c.many))
                .group_by(*zone)
                .order_by(*zone)
            ).all()
            since, until = wanted.since - self._after, wanted.until + self._before
            wider = replace(wanted, since=since, until=until, hours=None)
            around = _presences(wider, serial, zone_id)
            near = self._near_visits(connection, wanted)
            matches = _matches(around, near, self._window_s)
            with_some = _sum(case((matches.c.many > 0, 1), else_=0))
            near_visits, matched = connection.execute(
                select(func.count(), with_some).select_from(matches)
            ).one()
        zones = tuple(ZoneMatch(Serial(r[0]), ZoneId(r[1]), *r[2:]) for r in rows)
        return Correlation(near_visits, matched, zones)

    def presences(
        self,
        wanted: WifiFilter,
        serial: Serial | None = None,
        zone_id: ZoneId | None = None,
        *,
        after: Presence | None = None,
        limit: int = 100,
    ) -> list[PresenceMatch]:
        """Return presences that began in the span, newest first.

        after: the last one of the previous page.
        """
        found = presences.c
        order = Order(falling=(found.time_in,), rising=(found.serial, found.zone_id))
        statement = (
            select(presences)
            .where(*_in_span(wanted, serial, zone_id))
            .order_by(*order.by)
            .limit(limit)
        )
        if after is not None:
            place = (after.time_in, after.serial, after.zone_id)
            statement = statement.where(order.behind(place))
        with self._db.reading() as connection:
            rows = connection.execute(statement).all()
            page = [Presence(Serial(r[0]), ZoneId(r[1]), *r[2:]) for r in rows]
            many: dict[tuple[Any, ...], int] = {}
            for since, last in self._runs(page):
                until = last + timedelta(seconds=1)
                here = replace(wanted, since=since, until=until)
                asked = _presences(here, serial, zone_id)
                near = self._near(connection, here)
                matches = _matches(near, asked, self._window_s)
                many |= {row[:3]: row[3] for row in connection.execute(select(matches))}
        return [PresenceMatch(one, many.get(_key(one), 0)) for one in page]

    def _runs(self, page: Sequence[Presence]) -> list[tuple[datetime, datetime]]:
        """Return when the first and the last presence of each run began.

        Visits between two runs touch neither. A page of a quiet zone spans weeks, and
        all visits of that time would be read for a handful of presences.
        """
        apart = self._before + self._after
        found: list[tuple[datetime, datetime]] = []
        for presence in reversed(page):
            here = presence.time_in.replace(microsecond=0)
            if found and here - found[-1][1] <= apart:
                found[-1] = (found[-1][0], here)
            else:
                found.append((here, here))
        return found

    def _near(self, connection: Connection, wanted: WifiFilter) -> Subquery:
        """Return when visits were near that may touch a presence in the span.

        Whoever came before the hours of the filter may still be there in them.
        """
        since, until = wanted.since - self._before, wanted.until + self._after
        wider = replace(wanted, since=since, until=until, hours=None)
        return self._near_visits(connection, wider)

    def _near_visits(self, connection: Connection, wanted: WifiFilter) -> Subquery:
        wanted = replace(wanted, long_stays=False)
        return (
            select(
                visits.c.time_in_s.label("key_1"),
                visits.c.source_id.label("key_2"),
                visits.c.device.label("key_3"),
                visits.c.near_in_s.label("begin_s"),
                visits.c.near_out_s.label("end_s"),
            )
            .where(*of_visits(connection, wanted, self._long_stay_s))
            .where(visits.c.near_in_s.is_not(None))
            .subquery()
        )


def _in_span(
    wanted: WifiFilter, serial: Serial | None, zone_id: ZoneId | None
) -> list[ColumnElement[bool]]:
    time_in = presences.c.time_in
    found = [time_in >= wanted.since, time_in < wanted.until]
    found += of_hours(_epoch(time_in), wanted)
    if serial is not None:
        found.append(presences.c.serial == serial)
    if zone_id is not None:
        found.append(presences.c.zone_id == zone_id)
    return found


def _presences(
    wanted: WifiFilter, serial: Serial | None, zone_id: ZoneId | None
) -> Subquery:
    begin_s = _epoch(presences.c.time_in)
    return (
        select(
            presences.c.serial.label("key_1"),
            presences.c.zone_id.label("key_2"),
            begin_s.label("key_3"),
            begin_s.label("begin_s"),
            _epoch(presences.c.time_out).label("end_s"),
        )
        .where(*_in_span(wanted, serial, zone_id))
        .subquery()
    )


def _key(presence: Presence) -> tuple[str, str, int]:
    """Return the keys of a presence in the format of `_presences`."""
    return presence.serial, presence.zone_id, int(presence.time_in.timestamp())


def _epoch(column: ColumnElement[datetime]) -> ColumnElement[int]:
    # Truncated to seconds on both databases: PostgreSQL would round.
    return cast(func.floor(extract("epoch", column)), BigInteger)


def _matches(spans: Subquery, asked: Subquery, window_s: int) -> Subquery:
    """Return each key of `asked` with how many spans overlap it, widened by window_s.

    Both have begin_s and end_s, both inclusive.
    """
    keys = (asked.c.key_1, asked.c.key_2, asked.c.key_3)
    nobody = (null(), null(), null())
    marks = union_all(
        _mark(keys, asked.c.begin_s - window_s, _QUESTION, asks=-1),
        _mark(keys, asked.c.end_s + window_s, _QUESTION, asks=1),
        _mark(nobody, spans.c.begin_s, _BEGIN, began=1),
        _mark(nobody, spans.c.end_s, _END, ended=1),
    ).subquery()
    by_time = (marks.c.at_s, marks.c.kind)

    def so_far(column: ColumnElement[int]) -> ColumnElement[int]:
        return func.sum(column).over(order_by=by_time, rows=(None, 0))

    counted = select(
        marks.c.key_1,
        marks.c.key_2,
        marks.c.key_3,
        marks.c.asks,
        so_far(marks.c.began).label("began"),
        so_far(marks.c.ended).label("ended"),
    ).subquery()
    # Those that began before its end, minus those that ended before its begin.
    part = case((counted.c.asks == 1, counted.c.began), else_=-counted.c.ended)
    by_key = (counted.c.key_1, counted.c.key_2, counted.c.key_3)
    return (
        select(*by_key, cast(func.sum(part), BigInteger).label("many"))
        .where(counted.c.asks != 0)
        .group_by(*by_key)
        .subquery()
    )


def _mark(
    keys: Sequence[ColumnElement[Any]],
    at_s: ColumnElement[int],
    kind: int,
    *,
    asks: int = 0,
    began: int = 0,
    ended: int = 0,
) -> Select[Any]:
    numbers = {"kind": kind, "asks": asks, "began": began, "ended": ended}
    return select(
        *(key.label(f"key_{n}") for n, key in enumerate(keys, start=1)),
        at_s.label("at_s"),
        *(literal_column(str(value)).label(name) for name, value in numbers.items()),
    )


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL sums to numeric, which arrives as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
