"""The salt for hashes of MAC addresses: a file of its own, readable by mvsnap alone.

Once it is replaced, or deleted before a start, every device is new: stored data can no
longer be linked to an address.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from mvsnap import durable_file
from mvsnap.errors import BadConfig
from mvsnap.store import tables
from mvsnap.store.database import Database
from mvsnap.wifi.devices import SALT_BYTES, hashed_with

log = logging.getLogger(__name__)

NAME = "scanning-salt"
_KEPT_S = 3.0


def salt(data_dir: Path) -> bytes:
    """Return the salt, created if there is none.

    Raises:
        OSError: it cannot be read or written.
        BadConfig: the file contains something else.
    """
    path = data_dir / NAME
    if not path.exists():
        _make(path)
    text = path.read_bytes().strip()
    try:
        found = bytes.fromhex(text.decode())
    except ValueError:
        found = b""
    if len(found) != SALT_BYTES:
        # Not replaced automatically: every device would be new.
        raise BadConfig([f"{path}: expected {SALT_BYTES} bytes in hexadecimal"])
    return found


def rotate(data_dir: Path, db: Database) -> None:
    """Replace the salt; a running service notices within seconds.

    Raises:
        OSError: it cannot be written.
    """
    fresh = secrets.token_bytes(SALT_BYTES)
    durable_file.write(data_dir / NAME, fresh.hex().encode(), mode=0o600)
    is_another(db, fresh)


def is_another(db: Database, salt: bytes) -> bool:
    """Return whether the stored devices were numbered with a different salt.

    From now on this one counts. The store has a hash of it, which reveals nothing.
    """
    mark = hashlib.blake2b(b"scanning-salt", key=salt, digest_size=16).hexdigest()
    table = tables.secrets
    statement = select(table.c.value).where(table.c.name == NAME)
    known: str | None = db.scalar(statement)
    if known == mark:
        return False
    db.execute(db.upsert(table).values(name=NAME, value=mark))
    return known is not None


class SaltedHash:
    """Numbers devices with the salt of the file, which may be replaced at any time."""

    def __init__(
        self,
        data_dir: Path,
        first: bytes,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data_dir = data_dir
        self._salt = first
        self._hashed = hashed_with(first)
        self._elapsed_s = elapsed_s
        self._read_at_s = elapsed_s()

    def __call__(self, mac: str) -> int:
        return self.current()(mac)

    def current(self) -> Callable[[str], int]:
        """Return the hash of now, for the addresses of one message."""
        now_s = self._elapsed_s()
        if now_s - self._read_at_s > _KEPT_S:
            self._read_at_s = now_s
            self._read_again()
        return self._hashed

    def _read_again(self) -> None:
        if not (self._data_dir / NAME).exists():
            return  # a new one is made at the next start, not while a disk is away
        try:
            fresh = salt(self._data_dir)
        except (OSError, BadConfig):
            log.warning("%s cannot be read; the former one counts", NAME)
            return
        if fresh != self._salt:
            log.warning("%s was replaced: every device counts as new from now on", NAME)
            self._hashed, self._salt = hashed_with(fresh), fresh


def _make(path: Path) -> None:
    text = secrets.token_hex(SALT_BYTES).encode()
    # If two processes start at once, the first one's salt stays.
    with suppress(FileExistsError):
        durable_file.write(path, text, mode=0o600, overwrite=False)
