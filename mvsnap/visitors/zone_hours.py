"""One zone: its hours from both sources, with the pictures of the busiest minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.domain import Serial, ZoneId, parse_serial
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.sense import ZoneKey
from mvsnap.texts import N_, _
from mvsnap.visitors.model import HourPicture, KnownZone
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.rules import (
    Hour,
    HourCount,
    HourPictureState,
    Span,
    hours_of,
    last_days,
    last_hours,
    merged,
    seen_in,
)
from mvsnap.web.charts import BarChart, Series
from mvsnap.web.context import Gateway, feature

HOURS = 14
_MAX_ID = 64
_STATES = {
    HourPictureState.WAITING: N_("The picture is not available yet"),
    HourPictureState.NO_VIDEO: N_("No video of that minute"),
    HourPictureState.OFFLINE: N_("The camera is offline"),
    HourPictureState.FAILED: N_("No picture"),
}


class HourRow(Struct, frozen=True):
    """One hour; no_picture: why there is none, "" where none is expected.

    picture: of its busiest minute, and of no other.
    """

    hour: Hour
    clock: str
    is_over: bool
    picture: HourPicture | None
    no_picture: str

    @property
    def has_picture(self) -> bool:
        return self.picture is not None and self.picture.state is HourPictureState.TAKEN

    @property
    def key(self) -> str:
        """The hour in an address: seconds since 1970."""
        return str(int(self.hour.span[0].timestamp()))

    @property
    def busiest(self) -> HourCount | None:
        """The Dashboard's count, if it has the busiest minute."""
        counted = self.hour.counted
        return counted if counted and counted.busiest_at else None


class ZoneHours(Struct, frozen=True):
    """The data of a zone in these hours, oldest first.

    day: None for the last 14 hours. entrances: None if the Dashboard has no count.
    """

    rows: Sequence[HourRow]
    day: date | None
    entrances: int | None
    people: int | None
    chart: BarChart | None

    @property
    def busiest(self) -> HourRow | None:
        """The hour with the most entrances, or the most people seen."""
        return max(
            (row for row in self.rows if row.hour.busiest_at), key=_rank, default=None
        )

    @property
    def peak(self) -> HourRow | None:
        """The hour with the busiest minute of all."""
        return max(
            (row for row in self.rows if row.hour.busiest_at), key=_peak, default=None
        )


def _rank(row: HourRow) -> tuple[int, int]:
    counted, seen = row.hour.counted, row.hour.seen
    return counted.entrances if counted else 0, seen.people if seen else 0


def _peak(row: HourRow) -> tuple[float, int, int]:
    counted, seen = row.hour.counted, row.hour.seen
    people = (counted.busiest_people or 0.0) if counted else 0.0
    entrances = counted.busiest_entrances if counted else 0
    return people, entrances, seen.people if seen else 0


def zone_hours(
    here: Gateway, serial: Serial, zone_id: ZoneId, day: date | None
) -> ZoneHours:
    """Return the hours of a day, or the last 14."""
    now, clock = here.clock.now(), here.zone
    spans = _spans(day, now, clock)
    since, until = spans[0][0], spans[-1][1]
    counted = feature(VisitorParts).store.hours(serial, zone_id, since, until)
    presences = [
        presence
        for presence in here.sense.presences(since, until, serial)
        if presence.zone_id == zone_id
    ]
    hours = merged(spans, counted, seen_in(presences, spans))
    pictures = feature(VisitorParts).store.pictures(serial, zone_id, since, until)
    takes = now - timedelta(hours=HOURS)
    rows = [
        _hour_row(hour, pictures.get(hour.span[0]), now, takes, clock) for hour in hours
    ]
    entrances = [hour.counted.entrances for hour in hours if hour.counted]
    seen = [hour.seen.people for hour in hours if hour.seen]
    return ZoneHours(
        rows=rows,
        day=day,
        entrances=sum(entrances) if entrances else None,
        people=max(seen, default=None),
        chart=_chart(rows),
    )


def _spans(day: date | None, now: datetime, clock: ZoneInfo) -> list[Span]:
    if day is None:
        return last_hours(now, clock, HOURS)
    (span,) = last_days(day, clock, 1)
    return [hour for hour in hours_of(span, clock) if hour[0] <= now] or [span]


def _hour_row(
    hour: Hour,
    picture: HourPicture | None,
    now: datetime,
    takes: datetime,
    clock: ZoneInfo,
) -> HourRow:
    is_over = now >= hour.span[1]
    if picture is not None and picture.minute_at != hour.busiest_at:
        picture = None  # a busier minute was counted later
    why = ""
    if picture is not None:
        why = _STATES.get(picture.state, "")
    elif hour.busiest_at is not None and hour.span[0] >= takes:
        why = _("Fetching the picture") if is_over else _("Available after this hour")
    begin = hour.span[0].astimezone(clock)
    return HourRow(hour, f"{begin:%H:%M}", is_over, picture, why)


def _chart(rows: Sequence[HourRow]) -> BarChart | None:
    """Return the entrances, or, if there are none, the people seen by MV Sense."""
    labels = [row.clock for row in rows]
    running = next((n for n, row in enumerate(rows) if not row.is_over), None)
    entrances = [
        row.hour.counted.entrances if row.hour.counted else None for row in rows
    ]
    people = [row.hour.seen.people if row.hour.seen else None for row in rows]
    for title, values, unit, one in (
        (_("Entrances per hour"), entrances, _("entrances"), _("entrance")),
        (_("Peak people per hour"), people, _("people"), _("person")),
    ):
        series = [Series(title, values)]
        chart = BarChart(title, labels, series, unit, unfinished=running, one=one)
        if not chart.is_empty:
            return chart
    return None


def known_zone(serial: Serial, zone_id: ZoneId) -> KnownZone | None:
    for known in feature(VisitorParts).store.zones():
        if (known.zone.serial, known.zone.zone_id) == (serial, zone_id):
            return known
    return None


def zone_key(serial: str, zone_id: str) -> ZoneKey:
    """Return camera and zone of an address. Raises NotFound where none can be."""
    # No id contains a NUL, and PostgreSQL refuses to search for one.
    if not zone_id.isprintable() or len(zone_id) > _MAX_ID:
        raise NotFound(N_("No such zone"))
    try:
        return parse_serial(serial), ZoneId(zone_id)
    except BadInput as exc:
        raise NotFound(exc.message) from exc
