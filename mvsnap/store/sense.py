"""Stored data of MV Sense: presences, the state of each zone's rule, listeners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from mvsnap.domain import Event, Listener, Presence, Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.store.events import SILENT_AFTER
from mvsnap.store.events.rows import event_row
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.tables import camera_last_seen, events, listeners, presences, watches
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason
from mvsnap.values import asdict

ZoneKey = tuple[Serial, ZoneId]
# How often the rate of a listener is written while it changes: spare the SD card.
_RATE_EVERY = timedelta(minutes=1)
# Says in the transaction whether what is to be written is still ours.
Fence = Callable[[Connection], bool]


class Findings(Struct, frozen=True):
    """The results of one batch of counts; `states` are JSON objects."""

    events: Sequence[Event] = ()
    presences: Sequence[Presence] = ()
    states: Mapping[ZoneKey, dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self.events or self.presences or self.states)

    def without(self, gone: Callable[[str], bool]) -> Findings:
        """Return it without cameras and sensors that are gone, by serial or MAC."""
        return Findings(
            [event for event in self.events if not gone(event.serial)],
            [presence for presence in self.presences if not gone(presence.serial)],
            {key: state for key, state in self.states.items() if not gone(key[0])},
        )


class SenseStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        # Built once: building one takes as long as writing twenty rows.
        self._add_events = db.insert(events).on_conflict_do_nothing()
        self._add_presences = db.insert(presences).on_conflict_do_nothing()
        self._put_watches = db.upsert(watches, "state", "changed_at")
        self._put_last_seen = db.upsert(camera_last_seen, "last_seen_at")

    def save(self, found: Findings, now: datetime, fence: Fence | None = None) -> bool:
        """Write all of it or nothing; what exists already stays as it is.

        Returns False if the fence does not let it through: nothing was written.
        """
        with self._db.writing() as connection:
            if fence is not None and not fence(connection):
                return False
            if found.events:
                rows = [event_row(event) for event in found.events]
                connection.execute(self._add_events, rows)
            if found.presences:
                rows = [asdict(presence) for presence in found.presences]
                connection.execute(self._add_presences, rows)
            if found.states:
                states = [
                    {"serial": s, "zone_id": z, "state": state, "changed_at": now}
                    for (s, z), state in found.states.items()
                ]
                connection.execute(self._put_watches, states)
        return True

    def states(self, since: datetime) -> dict[ZoneKey, dict[str, Any]]:
        """Return the states that were written after `since`."""
        recent = select(watches).where(watches.c.changed_at >= since)
        rows = self._db.rows(recent)
        return {(Serial(r.serial), ZoneId(r.zone_id)): r.state for r in rows}

    def zone_states(self, serial: Serial) -> dict[ZoneId, tuple[Any, datetime]]:
        """Return the state of each zone of a camera, and when it was written."""
        with self._db.reading() as connection:
            wanted = select(watches).where(watches.c.serial == serial)
            rows = connection.execute(wanted).all()
        return {ZoneId(row.zone_id): (row.state, row.changed_at) for row in rows}

    def all_zone_states(self) -> dict[Serial, dict[ZoneId, tuple[Any, datetime]]]:
        """Return the same of every camera that has one."""
        rows = self._db.rows(select(watches))
        found: dict[Serial, dict[ZoneId, tuple[Any, datetime]]] = {}
        for row in rows:
            zones = found.setdefault(Serial(row.serial), {})
            zones[ZoneId(row.zone_id)] = (row.state, row.changed_at)
        return found

    def presences(
        self, since: datetime, until: datetime, serial: Serial | None = None
    ) -> list[Presence]:
        """Return presences that touch [since, until), by time in."""
        statement = select(presences).where(
            presences.c.time_in < until, presences.c.time_out >= since
        )
        if serial is not None:
            statement = statement.where(presences.c.serial == serial)
        rows = self._db.rows(statement.order_by(presences.c.time_in))
        return [
            Presence(
                Serial(row.serial),
                ZoneId(row.zone_id),
                row.time_in,
                row.time_out,
                row.peak_people,
            )
            for row in rows
        ]

    def note_last_seen(
        self, last_seen: Mapping[Serial, datetime], now: datetime
    ) -> None:
        """Store when each camera was last seen; now: by this machine's clock, too."""
        if not last_seen:
            return
        with self._db.writing() as connection:
            ahead = timedelta()
            if not self._db.is_sqlite:
                ahead = self._db.clock.times(connection).now - now
            rows = [
                {"serial": serial, "last_seen_at": at + ahead}
                for serial, at in last_seen.items()
            ]
            connection.execute(self._put_last_seen, rows)

    def last_seen(self) -> dict[Serial, datetime]:
        """Return when each camera was last seen, by the database's time."""
        with self._db.reading() as connection:
            rows = connection.execute(select(camera_last_seen)).all()
            times = self._db.clock.times(connection)
        return {Serial(row.serial): times.by_now(row.last_seen_at) for row in rows}

    def keep_listener(self, listener: Listener) -> None:
        """Say that it is alive, by its row if that says something else."""
        mine = listeners.c.listener_id == listener.listener_id
        row = self._db.first(select(listeners).where(mine))
        written_at = None if row is None else row.seen_at
        name, now = _pulse(listener.listener_id), listener.seen_at
        spared = self._db.pulses.spares(name, written_at, now)
        if not spared or row is None or _is_news(listener, row):
            self.describe_listener(listener)

    def end_listener(self, listener_id: str) -> None:
        self._db.pulses.end(_pulse(listener_id))

    def describe_listener(self, listener: Listener) -> None:
        """Write its row."""
        row = {**asdict(listener), "state": str(listener.state), **_reasons(listener)}
        self._db.execute(self._db.upsert(listeners).values(**row))

    def listeners(self) -> list[Listener]:
        """Return the last report of each listener, the newest first."""
        with self._db.reading() as connection:
            rows = connection.execute(select(listeners)).all()
            times = self._db.clock.times(connection)
        found = [
            Listener(
                row.listener_id,
                times.now
                - self._db.pulses.youngest(
                    _pulse(row.listener_id), times.age(row.seen_at)
                ),
                row.connected,
                reasons.read(row.reasons, "state", row.state) or Reason(""),
                row.messages_per_s,
                row.people_counts,
                row.refused,
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: one.seen_at, reverse=True)

    def watches_all(self) -> bool:
        """Return whether no listener leaves out zones because they are too many."""
        with self._db.reading() as connection:
            refused = select(listeners.c.refused).where(listeners.c.refused > 0)
            return connection.execute(refused.limit(1)).first() is None

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove presences that are older."""
        rows = OldRows(presences, presences.c.time_out < before)
        return purge(self._db, rows, dry_run=dry_run)

    def purge_states(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove how things were that nobody has heard of since."""
        return purge(
            self._db,
            OldRows(watches, watches.c.changed_at < before),
            OldRows(camera_last_seen, camera_last_seen.c.last_seen_at < before),
            OldRows(listeners, listeners.c.seen_at < before),
            dry_run=dry_run,
        )


def _pulse(listener_id: str) -> str:
    return f"listener {listener_id}"


def _is_news(listener: Listener, row: Row[Any]) -> bool:
    """Return whether its row is not true any more; a rate may be a minute old."""
    if listener.messages_per_s != row.messages_per_s:
        is_other = not listener.messages_per_s or not row.messages_per_s
        if is_other or listener.seen_at - row.seen_at >= _RATE_EVERY:
            return True
    said = (listener.connected, listener.state, _reasons(listener)["reasons"])
    written = (row.connected, row.state, row.reasons)
    return (*said, *_zones(listener)) != (*written, *_zones(row))


def alive(listeners: Iterable[Listener], now: datetime) -> list[Listener]:
    """Return those that were seen just now, by the database's time."""
    return [one for one in listeners if now - one.seen_at <= SILENT_AFTER]


def _reasons(listener: Listener) -> dict[str, Any]:
    return {"reasons": reasons.stored(state=listener.state)}


def _zones(found: Listener | Row[Any]) -> tuple[int, int]:
    return found.people_counts, found.refused
