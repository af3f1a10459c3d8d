"""The lock: one listener per data_dir, with a permanent MQTT client id.

The broker keeps a session under that id, so messages published at QoS 1 while nobody
listened arrive later. Two processes with one id would disconnect each other forever:
machines made from one image notice that, by the store or by the broker.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from mvsnap.file_lock import FileLock, acquire, try_acquire
from mvsnap.store.sharing.identities import IdentityStore, StartMark, note_renewal

log = logging.getLogger(__name__)


class InstanceLock:
    """Call `begin` first and `leave` last.

    identities: where this start is noted; None: nobody shares the store.
    """

    def __init__(
        self,
        data_dir: Path,
        lock: FileLock,
        marks: FileLock,
        identities: IdentityStore | None,
    ) -> None:
        self._data_dir = data_dir
        self._lock, self._marks = lock, marks
        self._identities = identities
        self.listener_id = _listener_id(lock)
        self._mark = StartMark(self.listener_id)

    def leave(self) -> None:
        self._marks.release()
        self._lock.release()

    def begin(self) -> None:
        """Note this start in the store; with a new id if another machine has ours."""
        if self._identities is None:
            return
        mark = self._identities.begin(self.listener_id, self._marks)
        if mark is None:
            self.renew()
            mark = self._identities.begin(self.listener_id, self._marks)
        self._mark = mark or StartMark(self.listener_id)

    def beat(self) -> None:
        """Say in the store that this process is alive."""
        if self._identities is not None:
            self._identities.beat(self._mark)

    def end(self) -> None:
        """Say in the store that it is not; the lock stays until `leave`."""
        if self._identities is not None:
            self._identities.end(self._mark)

    def renew(self) -> None:
        """Take a new id: another machine is connected with this one."""
        old, self.listener_id = self.listener_id, _new_id()
        self._lock.write(self.listener_id)
        log.warning(
            "another machine listens with the MQTT client id of this one (%s): was its "
            "image or data_dir copied? This one is %s from now on",
            old,
            self.listener_id,
        )
        note_renewal(self._data_dir, old, self.listener_id)


def acquire_lock(
    data_dir: Path, identities: IdentityStore | None = None
) -> InstanceLock | None:
    """Return the lock, None while another process has it; it ends with its process.

    identities: says whether another machine is alive under the same id.

    Raises:
        OSError: the file cannot be opened, or the id not be written.
    """
    lock = try_acquire(data_dir / "listener-id", mode=0o640)
    if lock is None:
        return None
    marks = None
    try:
        marks = acquire(data_dir / "listener-mark", mode=0o640)
        found = InstanceLock(data_dir, lock, marks, identities)
        found.begin()
    except BaseException:
        lock.release()  # or the next try would take us for another process
        if marks is not None:
            marks.release()
        raise
    return found


def _listener_id(lock: FileLock) -> str:
    """Return the id that the file holds, made when there is none."""
    found = lock.read()
    if not found:
        found = _new_id()
        lock.write(found)
    return found


def _new_id() -> str:
    return f"mvsnap-{secrets.token_hex(6)}"
