"""Troubles of the site, and which message reports each.

Several processes may look at once: each change is made in turn, to what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, delete, or_, select, text, update

from mvsnap.core.troubles import Trouble
from mvsnap.domain import JobId
from mvsnap.store.alert_tables import reported_ends, troubles
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.texts import reasons
from mvsnap.values import asdict

Change = Callable[[Sequence[Trouble]], Sequence[Trouble]]

# Arbitrary, but the same in every process: they take turns.
_TURN = 5_004_023
# Columns that say what is so, with their codes and values in `reasons`.
_SAID = ("text", "advice")


class TroubleStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def change(self, by: Change) -> None:
        """Replace those whose end is not reported by what `by` makes of them.

        Nothing is written where that changes nothing: it may be asked often.
        """
        with self._db.reading() as connection:
            before = self._open(connection)
        if list(by(before)) == before:
            return
        with self._db.writing() as connection:
            if not self._db.is_sqlite:
                lock = text("select pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": _TURN})
            before = self._open(connection)
            self._write(connection, before, by(before))

    def not_handed_over(self) -> dict[JobId, list[Trouble]]:
        """Return the troubles of each job that is still to be accepted."""
        statement = select(troubles).where(troubles.c.handed_over.is_(False))
        rows = self._db.rows(statement.order_by(troubles.c.began_at))
        found: dict[JobId, list[Trouble]] = {}
        for trouble in map(_trouble, rows):
            job_id = JobId(trouble.over_by or trouble.reported_by)
            found.setdefault(job_id, []).append(trouble)
        return found

    def handed_over(self, job_id: JobId) -> None:
        of_job = or_(
            troubles.c.over_by == job_id,
            (troubles.c.reported_by == job_id) & (troubles.c.over_by == ""),
        )
        self._db.execute(update(troubles).where(of_job).values(handed_over=True))

    def claim_for_message(self, job_id: JobId, room: str) -> list[Trouble]:
        """Return what this job has to post in this room now, oldest first.

        An end is reported once: by the message about its trouble, if that is still
        waiting when it ends, or by one of its own. It is of the first who asks here:
        a message that was sent must not.
        """
        of_job = or_(troubles.c.reported_by == job_id, troubles.c.over_by == job_id)
        statement = select(troubles).where(of_job)
        rows = self._db.rows(statement.order_by(troubles.c.began_at, troubles.c.name))
        found = [_trouble(row) for row in rows]
        ended = [one.id for one in found if one.ended_at is not None]
        elsewhere = self._claim_ends(ended, room, job_id)
        return [one for one in found if one.id not in elsewhere]

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove those whose end was reported, or would have been, before then."""
        old = troubles.c.ended_at < before
        gone = select(troubles.c.id).where(troubles.c.id == reported_ends.c.trouble_id)
        ends = OldRows(reported_ends, gone.where(old).exists(), counted=False)
        return purge(self._db, ends, OldRows(troubles, old), dry_run=dry_run)

    def _claim_ends(self, ended: Sequence[str], room: str, job_id: JobId) -> set[str]:
        """Take the ends that no job posts in this room; return those of others."""
        if not ended:
            return set()
        rows = [{"trouble_id": one, "room": room, "job_id": job_id} for one in ended]
        taken = self._db.insert(reported_ends).values(rows).on_conflict_do_nothing()
        others = select(reported_ends.c.trouble_id).where(
            reported_ends.c.trouble_id.in_(ended),
            reported_ends.c.room == room,
            reported_ends.c.job_id != job_id,
        )
        with self._db.writing() as connection:
            connection.execute(taken)
            return set(connection.execute(others).scalars())

    def _open(self, connection: Connection) -> list[Trouble]:
        statement = select(troubles).where(troubles.c.over_by == "")
        ordered = statement.order_by(troubles.c.began_at, troubles.c.id)
        return [_trouble(row) for row in connection.execute(ordered)]

    def _write(
        self,
        connection: Connection,
        before: Iterable[Trouble],
        after: Sequence[Trouble],
    ) -> None:
        known = {one.id: one for one in before}
        gone = known.keys() - {one.id for one in after}
        # One that came back is not over, whatever a message said.
        again = [
            one.id
            for one in after
            if one.ended_at is None
            and one.id in known
            and known[one.id].ended_at is not None
        ]
        connection.execute(delete(troubles).where(troubles.c.id.in_(gone)))
        connection.execute(
            delete(reported_ends).where(reported_ends.c.trouble_id.in_([*gone, *again]))
        )
        changed = [_values(one) for one in after if known.get(one.id) != one]
        if not changed:
            return
        connection.execute(self._db.upsert(troubles), changed)


def _trouble(row: Row[tuple[object, ...]]) -> Trouble:
    fields = dict(row._mapping)
    kept = fields.pop("reasons")
    for name in _SAID:
        fields[name] = reasons.read(kept, name, fields[name])
    return Trouble(**fields)


def _values(one: Trouble) -> dict[str, object]:
    said = {name: getattr(one, name) for name in _SAID}
    english = {name: str(text) for name, text in said.items()}
    return asdict(one) | english | {"reasons": reasons.stored(**said)}
