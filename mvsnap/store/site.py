"""Settings made on the pages, and the Dashboard's data about the cameras."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from mvsnap.core.users import NO_CHANGES
from mvsnap.domain import Camera, Change, Mute, Serial, Zone, ZoneId
from mvsnap.store.audit_rows import from_row, to_row
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.tables import audit, cameras, mutes, setting_overrides, zones
from mvsnap.values import asdict


class SiteStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    # --- setting overrides: settings changed on the page

    def setting_overrides(self) -> dict[str, Any]:
        """Return settings by name, such as "sense.people", that override the file's."""
        return {row.name: row.value for row in self._db.rows(select(setting_overrides))}

    def choose(
        self, values: Mapping[str, Any], who: str, now: datetime, log: Iterable[Change]
    ) -> None:
        """Store the values with their audit log lines; None: back to the file's."""
        with self._db.writing() as connection:
            for name, value in values.items():
                if value is None:
                    connection.execute(
                        delete(setting_overrides).where(
                            setting_overrides.c.name == name
                        )
                    )
                    continue
                statement = self._db.upsert(setting_overrides)
                row = {"value": value, "chosen_at": now, "chosen_by": who}
                connection.execute(statement.values(name=name, **row))
            write_changes(connection, log)

    # --- mutes

    def mutes(self, now: datetime) -> list[Mute]:
        """Return the active mutes, the one that ends first first."""
        statement = select(mutes).where(mutes.c.until > now).order_by(mutes.c.until)
        with self._db.reading() as connection:
            rows = connection.execute(statement).all()
        found = [
            Mute(
                id=row.id,
                until=row.until,
                muted_at=row.muted_at,
                muted_by=row.muted_by,
                serial=None if row.serial is None else Serial(row.serial),
                zone_id=None if row.zone_id is None else ZoneId(row.zone_id),
            )
            for row in rows
        ]
        return [mute for mute in found if mute.is_active(now)]

    def mute(self, mute: Mute, log: Change) -> None:
        """Store the mute; one that is known already stays as it is."""
        added = self._db.insert(mutes).values(**asdict(mute))
        statement = added.on_conflict_do_nothing().returning(mutes.c.id)
        with self._db.writing() as connection:
            if connection.execute(statement).first() is not None:
                write_changes(connection, [log])

    def unmute(self, mute_id: str, log: Change) -> bool:
        """End the mute; False if there is none with this id."""
        statement = delete(mutes).where(mutes.c.id == mute_id).returning(mutes.c.id)
        with self._db.writing() as connection:
            found = connection.execute(statement).first() is not None
            if found:
                write_changes(connection, [log])
        return found

    # --- audit

    def changes(self, limit: int) -> list[Change]:
        """Return the newest audit log lines of changes, newest first."""
        of_settings = audit.c.what.not_in(NO_CHANGES)
        statement = select(audit).where(of_settings)
        statement = statement.order_by(audit.c.id.desc()).limit(limit)
        return [from_row(row) for row in self._db.rows(statement)]

    # --- cameras and zones of the Dashboard

    def keep_cameras(
        self,
        found: Iterable[Camera],
        now: datetime,
        *,
        unsure: Collection[str] = (),
        stale: Collection[str] = (),
    ) -> None:
        """Store an answer of the Dashboard; cameras that are not in it are deleted.

        unsure: organizations of the settings whose cameras may not all be in it.
        stale: those whose last answer is too old to say that a change is of now.
        """
        # Two keys may see one organization.
        asked = {camera.serial: camera for camera in found}
        if not asked or self._is_known(asked, unsure):
            return  # asked for again and again: spare the SD card
        with self._db.writing() as connection:
            before = {row.serial: row for row in connection.execute(select(cameras))}
            rows = [
                asdict(camera)
                | _since(camera, before.get(camera.serial), now, stale)
                | {"asked_at": now, "since_asked_at": now}
                for camera in asked.values()
            ]
            connection.execute(self._db.upsert(cameras), rows)
            # Not "<": the clock may have been ahead when they were asked for.
            is_gone = cameras.c.asked_at != now
            if unsure:
                is_gone &= cameras.c.organization.not_in(sorted(unsure))
            connection.execute(delete(cameras).where(is_gone))

    def _is_known(
        self, asked: Mapping[Serial, Camera], unsure: Collection[str]
    ) -> bool:
        """Return whether the rows say so already, and none is too many."""
        known = {camera.serial: camera for camera in self.cameras()}
        more = (known[serial] for serial in known.keys() - asked.keys())
        return all(camera.organization in unsure for camera in more) and all(
            known.get(serial) == camera for serial, camera in asked.items()
        )

    def cameras(self) -> list[Camera]:
        """Return the Dashboard's data about the cameras, by name."""
        statement = select(cameras).order_by(cameras.c.name, cameras.c.serial)
        rows = self._db.rows(statement)
        return [
            Camera(
                *(Serial(r.serial), r.name, r.model, r.network_id, r.status),
                r.organization,
                r.status_since if _knows_since(r, r.status) else None,
            )
            for r in rows
        ]

    def organization_of(self, serial: Serial) -> str | None:
        """Return the name in the settings of a camera's organization; None: unknown."""
        statement = select(cameras.c.organization).where(cameras.c.serial == serial)
        found: str | None = self._db.scalar(statement)
        return found

    def keep_zones(self, serial: Serial, found: Iterable[Zone]) -> None:
        """Replace the zones of this camera."""
        rows = [
            {
                "serial": serial,
                "zone_id": zone.zone_id,
                "label": zone.label,
                "region": list(zone.region) if zone.region else None,
            }
            for zone in found
        ]
        with self._db.writing() as connection:
            connection.execute(delete(zones).where(zones.c.serial == serial))
            if rows:
                connection.execute(zones.insert(), rows)

    def zones(self) -> dict[Serial, list[Zone]]:
        """Return the zones of each camera, by label."""
        statement = select(zones).order_by(zones.c.serial, zones.c.label)
        rows = self._db.rows(statement)
        found: dict[Serial, list[Zone]] = {}
        for row in rows:
            region = tuple(row.region) if row.region else None
            zone = Zone(row.zone_id, row.label, region)
            found.setdefault(Serial(row.serial), []).append(zone)
        return found

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove mutes that are over."""
        rows = OldRows(mutes, mutes.c.until < now)
        return purge(self._db, rows, dry_run=dry_run)


def _since(
    camera: Camera, before: Any, now: datetime, stale: Collection[str]
) -> dict[str, Any]:
    """Return what to store of when a camera's status began; before: its row."""
    status, since = camera.status, None
    if before is not None:
        is_known = before.status != "unknown"
        last = before.status if is_known else before.since_status
        if status in ("unknown", last):
            # Between two equal ones nobody saw another.
            if _knows_since(before, last):
                status, since = before.since_status, before.status_since
        elif is_known and camera.organization not in stale:
            since = now
    return {"since_status": status, "status_since": since}


def _knows_since(row: Any, status: str | None) -> bool:
    """Return whether the row says since when a camera has this status.

    An older release may have seen others since, and stored one like that again.
    """
    return bool(row.since_status == status and row.since_asked_at == row.asked_at)


def write_changes(connection: Connection, log: Iterable[Change]) -> None:
    """Write audit log lines in the transaction of the change."""
    if rows := [to_row(change) for change in log]:
        connection.execute(audit.insert(), rows)
