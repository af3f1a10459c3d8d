"""Two machines with one database and one bucket, which may be away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import werkzeug.test
from sqlalchemy.exc import OperationalError

from mvsnap.clip_model import Clip, ClipState
from mvsnap.clock import SystemClock
from mvsnap.config.load import load
from mvsnap.domain import CameraName, Event, EventId, Job, Serial
from mvsnap.jobs.clip_results import ClipResults
from mvsnap.jobs.executors import installation
from mvsnap.jobs.finished import NoJobs
from mvsnap.jobs.hand_over import HandOver
from mvsnap.recorder import ClipResult
from mvsnap.runtime import Parts, cleaning, hand_over, make_app
from mvsnap.store.files.cache import FOLDERS
from mvsnap.store.purging import PurgeResult
from mvsnap.store.tables import metadata
from mvsnap.values import replace
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


def dies(_event: Event) -> bool:
    raise OperationalError("INSERT", {}, OSError("the server is stopping"))
