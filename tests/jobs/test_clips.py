"""Jobs with clips: what is asked for, and the messages that follow."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.clip_model import Clip, ClipState, Gap
from mvsnap.core.clip_text import details
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    JobState,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.simulator.faults import Fault
from mvsnap.values import replace
from tests.core import build
from tests.core.build import GATE
from tests.jobs.fakes import Crew

ROBOT, PRESS = CameraName("Robot"), CameraName("Press")
HOOK = Trigger(TriggerKind.WEBHOOK, "machines")
POST = "POST /v1/messages"


def alarmed(team: Crew, *serials: Serial, **given: Any) -> Job:
    """Return the job of an alarm of four seconds ago, with its event."""
    job = team.job(
        *serials,
        **{"clips": (ROBOT,), "trigger": HOOK, "prefix": "Robot stopped"} | given,
    )
    event = build.event(
        id=EventId(str(uuid.uuid4())),
        kind=EventKind.ALARM,
        occurred_at=team.clock.now() - timedelta(seconds=4),
        serial=Serial(""),
        job_id=job.id,
        trigger=HOOK,
        details={"text": "Robot stopped\nOpen valve D5", "device": "Robot 7"},
    )
    team.store.add_event(event)
    # `team.job` puts a camera where none is given.
    return replace(job, serials=serials, about=event.id)


def recorded(team: Crew, job: Job, camera: CameraName = ROBOT, **news: Any) -> Job:
    """Finish the clip as the clip worker does; return the job that posts it."""
    (clip,) = [c for c in team.clips.of_job(job.id) if c.camera == camera]
    path = f"videos/{news.pop('file', clip.id)}.mp4"
    content = b"\0" * news.pop("size_bytes", 5000)
    if "error" not in news:
        (team.folder / path).parent.mkdir(exist_ok=True)
        (team.folder / path).write_bytes(content)
        news |= {"path": path, "size_bytes": len(content)}
    clip = replace(
        clip,
        **{
            "state": ClipState.FAILED if "error" in news else ClipState.READY,
            "began_at": clip.at - timedelta(seconds=10),
            "ended_at": clip.at + timedelta(seconds=20),
            "before_s": 10.0,
            **news,
        },
    )
    event = build.event(
        id=clip.id,
        kind=EventKind.CLIP,
        occurred_at=clip.at,
        serial=Serial(""),
        job_id=job.id,
        trigger=HOOK,
        camera_name=camera,
        error=clip.error,
        details=details(clip),
    )
    team.clips.finish(clip, event)
    return told_by(team, job, event)


def told_by(team: Crew, job: Job, event: Event) -> Job:
    again = team.job(
        id=JobId(str(uuid.uuid4())), rooms=job.rooms, about=event.id, prefix=job.prefix
    )
    return replace(again, serials=())


def only(team: Crew, job: Job) -> Clip:
    (clip,) = team.clips.of_job(job.id)
    return clip


def test_a_clip_is_asked_for_at_the_alarms_own_time(team: Crew) -> None:
    job = alarmed(team)
    assert team.run(job) is None
    clip = only(team, job)
    assert (clip.camera, clip.state) == (ROBOT, ClipState.WAITING)
    assert clip.at == clip.received_at - timedelta(seconds=4)
    assert team.progress(job).state is JobState.PENDING
    team.run(job)
    assert only(team, job) == clip, "asked again, nothing changes"


def test_the_alarm_is_posted_at_once_and_the_clip_follows_in_its_thread(
    team: Crew,
) -> None:
    job = alarmed(team)
    team.run(job)
    (head,) = team.messages
    assert "Open valve D5" in head.markdown
    assert "Clip to follow: Robot" in head.markdown
    assert team.run(recorded(team, job)) is None
    reply = team.messages[-1]
    assert reply.parent_id == head.id
    assert "Clip, 30 s: 10 s before to 20 s after the trigger" in reply.markdown
    assert [file.content_type for file in reply.files] == ["video/mp4"]
    assert team.progress(job).state is JobState.DONE


@pytest.mark.parametrize("serials", [(GATE,), (GATE, build.DOOR)], ids=len)
def test_a_clip_follows_the_first_message_of_the_pictures(
    team: Crew, serials: tuple[Serial, ...]
) -> None:
    job = alarmed(team, *serials)
    team.run(job)
    first = team.messages[0]
    assert "Open valve D5" in first.markdown
    team.run(recorded(team, job))
    assert team.messages[-1].parent_id == first.id


def test_a_failed_clip_is_posted_with_its_reason(team: Crew) -> None:
    job = alarmed(team)
    team.run(job)
    team.run(recorded(team, job, error="the camera cannot be reached"))
    assert "No clip: the camera cannot be reached" in team.messages[-1].markdown
    assert team.progress(job).state is JobState.FAILED


def test_missing_video_is_mentioned_in_the_message(team: Crew) -> None:
    job = alarmed(team)
    team.run(job)
    at = only(team, job).at
    gap = Gap(at + timedelta(seconds=3), at + timedelta(seconds=7))
    team.run(recorded(team, job, gaps=(gap,), partial=True, note="no pre-roll"))
    assert "4 s missing" in team.messages[-1].markdown
    assert "No pre-roll" in team.messages[-1].markdown


@pytest.mark.parametrize(("missing_s", "said"), [(0.2, False), (0.5, True)])
def test_no_message_says_that_nothing_is_missing(
    team: Crew, missing_s: float, said: bool
) -> None:
    job = alarmed(team)
    team.run(job)
    at = only(team, job).at
    team.run(recorded(team, job, gaps=(Gap(at, at + timedelta(seconds=missing_s)),)))
    text = team.messages[-1].markdown
    assert "0 s missing" not in text
    assert (f"{missing_s} s missing: the camera sent no picture" in text) is said


def test_a_clip_too_large_for_webex_is_a_link(team: Crew) -> None:
    team.public_url = "https://gate.example"
    job = alarmed(team)
    team.run(job)
    team.run(recorded(team, job, size_bytes=team.clip_bytes + 1))
    message = team.messages[-1]
    assert message.files == []
    assert f"https://gate.example/clips/{only(team, job).id}" in message.markdown


def test_a_clip_that_webex_refuses_is_a_link(team: Crew) -> None:
    job = alarmed(team)
    team.run(job)
    team.clouds.webex.faults.add(Fault("413-html", POST))
    team.run(recorded(team, job))
    message = team.messages[-1]
    assert message.files == []
    assert "on the gateway's Clips page" in message.markdown
    assert team.progress(job).state is JobState.DONE


def test_a_file_goes_to_a_room_once(team: Crew) -> None:
    first, second = alarmed(team), alarmed(team, prefix="Robot stopped again")
    team.run(first)
    team.run(second)
    shared = recorded(team, second, file="same", shared=True)
    assert team.run(shared) is not None, "waits for the message with the file"
    team.run(recorded(team, first, file="same"))
    assert team.run(shared) is None
    assert [len(message.files) for message in team.messages] == [0, 0, 1, 0]
    assert "Same video as the previous clip" in team.messages[-1].markdown


def test_a_file_goes_once_also_to_a_room_that_did_not_get_it_first(team: Crew) -> None:
    first = alarmed(team, rooms=("Site B - Alarms",))
    shared = []
    for prefix in ("Robot stopped again", "Robot stopped once more"):
        team.clock.sleep(1)
        shared.append(alarmed(team, prefix=prefix))
    for job in (first, *shared):
        team.run(job)
    told = [recorded(team, first, file="same")]
    told += [recorded(team, job, file="same", shared=True) for job in shared]
    for job in told:
        assert team.run(job) is None
    clips = team.messages[3:]
    assert [len(message.files) for message in clips] == [1, 1, 0]
    assert "Same video as the previous clip" in clips[-1].markdown


def test_a_clip_that_was_deleted_before_its_message_is_not_promised(team: Crew) -> None:
    job = alarmed(team)
    team.run(job)
    told = recorded(team, job)
    (team.folder / (only(team, job).path or "")).unlink()
    assert team.run(told) is None
    assert "The video has been deleted since" in team.messages[-1].markdown
    assert "Clips page" not in team.messages[-1].markdown


def test_what_failed_together_waits_for_no_other_clip(team: Crew) -> None:
    """Of a recording that failed no file is shared, whatever else has no file."""
    other, job = alarmed(team, clips=(PRESS,)), alarmed(team)
    team.run(other)
    team.run(job)
    assert team.run(recorded(team, job, error="offline", shared=True)) is None
    assert "No clip: offline" in team.messages[-1].markdown


def test_a_clip_does_not_wait_for_a_thread_that_was_refused(team: Crew) -> None:
    job = alarmed(team, GATE, build.DOOR, rooms=("No such room",))
    assert team.run(job) is None
    assert team.run(recorded(team, job)) is None
    assert team.progress(job).state is JobState.FAILED


def test_a_clip_waits_for_the_message_it_follows(team: Crew) -> None:
    job = alarmed(team)
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    assert team.run(job) is not None
    follow_up = recorded(team, job)
    assert team.run(follow_up) is not None
    assert team.messages == []
    team.clouds.webex.faults.clear()
    team.clock.sleep(3)
    assert team.run(job) is None
    assert team.run(follow_up) is None
    assert team.messages[1].parent_id == team.messages[0].id


def test_the_picture_of_a_meraki_alert_is_fetched_from_its_link(team: Crew) -> None:
    ticket = team.dashboard.request_snapshot(GATE)
    asked = len(team.clouds.dashboard.asked)
    job = alarmed(team, GATE, picture_url=ticket.url, clips=())
    assert team.run(job) is None
    paths = [call.path for call in team.clouds.dashboard.asked[asked:]]
    assert not any("generateSnapshot" in path for path in paths)
    assert len(team.messages[0].files) == 1


def test_a_picture_link_that_is_not_merakis_is_not_followed(team: Crew) -> None:
    job = alarmed(team, GATE, picture_url="http://10.0.0.1/internal.jpg", clips=())
    assert team.run(job) is None
    assert len(team.messages[0].files) == 1, "the camera gave its own"
