"""Visits compared with cameras: who was near while a zone had people in it.

Overlaps of many thousand spans are counted at once. A join would compare every pair.
But of the spans that began before an end, those that had not ended before the begin
overlap: it is enough to sort the presences, of which there are few, and to read the
visits once.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    extract,
    func,
    select,
)

from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.store.paging import Order
from mvsnap.store.tables import presences
from mvsnap.values import replace
from mvsnap.wifi.conditions import of_hours, of_visits, seconds
from mvsnap.wifi.model import Correlation, PresenceMatch, WifiFilter, ZoneMatch
from mvsnap.wifi.tables import visits

# Longer presences are cut into several, see core.presence.
_LONGEST_PRESENCE = timedelta(hours=1)


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

        Intended for a day: it reads all of both, and keeps the presences alone.
        """
        since, until = wanted.since - self._after, wanted.until + self._before
        wider = replace(wanted, since=since, until=until, hours=None)
        with self._db.reading() as connection:
            asked = _presences(connection, wanted, serial, zone_id)
            around = _presences(connection, wider, serial, zone_id)
            near = Nearness(_span(one, self._window_s) for one in around)
            near_visits = matched = 0
            # Some began outside the span, and may be near what began in it.
            for in_s, out_s, is_asked in self._near_visits(connection, wanted):
                is_near = near.add(in_s, out_s)
                if is_asked:
                    near_visits += 1
                    matched += is_near
        many = near.counts(_span(one, self._window_s) for one in asked)
        return Correlation(near_visits, matched, _by_zone(asked, many))

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
            page = [_presence(row) for row in rows]
            many: dict[Presence, int] = {}
            for run in self._runs(page):
                since = run[0].time_in.replace(microsecond=0)
                until = run[-1].time_in + timedelta(seconds=1)
                here = replace(wanted, since=since, until=until)
                counts = self._many_near(connection, here, run)
                many |= dict(zip(run, counts, strict=True))
        return [PresenceMatch(one, many[one]) for one in page]

    def _runs(self, page: Sequence[Presence]) -> list[list[Presence]]:
        """Return the presences in runs, the oldest first.

        Visits between two runs touch neither. A page of a quiet zone spans weeks, and
        all visits of that time would be read for a handful of presences.
        """
        apart = self._before + self._after
        found: list[list[Presence]] = []
        for presence in reversed(page):
            if found and presence.time_in - found[-1][-1].time_in <= apart:
                found[-1].append(presence)
            else:
                found.append([presence])
        return found

    def _many_near(
        self, connection: Connection, wanted: WifiFilter, asked: Sequence[Presence]
    ) -> list[int]:
        """Return how many visits were near during each of the presences.

        They began in the span.
        """
        spans = [_span(presence, self._window_s) for presence in asked]
        near = Nearness(spans)
        for in_s, out_s, _ in self._near_visits(connection, wanted):
            near.add(in_s, out_s)
        return near.counts(spans)

    def _near_visits(
        self, connection: Connection, wanted: WifiFilter
    ) -> Iterator[Sequence[int]]:
        """Yield when visits were near, first and last, and 1 for those of the filter.

        Others may be near a presence of the span: they began a little before or after,
        or before the hours of the filter.
        """
        since, until = wanted.since - self._before, wanted.until + self._after
        wanted = replace(wanted, long_stays=False)
        wider = replace(wanted, since=since, until=until, hours=None)
        in_s = visits.c.time_in_s
        asked = [in_s >= seconds(wanted.since), in_s < seconds(wanted.until)]
        is_asked = case((and_(*asked, *of_hours(in_s, wanted)), 1), else_=0)
        statement = (
            select(visits.c.near_in_s, visits.c.near_out_s, is_asked)
            .where(*of_visits(connection, wider, self._long_stay_s))
            .where(visits.c.near_in_s.is_not(None))
        )
        return self._db.each(connection, statement)


class Nearness:
    """How many spans overlap each of `asked`; all ends are inclusive.

    Any number of spans: they are counted one by one, and none is kept.
    """

    def __init__(self, asked: Iterable[tuple[int, int]]) -> None:
        spans = list(asked)
        self._begins = sorted(begin for begin, _ in spans)
        self._ends = sorted(end for _, end in spans)
        # By how many of these ends lie before a begin: it counts for all others.
        self._began = [0] * (len(self._ends) + 1)
        self._ended = [0] * (len(self._begins) + 1)

    def add(self, begin: int, end: int) -> bool:
        """Count a span; return whether it overlaps any of them."""
        over, begun = bisect_left(self._ends, begin), bisect_right(self._begins, end)
        self._began[over] += 1
        self._ended[begun] += 1
        return begun > over

    def counts(self, asked: Iterable[tuple[int, int]]) -> list[int]:
        """Return how many overlapped each of these."""
        until = dict(zip(self._ends, accumulate(self._began), strict=False))
        before = dict(zip(self._begins, accumulate(self._ended), strict=False))
        return [until[end] - before[begin] for begin, end in asked]


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
    connection: Connection,
    wanted: WifiFilter,
    serial: Serial | None,
    zone_id: ZoneId | None,
) -> list[Presence]:
    statement = select(presences).where(*_in_span(wanted, serial, zone_id))
    return [_presence(row) for row in connection.execute(statement)]


def _presence(row: Any) -> Presence:
    return Presence(Serial(row[0]), ZoneId(row[1]), *row[2:])


def _span(presence: Presence, window_s: int) -> tuple[int, int]:
    """Return its first and last second, widened by the window."""
    begin_s = math.floor(presence.time_in.timestamp())
    return begin_s - window_s, math.floor(presence.time_out.timestamp()) + window_s


def _by_zone(asked: Sequence[Presence], many: Sequence[int]) -> tuple[ZoneMatch, ...]:
    found: dict[tuple[Serial, ZoneId], list[int]] = defaultdict(lambda: [0, 0, 0])
    for presence, near in zip(asked, many, strict=True):
        sums = found[presence.serial, presence.zone_id]
        sums[0] += 1
        sums[1] += near > 0
        sums[2] += near
    return tuple(ZoneMatch(*zone, *sums) for zone, sums in sorted(found.items()))


def _epoch(column: ColumnElement[datetime]) -> ColumnElement[int]:
    # Truncated to seconds on both databases: PostgreSQL would round.
    return cast(func.floor(extract("epoch", column)), BigInteger)
