"""State of a call budget for processes of several machines: a row of PostgreSQL.

The database's time counts: clocks of machines differ. A database that does not answer
holds up nobody for more than two seconds; until it does, each process uses its share of
the budget and no more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Float, Row, Select, cast, func, select

from mvsnap.clients.call_budget import BudgetState, MemoryBudget, Step, held_step
from mvsnap.clock import Clock
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES, Database
from mvsnap.store.events import SILENT_AFTER
from mvsnap.store.sharing.fetch_tables import call_budgets
from mvsnap.store.tables import workers
from mvsnap.store.time_limits import TimeLimits, with_limits

log = logging.getLogger(__name__)
T = TypeVar("T")

# A call to a cloud waits for this.
_LIMITS = TimeLimits(lock_s=1, connect_s=1.5, statement_s=1.5)
# How long a database that failed is not asked.
_AWAY_S = 5.0
_COUNT_EVERY_S = 30.0
# Before the living were ever counted.
_UNKNOWN = 4


class RowBudget:
    spare = 3

    def __init__(self, db: Database, name: str, clock: Clock) -> None:
        self._db = db
        self._name = name
        self._clock = clock
        self._own = MemoryBudget(clock)
        # One at a time: the row has one writer, and others need connections, too.
        self._line = threading.Lock()
        self._away_until = float("-inf")
        self._counted_at = float("-inf")
        self._among = _UNKNOWN

    def change(self, step: Step[T]) -> T:
        def apart() -> T:
            return self._own.change(step, among=self._among)

        return self._ask(lambda: self._changed(step), apart)

    def held_s(self) -> float:
        return self._ask(self._stored_hold_s, self._own.held_s)

    def hold(self, seconds: float) -> None:
        self._own.hold(seconds)  # it holds here whatever becomes of the database
        self.change(held_step(seconds))

    def _ask(self, ask: Callable[[], T], apart: Callable[[], T]) -> T:
        """Return the database's answer, or what is known apart from it."""
        with self._line:
            found = None if self._is_away() else self._answer(ask)
        if found is None:
            return apart()
        return found[0]

    def _is_away(self) -> bool:
        return self._clock.monotonic() < self._away_until

    def _answer(self, ask: Callable[[], T]) -> tuple[T] | None:
        """Return the answer, None if it fails or does not come in time."""
        try:
            with with_limits(_LIMITS):
                found = ask()
        except (*OUTAGES, OSError) as exc:
            self._lost(reason(exc))
            return None
        self._away_until = float("-inf")
        return (found,)

    def _lost(self, why: str) -> None:
        if self._away_until == float("-inf"):
            log.warning(
                "the request budget is not shared while the database is away (%s):"
                " this process uses 1/%d of it",
                why,
                self._among,
            )
        self._away_until = self._clock.monotonic() + _AWAY_S

    def _changed(self, step: Step[T]) -> T:
        with self._db.writing() as connection:
            row = connection.execute(self._stored().with_for_update()).one_or_none()
            if row is None:
                self._add(connection)
                row = connection.execute(self._stored().with_for_update()).one()
            bucket, answer = step(_bucket(row), row.now_s, 1)
            connection.execute(
                call_budgets.update()
                .where(call_budgets.c.name == self._name)
                .values(_row(bucket))
            )
            self._count_living(connection)
        return answer

    def _stored_hold_s(self) -> float:
        row = self._db.first(self._stored())
        return _bucket(row).held_s(row.now_s) if row else 0.0

    def _stored(self) -> Select[Any]:
        now_s = cast(func.extract("epoch", func.clock_timestamp()), Float)
        mine = call_budgets.c.name == self._name
        return select(call_budgets, now_s.label("now_s")).where(mine)

    def _add(self, connection: Connection) -> None:
        """Add the row of a budget that nobody has used yet."""
        never = {"calls_left": 0.0, "filled_at_s": 0.0, "lends": 0}
        statement = self._db.insert(call_budgets).values(
            name=self._name, lends_until_s=0.0, held_until_s=0.0, **never
        )
        connection.execute(statement.on_conflict_do_nothing())

    def _count_living(self, connection: Connection) -> None:
        now = self._clock.monotonic()
        if now - self._counted_at < _COUNT_EVERY_S:
            return
        self._counted_at = now
        since = func.now() - SILENT_AFTER
        statement = select(func.count()).where(workers.c.seen_at > since)
        # A command is none of them, and it may have begun just now.
        self._among = max(2, connection.execute(statement).scalar_one())


def _bucket(row: Row[Any]) -> BudgetState:
    return BudgetState(
        row.calls_left, row.filled_at_s, row.lends, row.lends_until_s, row.held_until_s
    )


def _row(bucket: BudgetState) -> dict[str, float]:
    return {
        "calls_left": bucket.calls_left,
        "filled_at_s": bucket.filled_at_s,
        "lends": bucket.lends,
        # "Never" has no number in every database.
        "lends_until_s": max(bucket.lends_until_s, 0.0),
        "held_until_s": max(bucket.held_until_s, 0.0),
    }
