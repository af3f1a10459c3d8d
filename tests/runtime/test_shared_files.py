"""Machines with folders of their own share pictures and clips in a real bucket."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import werkzeug.test
from sqlalchemy.exc import OperationalError

from mvsnap.badges.alerts import MismatchNotifier
from mvsnap.cli import check_recorder
from mvsnap.clip_model import Clip, ClipState
from mvsnap.clock import SystemClock
from mvsnap.config.load import load
from mvsnap.domain import CameraName, DeliveryState, Event, EventId, Job, Serial
from mvsnap.jobs.clip_results import ClipResults, notification_job
from mvsnap.jobs.executors import installation
from mvsnap.jobs.finished import NoJobs
from mvsnap.jobs.hand_over import HandOver
from mvsnap.recorder import ClipResult
from mvsnap.recorder.files import clip_path
from mvsnap.runtime import Parts, cleaning, hand_over, make_app, worker
from mvsnap.store.clips import ClipStore
from mvsnap.store.clips.deletion import finish_deletes
from mvsnap.store.files import evidence_bucket
from mvsnap.store.files.cache import FOLDERS
from mvsnap.store.purging import PurgeResult
from mvsnap.store.sharing.tables import data_folders
from mvsnap.store.tables import metadata
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.cli.run import mvsnap
from tests.core import build
from tests.gateway import KEY, ROOM, Clouds, clouds, write_config
from tests.servers.postgres import PostgresServer
from tests.servers.relay import Relay
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, ObjectStore

ROBOT = CameraName("Robot")
VIDEO = os.urandom(300_000)


class Machine:
    """Its own data_dir; it runs jobs and answers requests without any thread."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.parts = Parts(load(write_config(folder, settings)))
        self.data_dir = self.parts.settings.data_dir
        jobs = SimpleNamespace(backlog=lambda: 0)
        self.app = make_app(
            self.parts, cast(Any, None), cast(Any, jobs), self.parts.settings
        )
        self.hand_over: HandOver = cast(HandOver, hand_over.hand_over(self.parts))

    def empty(self) -> None:
        for folder in FOLDERS:
            shutil.rmtree(self.data_dir / folder, ignore_errors=True)
        settings = self.parts.settings
        self.parts.clock = SystemClock()
        hand_over.data_folders(settings, self.parts.db).note()
        self.hand_over.close()
        (self.data_dir / "executors/in-bucket").unlink(missing_ok=True)
        self.hand_over = cast(HandOver, hand_over.hand_over(self.parts))

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> werkzeug.test.TestResponse:
        """Return the whole answer; what it came from is closed."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.app.test_client() as client:
            answer = client.open(
                path, method=method, headers={"X-API-Key": KEY} | headers
            )
            answer.get_data()
            answer.close()
        return answer

    def job(self, serial: str) -> Job:
        now = self.parts.clock.now()
        return build.job(Serial(serial), rooms=(ROOM,), accepted_at=now)

    def picture(self, job: Job) -> Event:
        """Take the picture of a job, and die before its message."""
        with ThreadPoolExecutor(2) as pool:
            return self.parts.runner()._snapshots.take(job, job.serials[0], pool)

    def record(self, *, hours_ago: float = 0, content: bytes = VIDEO) -> Clip:
        """Store a clip as its recorder would, without handing it over."""
        wanted = self.wanted_clip(hours_ago=hours_ago)
        path = self.data_dir / f"videos/robot/{wanted.id}.mp4"
        return self.store_clip(wanted, path, content)

    def wanted_clip(self, *, hours_ago: float = 0) -> Clip:
        at = self.parts.clock.now() - timedelta(hours=hours_ago)
        wanted = Clip(
            id=EventId(str(uuid4())),
            job_id=build.job().id,
            camera=ROBOT,
            trigger=build.BUTTON,
            at=at,
            received_at=at,
            rooms=(ROOM,),
        )
        self.parts.clips.ask([wanted], installation(self.data_dir))
        return wanted

    def store_clip(
        self,
        wanted: Clip,
        path: Path,
        content: bytes,
        results: ClipResults | None = None,
    ) -> Clip:
        at = wanted.at
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.with_suffix(".jpg").write_bytes(b"poster")
        result = ClipResult(
            at, path, path.with_suffix(".jpg"), began_at=at, ended_at=at
        )
        stored = (results or self.parts.clip_results()).store(wanted, result)
        return replace(stored, state=ClipState.READY)

    def clean(self, name: str, *, dry_run: bool = False) -> PurgeResult:
        kinds = cleaning.kinds(self.parts, NoJobs())
        return next(kind for kind in kinds if kind.name == name).purge(dry_run=dry_run)

    def files(self) -> set[str]:
        return {
            str(path.relative_to(self.data_dir))
            for folder in ("snapshots", "videos")
            for path in (self.data_dir / folder).rglob("*")
            if path.is_file()
        }


class Site:
    def __init__(
        self, folder: Path, server: ObjectStore, relay: Relay, settings: dict[str, Any]
    ) -> None:
        self.server = server
        self.relay = relay
        self.settings = settings
        self.bucket = settings["storage"]["s3"]["bucket"]
        self.a, self.b = (Machine(folder / name, settings) for name in ("a", "b"))

    def empty(self) -> None:
        """Begin anew, with both machines running."""
        self.back()
        with self.a.parts.db.writing() as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
        for name in self.objects():
            self.server.client.delete_object(Bucket=self.bucket, Key=name)
        for machine in (self.a, self.b):
            machine.empty()

    def away(self) -> None:
        self.relay.cut()

    def back(self) -> None:
        """The bucket answers, and nobody has to wait until it is asked again."""
        self.relay.mend()
        for machine in (self.a, self.b):
            cast(Any, machine.parts.files)._evidence._paused_until_s = 0.0

    def objects(self) -> set[str]:
        return set(self.server.objects(self.bucket))


@pytest.fixture(scope="module")
def sky() -> Iterator[Clouds]:
    with clouds() as running:
        yield running


@pytest.fixture(scope="module")
def shared_site(
    tmp_path_factory: pytest.TempPathFactory,
    s3_server: ObjectStore,
    postgres_server: PostgresServer,
    sky: Clouds,
) -> Iterator[Site]:
    """Made once: a database is migrated in seconds."""
    name = f"shared_{uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    with Relay(int(urlsplit(s3_server.url).port or 0)) as relay:
        s3 = {
            "endpoint_url": f"http://127.0.0.1:{relay.port}",
            "bucket": s3_server.bucket(f"b-{uuid4().hex}"),
            "region": "us-east-1",
            "prefix": "site-a/",
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
        }
        url = postgres_server.url(name)
        settings = sky.settings(database_url=url, storage={"s3": s3})
        folder = tmp_path_factory.mktemp("site")
        made = Site(folder, s3_server, relay, settings)
        yield made
        for machine in (made.a, made.b):
            machine.parts.store.close()
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def site(shared_site: Site, sky: Clouds) -> Site:
    sky.webex.messages.clear()
    shared_site.empty()
    return shared_site


def test_a_picture_of_one_machine_is_served_by_another(site: Site, sky: Clouds) -> None:
    job = site.a.job(sky.serials[0])
    assert site.a.parts.runner().run(job) is None
    (event,) = site.b.parts.store.events_of_job(job.id)
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    there = site.a.get(f"/api/v1.0/events/{event.id}/snapshot.jpg").data
    for kind in ("snapshot", "thumbnail"):
        answer = site.b.get(f"/api/v1.0/events/{event.id}/{kind}.jpg")
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert len(answer.data) > 1000
    assert (site.b.data_dir / str(event.snapshot_path)).read_bytes() == there


def test_a_clip_of_one_machine_is_streamed_by_another_with_ranges(site: Site) -> None:
    clip = site.a.record()
    address = f"/api/v1.0/events/{clip.id}/clip.mp4"
    early = site.b.get(address)
    assert early.status_code == 503
    assert int(early.headers["Retry-After"]) > 0
    assert "still on" in early.get_json()["error"]["message"]
    assert site.a.hand_over.step() is None
    for machine in (site.a, site.b):
        whole = machine.get(address)
        assert (whole.status_code, whole.data) == (200, VIDEO)
        assert whole.headers["Accept-Ranges"] == "bytes"
        part = machine.get(address, Range="bytes=100-199")
        assert (part.status_code, part.data) == (206, VIDEO[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(VIDEO)}"
        tail = machine.get(address, Range="bytes=-50")
        assert (tail.status_code, tail.data) == (206, VIDEO[-50:])
        beyond = machine.get(address, Range=f"bytes={len(VIDEO)}-")
        assert beyond.status_code == 416
        head = machine.get(address, "HEAD")
        assert (head.status_code, head.content_length) == (200, len(VIDEO))
        known = machine.get(address, If_None_Match=whole.headers["ETag"])
        assert known.status_code == 304
    assert site.b.get(f"/api/v1.0/events/{clip.id}/thumbnail.jpg").data
    assert "Location" not in whole.headers


def test_a_clip_that_breaks_off_is_no_whole_answer(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    clip = site.a.record(content=bytes(20_000_000))
    site.a.hand_over.step()
    with site.b.app.test_client() as client:
        answer = client.get(
            f"/api/v1.0/events/{clip.id}/clip.mp4", headers={"X-API-Key": KEY}
        )
        parts = iter(cast(Any, answer.response))
        assert len(next(parts)) > 0
        site.away()
        with pytest.raises(TimeoutError):
            list(parts)
        answer.close()
    assert "a clip broke off while it was sent" in caplog.text


def test_an_outage_of_the_bucket_stops_no_alarm_and_loses_nothing(
    site: Site, sky: Clouds
) -> None:
    site.away()
    job = site.a.job(sky.serials[0])
    assert site.a.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert len(message.files) == 1
    (event,) = site.a.parts.store.events_of_job(job.id)
    address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
    assert site.a.get(address).status_code == 200
    answer = site.b.get(address)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "evidence_away"
    assert "wait for the bucket: 1" in site.b.get("/readyz").text
    assert site.a.hand_over.step() is not None
    site.back()
    assert "still on" in site.b.get(address).text
    assert site.a.hand_over.step() is None
    assert site.b.get(address).status_code == 200
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    assert site.b.get("/readyz").get_json()["parts"]["files"] == "ok"


def test_another_machine_resumes_a_job_with_its_picture(
    site: Site, sky: Clouds
) -> None:
    job = site.a.job(sky.serials[0])
    event = site.a.picture(job)
    jpeg = (site.a.data_dir / str(event.snapshot_path)).read_bytes()
    shutil.rmtree(site.a.data_dir / "snapshots")
    assert site.b.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert [file.data for file in message.files] == [jpeg]
    assert "not attached" not in message.markdown


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("away", "Picture not attached: the bucket"),
        ("silent", "Picture not attached: it is on"),
        ("unstored", "Picture not attached: it is still on"),
        ("gone", "Picture not attached: it was lost with its machine"),
    ],
)
def test_a_message_says_why_its_picture_is_not_there(
    site: Site, sky: Clouds, way: str, words: str
) -> None:
    job = site.a.job(sky.serials[0])
    if way in ("silent", "unstored"):
        site.away()
    event = site.a.picture(job)
    if way == "silent":
        with site.a.parts.db.writing() as connection:
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            connection.execute(data_folders.update().values(seen_at=long_ago))
    site.back()
    if way == "away":
        site.away()
    if way == "gone":
        key = f"site-a/{event.snapshot_path}"
        site.server.client.delete_object(Bucket=site.bucket, Key=key)
    assert site.b.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert message.files == []
    assert words in message.markdown
    if way == "gone":
        address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
        assert site.b.get(address).status_code == 404


def test_the_message_of_a_clip_waits_until_the_clip_is_handed_over(
    site: Site, sky: Clouds
) -> None:
    clip = site.a.record()
    job = notification_job(clip, site.b.parts.clock.now())
    old = replace(job, accepted_at=job.accepted_at - timedelta(minutes=2))
    # The message that it replies to was given up.
    store, failed = site.b.parts.store, DeliveryState.FAILED
    store.set_delivery(
        clip.job_id, "", ROOM, failed, job.accepted_at, error=Reason("refused")
    )
    wait = site.b.parts.runner().run(job)
    assert wait is not None
    assert wait.delay_s == 5
    assert sky.webex.messages == []
    assert site.a.hand_over.step() is None
    assert site.b.parts.runner().run(old) is None
    (message,) = sky.webex.messages
    assert [file.data for file in message.files] == [VIDEO]


def test_a_machine_that_dies_before_the_bucket_has_it_stores_it_at_its_next_start(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = site.a.job(sky.serials[0])

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence_bucket, "store", dies)
    with pytest.raises(KeyboardInterrupt):
        site.a.picture(job)
    monkeypatch.undo()
    # Nobody has called it stored: whoever resumes the job takes a picture of its own.
    assert site.b.parts.store.events_of_job(job.id) == []
    assert site.b.parts.runner().run(job) is None
    (event,) = site.a.parts.store.events_of_job(job.id)
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    clip = site.a.record()
    assert site.a.hand_over.step() is None
    assert f"site-a/robot/{clip.id}.mp4" in site.objects()


def test_what_is_old_goes_from_the_bucket_and_from_every_machine(
    site: Site, sky: Clouds
) -> None:
    job = site.a.job(sky.serials[0])
    event = site.a.picture(job)
    clip = site.a.record()
    site.a.hand_over.step()
    site.b.get(f"/api/v1.0/events/{event.id}/thumbnail.jpg")
    site.b.get(f"/api/v1.0/events/{clip.id}/thumbnail.jpg")
    assert len(site.objects()) == 3
    assert len(site.b.files()) == 3
    later = datetime.now(UTC) + timedelta(days=31)
    for machine in (site.a, site.b):
        machine.parts.clock = _Later(later)
    said = [site.b.clean(name, dry_run=True) for name in ("Clips", "Events")]
    assert [(one.removed, one.files) for one in said] == [(1, 0), (2, 1)]
    site.away()
    done = [site.b.clean(name) for name in ("Clips", "Events")]
    assert [(one.removed, one.files) for one in done] == [(1, 0), (2, 1)]
    site.b.hand_over.step()
    assert len(site.objects()) == 3
    site.back()
    for machine in (site.a, site.b):
        machine.hand_over.step()
    assert site.objects() == set()
    assert site.a.files() == site.b.files() == set()


class _Later(SystemClock):
    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._shown = now

    def now(self) -> datetime:
        return self._shown


def test_a_clip_deleted_on_the_page_goes_everywhere_also_while_it_is_handed_over(
    site: Site,
) -> None:
    clip, other = site.a.record(), site.a.record()
    site.a.hand_over.step()
    late = site.a.record()
    for one in (clip, late):
        assert site.b.parts.clips.delete(one.id, [])
    assert finish_deletes(site.b.parts.videos(), site.b.parts.files) == 2
    for machine in (site.b, site.a, site.b):
        machine.hand_over.step()
    left = {f"site-a/robot/{other.id}.{kind}" for kind in ("mp4", "jpg")}
    assert site.objects() == left
    assert site.a.files() == {f"videos/robot/{other.id}.{k}" for k in ("mp4", "jpg")}
    assert site.b.get(f"/api/v1.0/events/{clip.id}/clip.mp4").status_code == 404


def test_a_clip_that_is_missing_from_the_bucket_is_marked(site: Site) -> None:
    lost, kept, waiting = site.a.record(), site.a.record(), site.a.record()
    site.away()
    site.a.hand_over.step()
    site.back()
    assert site.b.clean("Files without a clip", dry_run=True).lost == 0
    site.a.hand_over.step()
    key = f"site-a/robot/{lost.id}.mp4"
    site.server.client.delete_object(Bucket=site.bucket, Key=key)
    site.away()
    assert site.b.clean("Files without a clip").lost == 0
    site.back()
    assert site.b.clean("Files without a clip", dry_run=True).lost == 1
    assert site.b.clean("Files without a clip").lost == 1
    states = [site.a.parts.clips.clip(c.id) for c in (lost, kept, waiting)]
    assert [c.state for c in states if c] == [
        ClipState.DELETED,
        ClipState.READY,
        ClipState.READY,
    ]


def test_a_person_gets_a_page_with_the_reason(site: Site, sky: Clouds) -> None:
    event = site.a.picture(site.a.job(sky.serials[0]))
    site.away()
    address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
    answer = site.b.get(address, Accept="text/html")
    assert answer.status_code == 503
    assert "cannot be reached now" in answer.text
    assert SECRET_KEY not in answer.text
    # Nobody waits for the bucket again for some seconds.
    begun = time.monotonic()
    for _ in range(20):
        assert site.b.get(address).status_code == 503
    assert time.monotonic() - begun < 5


def test_a_mismatch_is_posted_though_its_picture_cannot_be_copied(site: Site) -> None:
    at = datetime.now(UTC)
    path = site.a.parts.files.save_picture("badges", "one", at, b"jpeg")
    alerts = MismatchNotifier(
        *(cast(Any, None), site.b.parts.store, site.b.parts.files),
        *(cast(Any, None), cast(Any, None), site.b.parts.clock),
        rooms=(ROOM,),
    )
    badge = cast(Any, SimpleNamespace(picture_path=path, swiped_at=at, error=None))
    site.away()
    copy, why = alerts._copy(badge, EventId(str(uuid4())))
    assert copy is None
    assert "cannot be reached" in str(why)
    site.back()
    copy, why = alerts._copy(badge, EventId(str(uuid4())))
    assert why is None
    assert f"site-a/{copy}" in site.objects()


def test_the_size_of_all_clips_counts_whoever_recorded_them(site: Site) -> None:
    old, new = site.a.record(hours_ago=60), site.b.record(hours_ago=50)
    for machine in (site.a, site.b):
        machine.hand_over.step()
    settings = site.b.parts.settings
    smaller = settings.storage.model_copy(update={"max_gb": 0.0004})
    site.b.parts.settings = settings.model_copy(update={"storage": smaller})
    assert site.b.clean("Clips", dry_run=True).removed == 1
    assert site.b.clean("Clips").removed == 1
    site.b.parts.settings = settings
    site.b.hand_over.step()
    assert f"site-a/robot/{old.id}.mp4" not in site.objects()
    assert f"site-a/robot/{new.id}.mp4" in site.objects()


def test_the_cache_is_bounded_and_keeps_what_the_bucket_has_not(site: Site) -> None:
    cache = cast(Any, site.a.hand_over)._cache
    cache._max_bytes = 700_000
    stored = [site.a.record() for _ in range(3)]
    site.a.hand_over.step()
    waiting = site.a.record()
    for age, clip in enumerate([waiting, *stored]):
        used_at = time.time() - 4000 + age
        for path in (clip.path, clip.thumbnail_path):
            os.utime(site.a.data_dir / str(path), (used_at, used_at))
    assert cache.prune() == 2
    kept = {str(clip.path) for clip in (waiting, stored[-1])}
    assert {path for path in site.a.files() if path.endswith(".mp4")} == kept
    address = f"/api/v1.0/events/{stored[0].id}/clip.mp4"
    assert site.a.get(address).data == VIDEO


def test_files_from_before_the_bucket_are_handed_over_and_strays_go(
    site: Site, sky: Clouds
) -> None:
    at = datetime.now(UTC)
    old = build.event(snapshot_path="snapshots/2026/01/01/old.jpg", recorded_at=at)
    site.a.parts.store.add_event(old)
    folder = site.a.data_dir / "snapshots/2026/01/01"
    folder.mkdir(parents=True)
    for name in ("old.jpg", "old.thumbnail.jpg", "stray.jpg", "new.jpg"):
        (folder / name).write_bytes(b"jpeg")
        if name != "new.jpg":
            os.utime(folder / name, (1, 1))
    # Stored by a process that died before its row was there, or for another database.
    elsewhere = "snapshots/2026/01/02/stray.jpg"
    for path in ("snapshots/2026/01/01/stray.jpg", elsewhere):
        site.a.parts.files._evidence.put(path, b"jpeg")
        os.utime(site.a.data_dir / path, (1, 1))
    site.a.hand_over.step()
    assert site.objects() == {
        "site-a/snapshots/2026/01/01/old.jpg",
        f"site-a/{elsewhere}",
    }
    assert {path.name for path in folder.iterdir()} == {
        "old.jpg",
        "old.thumbnail.jpg",
        "new.jpg",
    }


@pytest.mark.parametrize(("names", "is_problem"), [("xy", True), ("xx", False)])
def test_different_folders_without_a_bucket_are_reported(
    tmp_path: Path, site: Site, names: str, is_problem: bool
) -> None:
    with site.a.parts.db.writing() as connection:
        connection.execute(data_folders.delete())
    settings = site.settings | {"storage": {}}
    machines = [Machine(tmp_path / name, settings) for name in names]
    for machine in machines:
        told = machine.get("/readyz").get_json()["parts"]["files"]
        assert ("Set storage.s3" in told) == is_problem
        (line,) = [
            check()
            for name, check in check_recorder.checks(machine.parts.settings)
            if name == "files"
        ]
        assert line.ok is not is_problem
        machine.parts.store.close()


@pytest.mark.parametrize("is_away", [False, True])
def test_a_picture_whose_event_was_not_stored_is_shown_by_no_machine(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """It dies in between; another takes the picture anew, and the first returns."""
    job = site.a.job(sky.serials[0])
    if is_away:
        site.away()
    with monkeypatch.context() as patch:
        patch.setattr(site.a.parts.store, "add_event", _dies)
        with pytest.raises(OperationalError):
            site.a.picture(job)
    site.back()
    event = site.b.picture(job)
    before = (site.b.data_dir / str(event.snapshot_path)).read_bytes()
    for machine in (site.a, site.b):
        machine.hand_over.step()
    assert _shown(site.a, event) == _shown(site.b, event) == before
    shutil.rmtree(site.b.data_dir / "snapshots")
    assert _shown(site.b, event) == before


class InAWeek(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=8)


def test_what_a_machine_left_in_the_bucket_and_died_goes_after_a_week(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = site.a.job(sky.serials[0])
    with monkeypatch.context() as patch:
        patch.setattr(site.a.parts.store, "add_event", _dies)
        with pytest.raises(OperationalError):
            site.a.picture(job)
    (stray,) = site.objects()
    shutil.rmtree(site.a.data_dir / "snapshots")  # and never returns
    event = site.b.picture(job)
    other = "site-a/snapshots/readme.jpg"
    site.server.client.put_object(Bucket=site.bucket, Key=other, Body=b"not ours")
    kept = {other, f"site-a/{event.snapshot_path}"}
    for is_old, left in ((False, {stray}), (True, set[str]())):
        if is_old:
            site.b.parts.clock = InAWeek()
        kinds = {kind.name: kind for kind in cleaning.kinds(site.b.parts, NoJobs())}
        cleaner = kinds["Stray pictures"]
        assert cleaner.purge(dry_run=True).removed == 0  # badges are looked at first
        results = [cleaner.purge() for _ in range(3)]
        assert sum(result.removed for result in results) == is_old
        site.b.hand_over.step()
        assert site.objects() == kept | left


def test_a_purge_that_could_not_look_into_the_bucket_says_so_and_fails(
    site: Site,
) -> None:
    site.a.record()
    site.a.hand_over.step()
    for args in ([], ["--force"], ["--dry-run"]):
        site.away()
        said = mvsnap(site.a.data_dir.parent, "purge", *args)
        assert said.code == 1, said.out
        for name in ("Stray pictures", "Files without a clip"):
            assert f"{name}: nobody could look: The bucket" in said.err
    site.back()
    said = mvsnap(site.a.data_dir.parent, "purge", "--force")
    assert (said.code, "nobody could look" in said.err) == (0, False)


@pytest.mark.parametrize("frozen_at", ["take_snapshot", "save_snapshot"])
def test_a_machine_that_was_frozen_leaves_the_picture_of_another_alone(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch, frozen_at: str
) -> None:
    job = site.a.job(sky.serials[0])
    parts = site.a.parts
    photographer = parts.runner()._snapshots._cameras.photographer
    of = parts.files if frozen_at == "save_snapshot" else type(photographer)
    do, others = getattr(of, frozen_at), list[Event]()

    def is_frozen(*args: Any, **given: Any) -> Any:
        done = do(*args, **given)
        monkeypatch.setattr(of, frozen_at, do)
        others.append(site.b.picture(job))
        return done

    monkeypatch.setattr(of, frozen_at, is_frozen)
    event = site.a.picture(job)
    assert event == others[0]
    before = (site.b.data_dir / str(event.snapshot_path)).read_bytes()
    site.a.hand_over.step()
    assert _shown(site.a, event) == _shown(site.b, event) == before
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    assert len(list((site.a.data_dir / "snapshots").rglob("*.jpg"))) == 1


def test_a_late_copy_of_a_mismatch_does_not_stay(site: Site) -> None:
    at, event_id = datetime.now(UTC), EventId(str(uuid4()))
    paths = {}
    for machine, jpeg in ((site.b, b"first"), (site.a, b"late")):
        files = machine.parts.files
        paths[jpeg] = path = files.save_snapshot(event_id, at, jpeg)
        alerts = MismatchNotifier(
            *(cast(Any, None), machine.parts.store, files),
            *(cast(Any, None), cast(Any, None), machine.parts.clock),
            rooms=(ROOM,),
        )
        alerts._add(build.event(id=event_id, snapshot_path=path))
    site.a.hand_over.step()
    assert site.objects() == {f"site-a/{paths[b'first']}"}
    event = site.a.parts.store.event(event_id)
    assert event is not None
    assert _shown(site.a, event) == _shown(site.b, event) == b"first"


def test_a_recorder_that_was_frozen_leaves_the_clip_of_another_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = {"cameras": {ROBOT: {"url": "rtsp://127.0.0.1:1/none"}}}
    wanted = site.b.wanted_clip()
    # It looked just before it froze.
    monkeypatch.setattr(ClipStore, "is_still_of", lambda *_: True)
    for machine, content in ((site.b, b"B" * 999), (site.a, b"A" * 999)):
        settings = machine.parts.settings
        section = type(settings.recorder).model_validate(camera)
        parts = copy(machine.parts)
        parts.settings = settings.model_copy(update={"recorder": section})
        clips = worker.clip_worker(parts, cast(Any, None))
        by = clips._recorder._settings.made_by
        videos = machine.data_dir / "videos"
        path = clip_path(videos, ROBOT, wanted.id, wanted.at, by)
        machine.store_clip(wanted, path, content, clips._clip_results)
        machine.hand_over.step()
    for machine in (site.a, site.b):
        answer = machine.get(f"/api/v1.0/events/{wanted.id}/clip.mp4")
        assert (answer.status_code, answer.data) == (200, b"B" * 999)


def _shown(machine: Machine, event: Event) -> bytes:
    answer = machine.get(f"/api/v1.0/events/{event.id}/snapshot.jpg")
    assert answer.status_code == 200
    return answer.get_data()


def _dies(_event: Event) -> bool:
    raise OperationalError("INSERT", {}, OSError("the server is stopping"))
