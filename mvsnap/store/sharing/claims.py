"""What several processes share out among themselves, whatever machines they are on.

Each name has one holder at a time. A holder says every few seconds that it is alive;
one that is silent for `lease_s` loses what it holds, and knows it by its own clock.
Times are the database's: clocks of machines differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    select,
    text,
    update,
)

from mvsnap.clock import Clock
from mvsnap.core.sharing import Holding, Plan, plan
from mvsnap.store.database import Database
from mvsnap.store.sharing.tables import holders, holdings

LEASE_S = 20.0
# No lease is as long.
_LONGEST = timedelta(minutes=1)
CAMERAS = "cameras"  # the kind of what recorders share
# Arbitrary, but the same in every process, with the kind: they take turns.
_TURN = 5_004_013
_NO_LONGER = "SET LOCAL idle_in_transaction_session_timeout = 5000"
_FORGOTTEN_AFTER = timedelta(hours=1)


class Claims:
    """kind: of the work, like cameras. holder: an id of this process, unique and new.

    Call `hold` four times in each `lease_s`. With a single name it is a turn: one
    process at a time has it.
    """

    def __init__(
        self,
        db: Database,
        kind: str,
        holder: str,
        clock: Clock,
        *,
        lease_s: float = LEASE_S,
    ) -> None:
        self._db = db
        self._kind = kind
        self._holder = holder
        self._clock = clock
        self._lease_s = lease_s
        self._held: frozenset[str] = frozenset()
        self._held_until_s = float("-inf")
        self._leaving: frozenset[str] = frozenset()
        self._free: frozenset[str] = frozenset()

    @property
    def held(self) -> frozenset[str]:
        """What this process holds now: nothing, if it did not renew in time."""
        is_alive = self._clock.monotonic() < self._held_until_s
        return self._held if is_alive else frozenset()

    def hold(self, wanted: Iterable[str]) -> frozenset[str]:
        """Renew, hand over what others were promised, take what is free.

        wanted: what this process is able to do; the rest of its own it lets go.
        Returns what it holds. What is missing since the last call it has to finish
        until the next one: then another process gets it.

        Raises:
            SQLAlchemyError: the database is unavailable; `held` is as before.
        """
        names = frozenset(wanted)
        began_s = self._clock.monotonic()
        with self._db.writing() as connection:
            now = self._turn(connection)
            self._renew(connection, now)
            alive = self._alive(connection, now)
            todo = plan(
                self._holder,
                names,
                self._holdings(connection, alive),
                alive,
                leaving=self._leaving,
                free_before=self._free,
            )
            self._write(connection, todo)
        self._held, self._leaving, self._free = todo.held, todo.leaving, todo.free
        self._held_until_s = began_s + self._lease_s
        return self.held

    def release(self) -> None:
        """Let go of everything: others need not wait for the end of the lease."""
        self._held = frozenset()
        with self._db.writing() as connection:
            self._turn(connection)
            for table in (holdings, holders):
                mine = (table.c.kind == self._kind) & (table.c.holder == self._holder)
                connection.execute(delete(table).where(mine))

    def had(self) -> frozenset[str]:
        """Return what this holder had last, and nobody has taken since."""
        mine = (holdings.c.kind == self._kind) & (holdings.c.holder == self._holder)
        with self._db.reading() as connection:
            found = connection.execute(select(holdings.c.name).where(mine)).scalars()
            return frozenset(found)

    def known(self) -> dict[str, bool]:
        """Return the processes of the last hour, and whether each is alive.

        One that has let go of everything is not among them.
        """
        statement = select(holders).where(holders.c.kind == self._kind)
        with self._db.reading() as connection:
            now = self._now(connection)
            rows = connection.execute(statement).all()
        return {row.holder: now < row.until <= now + _LONGEST for row in rows}

    def holders(self) -> dict[str, str]:
        """Return who holds each name, of those that are alive."""
        with self._db.reading() as connection:
            alive = self._alive(connection, self._now(connection))
            known = self._holdings(connection, alive)
        return {name: one.holder for name, one in known.items()}

    def _turn(self, connection: Connection) -> datetime:
        """Wait until no other process is at it; return the time after that."""
        if not self._db.is_sqlite:
            # A process that is frozen in its turn must not keep it.
            connection.execute(text(_NO_LONGER))
            lock = text("select pg_advisory_xact_lock(:key, hashtext(:kind))")
            connection.execute(lock, {"key": _TURN, "kind": self._kind})
        return self._now(connection)

    def _now(self, connection: Connection) -> datetime:
        if self._db.is_sqlite:
            return datetime.now(UTC)
        # Not now(): that is when the transaction began, before it waited.
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def _renew(self, connection: Connection, now: datetime) -> None:
        until = now + timedelta(seconds=self._lease_s)
        me = {"kind": self._kind, "holder": self._holder, "until": until}
        connection.execute(self._db.upsert(holders).values(me))
        old = holders.c.until < now - _FORGOTTEN_AFTER
        connection.execute(delete(holders).where(holders.c.kind == self._kind, old))

    def _alive(self, connection: Connection, now: datetime) -> Collection[str]:
        alive = (holders.c.kind == self._kind) & _is_alive(now)
        return set(connection.execute(select(holders.c.holder).where(alive)).scalars())

    def _holdings(
        self, connection: Connection, alive: Collection[str]
    ) -> dict[str, Holding]:
        """Return what those that are alive hold, and what they ask for."""
        statement = select(holdings).where(holdings.c.kind == self._kind)
        rows = connection.execute(statement).all()
        return {
            row.name: Holding(
                row.holder, row.asked_by if row.asked_by in alive else None
            )
            for row in rows
            if row.holder in alive
        }

    def _write(self, connection: Connection, todo: Plan) -> None:
        free = [name for name, to in todo.hand_over.items() if to is None]
        if free:
            connection.execute(delete(holdings).where(self._are(free)))
        rows = [(name, self._holder) for name in todo.take]
        rows += [(name, to) for name, to in todo.hand_over.items() if to is not None]
        if rows:
            added = self._db.insert(holdings)
            connection.execute(
                added.on_conflict_do_update(
                    index_elements=[*holdings.primary_key],
                    set_={"holder": added.excluded.holder, "asked_by": None},
                ),
                [
                    {"kind": self._kind, "name": name, "holder": holder}
                    for name, holder in rows
                ],
            )
        if todo.ask:
            asked = update(holdings).where(self._are(todo.ask))
            connection.execute(asked.values(asked_by=self._holder))

    def _are(self, names: Iterable[str]) -> ColumnElement[bool]:
        return (holdings.c.kind == self._kind) & holdings.c.name.in_(list(names))


def _is_alive(now: Any) -> ColumnElement[bool]:
    """A lease that seems longer than any is of before the clock was set back."""
    return and_(holders.c.until > now, holders.c.until <= now + _LONGEST)


def held_names(connection: Connection, kind: str) -> set[str]:
    """Return what somebody who is alive holds."""
    at_work = holdings.join(
        holders,
        (holdings.c.kind == holders.c.kind) & (holdings.c.holder == holders.c.holder),
    )
    statement = (
        select(holdings.c.name)
        .select_from(at_work)
        .where(holdings.c.kind == kind, _is_alive(func.clock_timestamp()))
    )
    return set(connection.execute(statement).scalars())
