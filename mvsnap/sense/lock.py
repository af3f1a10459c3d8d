"""The lock: one listener for each data_dir, under an MQTT client id that stays.

The broker keeps a session under that id, so what was published at QoS 1 while nobody
listened comes later. Two processes with one id would throw each other out for ever.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path


class InstanceLock:
    def __init__(self, descriptor: int, listener_id: str) -> None:
        self._descriptor = descriptor
        self.listener_id = listener_id

    def leave(self) -> None:
        os.close(self._descriptor)


def acquire_lock(data_dir: Path) -> InstanceLock | None:
    """Return the lock, None while another process has it; it ends with its process."""
    descriptor = os.open(data_dir / "listener-id", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    listener_id = os.read(descriptor, 100).decode("ascii", "ignore").strip()
    if not listener_id:
        listener_id = f"mvsnap-{secrets.token_hex(6)}"
        os.write(descriptor, listener_id.encode())
        os.fsync(descriptor)
    return InstanceLock(descriptor, listener_id)
