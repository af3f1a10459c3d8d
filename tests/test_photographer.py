from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from mvsnap.core.moments import wanted_moment
from mvsnap.domain import EventKind, Serial, Trigger, TriggerKind
from mvsnap.photographer import CameraNames, moment_to_ask
from mvsnap.simulator.faults import Fault
from tests.core.build import GATE, NOON, event, job
from tests.jobs.fakes import Crew
from tests.jobs.fakes import team as team
from tests.servers.processes import wait_until


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("at", "now", "asked"),
    [
        pytest.param(None, after(0), None, id="just now"),
        pytest.param(None, after(29), None, id="a little late: now still shows it"),
        pytest.param(None, after(30), NOON, id="later: the trigger"),
        pytest.param(None, after(86400), NOON, id="a day late"),
        pytest.param(None, after(-60), None, id="a clock that was set back"),
        pytest.param(after(-600), after(0), after(-600), id="a past moment"),
        pytest.param(after(-6), after(0), after(-6), id="six seconds ago"),
        pytest.param(after(-4), after(0), None, id="four seconds ago is now"),
    ],
)
def test_a_camera_is_asked_for_the_moment_that_is_evidence(
    at: datetime | None, now: datetime, asked: datetime | None
) -> None:
    asking = job(at=at)
    assert moment_to_ask(asking, wanted_moment(asking), now) == asked


def test_a_button_of_a_page_is_as_any_other() -> None:
    pressed = job(trigger=Trigger(TriggerKind.PAGE, "rita"))
    assert moment_to_ask(pressed, NOON, after(29)) is None


@pytest.mark.parametrize(
    "kind", [TriggerKind.WEBHOOK, TriggerKind.SENSE, TriggerKind.SENSOR]
)
@pytest.mark.parametrize("at", [None, NOON])
def test_an_alarm_gets_the_picture_of_its_own_moment(
    kind: TriggerKind, at: datetime | None
) -> None:
    told = job(at=at, trigger=Trigger(kind, "cloud"))
    assert moment_to_ask(told, NOON, after(4.9)) is None
    for late_s in (5, 40, 179, 181, 7200):
        assert moment_to_ask(told, NOON, after(late_s)) == NOON


def test_an_alarm_has_a_moment_of_its_own_and_a_crowd_that_of_its_message() -> None:
    told = job(trigger=Trigger(TriggerKind.WEBHOOK, "cloud"))
    alarm = event(kind=EventKind.ALARM, occurred_at=after(-4))
    assert wanted_moment(told, alarm) == after(-4)
    assert wanted_moment(told, event(kind=EventKind.CROWD, occurred_at=after(-60))) == (
        NOON
    )


def names(team: Crew) -> CameraNames:
    return CameraNames(team.dashboard, team.clock)


def test_names_are_asked_for_once_for_all_cameras(team: Crew) -> None:
    known = names(team)
    found = [known.name(Serial(serial)) for serial in team.clouds.dashboard.cameras]
    assert found == ["Gate North", "Reception door", "Hall 1", "Car park"]
    lists = [a for a in team.clouds.dashboard.asked if a.path.endswith("/devices")]
    assert len(lists) == 1


def test_an_unknown_camera_is_called_by_its_serial_and_not_asked_for_each_time(
    team: Crew,
) -> None:
    known, stranger = names(team), Serial("Q2XX-ABCD-1234")
    assert {known.name(stranger) for _ in range(5)} == {stranger}
    asked = len(team.clouds.dashboard.asked)
    team.clock.sleep(301)
    known.name(stranger)
    assert len(team.clouds.dashboard.asked) > asked


def test_known_names_stay_when_the_dashboard_is_away(team: Crew) -> None:
    known = names(team)
    assert known.name(GATE) == "Gate North"
    team.clouds.dashboard.faults.add(Fault("503-html", times=-1))
    asked = len(team.clouds.dashboard.asked)
    known.refresh()
    wait_until(lambda: len(team.clouds.dashboard.asked) > asked, "it asks again")
    assert known.name(GATE) == "Gate North"


def test_a_renamed_camera_has_its_new_name_after_a_refresh(team: Crew) -> None:
    known = names(team)
    assert known.name(GATE) == "Gate North"
    team.clouds.dashboard.cameras[GATE].name = "Gate East"
    known.refresh()
    wait_until(lambda: known.name(GATE) == "Gate East", "the new name is known")


def test_names_are_asked_for_again_soon_after_a_failure(team: Crew) -> None:
    team.clouds.dashboard.faults.add(Fault("503-html", "/organizations"))
    known = names(team)
    assert known.name(GATE) == GATE
    team.clock.sleep(31)
    assert known.name(GATE) == "Gate North"


def test_a_slow_dashboard_does_not_hold_up_a_picture(team: Crew) -> None:
    team.clouds.dashboard.faults.add(Fault("slow", "/organizations", seconds=20))
    began = time.monotonic()
    assert names(team).name(GATE) == GATE
    assert time.monotonic() - began < 18  # three, and not the twenty that it takes


def test_the_video_begins_at_the_reported_moment(team: Crew) -> None:
    moment = team.clock.now().replace(microsecond=0) - timedelta(seconds=60)
    told = team.job(GATE, at=moment, trigger=Trigger(TriggerKind.WEBHOOK, "cloud"))
    assert team.run(told) is None
    (shown,) = team.events
    assert shown.occurred_at == moment
    link = shown.video_link or ""
    assert link.endswith(f"timestamp={round(moment.timestamp() * 1000)}")
