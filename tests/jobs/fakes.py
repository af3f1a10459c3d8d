"""A clock that jumps over every wait, and a job runner between simulated clouds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.webex.client import Webex
from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress
from mvsnap.core.report_text import ReportText
from mvsnap.delivery.channels import Channels
from mvsnap.delivery.evidence_links import EvidenceLinks
from mvsnap.delivery.sender import MessageSender
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.delivery.webex import WebexChannel
from mvsnap.domain import Event, Job, Serial
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.runner import JobRunner
from mvsnap.jobs.stores import JobStores
from mvsnap.metrics import Metrics
from mvsnap.photographer import CameraNames, Cameras, Photographer
from mvsnap.simulator.webex.webex import SimMessage
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.files import Files
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.troubles import TroubleStore
from tests.conftest import Clouds
from tests.core import build


class JumpingClock(SystemClock):
    """Begins now, in a process that has run for two hours.

    `sleep` moves it at once. `asleep` lists the sleeps.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)
        self._elapsed_s = -7200.0
        self.passed_since_start()
        self._elapsed_s = 0.0
        self.asleep: list[float] = []

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def set(self, by: timedelta) -> None:
        """Set it ahead, as NTP or somebody does."""
        self.passed_since_step()
        self._began += by

    def sleep(self, seconds: float) -> None:
        if not self.stopped:
            self.asleep.append(seconds)
            self._elapsed_s += seconds


class Crew:
    """Everything that runs jobs; `run` does one, and the rest shows what came of it."""

    def __init__(self, folder: Path, clouds: Clouds) -> None:
        self.clouds = clouds
        self.folder = folder
        self.public_url: str | None = None
        self.restored_at: datetime | None = None
        self.clip_bytes = 50_000
        clouds.dashboard.rate_limit = None
        self.clock = JumpingClock()
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store = Store(db)
        self.clips = ClipStore(db)
        self.states = JobStateStore(db)
        self.troubles = TroubleStore(db)
        self.notices = NoticeStore(db)
        self.rooms = Rooms(self.clock)
        self.files = Files(folder)
        self.dashboard = Dashboard(
            clouds.dashboard_url, clouds.dashboard.api_key, clock=self.clock
        )
        self.webex: Webex | None = Webex(clouds.webex_url, clouds.webex.bot_token)
        self.report: ReportText | None = None
        # In place of Webex.
        self.channels: Channels | None = None

    def job(self, *serials: Serial, **given: Any) -> Job:
        fields: dict[str, Any] = {
            "rooms": ("Site A - Alarms",),
            "accepted_at": self.clock.now(),
        }
        return build.job(*serials, **(fields | given))

    def runner(self, *, is_rerun: bool = True, **given: Any) -> JobRunner:
        clock = self.clock
        return JobRunner(
            JobStores(
                *(self.store, self.clips, self.files),
                *(self.states, self.troubles, self.notices),
                report=lambda _job: self.report,
            ),
            Cameras(
                Photographer(self.dashboard, clock, picture_wait_s=5),
                CameraNames(self.dashboard, clock),
            ),
            self.sender(),
            self.rooms,
            clock,
            Metrics(),
            is_rerun=is_rerun,
            **given,
        )

    def sender(self) -> MessageSender:
        templates = MessageTemplates(
            "Europe/Berlin", "mvsnap:", public_url=self.public_url
        )
        channels = self.channels or self._webex_alone()
        return MessageSender(
            channels,
            templates,
            self.store,
            self.clock,
            restored_at=self.restored_at,
            links=EvidenceLinks(self.public_url, lambda: "key", self.clock),
        )

    def _webex_alone(self) -> Channels:
        if self.webex is None:
            return Channels({})
        return Channels({"webex": WebexChannel(self.webex, clip_bytes=self.clip_bytes)})

    def run(self, job: Job, *, is_rerun: bool = True) -> float | None:
        """Return how long the job is deferred at most, None if it has ended."""
        wait = self.runner(is_rerun=is_rerun).run(job)
        return None if wait is None else wait.delay_s

    def progress(self, job: Job) -> JobProgress:
        return self.runner().progress(job)

    @property
    def messages(self) -> list[SimMessage]:
        return self.clouds.webex.messages

    @property
    def events(self) -> list[Event]:
        return self.store.events(EventFilter(), 100)


@contextmanager
def crew(folder: Path, clouds: Clouds) -> Iterator[Crew]:
    made = Crew(folder, clouds)
    with closing(made.store), closing(made.dashboard):
        yield made
        if made.webex is not None:
            made.webex.close()


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        yield made
