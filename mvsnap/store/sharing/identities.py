"""Permanent ids of machines and processes, and who uses them now.

A machine's id is in a file of its data_dir, so it is copied with an image of its card.
Each start notes a mark of its own in the file and in the store: a machine that finds
another mark there, of a living process, is a copy and takes a new id.

So does the copy of a machine that goes on running, whose mark it has: the boots differ,
and the other one shows that it is alive.

Only with PostgreSQL: a SQLite store is copied together with the file.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, or_, select, update

from mvsnap.clock import Clock, poll
from mvsnap.file_lock import FileLock
from mvsnap.store.database import Database
from mvsnap.store.events import SILENT_AFTER, Store
from mvsnap.store.sharing.tables import identities

log = logging.getLogger(__name__)

# Marks of starts that a crash cut short: which of them the store has is not known.
_KEPT = 4
# More than the 15 s between two heartbeats.
WATCH_S = 20.0
_RENEWED = "renewed-ids.json"
# For how long /readyz names a new id; it has nothing else to do with the old one.
_TOLD_S = 7 * 86_400.0
_MOST_TOLD = 5


class StartMark(Struct, frozen=True):
    """One start of a process under a permanent id; text "": none is needed."""

    name: str
    text: str = ""


class IdentityStore:
    """watch_s: how long another machine has to show that it is alive."""

    def __init__(
        self,
        db: Database,
        store: Store,
        clock: Clock,
        *,
        watch_s: float = WATCH_S,
        origin: str = "",
    ) -> None:
        self._db = db
        self._store = store
        self._clock = clock
        self._watch_s = watch_s
        self._origin = origin or _origin()

    def begin(self, name: str, notes: FileLock) -> StartMark | None:
        """Note a start under this id; None while another machine is alive under it.

        notes: the file with the mark of the start before, locked.
        """
        if self._db.is_sqlite:
            return StartMark(name)
        known, mark = notes.read().split()[-_KEPT:], secrets.token_hex(6)
        try:
            # First, since after a crash in between one of them is the store's.
            notes.write(" ".join([*known, mark]))
        except OSError as exc:  # a full disk is no reason not to start
            log.warning("no copy of this machine can be noticed: %s", exc.strerror)
            return StartMark(name)
        if self._lives_elsewhere(name, known) or not self._put(name, mark, known):
            notes.write(" ".join(known))
            return None
        notes.write(mark)
        return StartMark(name, mark)

    def beat(self, mark: StartMark) -> bool:
        """Say that it is alive; False: another machine has the id by now."""
        if not mark.text:
            return True
        now = self._store.now()
        mine = (identities.c.name == mark.name) & (identities.c.mark == mark.text)
        with self._db.writing() as connection:
            done = connection.execute(
                update(identities).where(mine).values(seen_at=now)
            )
        return done.rowcount > 0

    def end(self, mark: StartMark) -> None:
        """Say that it has ended cleanly: nobody need watch whether it is alive."""
        if not mark.text:
            return
        mine = (identities.c.name == mark.name) & (identities.c.mark == mark.text)
        long_ago = self._store.now() - 2 * SILENT_AFTER
        self._db.execute(update(identities).where(mine).values(seen_at=long_ago))

    def _lives_elsewhere(self, name: str, known: list[str]) -> bool:
        """Watch a start that seems to be ours, but was under another boot."""
        found = self._row(name)
        if found is None or found.mark not in known or found.origin == self._origin:
            return False
        if found.seen_at < self._store.now() - SILENT_AFTER:
            return False

        def moved() -> bool | None:
            row = self._row(name)
            return True if row is not None and row.seen_at > found.seen_at else None

        limit_s = self._watch_s
        log.info(
            "watching for %.0f s whether another machine runs with the id of this one",
            limit_s,
        )
        return bool(poll(moved, self._clock, every_s=limit_s / 20, limit_s=limit_s))

    def _row(self, name: str) -> Row[Any] | None:
        with self._db.reading() as connection:
            statement = select(identities).where(identities.c.name == name)
            return connection.execute(statement).one_or_none()

    def _put(self, name: str, mark: str, known: list[str]) -> bool:
        now = self._store.now()
        is_free = or_(
            identities.c.mark.in_(known), identities.c.seen_at < now - SILENT_AFTER
        )
        put = self._db.upsert(identities, where=is_free).values(
            name=name, mark=mark, origin=self._origin, seen_at=now
        )
        mine = select(identities.c.mark).where(identities.c.name == name)
        with self._db.writing() as connection:
            connection.execute(put)
            holder: str = connection.execute(mine).scalar_one()
        return holder == mark


def _origin() -> str:
    """Return what differs from boot to boot, and from container to container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return f"{boot} {socket.gethostname()}"


def note_renewal(data_dir: Path, old: str, new: str) -> None:
    """Keep for /readyz and `check` that an id was another's."""
    entry = {"old": old, "new": new, "at_s": time.time()}
    text = json.dumps([*_renewals(data_dir), entry][-_MOST_TOLD:])
    try:
        (data_dir / _RENEWED).write_text(text, encoding="ascii")
    except OSError as exc:
        log.warning("%s cannot be noted: %s", _RENEWED, exc.strerror)


def renewed_ids(data_dir: Path) -> str:
    """Return which ids of this machine were another's in the last days, "" if none."""
    since_s = time.time() - _TOLD_S
    return "; ".join(
        f"another machine had the id {each['old']}, this one is {each['new']} now"
        for each in _renewals(data_dir)
        if each["at_s"] > since_s
    )


def _renewals(data_dir: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads((data_dir / _RENEWED).read_text(encoding="ascii"))
        return [{**each, "at_s": float(each["at_s"])} for each in found]
    except (OSError, ValueError, TypeError, KeyError):
        return []
