"""The lock: one listener per data_dir, with a permanent MQTT client id.

The broker keeps a session under that id, so messages published at QoS 1 while nobody
listened arrive later. Two processes with one id would disconnect each other forever.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from mvsnap.file_lock import FileLock, try_acquire


class InstanceLock:
    def __init__(self, lock: FileLock, listener_id: str) -> None:
        self._lock = lock
        self.listener_id = listener_id

    def leave(self) -> None:
        self._lock.release()


def acquire_lock(data_dir: Path) -> InstanceLock | None:
    """Return the lock, None while another process has it; it ends with its process.

    Raises:
        OSError: the file cannot be opened, or the id not be written.
    """
    lock = try_acquire(data_dir / "listener-id", mode=0o640)
    if lock is None:
        return None
    try:
        return InstanceLock(lock, _listener_id(lock))
    except BaseException:
        lock.release()  # or the next try would take us for another process
        raise


def _listener_id(lock: FileLock) -> str:
    """Return the id that the file holds, made when there is none."""
    found = lock.read()
    if not found:
        found = f"mvsnap-{secrets.token_hex(6)}"
        lock.write(found)
    return found
