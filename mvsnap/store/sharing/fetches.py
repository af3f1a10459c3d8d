"""What one process fetches from the clouds for all: when it was, and who does it.

Ages are by the database's clock: those of machines differ. A process that dies loses
its claim within `LEASE_S`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy import Float, cast, func, select

from mvsnap.clock import Clock
from mvsnap.store.database import Database
from mvsnap.store.sharing.claims import LEASE_S, Claims
from mvsnap.store.sharing.fetch_tables import fetches

# What a process missed is not fetched more often than this.
_WANTED_EVERY_S = 30.0


class Fetched(Struct, frozen=True):
    """number: another one after each fetch. content: as it was noted."""

    age_s: float
    number: float
    is_wanted: bool = False
    content: Any = None

    def is_due(self, every_s: float) -> bool:
        return self.age_s >= (_WANTED_EVERY_S if self.is_wanted else every_s)


# Says that the work goes on; False: another process has taken it over.
GoesOn = Callable[[], bool]


class Fetches(Protocol):
    """Thread-safe. Raises SQLAlchemyError while the database is away."""

    def last(self, name: str) -> Fetched | None:
        """Return the last fetch, None if there was none."""
        ...

    def note(self, name: str, content: Any = None, *, age_s: float = 0.0) -> None:
        """Store that it was fetched now; age_s: as if it had been that long ago."""
        ...

    def want(self, name: str) -> None:
        """Ask whoever has the claim to fetch it soon."""
        ...

    def claim(self) -> AbstractContextManager[GoesOn | None]:
        """Yield a `GoesOn`, or None while another has it."""
        ...


class OwnFetches:
    """In memory, where no other process fetches: costs no write."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at: dict[str, tuple[float, int, Any]] = {}
        self._numbers = count(1)
        self._wanted: set[str] = set()

    def last(self, name: str) -> Fetched | None:
        found = self._at.get(name)
        if found is None:
            return None
        age_s = self._clock.monotonic() - found[0]
        return Fetched(age_s, found[1], name in self._wanted, found[2])

    def note(self, name: str, content: Any = None, *, age_s: float = 0.0) -> None:
        at = self._clock.monotonic() - age_s
        self._at[name] = at, next(self._numbers), content
        self._wanted.discard(name)

    def want(self, name: str) -> None:
        self._wanted.add(name)

    @contextmanager
    def claim(self) -> Iterator[GoesOn | None]:
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            yield lambda: True
        finally:
            self._lock.release()


class StoredFetches:
    """kind: one process at a time fetches these. holder: an id of this process."""

    def __init__(self, db: Database, kind: str, holder: str, clock: Clock) -> None:
        self._db = db
        self._kind = kind
        self._claims = Claims(db, f"fetch {kind}", holder, clock)
        self._lock = threading.Lock()

    def last(self, name: str) -> Fetched | None:
        age_s = func.extract("epoch", func.now() - fetches.c.fetched_at)
        number = func.extract("epoch", fetches.c.fetched_at)
        statement = select(
            cast(age_s, Float).label("age_s"),
            cast(number, Float).label("number"),
            (fetches.c.wanted_at > fetches.c.fetched_at).label("is_wanted"),
            fetches.c.content,
        ).where(fetches.c.name == name, fetches.c.fetched_at.is_not(None))
        row = self._db.first(statement)
        if row is None:
            return None
        return Fetched(row.age_s, row.number, bool(row.is_wanted), row.content)

    def note(self, name: str, content: Any = None, *, age_s: float = 0.0) -> None:
        ago = func.make_interval(0, 0, 0, 0, 0, 0, age_s)
        fetched_at = func.now() - ago
        self._put(name, fetched_at=fetched_at, content=content, wanted_at=None)

    def want(self, name: str) -> None:
        self._put(name, wanted_at=func.now())

    @contextmanager
    def claim(self) -> Iterator[GoesOn | None]:
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            if not self._claims.hold([self._kind]):
                self._claims.release()
                yield None
                return
            try:
                yield self._renewed
            finally:
                self._claims.release()
        finally:
            self._lock.release()

    def _renewed(self) -> bool:
        return bool(self._claims.hold([self._kind]))

    def _put(self, name: str, **fresh: Any) -> None:
        statement = self._db.upsert(fetches, *fresh).values(name=name, **fresh)
        self._db.execute(statement)


class Paced:
    """A `GoesOn` that may be asked at every step: it renews only now and then."""

    def __init__(self, goes_on: GoesOn) -> None:
        self._goes_on = goes_on
        self._asked_at = time.monotonic()
        self._last = True

    def __call__(self) -> bool:
        if time.monotonic() - self._asked_at >= LEASE_S / 4:
            self._last, self._asked_at = self._goes_on(), time.monotonic()
        return self._last
