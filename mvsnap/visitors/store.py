"""The stored visitor counts: read by the pages, written by the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    delete,
    exists,
    false,
    func,
    or_,
    select,
)

from mvsnap.clock import AHEAD
from mvsnap.domain import Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.store.database_clock import is_due
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.sense import ZoneKey
from mvsnap.store.tables import presences
from mvsnap.values import asdict
from mvsnap.visitors.model import (
    CountingCamera,
    HourPicture,
    KnownZone,
    MostSeen,
    Total,
)
from mvsnap.visitors.rows import (
    hour_of,
    known_zone_of,
    picture_of,
)
from mvsnap.visitors.rules import HourCount, HourPictureState, Span, joined
from mvsnap.visitors.sums import VisitorSums
from mvsnap.visitors.tables import (
    claims,
    page_views,
    visitor_cameras,
    visitor_days,
    visitor_hours,
    visitor_pictures,
    visitor_zones,
)
from mvsnap.visitors.writes import VisitorWrites

# An hour at most, and machines whose clocks differ.
_LONGEST_CLAIM = timedelta(minutes=75)


class VisitorStore(VisitorWrites):
    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.sums = VisitorSums(db)

    # --- who fetches

    def claim(self, name: str, by: str, now: datetime, until: datetime) -> bool:
        """Return whether this process does the work until then; silent ones lose it."""
        is_free = is_due(claims.c.until, now, _LONGEST_CLAIM)
        is_free |= claims.c.claimed_by == by
        statement = self._db.upsert(claims, where=is_free)
        claimed = statement.values(name=name, claimed_by=by, until=until)
        with self._db.writing() as connection:
            found = connection.execute(claimed.returning(claims.c.name))
            return found.first() is not None

    def release(self, name: str, by: str) -> None:
        mine = (claims.c.name == name) & (claims.c.claimed_by == by)
        self._db.execute(delete(claims).where(mine))

    # --- cameras and zones

    def cameras(self) -> dict[Serial, CountingCamera]:
        rows = self._db.rows(select(visitor_cameras))
        return {
            Serial(r.serial): CountingCamera(
                Serial(r.serial), r.has_sense, r.asked_at, r.error
            )
            for r in rows
        }

    def forget_camera(self, serial: Serial) -> None:
        """Delete a camera that the Dashboard no longer lists; its counts stay."""
        with self._db.writing() as connection:
            for table in (visitor_cameras, visitor_zones):
                connection.execute(delete(table).where(table.c.serial == serial))

    def zones(self) -> list[KnownZone]:
        """Return all zones, those that wait longest for their hours first."""
        order = (
            visitor_zones.c.hours_asked_at.asc().nulls_first(),
            visitor_zones.c.serial,
            visitor_zones.c.zone_id,
        )
        rows = self._db.rows(select(visitor_zones).order_by(*order))
        return [known_zone_of(row) for row in rows]

    def add_page_view(self, serial: Serial, zone_id: ZoneId, now: datetime) -> None:
        """Record that somebody is viewing the zone."""
        statement = self._db.upsert(page_views)
        self._db.execute(
            statement.values(serial=serial, zone_id=zone_id, viewed_at=now)
        )

    def page_views(self, since: datetime, now: datetime) -> dict[ZoneKey, datetime]:
        """Return the zones viewed since then, the most recent first."""
        viewed_at = page_views.c.viewed_at
        statement = select(page_views).where(
            viewed_at >= since, viewed_at <= now + AHEAD
        )
        newest = page_views.c.viewed_at.desc()
        rows = self._db.rows(statement.order_by(newest))
        return {(Serial(r.serial), ZoneId(r.zone_id)): r.viewed_at for r in rows}

    # --- days and hours

    def finished_days(self, since: datetime) -> set[tuple[Serial, ZoneId, datetime]]:
        """Return which days of which zones need no more requests."""
        table = visitor_days.c
        statement = select(table.serial, table.zone_id, table.began_at).where(
            table.began_at >= since, table.is_over
        )
        rows = self._db.rows(statement)
        return {(Serial(r.serial), ZoneId(r.zone_id), r.began_at) for r in rows}

    def was_counted(self, serial: Serial, zone_id: ZoneId) -> bool:
        """Return whether any day of the zone is stored."""
        table = visitor_days.c
        found = (table.serial == serial) & (table.zone_id == zone_id)
        return bool(self._db.scalar(select(exists().where(found))))

    def totals(self, days: Sequence[Span]) -> dict[ZoneKey, Total]:
        """Return the total of each zone over these days.

        Days of another time zone, stored before the site's was changed, are excluded.
        """
        table = visitor_days.c
        known_s = case((table.average_people.is_not(None), table.covered_s))
        people_s = func.sum(table.average_people * table.covered_s)
        statement = (
            select(
                table.serial,
                table.zone_id,
                func.sum(table.entrances).label("entrances"),
                (people_s / func.nullif(func.sum(known_s), 0)).label("people"),
            )
            .where(table.began_at.in_([begin for begin, _ in days]))
            .group_by(table.serial, table.zone_id)
        )
        return self._totals(statement)

    def hour_totals(self, hours: Sequence[Span]) -> dict[ZoneKey, Total]:
        """Return the total of each zone over these hours, as far as they are stored."""
        table = visitor_hours.c
        statement = (
            select(
                table.serial,
                table.zone_id,
                func.sum(table.entrances).label("entrances"),
                func.avg(table.average_people).label("people"),
            )
            .where(table.began_at.in_([begin for begin, _ in hours]))
            .group_by(table.serial, table.zone_id)
        )
        return self._totals(statement)

    def _totals(self, statement: Select[Any]) -> dict[ZoneKey, Total]:
        rows = self._db.rows(statement)
        return {
            (Serial(r.serial), ZoneId(r.zone_id)): Total(int(r.entrances), r.people)
            for r in rows
        }

    def entrances(
        self, since: datetime, until: datetime, *, by_hour: bool
    ) -> dict[ZoneKey, dict[datetime, int]]:
        """Return entrances of each zone by the begin of each day, or of each hour."""
        table = visitor_hours.c if by_hour else visitor_days.c
        statement = select(
            table.serial, table.zone_id, table.began_at, table.entrances
        ).where(table.began_at >= since, table.began_at < until)
        found: dict[ZoneKey, dict[datetime, int]] = {}
        with self._db.reading() as connection:
            for row in connection.execute(statement):
                zone = found.setdefault((Serial(row.serial), ZoneId(row.zone_id)), {})
                zone[row.began_at] = row.entrances
        return found

    def hours(
        self, serial: Serial, zone_id: ZoneId, since: datetime, until: datetime
    ) -> list[HourCount]:
        """Return the hours that begin in [since, until), oldest first."""
        table = visitor_hours.c
        statement = select(visitor_hours).where(
            table.serial == serial,
            table.zone_id == zone_id,
            table.began_at >= since,
            table.began_at < until,
        )
        rows = self._db.rows(statement.order_by(table.began_at))
        return [hour_of(row) for row in rows]

    # --- MV Sense

    def most_seen(self, spans: Sequence[Span]) -> dict[ZoneKey, MostSeen]:
        """Return the most people seen at once in each zone in any of these spans."""
        table = presences.c
        seen = [
            (table.time_in < until) & (table.time_out >= since)
            for since, until in joined(spans)
        ]
        statement = (
            select(
                table.serial,
                table.zone_id,
                func.max(table.peak_people).label("people"),
                func.max(table.time_out, type_=table.time_out.type).label("seen_at"),
            )
            .where(or_(false(), *seen))
            .group_by(table.serial, table.zone_id)
        )
        rows = self._db.rows(statement)
        return {
            (Serial(r.serial), ZoneId(r.zone_id)): MostSeen(r.people, r.seen_at)
            for r in rows
        }

    def most_seen_in(
        self, spans: Sequence[Span], zone_id: ZoneId, serial: Serial | None = None
    ) -> dict[int, int]:
        """Return the most people one camera saw at once, by the index of the span.

        spans: in order of time; a presence counts where it begins.
        """
        if not spans:  # an hour that the clocks leave out
            return {}
        table = presences.c
        began = table.time_in
        number = case(
            *(
                ((began >= begin) & (began < end), n)
                for n, (begin, end) in enumerate(spans)
            )
        )
        wanted: list[ColumnElement[bool]] = [
            began >= spans[0][0],
            began < spans[-1][1],
            table.zone_id == zone_id,
        ]
        if serial is not None:
            wanted.append(table.serial == serial)
        statement = select(number.label("number"), func.max(table.peak_people)).where(
            *wanted
        )
        rows = self._db.rows(statement.group_by(number))
        return {row[0]: row[1] for row in rows if row[0] is not None}

    # --- pictures

    def keep_picture(self, picture: HourPicture) -> str | None:
        """Store the outcome, unless another process has taken the same minute.

        Returns the path of the file that the row names then.
        """
        row, table = asdict(picture), visitor_pictures.c
        is_taken = (table.state == HourPictureState.TAKEN) & (
            table.minute_at == picture.minute_at
        )
        statement = self._db.upsert(visitor_pictures, where=~is_taken)
        path = table.snapshot_path
        one = (
            (table.serial == picture.serial)
            & (table.zone_id == picture.zone_id)
            & (table.began_at == picture.began_at)
        )
        with self._db.writing() as connection:
            connection.execute(statement.values(row))
            return connection.execute(select(path).where(one)).scalar()

    def pictures(
        self, serial: Serial, zone_id: ZoneId, since: datetime, until: datetime
    ) -> dict[datetime, HourPicture]:
        """Return the pictures of the hours that begin in [since, until)."""
        table = visitor_pictures.c
        statement = select(visitor_pictures).where(
            table.serial == serial,
            table.zone_id == zone_id,
            table.began_at >= since,
            table.began_at < until,
        )
        return {row.began_at: picture_of(row) for row in self._db.rows(statement)}

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove counts that are older, and cameras not asked about since."""
        return purge(
            self._db,
            OldRows(visitor_hours, visitor_hours.c.began_at < before),
            OldRows(visitor_days, visitor_days.c.began_at < before),
            OldRows(page_views, page_views.c.viewed_at < before, counted=False),
            OldRows(
                visitor_cameras, visitor_cameras.c.asked_at < before, counted=False
            ),
            dry_run=dry_run,
        )

    def purge_pictures(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove pictures of hours that are older."""
        old = visitor_pictures.c.began_at < before
        path = visitor_pictures.c.snapshot_path
        rows = OldRows(visitor_pictures, old, path=path)
        return purge(self._db, rows, dry_run=dry_run)
