"""Executor ids: the same after a restart, never the same for two living processes.

Nor for two machines made from one image: the second one to start takes a new id.
"""

from __future__ import annotations

import logging
import socket
import uuid
from pathlib import Path

from mvsnap.file_lock import FileLock, acquire, try_acquire
from mvsnap.store.sharing.identities import IdentityStore, StartMark, note_renewal

log = logging.getLogger(__name__)


class ExecutorSlot:
    """A locked id. The lock is released with the process, however that ends."""

    def __init__(self, executor_id: str, lock: FileLock, mark: StartMark) -> None:
        self.executor_id = executor_id
        self.mark = mark
        self._lock = lock

    def release(self) -> None:
        self._lock.release()


def acquire_slot(
    data_dir: Path, identities: IdentityStore | None = None
) -> ExecutorSlot:
    """Lock the first free slot of this installation and return its id.

    After a crash the next process takes the same slot, and with it the unfinished work.

    identities: says whether another machine is alive under the same id.
    """
    folder = own_folder(data_dir)
    number = 0
    while (lock := try_acquire(folder / f"{number}.lock")) is None:
        number += 1
    try:
        mark = _marked(data_dir, number, lock, identities)
    except BaseException:
        lock.release()
        raise
    return ExecutorSlot(f"{installation(data_dir)}-{number}", lock, mark)


def _marked(
    data_dir: Path, number: int, lock: FileLock, identities: IdentityStore | None
) -> StartMark:
    # Without the host name, which may change: what is in data_dir belongs to this id.
    found = data_id(data_dir)
    if identities is None:
        return StartMark(found)
    mark = identities.begin(f"{found}-{number}", lock)
    if mark is not None:
        return mark
    new = _renew(data_dir, found)
    return identities.begin(f"{new}-{number}", lock) or StartMark(new)


def _renew(data_dir: Path, old: str) -> str:
    """Give this data_dir another id, unless another process has done so."""
    with acquire(own_folder(data_dir) / "installation") as lock:
        if lock.read() == old:
            lock.write(uuid.uuid4().hex[:12])
        new = lock.read()
    log.warning(
        "another machine is running with the id of this one (%s): was its image or "
        "data_dir copied? This one is %s from now on; restart whatever else runs here",
        old,
        new,
    )
    note_renewal(data_dir, old, new)
    return new


def acquire_leadership(data_dir: Path, what: str) -> FileLock | None:
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
