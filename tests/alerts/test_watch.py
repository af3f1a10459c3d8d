"""The watch between a real store and jobs that are only noted; the sign of life."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.alerts import heartbeat
from mvsnap.alerts.heartbeat import SignOfLife
from mvsnap.alerts.sights import sights
from mvsnap.alerts.watch import AlertWatch
from mvsnap.config.alerts import ALERT_KINDS
from mvsnap.config.model import Settings
from mvsnap.domain import DeliveryState, Job, JobId
from mvsnap.errors import QueueFull, UpstreamError
from mvsnap.runtime import Parts
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.read import StatusSources
from mvsnap.store.cleanings import CleaningStore
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcomes, Upstream
from tests.jobs.fakes import JumpingClock


class Queue:
    """Jobs by id, as the engine has them: a known id changes nothing."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, Job] = {}
        self.is_full = False
        self.dies_after = False

    def submit(self, job: Job) -> None:
        if self.is_full:
            raise QueueFull("1 job is already waiting")
        self.jobs.setdefault(job.id, job)
        if self.dies_after:
            raise KeyboardInterrupt


class Site:
    def __init__(self, folder: Path) -> None:
        self.clock, self.set_by = JumpingClock(), timedelta()
        self.parts = Parts(
            Settings.model_validate({"data_dir": folder, "server": {"queue_size": 9}})
        )
        self.queue, self.waiting, self.leads = Queue(), 0, True
        self.sources = StatusSources(
            self.parts.live.now,
            self.parts.processes,
            self.parts.store,
            self.parts.clips,
            self.parts.sense,
            self.parts.site,
            CleaningStore(self.parts.db),
            lambda: self.waiting,
            lambda: self.clock.now(),
        )

    def watch(self) -> AlertWatch:
        return AlertWatch(
            self.sources,
            self.parts.troubles,
            self.queue,
            self.clock,
            leads=lambda: self.leads,
            now=lambda: self.clock.now() + self.set_by,
            after=timedelta(minutes=5),
            kinds=frozenset(ALERT_KINDS),
            rooms=("Ops",),
        )

    def look(self, watch: AlertWatch, times: int) -> None:
        for _ in range(times):
            watch.step()
            self.clock.sleep(60)

    def sign(self, ping: Callable[[], None], outcomes: Outcomes) -> SignOfLife:
        return SignOfLife(
            self.sources,
            ping,
            outcomes,
            leads=lambda: self.leads,
            now=self.clock.now,
            prove_writable=lambda: None,
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.parts.store.close()


def test_a_full_queue_is_reported_when_there_is_a_place(site: Site) -> None:
    site.waiting, site.queue.is_full = 9, True
    watch = site.watch()
    site.look(watch, 8)
    assert site.queue.jobs == {}
    site.queue.is_full = False
    site.look(watch, 8)
    (job,) = site.queue.jobs.values()
    assert (job.rooms, job.serials, job.about) == (("Ops",), (), None)
    (trouble,) = site.parts.troubles.claim_for_message(job.id, "Ops")
    assert (trouble.name, trouble.text) == ("Queue", "9 jobs")


def test_a_process_that_dies_reports_nothing_twice(site: Site) -> None:
    site.waiting = 9
    watch = site.watch()
    site.look(watch, 3)
    site.queue.dies_after = True
    with pytest.raises(KeyboardInterrupt):
        site.look(watch, 4)
    site.queue.dies_after = False
    site.look(site.watch(), 8)  # another process
    assert len(site.queue.jobs) == 1
    site.waiting = 0
    site.look(site.watch(), 8)
    assert len(site.queue.jobs) == 2
    assert site.parts.troubles.not_handed_over() == {}


def test_a_clock_that_is_set_reports_nothing_early(site: Site) -> None:
    site.waiting = 9
    watch = site.watch()
    site.look(watch, 2)
    site.set_by = timedelta(hours=25)
    site.look(watch, 3)
    assert site.queue.jobs == {}
    site.look(watch, 3)
    (job_id,) = site.queue.jobs
    (trouble,) = site.parts.troubles.claim_for_message(job_id, "Ops")
    now = site.clock.now() + site.set_by
    assert trouble.lasted(now) < timedelta(minutes=10)


def test_only_who_has_the_turn_looks(site: Site) -> None:
    site.waiting, site.leads = 9, False
    site.look(site.watch(), 8)
    assert site.queue.jobs == {}


def row(group: Group, name: str, **given: Any) -> StatusRow:
    return StatusRow(group, name, Condition.TROUBLE, "broken", **given)


@pytest.mark.parametrize(
    ("found", "kind", "name"),
    [
        (row(Group.SERVICES, "MQTT broker"), "broker", "MQTT broker"),
        (row(Group.SERVICES, "Identity provider"), "provider", "Identity provider"),
        (row(Group.SERVICES, "Heartbeat"), "heartbeat", "Heartbeat"),
        (row(Group.SERVICES, "Channel Ops mail"), "channel", "Channel Ops mail"),
        (row(Group.SERVICES, "Meraki North"), "meraki", "Meraki North"),
        (row(Group.JOBS, "Waiting"), "queue", "Queue"),
        (
            row(Group.JOBS, "Messages given up within a day"),
            "jobs",
            "Messages given up",
        ),
        (row(Group.CAMERAS, "Recorder"), "recorder", "Recorder"),
        (row(Group.CAMERAS, "gate"), "camera", "Camera gate"),
        (row(Group.MERAKI, "Yard"), "camera", "Camera Yard"),
        (row(Group.SENSE, "Listener"), "listener", "Listener"),
        (row(Group.SENSE, "pi-1"), "listener", "Listener pi-1"),
        (row(Group.PROCESSES, "pi: web"), "process", "Process pi: web"),
        (row(Group.SITE, "Disk of pi (89ab)"), "disk", "Disk of pi (89ab)"),
        (row(Group.SITE, "Clock"), "clock", "Clock"),
        (row(Group.SITE, "Certificate of pi"), "certificate", "Certificate of pi"),
        (row(Group.SITE, "Cleaning"), "cleaning", "Cleaning"),
        (row(Group.SITE, "Data folders"), "folders", "Data folders"),
    ],
)
def test_every_part_of_the_status_is_reported(
    found: StatusRow, kind: str, name: str
) -> None:
    (sight,) = sights([found], ALERT_KINDS)
    assert (sight.kind, sight.name, sight.is_wrong) == (kind, name, True)
    assert list(sights([found], set(ALERT_KINDS) - {kind})) == []


def test_every_service_is_reported() -> None:
    assert {one.value for one in Upstream} <= set(ALERT_KINDS)


def test_a_name_of_others_is_short() -> None:
    (sight,) = sights([row(Group.MERAKI, "a\n" * 5000)], ALERT_KINDS)
    assert len(sight.name) == 80
    assert "\n" not in sight.name


def test_the_heartbeat_stops_while_something_is_wrong(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pings: list[int] = []
    sign = site.sign(lambda: pings.append(1), Outcomes())
    sign.step()
    assert len(pings) == 1
    site.waiting = 9
    for _ in range(3):
        sign.step()
    site.waiting = 0
    now = site.clock.now()
    site.parts.store.set_delivery(
        JobId("j"), "", "Ops", DeliveryState.FAILED, now, error=Reason("refused")
    )
    sign.step()
    assert len(pings) == 1
    site.clock.sleep(1200)
    sign.step()
    assert len(pings) == 2
    monkeypatch.setattr(heartbeat, "_free", lambda _folder: 1_000)
    sign.step()
    assert len(pings) == 2
    assert caplog.text.count("no heartbeat is sent") == 2


def test_a_watcher_that_is_away_is_on_the_status_and_once_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    is_away, outcomes = True, Outcomes()

    def ping() -> None:
        if is_away:
            raise UpstreamError("heartbeat: it answered 503", retry=True)

    sign = site.sign(ping, outcomes)
    for _ in range(3):
        sign.step()
    assert outcomes.all()[Upstream.HEARTBEAT].error == "heartbeat: it answered 503"
    is_away = False
    sign.step()
    assert outcomes.all()[Upstream.HEARTBEAT].error == ""
    assert caplog.text.count("it answered 503") == 1
    assert caplog.text.count("arrives again") == 1


def test_who_has_no_turn_looks_again_soon(site: Site) -> None:
    site.leads = False
    assert site.sign(lambda: None, Outcomes()).step() == 1
