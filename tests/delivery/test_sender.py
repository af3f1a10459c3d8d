"""Each message once: what is noted before and after it leaves."""

from __future__ import annotations

import pytest

from mvsnap.delivery.channel import Channel
from mvsnap.delivery.channels import Channels
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import DeliveryState, Job, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.simulator.faults import Fault
from tests.core import build
from tests.core.build import GATE
from tests.jobs.fakes import Crew

ROOM = "Site A - Alarms"
REPEAT = "This message may be a duplicate."


def message(job: Job) -> Message:
    facts = Facts(job, build.event(job_id=job.id, camera_name="Gate North"))
    return Message(KINDS["snapshot"], GATE, ROOM, facts)


def state(team: Crew, job: Job) -> DeliveryState:
    return team.store.deliveries_of_job(job.id)[GATE, ROOM].state


def test_what_was_sent_is_not_sent_again(team: Crew) -> None:
    job = team.job(GATE)
    first = team.sender().send_once(message(job))
    assert team.sender().send_once(message(job)) == first
    assert len(team.messages) == 1


def test_a_message_sent_stays_sent_when_the_rooms_cannot_be_listed(team: Crew) -> None:
    job = team.job(GATE)
    assert team.run(job) is None
    sent = team.store.deliveries_of_job(job.id)[GATE, ROOM]
    team.clouds.webex.faults.add(Fault("503-html", "/rooms", times=-1))
    assert team.sender().send_once(message(job)) == sent.message_id
    assert len(team.messages) == 1


def test_a_room_that_cannot_be_found_leaves_no_doubt(team: Crew) -> None:
    job = team.job(GATE)
    team.clouds.webex.faults.add(Fault("503-html", "/rooms"))
    with pytest.raises(UpstreamError):
        team.sender().send_once(message(job))
    assert state(team, job) is DeliveryState.WAITING
    team.sender().send_once(message(job))
    assert REPEAT not in team.messages[0].markdown


def test_what_may_have_been_sent_stays_so_when_the_rooms_cannot_be_listed(
    team: Crew,
) -> None:
    job = team.job(GATE)
    team.store.begin_delivery(job.id, GATE, ROOM, team.clock.now())
    team.clouds.webex.faults.add(Fault("503-html", "/rooms"))
    with pytest.raises(UpstreamError):
        team.sender().send_once(message(job))
    assert state(team, job) is DeliveryState.SENDING
    team.sender().send_once(message(job))
    assert [REPEAT in sent.markdown for sent in team.messages] == [True]


def test_an_answer_that_never_came_is_a_doubt(team: Crew) -> None:
    job = team.job(GATE)
    team.clouds.webex.faults.add(Fault("reset", "POST /v1/messages", after=True))
    with pytest.raises(UpstreamError):
        team.sender().send_once(message(job))
    assert state(team, job) is DeliveryState.UNSURE


def test_what_another_process_has_sent_meanwhile_is_not_sent_again(
    team: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was frozen between its look and its call: its job was taken over."""
    job, frozen = team.job(GATE), team.sender()
    find = Channels.find
    sent_by_other: list[MessageId] = []

    def is_frozen(channels: Channels, room: str) -> tuple[Channel, str]:
        monkeypatch.setattr(Channels, "find", find)
        sent_by_other.append(team.sender().send_once(message(job)))
        return channels.find(room)

    monkeypatch.setattr(Channels, "find", is_frozen)
    assert [frozen.send_once(message(job))] == sent_by_other
    assert len(team.messages) == 1
    assert state(team, job) is DeliveryState.SENT


def test_without_its_channel_nothing_is_noted(team: Crew) -> None:
    """So a clip need not wait for a message that never had a way out."""
    team.webex = None
    job = team.job(GATE)
    with pytest.raises(UpstreamError, match="Webex is not configured"):
        team.sender().send_once(message(job))
    assert team.store.deliveries_of_job(job.id) == {}
