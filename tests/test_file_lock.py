"""Locks: one process at a time, freed by whatever ends the holder."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mvsnap.file_lock import FileLock, acquire, try_acquire
from tests.servers.processes import running, wait_until

ROOT = Path(__file__).parent.parent
HOLDER = """
import signal, sys
from pathlib import Path
from mvsnap.file_lock import acquire
lock = acquire(Path(sys.argv[1]))
print("holds", flush=True)
signal.pause()
"""


def test_a_lock_is_had_once_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = try_acquire(path)
    assert first is not None
    assert try_acquire(path) is None
    first.release()
    first.release()  # again does nothing
    with acquire(path):
        assert try_acquire(path) is None
    again = try_acquire(path)
    assert again is not None
    again.release()


def test_who_waits_gets_it_when_it_is_released(tmp_path: Path) -> None:
    path, got = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with acquire(path):
            got.set()

    first = acquire(path)
    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not got.wait(0.2)
    first.release()
    assert got.wait(10)
    waiting.join()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with running(command, cwd=ROOT) as holder:
        holder.wait_for_output("holds")
        assert try_acquire(path) is None
        holder.stop(signal.SIGKILL)

        def is_free() -> bool:
            lock = try_acquire(path)
            if lock is not None:
                lock.release()
            return lock is not None

        wait_until(is_free, "the lock is free", 30)


def test_a_program_started_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    """ffmpeg may outlive the process that started it."""
    path = tmp_path / "lock"
    lock = acquire(path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        lock.release()
        again = try_acquire(path)
        child.kill()
    assert again is not None
    again.release()


def test_it_works_in_memory() -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("no /dev/shm")
    path = shared / f"mvsnap-test-{id(shared)}"
    try:
        with acquire(path):
            assert try_acquire(path) is None
    finally:
        path.unlink()


def test_a_locked_file_says_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("an older text, which is longer\n")
    with acquire(path) as lock:
        assert lock.read() == "an older text, which is longer"
        lock.write("new")
        assert lock.read() == "new"
    assert path.read_text() == "new"


def test_what_cannot_be_opened_is_no_holder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        try_acquire(tmp_path / "file/lock")
    with pytest.raises(FileNotFoundError):
        acquire(tmp_path / "none/lock")


def test_the_file_is_for_us_alone_when_that_is_asked(tmp_path: Path) -> None:
    lock: FileLock | None = try_acquire(tmp_path / "lock", mode=0o600)
    assert lock is not None
    lock.release()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
