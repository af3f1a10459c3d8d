"""What a worker does for badge events, between simulated clouds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.badges.alerts import MismatchNotifier
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.directory_sync import DirectoryReader
from mvsnap.badges.model import BadgeEvent, Judgement, Verdict
from mvsnap.badges.near_pictures import NearFetcher
from mvsnap.badges.near_queue import NearPictures
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.pictures import PictureFetcher
from mvsnap.badges.store import BadgeStore
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.domain import Job
from mvsnap.photographer import CameraNames, Photographer
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.values import replace
from tests.badges.build import badge
from tests.conftest import Clouds
from tests.jobs.fakes import JumpingClock

ROOM = "Site A - Alarms"


class Jobs:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.submitted: list[Job] = []
        self.refuse: Exception | None = None

    def submit(self, job: Job) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.submitted.append(job)


class BadgeCrew:
    def __init__(self, folder: Path, clouds: Clouds) -> None:
        self.clouds = clouds
        self.clock = JumpingClock()
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store, self.files = Store(db), Files(folder)
        self.badges, self.pictures = BadgeStore(db), BadgePictures(db)
        self.people, self.near = DirectoryStore(db), NearPictures(db)
        self.dashboard = Dashboard(
            clouds.dashboard_url, clouds.dashboard.api_key, clock=self.clock
        )
        self.photographer = Photographer(self.dashboard, self.clock, picture_wait_s=5)
        self.jobs = Jobs()

    def fetcher(self, worker: str = "one") -> PictureFetcher:
        return PictureFetcher(
            self.pictures,
            self.files,
            self.photographer,
            self.clock,
            near=NearFetcher(self.near, self.files, self.photographer, self.clock),
            worker=worker,
            requests_per_s=10,
        )

    def notifier(self, room: str | None = ROOM) -> MismatchNotifier:
        names = CameraNames(self.dashboard, self.clock)
        return MismatchNotifier(
            self.badges,
            self.store,
            self.files,
            names,
            self.jobs,
            self.clock,
            rooms=(room,) if room else (),
        )

    def reader(
        self, place: str | None, *photo_hosts: str, encoding: str | None = None
    ) -> DirectoryReader:
        client = DirectoryClient(photo_hosts, timeout_s=2)
        parts = (self.people, self.files, client, self.clock)
        return DirectoryReader(*parts, place=place, encoding=encoding)

    def swiped(self, minutes_ago: float = 10, **given: object) -> BadgeEvent:
        """Add a badge event of this long ago."""
        now = self.clock.now()
        made = badge(now=now, **given)  # type: ignore[arg-type]  # any field
        at = now - timedelta(minutes=minutes_ago)
        ask_at = max(at + timedelta(minutes=3), now) if made.ask_at else None
        made = replace(made, swiped_at=at, ask_at=ask_at)
        self.badges.add([made])
        return made

    def again(self, made: BadgeEvent) -> BadgeEvent:
        found = self.badges.badge(made.id)
        assert found is not None
        return found

    def judge(self, made: BadgeEvent, verdict: Verdict, note: str = "") -> None:
        now = self.clock.now()
        notify_at = now + timedelta(seconds=10)
        self.badges.judge(Judgement(made.id, verdict, note, now, "anna", notify_at))


@pytest.fixture
def crew(tmp_path: Path, clouds: Clouds) -> Iterator[BadgeCrew]:
    made = BadgeCrew(tmp_path, clouds)
    with closing(made.store), closing(made.dashboard):
        yield made
