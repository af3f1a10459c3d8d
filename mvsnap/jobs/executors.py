"""Executor ids: the same after a restart, never the same for two living processes."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path

from mvsnap.file_lock import FileLock, acquire, try_acquire


class ExecutorSlot:
    """A locked id. The lock is released with the process, however that ends."""

    def __init__(self, executor_id: str, lock: FileLock) -> None:
        self.executor_id = executor_id
        self._lock = lock

    def release(self) -> None:
        self._lock.release()


def acquire_slot(data_dir: Path) -> ExecutorSlot:
    """Lock the first free slot of this installation and return its id.

    After a crash the next process takes the same slot, and with it the unfinished work.
    """
    folder = own_folder(data_dir)
    name = installation(data_dir)
    number = 0
    while (lock := try_acquire(folder / f"{number}.lock")) is None:
        number += 1
    return ExecutorSlot(f"{name}-{number}", lock)


def acquire_turn(data_dir: Path, what: str) -> FileLock | None:
    """Become the one process that does `what` for this data_dir, until released.

    Returns None while another process is.
    """
    return try_acquire(own_folder(data_dir) / f"{what}.lock")


def installation(data_dir: Path) -> str:
    """Return the permanent id of this data_dir on this machine."""
    return f"{socket.gethostname()}-{data_id(data_dir)}"


def installation_of(executor_id: str) -> str:
    """Return the installation that an executor id belongs to."""
    return executor_id.rpartition("-")[0]


def data_id(data_dir: Path) -> str:
    """Return the id of this data_dir, whatever machine it is on."""
    return _installation_id(own_folder(data_dir) / "installation")


def own_folder(data_dir: Path) -> Path:
    """Return the folder of what the processes of a data_dir tell each other."""
    folder = data_dir / "executors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _installation_id(path: Path) -> str:
    with acquire(path) as lock:
        found = lock.read()
        if not found:
            found = uuid.uuid4().hex[:12]
            lock.write(found)
    return found
