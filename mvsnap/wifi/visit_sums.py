"""What changes in the sums over visits, and how it is written.

`visit_counts` has the visits of a quarter of an hour, `device_days` those of a day of
the site. Both are counted in the transaction that changes the visits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case

from mvsnap.store.bulk import Bulk
from mvsnap.store.database import Database
from mvsnap.wifi.tables import device_days, visit_counts
from mvsnap.wifi.visits import DWELL_CLASSES_S, SLOT_S, VisitRule, dwell_class

# The day before the first visit of a device.
NEVER = -1
_EPOCH_DAY = date(1970, 1, 1)
# Upper ends of the classes of lengths.
_ENDS_S = (*DWELL_CLASSES_S[1:], 2**62)
_CountKey = tuple[int, int, int, bool]
# Day, source, day of the visit before, whether it is long.
DayKey = tuple[int, int, int, bool]


@dataclass(slots=True)
class SumChanges:
    """counts: visits, first visits, seconds, longest; days: visits."""

    rule: VisitRule
    counts: dict[_CountKey, list[int]] = field(default_factory=dict)
    days: Counter[DayKey] = field(default_factory=Counter)

    def count(
        self, source_id: int, in_s: int, out_s: int, previous_s: int | None, sign: int
    ) -> None:
        """Count a visit (1), or no longer (-1)."""
        dwell_s = out_s - in_s
        is_long = dwell_s > self.rule.long_stay_s
        key = (in_s - in_s % SLOT_S, source_id, dwell_class(dwell_s), is_long)
        sums = self._sums(key)
        sums[0] += sign
        if previous_s is None:
            sums[1] += sign
        sums[2] += sign * dwell_s
        if sign > 0 and dwell_s > sums[3]:
            sums[3] = dwell_s
        zone = self.rule.zone
        if zone is not None:
            day = day_of(in_s // SLOT_S, zone)
            before = NEVER if previous_s is None else day_of(previous_s // SLOT_S, zone)
            self.days[day, source_id, before, is_long] += sign

    def lasts(self, source_id: int, in_s: int, was_s: int, dwell_s: int) -> bool:
        """Count a visit that has become longer; False if it counts elsewhere now."""
        kind, is_long = dwell_class(was_s), was_s > self.rule.long_stay_s
        if dwell_s >= _ENDS_S[kind] or (dwell_s > self.rule.long_stay_s) != is_long:
            return False
        sums = self._sums((in_s - in_s % SLOT_S, source_id, kind, is_long))
        sums[2] += dwell_s - was_s
        if dwell_s > sums[3]:
            sums[3] = dwell_s
        return True

    def _sums(self, key: _CountKey) -> list[int]:
        sums = self.counts.get(key)
        if sums is None:
            sums = self.counts[key] = [0, 0, 0, 0]
        return sums


class SumWriter:
    """Its methods run in the transaction that changes the visits."""

    def __init__(self, db: Database) -> None:
        add = db.insert(visit_counts)
        old, new = visit_counts.c, add.excluded
        changed = {
            name: old[name] + new[name]
            for name in ("visits", "first_visits", "dwell_s", "measured_s")
        }
        is_longer = new.longest_s > old.longest_s
        changed["longest_s"] = case((is_longer, new.longest_s), else_=old.longest_s)
        self._add_counts = Bulk(
            db,
            add.on_conflict_do_update(
                index_elements=[*visit_counts.primary_key], set_=changed
            ),
            *old.keys(),
        )
        more = db.insert(device_days)
        self._add_days = Bulk(
            db,
            more.on_conflict_do_update(
                index_elements=[*device_days.primary_key],
                set_={"visits": device_days.c.visits + more.excluded.visits},
            ),
            *device_days.columns.keys(),
        )

    def write(self, connection: Connection, changes: SumChanges) -> None:
        # What is measured: the release before adds to the others alone, see the table.
        counts = [
            (*key, many, first, dwell_s, longest_s, dwell_s + many)
            for key, (many, first, dwell_s, longest_s) in changes.counts.items()
            if many or first or dwell_s or longest_s
        ]
        self._add_counts.run(connection, counts)
        self.add_days(connection, changes.days)

    def add_days(self, connection: Connection, days: Counter[DayKey]) -> None:
        rows = [(*key, many) for key, many in days.items() if many]
        self._add_days.run(connection, rows)


@lru_cache(maxsize=20_000)
def day_of(slot: int, zone: ZoneInfo) -> int:
    """Return the day of the site since 1970 in which this slot since then begins."""
    local = datetime.fromtimestamp(slot * SLOT_S, zone)
    return (local.date() - _EPOCH_DAY).days
