"""Jobs about a crowd: several rooms, and the end in the same thread."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.domain import (
    DeliveryState,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    JobState,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.simulator.faults import Fault
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.core.build import GATE
from tests.jobs.fakes import Crew

ROOMS = ("Site A - Alarms", "guard@example.com")
HALL = ZoneId("671599294431625455")
SENSE = Trigger(TriggerKind.SENSE, "Hall")


def raised(team: Crew, **details: Any) -> Event:
    """Store a crowd that began a minute ago."""
    now = team.clock.now().replace(microsecond=0)
    event = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.CROWD,
        occurred_at=now - timedelta(seconds=60),
        job_id=JobId(str(uuid.uuid4())),
        trigger=SENSE,
        zone_id=HALL,
        zone_name="Hall",
        details={"people": 5, "limit": 3, "dwell_s": 60.0} | details,
    )
    team.store.add_event(event)
    return event


def job_about(team: Crew, crowd: Event, rooms: tuple[str, ...] = ROOMS) -> Job:
    return team.job(
        GATE,
        id=crowd.job_id,
        trigger=SENSE,
        rooms=rooms,
        prefix="Crowd: 5 people",
        about=crowd.id,
    )


def ended(team: Crew, crowd: Event) -> Job:
    """Store the crowd's end and return the job that posts it."""
    end = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.END,
        occurred_at=team.clock.now(),
        job_id=crowd.job_id,
        zone_id=HALL,
        details={"of": crowd.id, "peak": 7, "unit": "people", "duration_s": 184.0},
    )
    team.store.add_event(end)
    return Job(
        id=JobId(str(uuid.uuid4())),
        trigger=SENSE,
        serials=(),
        accepted_at=team.clock.now(),
        rooms=ROOMS,
        prefix="Crowd over",
        about=end.id,
    )


def test_every_room_gets_the_picture_and_the_video_of_the_beginning(team: Crew) -> None:
    crowd = raised(team)
    job = job_about(team, crowd)
    assert team.run(job) is None
    assert len(team.messages) == 2
    assert {bool(message.to_person_email) for message in team.messages} == {True, False}
    (link,) = {m.markdown.split("(")[-1].rstrip(")\n") for m in team.messages}
    began_ms = round(crowd.occurred_at.timestamp() * 1000)
    assert link.endswith(f"timestamp={began_ms}")
    for message in team.messages:
        assert len(message.files) == 1
        assert message.markdown.startswith("**mvsnap: Crowd: 5 people** · **Gate North")
        assert "· Hall" in message.markdown
        assert "3 or more people for at least 1 min" in message.markdown
    pictures = [a for a in team.clouds.dashboard.asked if "generateSnap" in a.path]
    assert len(pictures) == 1
    assert team.progress(job).state is JobState.DONE


def test_a_message_says_how_many_stayed_when_fewer_began_it(team: Crew) -> None:
    assert team.run(job_about(team, raised(team, stayed=1))) is None
    for message in team.messages:
        assert "3 or more people, 1 or more for at least 1 min" in message.markdown


def test_an_unknown_room_does_not_delay_the_others(team: Crew) -> None:
    job = job_about(team, raised(team), ("No such room", "Site A - Alarms"))
    assert team.run(job) is None
    assert len(team.messages) == 1
    letters = team.store.deliveries_of_job(job.id)
    assert letters[GATE, "No such room"].state is DeliveryState.FAILED
    assert letters[GATE, "Site A - Alarms"].state is DeliveryState.SENT
    assert team.progress(job).state is JobState.FAILED
    # Running it again repeats nothing.
    assert team.run(job) is None
    assert len(team.messages) == 1


def test_what_one_room_got_it_does_not_get_again_while_the_other_waits(
    team: Crew,
) -> None:
    job = job_about(team, raised(team))
    team.clouds.webex.faults.add(Fault("503-html", "POST /v1/messages", times=1))
    team.clouds.webex.faults.add(Fault("503-html", "POST /v1/messages", times=1))
    while team.run(job) is not None:
        pass
    assert len(team.messages) == 2
    assert len({message.room_id for message in team.messages}) == 2


def test_the_end_follows_in_the_thread_of_each_room(team: Crew) -> None:
    crowd = raised(team)
    team.run(job_about(team, crowd))
    first = {message.room_id: message.id for message in team.messages}
    assert team.run(ended(team, crowd)) is None
    ends = team.messages[2:]
    assert {end.room_id: end.parent_id for end in ends} == first
    assert all("Lasted 3 min 4 s, peak 7 people" in end.markdown for end in ends)


def test_the_end_is_posted_once_however_often_its_job_runs(team: Crew) -> None:
    crowd = raised(team)
    team.run(job_about(team, crowd))
    job = ended(team, crowd)
    team.run(job)
    team.run(job)
    assert len(team.messages) == 4


def test_the_end_waits_for_the_message_it_follows(team: Crew) -> None:
    crowd = raised(team)
    job = ended(team, crowd)
    assert team.run(job) == pytest.approx(5)
    assert team.messages == []
    team.run(job_about(team, crowd))
    assert team.run(job) is None
    assert [message.parent_id is None for message in team.messages] == [
        True,
        True,
        False,
        False,
    ]


def test_a_room_that_did_not_get_the_crowd_does_not_get_its_end(
    team: Crew,
) -> None:
    crowd = raised(team)
    for room in ROOMS:
        now = team.clock.now()
        team.store.set_delivery(
            crowd.job_id, GATE, room, DeliveryState.FAILED, now, error=Reason("gone")
        )
    assert team.run(ended(team, crowd)) is None
    assert team.messages == []


def test_a_noise_is_posted_in_decibels(team: Crew) -> None:
    noise = raised(team)
    loud = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.NOISE,
        occurred_at=noise.occurred_at,
        job_id=JobId(str(uuid.uuid4())),
        details={"level_db": -12, "limit_db": -20, "dwell_s": 5.0},
    )
    team.store.add_event(loud)
    team.run(job_about(team, loud, ROOMS[:1]))
    assert "-20 dB or louder for at least 5 s" in team.messages[0].markdown


def test_a_crossing_is_posted_with_its_number(team: Crew) -> None:
    crossing = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.CROSSING,
        job_id=JobId(str(uuid.uuid4())),
        details={"count": 3, "window_s": 60.0, "event": "crossing_in"},
    )
    team.store.add_event(crossing)
    team.run(job_about(team, crossing, ROOMS[:1]))
    assert "3 times within 1 min" in team.messages[0].markdown


def test_the_end_is_posted_in_the_thread_of_a_late_picture(
    team: Crew,
) -> None:
    crowd = raised(team)
    job = job_about(team, crowd, ROOMS[:1])
    fault = Fault("503-html", "generateSnapshot", times=-1)
    team.clouds.dashboard.faults.add(fault)
    assert team.run(job) is not None
    team.clouds.dashboard.faults.clear()
    team.clouds.dashboard.video_delay_s = 0  # the camera has stored the moment
    assert team.run(job) is None
    end = ended(team, crowd)
    assert team.run(replace(end, rooms=ROOMS[:1])) is None
    note, late, over = team.messages
    assert "No picture yet" in note.markdown
    assert late.parent_id == over.parent_id == note.id


def test_in_a_long_outage_the_end_is_retried_less_and_less(team: Crew) -> None:
    job = ended(team, raised(team))
    assert team.run(job) == 5
    old = replace(job, accepted_at=team.clock.now() - timedelta(hours=1))
    assert team.run(old) == 600
