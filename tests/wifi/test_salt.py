"""The salt of hashes is replaced while receivers run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvsnap.store import database
from mvsnap.wifi.devices import hashed_with
from mvsnap.wifi.salt import NAME, SaltedHash, is_another, rotate, salt
from tests.clients.fakes import FakeClock
from tests.store.sqlite import db as db

MAC = "00:11:22:33:44:55"


def test_a_running_receiver_hashes_with_the_new_salt_within_seconds(
    tmp_path: Path, db: database.Database
) -> None:
    clock, first = FakeClock(), salt(tmp_path)
    is_another(db, first)
    hashed = SaltedHash(tmp_path, first, clock.monotonic)
    before = hashed(MAC)
    assert before == hashed_with(first)(MAC)
    rotate(tmp_path, db)
    clock.pass_time(3.1)
    second = salt(tmp_path)
    assert second != first
    assert hashed(MAC) == hashed_with(second)(MAC) != before
    assert not is_another(db, second)  # no warning at the next start


@pytest.mark.parametrize("text", ["", "nonsense", "abcd"])
def test_a_salt_that_cannot_be_read_leaves_the_former_one(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, first = FakeClock(), salt(tmp_path)
    hashed = SaltedHash(tmp_path, first, clock.monotonic)
    (tmp_path / NAME).write_text(text)
    clock.pass_time(4)
    assert hashed(MAC) == hashed_with(first)(MAC)
    assert "cannot be read" in caplog.text
