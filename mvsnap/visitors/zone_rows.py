"""The visitors of each zone in a period, from the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.store.sense import ZoneKey
from mvsnap.values import replace
from mvsnap.visitors.filter import VisitorFilter
from mvsnap.visitors.model import MostSeen, Total
from mvsnap.visitors.rules import Span, in_hours
from mvsnap.visitors.store import VisitorStore
from mvsnap.web.places import Places


class EntranceChange(Struct, frozen=True):
    """Entrances of what is over of a period, and of the same of the one before it."""

    so_far: int
    before: int

    @property
    def percent(self) -> float | None:
        """None where nobody came before: nothing can be said in percent."""
        if not self.before:
            return None
        return round(100 * (self.so_far - self.before) / self.before, 1)


class VisitorRow(Struct, frozen=True):
    """One zone in the period.

    entrances, average: from the Dashboard; people, seen_at: from MV Sense, the most
    people at once and when anyone was last there. None where a source has no data.
    compared: None where either period was not counted as a whole.
    """

    serial: Serial
    camera: str
    zone_id: ZoneId
    zone: str
    kind: ZoneKind
    entrances: int | None
    average: float | None
    people: int | None
    seen_at: datetime | None
    compared: EntranceChange | None = None

    @property
    def key(self) -> ZoneKey:
        return self.serial, self.zone_id

    @property
    def change(self) -> float | None:
        return self.compared.percent if self.compared else None

    @property
    def is_full_frame(self) -> bool:
        return self.zone_id == FULL_FRAME


def visitor_rows(
    visitors: VisitorStore, places: Places, asked: VisitorFilter
) -> list[VisitorRow]:
    """Return a row for each zone that is known or counted in the period."""
    if asked.hours is None:
        spans: Sequence[Span] = asked.spans
        counted = visitors.totals(spans)
    else:
        spans = in_hours(asked.spans, asked.hours, asked.hours.zone)
        counted = visitors.hour_totals(spans)
    seen = visitors.most_seen(spans)
    named = {(k.zone.serial, k.zone.zone_id): k.zone for k in visitors.zones()}
    keys = {*named, *counted, *seen}
    rows = [
        _row(key, named.get(key), places, counted.get(key), seen.get(key))
        for key in keys
        if asked.serial in (None, key[0])
    ]
    return _sorted(_compared(rows, visitors, asked), asked)


def _compared(
    rows: Iterable[VisitorRow], visitors: VisitorStore, asked: VisitorFilter
) -> list[VisitorRow]:
    so_far = visitors.sums.whole(asked.so_far)
    before = visitors.sums.whole(asked.before)
    both = {
        key: EntranceChange(so_far[key], before[key]) for key in so_far.keys() & before
    }
    return [replace(row, compared=both.get(row.key)) for row in rows]


def _row(
    key: ZoneKey,
    named: CountedZone | None,
    places: Places,
    counted: Total | None,
    seen: MostSeen | None,
) -> VisitorRow:
    serial, zone_id = key
    average = counted.average_people if counted else None
    return VisitorRow(
        serial=serial,
        camera=places.camera(serial),
        zone_id=zone_id,
        zone=zone_name(named, places, serial, zone_id),
        kind=named.kind if named else ZoneKind.ZONE,
        entrances=counted.entrances if counted else None,
        average=None if average is None else round(average, 2),
        people=seen.people if seen else None,
        seen_at=seen.seen_at if seen else None,
    )


def zone_name(
    named: CountedZone | None, places: Places, serial: Serial, zone_id: ZoneId
) -> str:
    if named is not None and named.label:
        return zone_words(named.label)
    return places.zone(serial, zone_id)


def _sorted(rows: Iterable[VisitorRow], asked: VisitorFilter) -> list[VisitorRow]:
    """Sort; rows without a number come last, equal ones in order of name."""

    def name(row: VisitorRow) -> tuple[str, str, bool, str]:
        zone = row.zone.casefold()
        return (row.camera.casefold(), row.serial, not row.is_full_frame, zone)

    named = sorted(rows, key=name)
    if asked.sort in ("camera", "zone"):
        if asked.sort == "zone":
            named.sort(key=lambda row: row.zone.casefold(), reverse=asked.descending)
        elif asked.descending:
            named.sort(key=lambda row: row.camera.casefold(), reverse=True)
        return named
    known = [row for row in named if getattr(row, asked.sort) is not None]
    known.sort(key=lambda row: getattr(row, asked.sort), reverse=asked.descending)
    return known + [row for row in named if getattr(row, asked.sort) is None]
