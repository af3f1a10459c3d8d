"""Executor ids: the same after a restart, never the same for two living processes."""

from __future__ import annotations

import fcntl
import socket
import uuid
from pathlib import Path
from typing import IO


class ExecutorSlot:
    """A locked id. The lock goes with the process, however that ends."""

    def __init__(self, executor_id: str, file: IO[str]) -> None:
        self.executor_id = executor_id
        self._file = file

    def release(self) -> None:
        self._file.close()


def acquire_slot(data_dir: Path) -> ExecutorSlot:
    """Lock the first free slot of this installation and return its id.

    After a crash the next process takes the same slot, and with it the work left over.
    """
    folder = _folder(data_dir)
    name = installation(data_dir)
    number = 0
    while (file := _lock(folder / f"{number}.lock")) is None:
        number += 1
    return ExecutorSlot(f"{name}-{number}", file)


def acquire_turn(data_dir: Path, what: str) -> IO[str] | None:
    """Be the one process that does `what` for this data_dir, until it is closed.

    Returns None while another one is.
    """
    return _lock(_folder(data_dir) / f"{what}.lock")


def installation(data_dir: Path) -> str:
    """Return what tells this data_dir on this machine from all others, for good."""
    return f"{socket.gethostname()}-{data_id(data_dir)}"


def installation_of(executor_id: str) -> str:
    """Return the installation that an executor's id belongs to."""
    return executor_id.rpartition("-")[0]


def data_id(data_dir: Path) -> str:
    """Return what tells this data_dir from all others, whatever machine has it."""
    return _installation_id(_folder(data_dir) / "installation")


def _lock(path: Path) -> IO[str] | None:
    """Return the locked file, None when another process has it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _folder(data_dir: Path) -> Path:
    folder = data_dir / "executors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _installation_id(path: Path) -> str:
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        found = file.read().strip()
        if not found:
            found = uuid.uuid4().hex[:12]
            file.write(found)
            file.flush()
    return found
