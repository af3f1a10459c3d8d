"""Copies of clips in a real object store, which goes away and comes back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clip_model import Clip, CopyState
from mvsnap.clock import SystemClock
from mvsnap.jobs.executors import acquire_leadership, installation
from mvsnap.jobs.s3_copies import Copies
from mvsnap.store import database
from tests.gateway import Gateway, clouds, write_config
from tests.servers.processes import wait_until
from tests.servers.relay import Relay
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, ObjectStore
from tests.store.recordings import HERE, Recordings

MANY_BYTES = 60_000_000  # eight parts


class Site(Recordings):
    def __init__(self, db: database.Database, folder: Path) -> None:
        super().__init__(db)
        self.folder = folder

    def to_copy(
        self, hour: int, size_bytes: int = 10, recorder: str = HERE
    ) -> tuple[Clip, bytes]:
        """Store a clip that waits for its copy; return what is in its file, too."""
        name = f"videos/robot/{hour}"
        clip = self.clip(
            hour,
            recorder=recorder,
            path=f"{name}.mp4",
            thumbnail_path=f"{name}.jpg",
            copy_state=CopyState.WAITING,
        )
        content = os.urandom(size_bytes)
        (self.folder / "videos/robot").mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.mp4").write_bytes(content)
        (self.folder / f"{name}.jpg").write_bytes(b"picture")
        return clip, content

    def copy(self, clip: Clip) -> tuple[CopyState, str | None]:
        table = database_row(self.db, clip)
        return CopyState(table[0]), table[1]

    def wait_for_copy(self, clip: Clip) -> None:
        wait_until(
            lambda: self.copy(clip)[0] is CopyState.COPIED,
            f"the copy of {clip.path}",
            60,
        )


def database_row(db: database.Database, clip: Clip) -> tuple[str, str | None]:
    with db.reading() as connection:
        found = connection.exec_driver_sql(
            "select copy_state, copy_note from clips where id = ?", (clip.id,)
        ).one()
    return found[0], found[1]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    folder.mkdir(exist_ok=True)
    engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
    database.upgrade(engine)
    yield Site(database.Database(engine), folder)
    engine.dispose()


@pytest.fixture
def name(s3_server: ObjectStore) -> str:
    return s3_server.bucket(f"copies-{uuid4().hex[:8]}")


@contextmanager
def copying(
    site: Site, url: str, name: str, secret: str = SECRET_KEY
) -> Iterator[None]:
    """Copy in the background for the length of the block."""

    def bucket() -> Bucket:
        return Bucket(name, ACCESS_KEY, secret, endpoint_url=url, prefix="a/")

    clock = SystemClock()
    copies = Copies(bucket, site.videos, clock, site.folder)
    copies.start()
    try:
        yield
    finally:
        clock.stop()
        copies.stop()


def test_a_clip_is_copied_with_its_thumbnail_and_a_shared_file_once(
    site: Site, s3_server: ObjectStore, name: str
) -> None:
    clip, content = site.to_copy(1)
    shared = site.clip(2, path=clip.path, shared=True)
    with copying(site, s3_server.url, name):
        site.wait_for_copy(clip)
        other, _ = site.to_copy(3)  # while it runs
        site.wait_for_copy(other)
    assert s3_server.content(name, "a/robot/1.mp4") == content
    assert s3_server.objects(name) == {
        "a/robot/1.jpg": 7,
        "a/robot/1.mp4": 10,
        "a/robot/3.jpg": 7,
        "a/robot/3.mp4": 10,
    }
    assert site.copy(shared)[0] is CopyState.NONE


def test_a_store_that_goes_away_in_the_middle_gets_the_rest_when_it_is_back(
    site: Site, s3_server: ObjectStore, name: str
) -> None:
    clip, content = site.to_copy(1, MANY_BYTES)
    port = int(s3_server.url.rpartition(":")[2])
    with ExitStack() as ends:
        relay = ends.enter_context(Relay(port))
        relay.fall_silent_after(MANY_BYTES // 3)
        ends.enter_context(copying(site, f"http://127.0.0.1:{relay.port}", name))
        wait_until(lambda: s3_server.unfinished(name) != [], "it has begun")
        relay.cut()
        wait_until(lambda: site.copy(clip)[1] is not None, "it is noted")
        assert site.copy(clip)[0] is CopyState.WAITING
        assert "at 127.0.0.1" in str(site.copy(clip)[1])
        relay.mend()
        site.wait_for_copy(clip)
    assert site.copy(clip)[1] is None
    assert s3_server.content(name, "a/robot/1.mp4") == content
    assert s3_server.unfinished(name) == []


def test_a_wrong_secret_is_a_clear_state_and_no_clip_is_lost(
    site: Site, s3_server: ObjectStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    clip, _ = site.to_copy(1)
    with copying(site, s3_server.url, name, secret="wrong-secret"):
        wait_until(lambda: site.copy(clip)[1] is not None, "it is noted")
    assert site.copy(clip)[0] is CopyState.WAITING
    assert "storage.s3.secret_key is wrong" in str(site.copy(clip)[1])
    assert "wrong-secret" not in caplog.text
    said = [r for r in caplog.records if "not copied" in r.getMessage()]
    assert [record.levelname for record in said] == ["ERROR"]
    with copying(site, s3_server.url, name):
        site.wait_for_copy(clip)


def test_a_clip_without_its_file_is_not_retried_forever(
    site: Site, s3_server: ObjectStore, name: str
) -> None:
    clip, _ = site.to_copy(1)
    (site.folder / "videos/robot/1.mp4").unlink()
    with copying(site, s3_server.url, name):
        wait_until(lambda: site.copy(clip)[0] is CopyState.FAILED, "it is given up")
    assert site.copy(clip)[1] == "the file is missing"


def test_a_clip_that_cannot_be_copied_does_not_hold_up_the_others(
    site: Site, s3_server: ObjectStore, name: str
) -> None:
    bad, _ = site.to_copy(1)
    (site.folder / "videos/robot/1.mp4").unlink()
    (site.folder / "videos/robot/1.mp4").mkdir()
    good, _ = site.to_copy(2)
    with copying(site, s3_server.url, name):
        site.wait_for_copy(good)
    assert site.copy(bad) == (CopyState.WAITING, "Is a directory")


def is_taken(folder: Path) -> bool:
    turn = acquire_leadership(folder, "copies")
    if turn is not None:
        turn.release()
    return turn is None


def test_one_process_at_a_time_copies_for_a_folder(
    site: Site, s3_server: ObjectStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mvsnap.jobs.s3_copies")
    with copying(site, s3_server.url, name), copying(site, s3_server.url, name):
        wait_until(lambda: is_taken(site.folder), "one of them has the turn")
        clips = [site.to_copy(hour)[0] for hour in range(1, 6)]
        for clip in clips:
            site.wait_for_copy(clip)
    assert sum("copied to" in record.msg for record in caplog.records) == len(clips)
    turn = acquire_leadership(site.folder, "copies")
    assert turn is not None
    turn.release()


def test_a_gateway_killed_while_it_copies_goes_on_at_the_next_start(
    tmp_path: Path, s3_server: ObjectStore, name: str
) -> None:
    relay = Relay(int(s3_server.url.rpartition(":")[2]))
    relay.fall_silent_after(MANY_BYTES // 3)
    s3 = {
        "endpoint_url": f"http://127.0.0.1:{relay.port}",
        "bucket": name,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }
    data_dir = tmp_path / "data"
    with clouds() as made, opened(data_dir) as site, relay:
        recorder = installation(data_dir)
        clip, content = site.to_copy(1, MANY_BYTES, recorder)
        settings = made.settings(storage={"retention_days": 9999, "s3": s3})
        running = Gateway(write_config(tmp_path, settings), roles="worker")
        kill_when(running, lambda: s3_server.unfinished(name) != [])
        assert site.copy(clip)[0] is CopyState.WAITING
        relay.mend()
        running.start()
        try:
            site.wait_for_copy(clip)
        finally:
            running.stop()
    assert s3_server.content(name, "robot/1.mp4") == content
    assert s3_server.unfinished(name) == []
    assert SECRET_KEY not in running.output()


def kill_when(running: Gateway, condition: Callable[[], bool]) -> None:
    running.start()
    try:
        wait_until(condition, "the upload has begun")
        running.kill_after(0)
    finally:
        if running._program is not None:
            running.stop()
