"""Spans of time with no more visits than a page can process."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import BigInteger, case, cast, func, select

from mvsnap.store.database import Database
from mvsnap.values import replace
from mvsnap.wifi.conditions import of_source
from mvsnap.wifi.model import WifiFilter
from mvsnap.wifi.tables import visit_counts
from mvsnap.wifi.visits import SLOT_S


class WifiSpans:
    def __init__(self, db: Database) -> None:
        self._db = db

    def last_with(self, wanted: WifiFilter, most_visits: int) -> WifiFilter:
        """Return the filter with the last part of its span, limited in visits.

        Long stays count, too. It is at least a quarter of an hour, and the whole span
        if that has few enough.
        """
        slot_s, many = visit_counts.c.slot_s, func.sum(visit_counts.c.visits)
        since_s, until_s = (int(t.timestamp()) for t in (wanted.since, wanted.until))
        with self._db.reading() as connection:
            slots = (
                select(slot_s, cast(many, BigInteger).label("many"))
                .where(slot_s >= since_s - since_s % SLOT_S, slot_s < until_s)
                .where(*of_source(connection, visit_counts.c.source_id, wanted))
                .group_by(slot_s)
                .subquery()
            )
            from_here = func.sum(slots.c.many).over(order_by=slots.c.slot_s.desc())
            sums = select(slots.c.slot_s, from_here.label("many")).subquery()
            left_out = case((sums.c.many > most_visits, sums.c.slot_s), else_=None)
            out_s, last_s = connection.execute(
                select(func.max(left_out), func.max(sums.c.slot_s))
            ).one()
        if out_s is None:
            return wanted
        since = datetime.fromtimestamp(min(out_s + SLOT_S, last_s), UTC)
        return replace(wanted, since=max(since, wanted.since))
