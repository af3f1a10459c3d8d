"""Pictures of alarms that come late: each shows its moment, or says which it shows."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from mvsnap.clock import iso
from mvsnap.domain import (
    EventKind,
    Job,
    JobState,
    PartState,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import NoVideo
from mvsnap.simulator.faults import Fault
from mvsnap.values import replace
from tests.core import build
from tests.core.build import DOOR, GATE
from tests.jobs.fakes import Crew

CLOUD = Trigger(TriggerKind.WEBHOOK, "cloud")


def alarm_of(team: Crew, *serials: Serial, ago_s: float = 40.0) -> Job:
    """Return the job of an alarm that its cloud sent late, with its event stored."""
    at = team.clock.now() - timedelta(seconds=ago_s)
    job = team.job(*serials, at=at, trigger=CLOUD)
    alarm = build.event(
        kind=EventKind.ALARM,
        occurred_at=at,
        job_id=job.id,
        trigger=CLOUD,
        details={"text": "Open valve D5."},
    )
    team.store.add_event(alarm)
    return replace(job, about=alarm.id)


def asked_moments(team: Crew) -> list[str | None]:
    return [
        (call.json or {}).get("timestamp")
        for call in team.clouds.dashboard.asked
        if call.path.endswith("generateSnapshot")
    ]


def test_a_late_alarm_has_a_first_picture_at_once_and_its_own_when_it_is_there(
    team: Crew,
) -> None:
    job = alarm_of(team, GATE)
    assert (team.run(job) or 0) >= 10
    (first,) = team.messages
    assert len(first.files) == 1
    assert re.search(
        # With the day, around midnight.
        r"Picture of (\S+ )?\d\d:\d\d:\d\d( CES?T)?, 4\d s after the alarm",
        first.markdown,
    )
    assert "Open valve D5." in first.markdown
    assert "Video of that moment" in first.markdown
    assert team.progress(job).state is JobState.PENDING
    assert team.run(job) is not None  # still not there
    assert len(team.messages) == 1
    team.clouds.dashboard.video_delay_s = 30
    assert team.run(job) is None
    _, own = team.messages
    assert (own.parent_id, len(own.files)) == (first.id, 1)
    assert "Picture of" not in own.markdown
    (part,) = team.progress(job).parts
    assert part.event is not None
    assert part.event.occurred_at == job.at
    assert asked_moments(team) == [iso(job.at), None, iso(job.at), iso(job.at)]


def test_an_alarm_whose_moment_meraki_has_needs_no_first_picture(team: Crew) -> None:
    job = alarm_of(team, GATE, ago_s=100)
    assert team.run(job) is None
    (message,) = team.messages
    assert "Picture of" not in message.markdown
    assert [event.occurred_at for event in team.events] == [job.at] * 2


def test_each_camera_of_a_late_alarm_says_when_its_picture_is_of(team: Crew) -> None:
    job = alarm_of(team, GATE, DOOR)
    assert team.run(job) is not None
    head, *first = team.messages
    assert [message.parent_id for message in first] == [head.id] * 2
    assert all("after the alarm" in message.markdown for message in first)
    assert [("Open valve" in m.markdown) for m in (head, *first)] == [
        True,
        False,
        False,
    ]
    team.clouds.dashboard.video_delay_s = 30
    assert team.run(job) is None
    own = team.messages[3:]
    assert [len(message.files) for message in own] == [1, 1]
    assert not any("Picture of" in message.markdown for message in own)


def test_a_moment_that_was_never_recorded_leaves_the_first_picture(team: Crew) -> None:
    team.clouds.dashboard.video_delay_s = 3600
    job = alarm_of(team, GATE)
    assert team.run(job) is not None
    team.clock.sleep(300)
    assert team.run(job) is None
    last = team.messages[-1]
    assert "Picture of" in last.markdown
    assert "No picture of that moment: No video" in last.markdown
    (part,) = team.progress(job).parts
    assert part.state is PartState.FAILED
    assert part.event is not None
    assert part.event.snapshot_path is not None


def test_a_picture_that_another_process_took_meanwhile_is_not_given_up(
    team: Crew,
) -> None:
    """This one was frozen while it could not reach the camera."""
    job = team.job(GATE)
    snapshots = team.runner()._snapshots
    with ThreadPoolExecutor(1) as pool:
        taken = snapshots.take(job, GATE, pool)
    why = NoVideo("x", retry=False)
    assert snapshots.give_up(job, GATE, why, None) == taken
    assert team.events == [taken]


def test_a_picture_that_retries_made_late_says_so(team: Crew) -> None:
    team.clouds.dashboard.faults.add(Fault("503-html", "generateSnapshot", times=4))
    job = team.job(GATE)
    assert team.run(job) is None
    (message,) = team.messages
    assert "s after the trigger" in message.markdown
    (event,) = team.events
    assert event.occurred_at > job.accepted_at + timedelta(seconds=5)


def test_an_alarm_that_retries_made_late_still_shows_its_moment(team: Crew) -> None:
    team.clouds.dashboard.faults.add(Fault("503-html", "generateSnapshot", times=6))
    team.clouds.dashboard.video_delay_s = -30
    job = alarm_of(team, GATE, ago_s=2)
    assert team.run(replace(job, at=None)) is None
    (message,) = team.messages
    assert "Picture of" not in message.markdown
    assert {event.occurred_at for event in team.events} == {job.at}


def test_a_picture_of_an_alert_that_is_missing_costs_no_truth(team: Crew) -> None:
    """Waiting for it takes 20 s: what follows is not the picture of the alarm."""
    job = alarm_of(team, GATE, ago_s=1)
    job = replace(job, at=None, picture_url=f"{team.clouds.dashboard_url}/none.jpg")
    team.clouds.dashboard.video_delay_s = -30
    assert team.run(job) is None
    (alarm, picture) = sorted(team.events, key=lambda event: event.kind)
    assert picture.occurred_at == alarm.occurred_at
    assert all(asked_moments(team))


def test_people_do_not_wait_long_for_a_first_picture(team: Crew) -> None:
    team.clouds.dashboard.cameras[GATE].picture = "never"
    job = alarm_of(team, GATE, ago_s=100)
    assert team.run(job) is not None
    assert "No picture yet" in team.messages[0].markdown
    assert sum(team.clock.asleep) < 30  # two waits for the picture, nothing repeated
    team.clouds.dashboard.cameras[GATE].picture = "jpeg"
    assert team.run(job) is None
    assert "Picture of" not in team.messages[-1].markdown
