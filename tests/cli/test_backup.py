"""A backup is made while the gateway runs; a restore replaces everything or nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.clip_model import ClipState
from mvsnap.config.entries import Entry
from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.domain import EventId, Serial
from mvsnap.errors import DatabaseUnfit
from mvsnap.file_lock import acquire
from mvsnap.runtime import Parts
from mvsnap.runtime.backup import Backup
from mvsnap.runtime.restore import Restore
from mvsnap.store.events import EventFilter
from tests.cli.run import KEY, Said, configure, mvsnap, settings
from tests.conftest import Clouds
from tests.core.build import NOON, event
from tests.core.test_clip_rows import clip
from tests.jobs.fakes import crew
from tests.servers.card import Card, card

__all__ = ["card"]  # a fixture

REPEAT = "This message may be a duplicate."
CAMERA = Serial("Q2SM-0000-0001")
JPEG = b"\xff\xd8 a picture \xff\xd9"


class Gateway:
    """A folder with settings and data; `titles` are those of its events."""

    def __init__(self, folder: Path, clouds: Clouds) -> None:
        self.folder = folder
        self.clouds = clouds
        self.data = folder / "data"
        configure(folder, settings(clouds) | {"data_dir": str(self.data)})

    @property
    def settings(self) -> Settings:
        return load(self.folder / "config" / "mvsnap.yaml")

    def parts(self) -> Parts:
        return Parts(self.settings)

    def add(self, title: str) -> None:
        """Store an event with a picture."""
        parts = self.parts()
        number = f"{len(self.titles()):04}"
        event_id = EventId(f"00000000-0000-4000-8000-00000000{number}")
        path = parts.files.save_snapshot(event_id, NOON, JPEG)
        parts.store.add_event(event(id=event_id, title=title, snapshot_path=path))
        parts.store.close()

    def titles(self) -> set[str]:
        parts = self.parts()
        found = {each.title for each in parts.store.events(EventFilter(), 100)}
        pictures = parts.store.events(EventFilter(), 100)
        assert all(parts.files.snapshot(each) for each in pictures)
        parts.store.close()
        return found

    def run(self, *args: str, stdin: str = "") -> Said:
        return mvsnap(self.folder, *args, stdin=stdin)


@pytest.fixture
def gateway(tmp_path: Path, clouds: Clouds) -> Gateway:
    return Gateway(tmp_path, clouds)


def test_a_restore_brings_back_what_the_backup_has(gateway: Gateway) -> None:
    gateway.add("before")
    made = gateway.run("backup", "old.tar.gz")
    assert made.code == 0, made.err
    gateway.add("after")

    asked = gateway.run("restore", "old.tar.gz", stdin="n\n")
    assert (asked.code, gateway.titles()) == (1, {"before", "after"})
    done = gateway.run("restore", "old.tar.gz", "--yes")

    assert done.code == 0, done.err
    assert gateway.titles() == {"before"}
    (aside,) = gateway.data.glob("replaced-*")
    assert str(aside) in done.out
    assert "Site A - Alarms" in (gateway.data / "mvsnap.yaml.restored").read_text()
    assert len(list(aside.glob("snapshots/**/*.jpg"))) == 2
    # And on a machine where nothing was.
    (gateway.folder / "old.tar.gz").rename(gateway.folder / "kept.tar.gz")
    gateway.data.rename(gateway.folder / "lost")
    assert gateway.run("restore", "kept.tar.gz", "--yes").code == 0
    assert gateway.titles() == {"before"}


def test_what_was_made_on_the_pages_is_brought_back(gateway: Gateway) -> None:
    made = [
        Entry("channels", "Till", {"kind": "apprise", "url": "json://a"}, NOON, "anna"),
        Entry("recording-cameras", "Line", {"url": "rtsp://a/"}, NOON, "anna"),
        Entry("schedules", "Noon", {"cron": "0 12 * * *"}, NOON, "anna"),
        Entry("webhook-rules", "Jam", {"match": {"title": ["Jam*"]}}, NOON, "anna"),
    ]
    hours = {"sense.when": [{"days": "mon", "from": "08:00", "to": "18:00"}]}
    parts = gateway.parts()
    for entry in made:
        assert parts.entries.put(entry, None, [])
    parts.site.choose(hours, "anna", NOON, [])
    parts.store.close()
    assert gateway.run("backup", "old.tar").code == 0
    gateway.data.rename(gateway.folder / "lost")

    assert gateway.run("restore", "old.tar", "--yes").code == 0

    parts = gateway.parts()
    assert parts.entries.all() == made
    assert parts.site.setting_overrides() == hours
    found = parts.settings
    parts.store.close()
    assert found.recipients.is_channel("Till")
    assert list(found.recorder.cameras) == ["Line"]
    assert [schedule.cron for schedule in found.schedules] == ["0 12 * * *"]
    assert [rule.name for rule in found.webhooks.rules] == ["Jam"]


def test_a_backup_without_files_leaves_them_as_they_are(gateway: Gateway) -> None:
    gateway.add("before")
    gateway.run("backup", "old.tar", "--without-files")
    with tarfile.open(gateway.folder / "old.tar") as tar:
        assert not [name for name in tar.getnames() if name.endswith(".jpg")]
    gateway.add("after")

    assert gateway.run("restore", "old.tar", "--yes").code == 0

    assert gateway.titles() == {"before"}
    assert len(list(gateway.data.glob("snapshots/**/*.jpg"))) == 2


def test_no_backup_has_those_of_before_in_it(gateway: Gateway) -> None:
    """Each would be as large as all of them together."""
    gateway.add("before")
    for name in (
        "data/mon.tar",
        "data/tue.tar.gz",
        "data/kept/wed.tgz",
        "data/mon.tar",
    ):
        (gateway.folder / name).parent.mkdir(exist_ok=True)
        assert gateway.run("backup", name).code == 0
    with tarfile.open(gateway.data / "mon.tar") as tar:
        names = tar.getnames()
    assert [n for n in names if n.endswith(("tar", "gz"))] == []
    assert [n for n in names if n.endswith(".jpg")]


def test_what_a_killed_backup_left_goes_with_the_next_one(gateway: Gateway) -> None:
    gateway.add("before")
    path = gateway.folder / "old.tar"
    code = (
        "import os, pathlib, sys; from mvsnap.runtime.backup import Backup\n"
        "data, path = map(pathlib.Path, sys.argv[1:])\n"
        "steps = Backup(data, '').write(path); next(steps); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, f"{gateway.data}", f"{path}"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert len(list(gateway.folder.glob(".old.tar.*"))) == 1
    # One that is being made is left alone.
    steps = Backup(gateway.data, "").write(path)
    next(steps)
    list(Backup(gateway.data, "").write(path))
    list(steps)
    assert list(gateway.folder.glob(".old.tar.*")) == []
    assert gateway.run("restore", "old.tar", "--yes").code == 0


def test_secrets_of_the_settings_are_in_it_only_when_asked_for(
    gateway: Gateway,
) -> None:
    gateway.run("backup", "without.tar")
    gateway.run("backup", "with.tar", "--with-secrets")

    texts = {}
    for name in ("without", "with"):
        path = gateway.folder / f"{name}.tar"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with tarfile.open(path) as tar:
            file = tar.extractfile("mvsnap.yaml")
            assert file is not None
            texts[name] = file.read().decode()
    assert KEY in texts["with"]
    secrets = gateway.settings.secrets()
    assert not any(secret in texts["without"] for secret in secrets)
    assert "Site A - Alarms" in texts["without"]


def test_a_running_service_is_not_replaced(gateway: Gateway) -> None:
    gateway.add("before")
    gateway.run("backup", "old.tar")
    (gateway.data / "executors").mkdir(exist_ok=True)
    with acquire(gateway.data / "executors" / "0.lock"):
        refused = gateway.run("restore", "old.tar", "--yes")
    assert refused.code == 1
    assert "stop the service" in refused.err
    assert gateway.titles() == {"before"}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_tar(path: Path) -> None:
    path.write_bytes(b"no tar at all")


def other(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        tar.add(__file__, "../../outside.py")


@pytest.mark.parametrize("damage", [cut, no_tar, other])
def test_a_file_that_is_no_whole_backup_changes_nothing(
    gateway: Gateway, damage: Callable[[Path], None]
) -> None:
    gateway.add("before")
    gateway.run("backup", "old.tar")
    gateway.add("after")
    damage(gateway.folder / "old.tar")

    refused = gateway.run("restore", "old.tar", "--yes")

    assert refused.code == 1
    assert "old.tar" in refused.err or "no backup" in refused.err
    assert gateway.titles() == {"before", "after"}
    assert not (gateway.data / "restore").exists()


def test_a_packed_backup_with_a_wrong_byte_changes_nothing(gateway: Gateway) -> None:
    gateway.add("before")
    gateway.run("backup", "old.tar.gz")
    gateway.add("after")
    path = gateway.folder / "old.tar.gz"
    whole = path.read_bytes()
    for place in range(1, 8):
        damaged = bytearray(whole)
        damaged[place * len(whole) // 8] ^= 0xFF
        path.write_bytes(damaged)
        refused = gateway.run("restore", "old.tar.gz", "--yes")
        assert refused.code == 1
        assert "old.tar.gz" in refused.err
    assert gateway.titles() == {"before", "after"}
    assert not (gateway.data / "restore").exists()


def test_a_restore_without_room_for_it_does_not_fill_the_disk(
    card: Card, tmp_path: Path, clouds: Clouds
) -> None:
    gateway = Gateway(card.folder, clouds)
    gateway.add("before")
    (gateway.data / "large").write_bytes(os.urandom(15_000_000))
    assert gateway.run("backup", f"{tmp_path}/old.tar").code == 0
    free = shutil.disk_usage(card.folder).free
    (card.folder / "others").write_bytes(bytes(free - 8_000_000))
    refused = gateway.run("restore", f"{tmp_path}/old.tar", "--yes")
    assert refused.code == 1
    assert "cannot be used: No space left on device" in refused.err
    assert shutil.disk_usage(card.folder).free > 7_000_000
    assert gateway.titles() == {"before"}


@pytest.mark.parametrize("renames", range(5))
def test_a_restore_that_was_cut_off_anywhere_is_finished_by_the_next(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """As by kill -9 before each of its renames."""
    gateway.add("before")
    list(Backup(gateway.data, "").write(gateway.folder / "old.tar"))
    gateway.add("after")
    rename, left = Path.rename, renames

    def cut_off(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return rename(path, target)

    first = Restore(gateway.folder / "old.tar", gateway.settings)
    list(first.unpack())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", cut_off)
        with pytest.raises(KeyboardInterrupt):
            first.finish(datetime.now(UTC))
    first.close()  # as its process has ended
    with pytest.raises(DatabaseUnfit, match="Run it again"):
        gateway.parts()

    assert gateway.run("restore", "old.tar", "--yes").code == 0
    assert gateway.titles() == {"before"}
    (aside,) = gateway.data.glob("replaced-*")
    assert len(list(aside.glob("snapshots/**/*.jpg"))) == 2


def test_a_backup_is_of_one_moment_while_others_write(gateway: Gateway) -> None:
    gateway.add("first")
    path = gateway.data / "mvsnap.db"
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("create table a(n)")
            connection.execute("create table b(n)")
            number = 0
            while not done.is_set():
                with connection:
                    connection.execute("insert into a values (?)", (number,))
                    connection.execute("insert into b values (?)", (number,))
                begun.set()
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        for _ in range(5):
            list(Backup(gateway.data, "").write(gateway.folder / "old.tar"))
    finally:
        done.set()
        writer.join()

    with closing(Restore(gateway.folder / "old.tar", gateway.settings)) as found:
        list(found.unpack())
        found.finish(datetime.now(UTC))
    with closing(sqlite3.connect(path)) as connection:
        counts = [
            connection.execute(f"select count(*) from {t}").fetchone() for t in "ab"
        ]
    assert counts[0] == counts[1]


def test_a_clip_that_was_not_recorded_yet_says_so(gateway: Gateway) -> None:
    parts = gateway.parts()
    parts.clips.ask([clip(state=ClipState.WAITING)])
    parts.store.close()
    gateway.run("backup", "old.tar")

    gateway.run("restore", "old.tar", "--yes")

    parts = gateway.parts()
    (found,) = parts.store.events(EventFilter(), 10)
    assert "restored from a backup" in (found.error or "")
    parts.store.close()


def test_what_may_have_been_sent_since_the_backup_says_so(
    tmp_path: Path, clouds: Clouds
) -> None:
    with crew(tmp_path, clouds) as made:
        made.restored_at = made.clock.now()
        later = made.restored_at + timedelta(seconds=1)
        old = made.job(CAMERA, accepted_at=made.restored_at)
        fresh = made.job(CAMERA, accepted_at=later)

        made.run(old)
        of_old = [message.markdown for message in made.messages]
        made.run(fresh)
        of_fresh = [message.markdown for message in made.messages][len(of_old) :]

    assert of_old
    assert all(REPEAT in text for text in of_old)
    assert of_fresh
    assert not any(REPEAT in text for text in of_fresh)


def test_on_a_database_of_its_own_the_command_names_the_way(gateway: Gateway) -> None:
    configure(
        gateway.folder,
        settings(gateway.clouds)
        | {"database_url": f"sqlite:///{gateway.data}/other.db"},
    )
    refused = gateway.run("backup", "old.tar")
    assert refused.code == 2
    assert "database_url" in refused.err
