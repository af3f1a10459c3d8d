"""The event store: what happened, and which messages were sent.

One method is one transaction. Rows become dataclasses before they leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    union_all,
)

from mvsnap.clip_model import ClipState
from mvsnap.clock import AHEAD
from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
    MessageId,
    Serial,
    ZoneId,
    is_serial,
)
from mvsnap.store import database_clock
from mvsnap.store.events.latest_pictures import LatestPictures
from mvsnap.store.events.rows import (
    delivery_of,
    error_columns,
    event_of,
    event_row,
    named_events,
    why_undelivered,
)
from mvsnap.store.paging import Order, pages
from mvsnap.store.pieces import pieces
from mvsnap.store.purging import OldRows, PurgeResult, one_of_paths, purge
from mvsnap.store.tables import (
    clips,
    deliveries,
    events,
    repeats,
    workers,
)
from mvsnap.texts.channel_wordings import NOT_DELIVERED
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored, replace

NEWEST_FIRST = Order(falling=(events.c.occurred_at, events.c.id))
_IN_DOUBT = (DeliveryState.SENDING, DeliveryState.UNSURE)
# A worker not seen for this long is considered dead.
SILENT_AFTER = timedelta(seconds=50)


class EventFilter(Struct, frozen=True):
    """Which events; None means any. `until` is exclusive; `after` is paging.

    serials: of cameras; the name of a camera without a serial.
    """

    kinds: tuple[EventKind, ...] | None = None
    without: tuple[EventKind, ...] = ()
    serials: tuple[Serial, ...] | None = None
    zone_id: ZoneId | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: EventId | None = None


class Store(LatestPictures):
    def close(self) -> None:
        self._db.engine.dispose()

    def commits(self) -> int | None:
        """Return `Commits.count`."""
        return self._db.commits.count()

    def require_database(self) -> None:
        """Raise SQLAlchemyError if the database server is away; SQLite has none."""
        if not self._db.is_sqlite:
            self.ping()

    def is_read_only(self) -> bool:
        """Return whether a PostgreSQL takes no changes now: a standby, for example."""
        if self._db.is_sqlite:
            return False
        with self._db.reading() as connection:
            setting = text("select current_setting('transaction_read_only')")
            return bool(connection.scalar(setting) == "on")

    def ping(self) -> None:
        """Do nothing but prove that the database answers."""
        self._db.rows(select(1))

    def add_event(self, event: Event) -> bool:
        """Add an event; False if it exists already (ids are derived from the job)."""
        statement = self._db.insert(events).values(event_row(event))
        # psycopg does not count the rows of such a statement; RETURNING does.
        added = statement.on_conflict_do_nothing().returning(events.c.id)
        return self._db.returned(added) is not None

    def event(self, event_id: EventId) -> Event | None:
        with self._db.reading() as connection:
            row = connection.execute(named_events().where(events.c.id == event_id))
            found = row.one_or_none()
        return None if found is None else event_of(found)

    def events(self, wanted: EventFilter, limit: int) -> list[Event]:
        """Return events, newest first, at most `limit`."""
        found = conditions(wanted)
        if (
            wanted.kinds is not None
            and len(wanted.kinds) > 1
            and wanted.serials is None
        ):
            found = [events.c.id.in_(_newest_of_each(wanted, limit))]
        statement = named_events().where(*found).order_by(*NEWEST_FIRST.by).limit(limit)
        return [event_of(row) for row in self._db.rows(statement)]

    def latest(self, wanted: EventFilter, limit: int, now: datetime) -> list[Event]:
        """Return the newest events.

        Where there are others, not those of the future: the clock was ahead.
        """
        past = self.events(replace(wanted, until=now + AHEAD), limit)
        return past or self.events(wanted, limit)

    def pages(self, wanted: EventFilter, most: int | None) -> Iterator[Sequence[Event]]:
        """Yield all matching events page by page, newest first, at most `most`."""

        def read(after: EventId | None, limit: int) -> list[Event]:
            return self.events(replace(wanted, after=after), limit)

        return pages(read, lambda event: event.id, after=wanted.after, most=most)

    def count_events(
        self, since: datetime, until: datetime, *, only_failed: bool = False
    ) -> dict[EventKind, int]:
        """Count events by kind between these; failed: those with an error."""
        statement = select(events.c.kind, func.count().label("how_many")).where(
            events.c.occurred_at >= since, events.c.occurred_at < until
        )
        if only_failed:
            statement = statement.where(events.c.error.is_not(None))
        rows = self._db.rows(statement.group_by(events.c.kind))
        return {as_stored(EventKind, row.kind): row.how_many for row in rows}

    def events_of_job(self, job_id: JobId) -> list[Event]:
        """Return the job's events in the order they were recorded."""
        return self.events_of_jobs([job_id])

    def events_of_jobs(self, job_ids: Iterable[JobId]) -> list[Event]:
        """Return all events of these jobs in the order they were recorded."""
        found: list[Event] = []
        with self._db.reading() as connection:
            for some in pieces(list(dict.fromkeys(job_ids))):
                its = named_events().where(events.c.job_id.in_(some))
                rows = connection.execute(its.order_by(events.c.recorded_at))
                found += [event_of(row) for row in rows]
        return sorted(found, key=lambda event: event.recorded_at)

    def deliveries_of_job(self, job_id: JobId) -> dict[tuple[str, str], Delivery]:
        """Return the job's messages by part and room."""
        statement = select(deliveries).where(deliveries.c.job_id == job_id)
        rows = self._db.rows(statement)
        return {(row.part, row.room): delivery_of(row) for row in rows}

    def undelivered(self, job_ids: Iterable[JobId]) -> dict[JobId, Reason]:
        """Return why a message of these jobs was given up, where one was."""
        wanted = (deliveries.c.job_id, deliveries.c.error, deliveries.c.reasons)
        statement = select(*wanted).where(deliveries.c.state == DeliveryState.FAILED)
        found: dict[JobId, Reason] = {}
        with self._db.reading() as connection:
            for some in pieces(list(dict.fromkeys(job_ids))):
                its = statement.where(deliveries.c.job_id.in_(some))
                for row in connection.execute(its):
                    found[JobId(row.job_id)] = why_undelivered(row) or NOT_DELIVERED()
        return found

    def count_undelivered(self, since: datetime) -> int:
        """Count the messages that were given up since then."""
        statement = select(func.count()).where(
            deliveries.c.state == DeliveryState.FAILED,
            deliveries.c.changed_at >= since,
        )
        return int(self._db.scalar(statement))

    def begin_delivery(
        self, job_id: JobId, part: str, room: str, now: datetime
    ) -> Delivery | None:
        """Store that the message is about to leave; return its state before.

        A message that was sent already stays as it is.
        """
        found = deliveries.c
        key = and_(found.job_id == job_id, found.part == part, found.room == room)
        fresh = {"state": DeliveryState.SENDING, "changed_at": now}
        # Inserted first: of two that start at once, one waits here for the other.
        first = (
            self._db.insert(deliveries)
            .values(job_id=job_id, part=part, room=room, attempts=1, **fresh)
            .on_conflict_do_nothing()
            .returning(deliveries.c.job_id)
        )
        with self._db.writing() as connection:
            if connection.execute(first).first() is not None:
                return None
            known = select(deliveries).where(key).with_for_update()
            before = delivery_of(connection.execute(known).one())
            if before.state is not DeliveryState.SENT:
                counted = {"attempts": deliveries.c.attempts + 1}
                connection.execute(
                    deliveries.update().where(key).values(**fresh, **counted)
                )
        return before

    def set_delivery(
        self,
        job_id: JobId,
        part: str,
        room: str,
        state: DeliveryState,
        now: datetime,
        *,
        message_id: MessageId | None = None,
        error: Reason | None = None,
    ) -> None:
        """Store the current state of the message."""
        news = {"state": state, "message_id": message_id, **error_columns(error)}
        statement = self._db.insert(deliveries).values(
            job_id=job_id, part=part, room=room, attempts=0, changed_at=now, **news
        )
        kept: ColumnElement[bool] = deliveries.c.may_have_arrived
        if state is DeliveryState.FAILED:  # in doubt still, if it is tried again
            kept = or_(kept, deliveries.c.state.in_(_IN_DOUBT))
        change = {**news, "changed_at": now, "may_have_arrived": kept}
        self._db.execute(
            statement.on_conflict_do_update(
                index_elements=[*deliveries.primary_key],
                set_=change,
                # Once sent it stays sent, whoever reports otherwise later.
                where=deliveries.c.state != DeliveryState.SENT,
            )
        )

    def now(self) -> datetime:
        """Return the time of the database server; with SQLite, of this machine."""
        if self._db.is_sqlite:
            return database_clock.machine_now()
        with self._db.reading() as connection:
            return self._db.clock.times(connection).now

    def keep_alive(self, executor_id: str) -> None:
        """Say that this process is alive: by its row, where that is needed."""
        rows = self._db.rows(select(workers))
        now, known = self.now(), {row.executor_id: row.seen_at for row in rows}
        own = known.pop(executor_id, None)
        # Who writes rows alone may read them alone: an older release, or a machine that
        # does not see our locks.
        others = (
            seen_at > now - SILENT_AFTER and not self._db.pulses.is_beating(_pulse(who))
            for who, seen_at in known.items()
        )
        spared = self._db.pulses.spares(_pulse(executor_id), own, now)
        if not spared or any(others):
            self.heartbeat(executor_id, now)

    def leave(self, executor_id: str) -> None:
        """Say when this process was alive last; its jobs wait a while for a restart."""
        self._db.pulses.end(_pulse(executor_id))
        if self._db.is_sqlite:
            self.heartbeat(executor_id, self.now())

    def heartbeat(self, executor_id: str, now: datetime) -> None:
        """Write that it was alive then."""
        statement = self._db.upsert(workers)
        self._db.execute(statement.values(executor_id=executor_id, seen_at=now))

    def workers_alive(self) -> dict[str, bool]:
        """Return the processes that ran jobs, and whether each is alive."""
        with self._db.reading() as connection:
            rows = connection.execute(select(workers)).all()
            times = self._db.clock.times(connection)
        pulses = self._db.pulses
        return {
            row.executor_id: pulses.youngest(
                _pulse(row.executor_id), times.age(row.seen_at)
            )
            <= SILENT_AFTER
            for row in rows
        }

    def forget_worker(self, executor_id: str) -> None:
        self._db.execute(delete(workers).where(workers.c.executor_id == executor_id))

    def purge(
        self, before: datetime, *, gone: Collection[str] = (), dry_run: bool = False
    ) -> PurgeResult:
        """Remove events that are older, but none of a clip there is.

        gone: paths of clips that are taken for removed already.
        """
        rows = OldRows(events, old_events(before, gone), path=events.c.snapshot_path)
        return purge(self._db, rows, dry_run=dry_run)

    def purge_deliveries(
        self, before: datetime, *, dry_run: bool = False
    ) -> PurgeResult:
        """Remove what is known of messages that are older."""
        rows = OldRows(deliveries, deliveries.c.changed_at < before)
        with_them = OldRows(repeats, repeats.c.changed_at < before, counted=False)
        return purge(self._db, rows, with_them, dry_run=dry_run)


def _pulse(executor_id: str) -> str:
    return f"worker {executor_id}"


def old_events(before: datetime, gone: Collection[str] = ()) -> ColumnElement[bool]:
    """Return whether an event goes; see `Store.purge`."""
    is_there = and_(clips.c.state == ClipState.READY, ~one_of_paths(clips.c.path, gone))
    own = select(clips.c.id).where(is_there)
    alarm = select(clips.c.about).where(is_there, clips.c.about.is_not(None))
    return and_(
        events.c.recorded_at < before,
        events.c.id.not_in(own),
        events.c.id.not_in(alarm),
    )


def _newest_of_each(wanted: EventFilter, limit: int) -> Select[Any]:
    """Return the ids of the newest of each kind.

    The index has one kind in the order of time; of several, all would be sorted.
    """
    each = []
    for kind in wanted.kinds or ():
        one = select(events.c.id).where(*conditions(replace(wanted, kinds=(kind,))))
        newest = one.order_by(*NEWEST_FIRST.by).limit(limit).subquery()
        each.append(select(newest.c.id))
    return select(union_all(*each).subquery().c.id)


def conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kinds is not None:
        found.append(events.c.kind.in_(wanted.kinds))
    if wanted.without:
        # Nor what only a newer release knows: whom it names is not known. Not by the
        # column alone: the index by kind would sort all of them.
        others = [kind for kind in EventKind if kind not in wanted.without]
        found.append((events.c.kind + "").in_(others))
    if wanted.serials is not None:
        found.append(_is_of(wanted.serials))
    if wanted.zone_id is not None:
        found.append(events.c.zone_id == wanted.zone_id)
    if wanted.since is not None:
        found.append(events.c.occurred_at >= wanted.since)
    if wanted.until is not None:
        found.append(events.c.occurred_at < wanted.until)
    if wanted.after is not None:
        last = select(events.c.occurred_at).where(events.c.id == wanted.after)
        found.append(NEWEST_FIRST.behind((last.scalar_subquery(), wanted.after)))
    return found


def _is_of(serials: tuple[Serial, ...]) -> ColumnElement[bool]:
    names = [name for name in serials if name and not is_serial(name)]
    is_of_serial = events.c.serial.in_(serials)
    if not names:  # the index of a camera gives them in order
        return is_of_serial if len(serials) != 1 else events.c.serial == serials[0]
    # A camera of the recorder may have no serial: its name is used instead.
    by_name = and_(events.c.serial == "", events.c.camera_name.in_(names))
    return or_(is_of_serial, by_name)
