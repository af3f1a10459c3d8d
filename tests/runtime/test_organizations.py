"""Two organizations of Meraki, each with a key: a camera is asked in its own alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.model import Settings
from mvsnap.domain import Job, PartState, Serial
from mvsnap.errors import UpstreamError
from mvsnap.runtime import Parts, background
from mvsnap.runtime.worker import schedules
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.status.read import used_services
from mvsnap.upstreams import OUTCOMES
from tests.conftest import Clouds
from tests.core import build

HERE, THERE = Serial("Q2SM-0000-0001"), Serial("Q2SM-0000-0051")
NEW = Serial("Q2SM-0000-0052")  # of the other one, and in no settings
NOBODYS = Serial("Q2SM-0000-0099")
ROOM, NORTH_ROOM = "Site A - Alarms", "North alarms"


@dataclass
class Site:
    clouds: Clouds
    north: FakeDashboard
    parts: Parts

    def job(self, *serials: Serial) -> Job:
        to = self.parts.organizations.rooms(serials, None)
        return build.job(
            *serials,
            rooms=to.rooms,
            camera_rooms=to.apart,
            accepted_at=self.parts.clock.now(),
        )

    def run(self, job: Job) -> list[PartState]:
        runner = self.parts.runner(is_rerun=False)
        runner.run(job)
        return [part.state for part in runner.progress(job).parts]

    def messages(self) -> dict[str, list[str]]:
        """Return the texts with a picture, by room."""
        titles = {room.id: room.title for room in self.clouds.webex.rooms}
        found: dict[str, list[str]] = {}
        for message in self.clouds.webex.messages:
            found.setdefault(titles[message.room_id], []).append(message.markdown)
        return found

    def asked(self) -> tuple[list[str], list[str]]:
        """Return the paths that each Dashboard was asked for."""
        both = (self.clouds.dashboard, self.north)
        here, there = ([call.path for call in fake.asked] for fake in both)
        return here, there

    def require_own_keys(self) -> None:
        here, there = self.asked()
        assert not any(f"{serial}" in path for path in here for serial in (THERE, NEW))
        assert not any(f"{HERE}" in path for path in there)


@pytest.fixture
def site(tmp_path: Path, clouds: Clouds) -> Iterator[Site]:
    north = FakeDashboard(api_key="the-key-of-north", cameras=0, organization_id="202")
    north.cameras = {c.serial: c for c in (new_camera(51), new_camera(52))}
    clouds.webex.add_room(NORTH_ROOM)
    with serve(dashboard_app(north)) as url:
        parts = Parts(settings(tmp_path, clouds, f"{url}/api/v1"))
        yield Site(clouds, north, parts)
        parts.dashboards.close()
        parts.store.close()


def settings(folder: Path, clouds: Clouds, north_url: str) -> Settings:
    given: dict[str, Any] = {
        "data_dir": folder,
        "site": {"timezone": "Europe/Berlin"},
        "meraki": {
            "base_url": clouds.dashboard_url,
            "api_key": clouds.dashboard.api_key,
            "organization_id": clouds.dashboard.organization_id,
            "cameras": [HERE],
            "picture_wait_s": 5,
        },
        "organizations": [
            {
                "name": "North",
                "base_url": north_url,
                "api_key": "the-key-of-north",
                "organization_id": "202",
                "timezone": "Asia/Tokyo",
                "cameras": [THERE],
                "room": NORTH_ROOM,
            }
        ],
        "webex": {
            "base_url": clouds.webex_url,
            "bot_token": clouds.webex.bot_token,
            "room": ROOM,
        },
        "schedules": [{"cron": "0 7 * * *", "cameras": [HERE, THERE]}],
    }
    return Settings.model_validate(given)


def test_each_camera_has_its_key_room_and_time_zone(site: Site) -> None:
    done = site.run(site.job(HERE, THERE))
    assert done == [PartState.DELIVERED, PartState.DELIVERED]
    site.require_own_keys()
    (here,), (there,) = site.messages()[ROOM], site.messages()[NORTH_ROOM]
    assert " CE" in here
    assert " JST" in there


def test_a_room_that_is_named_gets_the_cameras_of_all(site: Site) -> None:
    to = site.parts.organizations.rooms((HERE, THERE), "Both")
    assert (to.rooms, to.apart) == (("Both",), ())


def test_a_schedule_sends_each_camera_to_its_own_room(site: Site) -> None:
    (schedule,) = schedules(site.parts)
    assert schedule.camera_rooms == ((HERE, (ROOM,)), (THERE, (NORTH_ROOM,)))


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_camera_that_no_settings_name_is_found_without_asking_for_it(
    site: Site, is_listed: bool
) -> None:
    if is_listed:
        background.inventory(site.parts).refresh()
        assert site.parts.names.name(NEW) == site.north.cameras[NEW].name
    assert site.run(site.job(NEW)) == [PartState.DELIVERED]
    site.require_own_keys()
    assert (site.parts.organizations.of(NEW), site.parts.site.organization_of(NEW)) == (
        "North",
        "North" if is_listed else None,
    )


def test_a_camera_of_nobody_is_refused_and_not_looked_for_each_time(
    site: Site,
) -> None:
    for _ in range(3):
        with pytest.raises(
            UpstreamError, match=r"\(meraki, North\) has camera"
        ) as said:
            site.parts.dashboards.of(NOBODYS)
        assert not said.value.retry
    assert [len(paths) for paths in site.asked()] == [1, 1]


@pytest.mark.parametrize("fault", ["503-html", "401", "429"])
def test_an_outage_of_one_stops_no_other(site: Site, fault: str) -> None:
    background.inventory(site.parts).refresh()
    site.clouds.dashboard.faults.add(Fault(fault, times=-1))
    assert site.run(site.job(THERE)) == [PartState.DELIVERED]
    assert site.run(site.job(NEW)) == [PartState.DELIVERED]
    with pytest.raises(UpstreamError):
        site.parts.dashboards.of(HERE).camera(HERE)
    states = OUTCOMES.all()
    assert (states["meraki North"].error, bool(states["meraki"].error)) == ("", True)
    used = used_services(site.parts.settings, listens=False)
    assert used[:2] == ["meraki", "meraki North"]


def test_cameras_of_one_that_is_away_stay_listed(site: Site) -> None:
    inventory = background.inventory(site.parts)
    inventory.refresh()
    before = {camera.serial for camera in site.parts.site.cameras()}
    assert {HERE, THERE, NEW} <= before
    site.north.faults.add(Fault("401", times=-1))
    del site.clouds.dashboard.cameras["Q2SM-0000-0004"]
    inventory._refresh_cameras()
    after = {camera.serial for camera in site.parts.site.cameras()}
    assert after == before - {"Q2SM-0000-0004"}


def test_a_budget_that_is_used_up_is_that_of_one(site: Site) -> None:
    here, there = site.parts.dashboards.each()
    here._budget.hold(60)
    assert site.parts.dashboards.of(NEW) is there
    assert site.run(site.job(THERE)) == [PartState.DELIVERED]
    with pytest.raises(UpstreamError, match="too busy") as said:
        here.camera(HERE)
    assert said.value.retry
    left = site.parts.calls_left()
    assert left["meraki"] <= 0 < left["meraki North"]


def test_visitors_of_each_are_fetched_with_its_own_key(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each day of every zone is a call, and two may leave in a second.
    monkeypatch.setattr("mvsnap.visitors.counts.DAYS", 2)
    background.inventory(site.parts).refresh()
    for _, refresh in background.visitor_refreshes(site.parts, "worker"):
        refresh.run()
    site.require_own_keys()
    assert any("boundaries" in path for path in site.asked()[1])
