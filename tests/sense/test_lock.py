"""The listener's lock: one for each data_dir, under an id that stays."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mvsnap.sense.lock import acquire_lock


@contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """As on a full disk, for this process alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_one_listener_has_the_lock_and_the_next_one_its_id(tmp_path: Path) -> None:
    first = acquire_lock(tmp_path)
    assert first is not None
    assert acquire_lock(tmp_path) is None
    first.leave()
    second = acquire_lock(tmp_path)
    assert second is not None
    assert second.listener_id == first.listener_id
    second.leave()


def test_a_full_disk_holds_the_lock_no_longer_than_it_is_full(tmp_path: Path) -> None:
    with nothing_can_be_written():
        error = None
        try:
            acquire_lock(tmp_path)
        except OSError as exc:
            error = exc
    if error is None:
        pytest.skip("this system has no limit for files")
    lock = acquire_lock(tmp_path)
    assert lock is not None
    lock.leave()
