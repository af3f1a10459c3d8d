"""A video link that Meraki does not give at once is asked for again, and told."""

from __future__ import annotations

from datetime import timedelta

from mvsnap.domain import JobId, JobState
from mvsnap.simulator.faults import Fault
from tests.core.build import DOOR, GATE
from tests.jobs.fakes import Crew

VIDEO = "[Video of that moment]("
FOLLOWS = "_The video link follows._"
POST = "POST /v1/messages"


def no_links(team: Crew, kind: str = "500-html") -> None:
    team.clouds.dashboard.faults.add(Fault(kind, "videoLink", times=-1))


def links_again(team: Crew) -> None:
    team.clouds.dashboard.faults.clear()


def test_a_late_link_is_posted_once_as_a_reply(team: Crew) -> None:
    no_links(team)
    job = team.job(GATE)
    assert team.run(job) is not None
    links_again(team)
    assert team.run(job) is None
    first, reply = team.messages
    assert FOLLOWS in first.markdown
    assert reply.parent_id == first.id
    assert VIDEO in reply.markdown
    assert "**Gate North**" in reply.markdown
    assert not reply.files
    (event,) = team.events
    assert f"{VIDEO}{event.video_link})" in reply.markdown
    assert team.run(job) is None
    assert len(team.messages) == 2


def test_whoever_waits_for_the_job_does_not_wait_for_its_link(team: Crew) -> None:
    no_links(team)
    told: list[JobId] = []
    job = team.job(GATE)
    runner = team.runner(on_told=told.append)
    assert runner.run(job) is not None
    assert told == [job.id]
    assert team.progress(job).state is JobState.DONE


def test_the_links_of_several_cameras_go_to_the_thread_of_each_room(
    team: Crew,
) -> None:
    no_links(team)
    rooms = ("Site A - Alarms", "Site B - Alarms")
    job = team.job(GATE, DOOR, rooms=rooms)
    team.run(job)
    links_again(team)
    assert team.run(job) is None
    heads = [m for m in team.messages if m.parent_id is None]
    replies = [m for m in team.messages if VIDEO in m.markdown]
    assert len(heads) == 2
    assert len(replies) == 4
    assert {m.parent_id for m in replies} == {m.id for m in heads}


def test_a_message_that_is_not_posted_yet_gets_the_link_itself(team: Crew) -> None:
    no_links(team)
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    job = team.job(GATE)
    assert team.run(job) is not None
    links_again(team)
    assert team.run(job) is not None  # the link is known now, Webex is still away
    team.clouds.webex.faults.clear()
    team.clock.sleep(5)  # until the room is tried again
    assert team.run(job) is None
    (message,) = team.messages
    assert VIDEO in message.markdown
    assert FOLLOWS not in message.markdown


def test_a_link_that_never_comes_is_given_up_with_the_job_and_the_reason(
    team: Crew,
) -> None:
    no_links(team)
    job = team.job(GATE)
    team.run(job)
    team.clock.sleep(timedelta(hours=25).total_seconds())
    assert team.run(job) is None
    reply = team.messages[-1]
    assert reply.parent_id == team.messages[0].id
    assert "No video link: Meraki reports an error (500)" in reply.markdown
    assert team.run(job) is None
    assert len(team.messages) == 2


def test_a_refusal_that_does_not_pass_is_posted_at_once(team: Crew) -> None:
    no_links(team, "401")
    assert team.run(team.job(GATE)) is None
    (message,) = team.messages
    assert "No video link: Meraki refused the API key (401)" in message.markdown


def test_a_command_that_does_not_run_again_says_why(team: Crew) -> None:
    no_links(team)
    assert team.run(team.job(GATE), is_rerun=False) is None
    (message,) = team.messages
    assert "No video link: Meraki reports an error (500)" in message.markdown


def test_an_offline_camera_gets_its_late_link_too(team: Crew) -> None:
    no_links(team)
    team.clouds.dashboard.cameras[GATE].status = "offline"
    job = team.job(GATE)
    assert team.run(job) is not None
    assert FOLLOWS in team.messages[0].markdown
    links_again(team)
    assert team.run(job) is None
    assert VIDEO in team.messages[1].markdown
