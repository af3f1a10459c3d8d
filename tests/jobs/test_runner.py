"""Jobs run against the simulated clouds over real HTTP; only waiting is skipped."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from mvsnap.delivery.message import Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import DeliveryState, Job, JobState, MessageId, PartState
from mvsnap.simulator.faults import Fault
from mvsnap.texts.reasons import code_of
from mvsnap.values import replace
from tests.core.build import DOOR, GATE, HALL
from tests.jobs.fakes import Crew

POST = "POST /v1/messages"
REPEAT = "This message may be a duplicate."


def test_one_camera_is_one_message_with_picture_link_and_name(team: Crew) -> None:
    job = team.job(GATE, prefix="Door *open*")
    assert team.run(job) is None
    (message,) = team.messages
    (event,) = team.events
    assert message.parent_id is None
    assert [file.content_type for file in message.files] == ["image/jpeg"]
    path = team.files.snapshot(event)
    assert path is not None
    assert message.files[0].data == path.read_bytes()
    assert message.markdown.startswith("**mvsnap: Door ∗open∗** · **Gate North**")
    assert f"[Video of that moment]({event.video_link})" in message.markdown
    assert REPEAT not in message.markdown
    assert (event.camera_name, event.title) == ("Gate North", "Door *open*")
    assert team.progress(job).state is JobState.DONE


def test_several_cameras_are_one_thread(team: Crew) -> None:
    job = team.job(GATE, DOOR, HALL)
    assert team.run(job) is None
    head, *replies = team.messages
    assert "**3 cameras**" in head.markdown
    assert head.files == []
    assert [reply.parent_id for reply in replies] == [head.id] * 3
    assert [len(reply.files) for reply in replies] == [1, 1, 1]
    assert {event.serial for event in team.events} == {GATE, DOOR, HALL}
    assert team.progress(job).state is JobState.DONE


def test_an_offline_camera_is_posted_with_its_reason_and_the_others_with_pictures(
    team: Crew,
) -> None:
    team.clouds.dashboard.cameras[DOOR].status = "offline"
    job = team.job(GATE, DOOR)
    assert team.run(job) is None
    told = next(m for m in team.messages if "Reception door" in m.markdown)
    assert "No picture: The camera is offline" in told.markdown
    assert "Video of that moment" in told.markdown
    assert told.files == []
    progress = team.progress(job)
    assert progress.state is JobState.PARTIAL
    assert [part.state for part in progress.parts] == ["delivered", "failed"]
    assert "offline" in (progress.parts[1].error or "")
    assert code_of(progress.parts[1].error) == "camera_offline"


def test_a_camera_that_the_key_does_not_see_is_reported_too(team: Crew) -> None:
    job = team.job(GATE, id="00000000-0000-4000-8000-000000000000")
    del team.clouds.dashboard.cameras[GATE]
    assert team.run(job) is None
    (message,) = team.messages
    assert "No picture:" in message.markdown
    assert team.progress(job).state is JobState.FAILED


@pytest.mark.parametrize("kind", ["503-html", "502", "429", "429-garbage-retry-after"])
def test_a_message_webex_refuses_once_is_delivered_once(team: Crew, kind: str) -> None:
    team.clouds.webex.faults.add(Fault(kind, POST))
    assert team.run(team.job(GATE)) is None
    (message,) = team.messages
    assert REPEAT not in message.markdown
    assert len(message.files) == 1


@pytest.mark.parametrize("kind", ["503-html", "500-html", "429", "html-200", "reset"])
def test_a_picture_that_the_dashboard_refuses_once_is_stored_once(
    team: Crew, kind: str
) -> None:
    team.clouds.dashboard.faults.add(Fault(kind, "generateSnapshot"))
    assert team.run(team.job(GATE)) is None
    assert len(team.messages) == len(team.events) == 1
    assert team.messages[0].files


def test_a_link_that_does_not_come_costs_no_picture(team: Crew) -> None:
    team.clouds.dashboard.faults.add(Fault("500-html", "videoLink", times=-1))
    job = team.job(GATE)
    assert team.run(job) == pytest.approx(10, abs=1)
    assert len(team.messages[0].files) == 1
    assert "_The video link follows._" in team.messages[0].markdown
    assert team.progress(job).state is JobState.DONE


def test_a_connection_lost_after_posting_makes_a_repeat_that_says_so(
    team: Crew,
) -> None:
    team.clouds.webex.faults.add(Fault("reset", POST, after=True))
    assert team.run(team.job(GATE)) is None
    first, second = team.messages
    assert REPEAT not in first.markdown
    assert REPEAT in second.markdown


def test_a_crash_while_posting_makes_a_message_that_says_so(team: Crew) -> None:
    job = team.job(GATE)
    team.store.begin_delivery(job.id, GATE, job.rooms[0], team.clock.now())
    assert team.run(job) is None
    (message,) = team.messages
    assert REPEAT in message.markdown


def test_a_doubt_is_not_forgotten_over_a_later_refusal(team: Crew) -> None:
    faults = team.clouds.webex.faults
    faults.add(Fault("reset", POST, after=True))
    faults.add(Fault("503-html", POST))
    assert team.run(team.job(GATE)) is None
    assert REPEAT in team.messages[-1].markdown


def test_a_finished_job_run_again_does_nothing(team: Crew) -> None:
    job = team.job(GATE, DOOR)
    team.run(job)
    posted, asked = len(team.messages), len(team.clouds.dashboard.asked)
    events = team.events
    assert team.run(job) is None
    assert len(team.messages) == posted
    assert len(team.clouds.dashboard.asked) == asked
    assert team.events == events


def test_a_job_whose_picture_is_stored_only_posts(team: Crew) -> None:
    job = team.job(GATE)
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    assert (team.run(job) or 0) >= 10
    team.clouds.webex.faults.clear()
    team.clock.sleep(3)
    asked = len(team.clouds.dashboard.asked)
    assert team.run(job) is None
    assert len(team.messages) == 1
    assert len(team.clouds.dashboard.asked) == asked


def test_without_a_room_nothing_is_posted(team: Crew) -> None:
    job = team.job(GATE, DOOR, rooms=())
    assert team.run(job) is None
    assert team.messages == []
    assert team.clouds.webex.asked == []
    assert team.progress(job).state is JobState.DONE


def test_without_a_bot_a_job_with_a_room_fails_and_keeps_its_picture(
    team: Crew,
) -> None:
    team.webex = None
    job = team.job(GATE)
    assert team.run(job) is None
    (part,) = team.progress(job).parts
    assert (part.state, part.error) == (PartState.FAILED, "Webex is not configured")
    assert part.event is not None
    assert part.event.snapshot_path is not None


@pytest.mark.parametrize("room", ["No such room", "guard@nowhere.example"])
def test_an_unknown_room_fails_at_once_and_is_named(team: Crew, room: str) -> None:
    job = team.job(GATE, rooms=(room,))
    assert team.run(job) is None
    (part,) = team.progress(job).parts
    assert part.state is PartState.FAILED
    assert part.error
    assert team.messages == []


@pytest.mark.parametrize("room", ["site a - alarms ", "guard@example.com"])
def test_a_room_may_be_a_title_in_any_case_or_a_person(team: Crew, room: str) -> None:
    assert team.run(team.job(GATE, rooms=(room,))) is None
    assert len(team.messages) == 1


def test_a_picture_that_is_late_is_announced_and_follows_below(team: Crew) -> None:
    camera = team.clouds.dashboard.cameras[GATE]
    camera.picture = "never"
    team.clouds.dashboard.video_delay_s = 0
    job = team.job(GATE)
    assert (team.run(job) or 0) >= 10
    (note,) = team.messages
    assert "No picture yet:" in note.markdown
    assert "It will be posted here when it is available." in note.markdown
    assert team.progress(job).state is JobState.PENDING
    camera.picture = "jpeg"
    assert team.run(job) is None
    _, picture = team.messages
    assert picture.parent_id == note.id
    assert len(picture.files) == 1
    assert team.progress(job).state is JobState.DONE


def test_a_late_picture_is_announced_once(team: Crew) -> None:
    team.clouds.dashboard.cameras[GATE].picture = "never"
    job = team.job(GATE)
    for _ in range(3):
        assert team.run(job) is not None
    assert len(team.messages) == 1


def test_a_picture_given_up_after_a_day_is_reported(team: Crew) -> None:
    team.clouds.dashboard.cameras[GATE].picture = "never"
    job = team.job(GATE, accepted_at=team.clock.now() - timedelta(hours=25))
    assert team.run(job) is None
    (message,) = team.messages
    assert "No picture:" in message.markdown
    assert team.progress(job).state is JobState.FAILED


def test_a_message_is_given_up_after_a_day(team: Crew) -> None:
    team.clouds.webex.faults.add(Fault("503-html", "", times=-1))
    job = team.job(GATE, accepted_at=team.clock.now() - timedelta(hours=25))
    assert team.run(job) is None
    sent = team.store.deliveries_of_job(job.id)[GATE, "Site A - Alarms"]
    assert sent.state is DeliveryState.FAILED
    assert team.progress(job).state is JobState.FAILED


def test_a_command_gives_up_where_a_service_would_retry(team: Crew) -> None:
    team.clouds.webex.faults.add(Fault("503-html", "", times=-1))
    job = team.job(GATE)
    assert team.run(job, is_rerun=False) is None
    assert team.progress(job).state is JobState.FAILED


def test_a_message_that_comes_late_says_so_and_shows_the_trigger(team: Crew) -> None:
    accepted_at = team.clock.now() - timedelta(minutes=30)
    job = team.job(GATE, accepted_at=accepted_at)
    assert team.run(job) is None
    assert "Delivered late:" in team.messages[0].markdown
    (event,) = team.events
    assert event.occurred_at == accepted_at


def test_a_message_in_time_does_not_say_late(team: Crew) -> None:
    assert team.run(team.job(GATE)) is None
    assert "late" not in team.messages[0].markdown


def test_a_head_that_cannot_be_posted_parks_every_camera(team: Crew) -> None:
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    job = team.job(GATE, DOOR)
    assert (team.run(job) or 0) >= 10
    assert len(team.events) == 2
    team.clouds.webex.faults.clear()
    team.clock.sleep(3)
    assert team.run(job) is None
    head, *replies = team.messages
    assert [reply.parent_id for reply in replies] == [head.id] * 2


def test_a_stopping_service_parks_at_once(team: Crew) -> None:
    team.clouds.webex.faults.add(Fault("503-html", "", times=-1))
    team.clock.stop()
    assert team.run(team.job(GATE)) == 0.0
    assert team.clock.asleep == []


def again(team: Crew, job: Job) -> Job:
    """Return the job as it runs after somebody had it tried again."""
    team.clock.sleep(5)
    return replace(job, again_at=team.clock.now())


def test_a_message_that_was_given_up_is_posted_late_when_tried_again(
    team: Crew,
) -> None:
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    job = team.job(GATE, DOOR)
    team.run(job)
    team.clock.sleep(25 * 3600)
    assert team.run(job) is None
    assert {part.state for part in team.progress(job).parts} == {PartState.FAILED}
    team.clouds.webex.faults.clear()
    late = again(team, job)
    assert team.run(late) is None
    assert len(team.messages) == 3
    assert all("Delivered late" in message.markdown for message in team.messages)
    assert {part.state for part in team.progress(late).parts} == {PartState.DELIVERED}
    assert team.run(again(team, late)) is None
    assert len(team.messages) == 3


def test_a_message_given_up_in_doubt_says_so_when_tried_again(team: Crew) -> None:
    team.clouds.webex.faults.add(Fault("reset", POST, times=-1, after=True))
    job = team.job(GATE)
    team.run(job)
    team.clock.sleep(25 * 3600)
    team.run(job)
    team.clouds.webex.faults.clear()
    told = len(team.messages)
    assert team.run(again(team, job)) is None
    assert REPEAT in team.messages[told].markdown


def test_a_picture_that_was_given_up_follows_its_message_when_tried_again(
    team: Crew,
) -> None:
    team.clouds.dashboard.faults.add(Fault("401", "generateSnapshot", times=-1))
    job = team.job(GATE)
    assert team.run(job) is None
    assert team.progress(job).parts[0].state is PartState.FAILED
    told = len(team.messages)
    team.clouds.dashboard.faults.clear()
    late = again(team, job)
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    assert team.run(late) is not None
    team.clouds.webex.faults.clear()
    team.clock.sleep(5)
    for _ in range(2):
        assert team.run(late) is None
    assert len(team.messages) == told + 1
    assert team.messages[-1].files
    assert team.messages[-1].parent_id is not None
    assert team.progress(late).parts[0].state is PartState.DELIVERED


def test_a_job_with_one_camera_and_room_needs_no_threads_of_its_own(
    team: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a cloud is away dozens of jobs are at work, each with what it holds."""
    seen = set[str]()
    send_once = MessageSender.send_once

    def look(sender: MessageSender, message: Message) -> MessageId:
        seen.update(thread.name for thread in threading.enumerate())
        return send_once(sender, message)

    monkeypatch.setattr(MessageSender, "send_once", look)
    assert team.run(team.job(GATE)) is None
    assert not [name for name in seen if name.startswith("job-")]
