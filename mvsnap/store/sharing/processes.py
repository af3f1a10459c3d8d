"""The processes of a site, and the services outside as each of them sees them.

All moments are the database's: the clocks of machines differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, select, update

from mvsnap.store.database import Database
from mvsnap.store.database_clock import StoredTimes
from mvsnap.store.pulses import ROW_EVERY
from mvsnap.store.sharing.process_tables import processes, upstreams
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Upstream, upstream_of
from mvsnap.values import asdict, replace

# SQLite may be on an SD card.
_BEAT_S, _SQLITE_BEAT_S = 15.0, 60.0
_MISSED_BEATS = 3.4
_KEPT = timedelta(days=1)
# Columns that say what is wrong, with their codes and values in `reasons`.
_SAID = ("clock_error", "certificate_error")


class ProcessReport(Struct, frozen=True):
    """What a process says of itself and of its machine.

    by_itself: it writes every `beat_s`; otherwise only while it answers requests.
    clock_error, certificate_error: "" if nothing is wrong.
    evidence_bytes: pictures and clips in its data_dir; None: not measured.
    """

    id: str
    machine: str
    roles: str
    version: str
    data_id: str
    by_itself: bool = True
    clock_error: Reason = Reason("")
    disk_free_bytes: int = 0
    disk_total_bytes: int = 0
    evidence_bytes: int | None = None
    certificate_ends_at: datetime | None = None
    certificate_error: Reason = Reason("")


class KnownProcess(Struct, frozen=True):
    """The last report of a process. clock_ahead_s: of the database's time."""

    report: ProcessReport
    started_at: datetime
    seen_at: datetime
    stopped: bool
    clock_ahead_s: float


class UpstreamState(Struct, frozen=True):
    """A service as one process saw it last; error: "" if its last call worked.

    name: as of `upstreams.service_name`.
    """

    process_id: str
    name: str
    worked_at: datetime | None
    failed_at: datetime | None
    failing_since: datetime | None
    error: Reason


class ProcessStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self.beat_s = _SQLITE_BEAT_S if db.is_sqlite else _BEAT_S

    @property
    def silent_after(self) -> timedelta:
        """After this a process that writes by itself is considered dead."""
        return timedelta(seconds=self.beat_s * _MISSED_BEATS)

    def row_every_s(self, process_id: str) -> float:
        """Say that this process is alive; return how often its row has to be written.

        Sooner, if a call had another result.
        """
        spared = self._db.pulses.beat(_pulse(process_id))
        return ROW_EVERY.total_seconds() if spared else self.beat_s

    def beat(
        self,
        report: ProcessReport,
        outcomes: Mapping[str, Outcome],
        *,
        monotonic_s: float,
        clock: datetime,
        is_first: bool,
        began_s: float | None = None,
    ) -> None:
        """Write that this process is alive, and what it knows; one transaction.

        monotonic_s, clock: the time now, as the outcomes and the machine have it.
        began_s: when the process began, before any of its calls; None: now.
        """
        with self._db.writing() as connection:
            now = self._db.clock.times(connection).now
            ahead_s = round((clock - now).total_seconds(), 1)
            fresh = _report_row(report) | {"seen_at": now, "stopped": False}
            fresh["clock_ahead_s"] = ahead_s
            runs_s = 0.0 if began_s is None else monotonic_s - began_s
            first = {"started_at": now - timedelta(seconds=runs_s)}
            changing = fresh | first if is_first else fresh
            statement = self._db.upsert(processes, *changing)
            connection.execute(statement.values(fresh | first))
            for name, outcome in outcomes.items():
                row = _outcome_row(outcome, now, monotonic_s)
                self._put_outcome(connection, report.id, name, row)
            if is_first:
                self._forget_old(connection, now)

    def leave(self, process_id: str) -> None:
        """Note that the process ended as it should: nobody needs to look for it."""
        self._db.pulses.end(_pulse(process_id))
        ended = update(processes).where(processes.c.id == process_id)
        with self._db.writing() as connection:
            now = self._db.clock.times(connection).now
            connection.execute(ended.values(stopped=True, seen_at=now))

    def all(self) -> list[KnownProcess]:
        """Return the processes of the last day, by machine."""
        statement = select(processes).order_by(processes.c.machine, processes.c.id)
        with self._db.reading() as connection:
            rows = connection.execute(statement).mappings().all()
            times = self._db.clock.times(connection)
        found = [(row, self._age(row, times)) for row in rows]
        return [_known(row, times, age) for row, age in found if age <= _KEPT]

    def upstreams(self) -> list[UpstreamState]:
        with self._db.reading() as connection:
            rows = connection.execute(select(upstreams)).mappings().all()
            times = self._db.clock.times(connection)
        known = [_outcome(row, times) for row in rows if upstream_of(row["name"])]
        return [self._still_connected(one, times) for one in known]

    def _still_connected(
        self, known: UpstreamState, times: StoredTimes
    ) -> UpstreamState:
        """A connection works as long as its process is alive and says nothing else."""
        age = self._db.pulses.age(_pulse(known.process_id))
        if known.name != Upstream.BROKER or known.error or age is None:
            return known
        at = times.now - age
        return replace(known, worked_at=max(known.worked_at or at, at))

    def _age(self, row: RowMapping, times: StoredTimes) -> timedelta:
        return self._db.pulses.youngest(_pulse(row["id"]), times.age(row["seen_at"]))

    def _put_outcome(
        self, connection: Connection, process_id: str, name: str, row: dict[str, Any]
    ) -> None:
        # After a restart nothing is known of the calls before: they stay as they were.
        # Since when it fails and its code go with the error, though.
        fresh = {key for key, value in row.items() if value is not None}
        fresh |= {"failing_since", "reasons"}
        statement = self._db.upsert(upstreams, *fresh)
        connection.execute(statement.values(process_id=process_id, name=name, **row))

    def _forget_old(self, connection: Connection, now: datetime) -> None:
        connection.execute(delete(processes).where(processes.c.seen_at < now - _KEPT))
        there = select(processes.c.id)
        connection.execute(
            delete(upstreams).where(upstreams.c.process_id.not_in(there))
        )


def _outcome_row(outcome: Outcome, now: datetime, monotonic_s: float) -> dict[str, Any]:
    def moment(at_s: float | None) -> datetime | None:
        return None if at_s is None else now - timedelta(seconds=monotonic_s - at_s)

    return {
        "worked_at": moment(outcome.worked_s),
        "failed_at": moment(outcome.failed_s),
        "failing_since": moment(outcome.failing_since_s),
        "error": str(outcome.error),
        "reasons": reasons.stored(error=outcome.error),
    }


def _outcome(row: RowMapping, times: StoredTimes) -> UpstreamState:
    fields = dict(row)
    kept = fields.pop("reasons")
    fields["error"] = reasons.read(kept, "error", row["error"])
    for name in ("worked_at", "failed_at", "failing_since"):
        fields[name] = times.by_now(row[name]) if row[name] else None
    return UpstreamState(**fields)


def _pulse(process_id: str) -> str:
    return f"process {process_id}"


def _known(row: RowMapping, times: StoredTimes, age: timedelta) -> KnownProcess:
    fields = dict(row)
    fields["started_at"] = times.by_now(row["started_at"])
    fields["seen_at"] = times.now - age
    own = {
        name: fields.pop(name)
        for name in ("started_at", "seen_at", "stopped", "clock_ahead_s")
    }
    kept = fields.pop("reasons")
    for name in _SAID:
        fields[name] = reasons.read(kept, name, fields[name])
    return KnownProcess(ProcessReport(**fields), **own)


def _report_row(report: ProcessReport) -> dict[str, Any]:
    said = {name: getattr(report, name) for name in _SAID}
    english = {name: str(one) for name, one in said.items()}
    return asdict(report) | english | {"reasons": reasons.stored(**said)}
