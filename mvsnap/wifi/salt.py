"""The salt for hashes of MAC addresses: a file of its own, readable by mvsnap alone.

If it is deleted, every device is new from the next start on: stored data can no longer
be linked to an address.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from mvsnap import durable_file
from mvsnap.errors import BadConfig
from mvsnap.store import tables
from mvsnap.store.database import Database
from mvsnap.wifi.devices import SALT_BYTES

NAME = "scanning-salt"


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


def is_another(db: Database, salt: bytes) -> bool:
    """Return whether the stored devices were numbered with a different salt.

    From now on this one counts. The store has a hash of it, which reveals nothing.
    """
    mark = hashlib.blake2b(b"scanning-salt", key=salt, digest_size=16).hexdigest()
    table = tables.secrets
    statement = select(table.c.value).where(table.c.name == NAME)
    with db.reading() as connection:
        known: str | None = connection.execute(statement).scalar_one_or_none()
    if known == mark:
        return False
    kept = db.insert(table).values(name=NAME, value=mark)
    fresh = {"value": kept.excluded.value}
    with db.writing() as connection:
        connection.execute(
            kept.on_conflict_do_update(index_elements=[table.c.name], set_=fresh)
        )
    return known is not None


def _make(path: Path) -> None:
    text = secrets.token_hex(SALT_BYTES).encode()
    # If two processes start at once, the first one's salt stays.
    with suppress(FileExistsError):
        durable_file.write(path, text, mode=0o600, overwrite=False)
