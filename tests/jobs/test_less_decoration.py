"""What is refused goes out with less: the words and links of a message must arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.delivery.channel import FileLimits, OutgoingMessage
from mvsnap.delivery.channels import Channels
from mvsnap.domain import CameraName, DeliveryState, MessageId
from mvsnap.errors import UnknownRecipient, UpstreamError
from mvsnap.simulator.faults import Fault
from tests.conftest import Clouds
from tests.core.build import DOOR, GATE
from tests.jobs import test_clips
from tests.jobs.fakes import Crew, crew

ROOM = "Site A - Alarms"
REPEAT = "This message may be a duplicate."
VIDEO = "[Video of that moment](https://"

Rule = Callable[[OutgoingMessage], UpstreamError | None]


@dataclass
class Told:
    text: str
    has_file: bool
    parent_id: MessageId | None


@dataclass
class Picky:
    """A channel that refuses what its rule says, and keeps the rest."""

    rule: Rule = lambda _message: None
    kept: list[Told] = field(default_factory=list)
    limits = FileLimits(picture_bytes=1_000_000, clip_bytes=1_000_000)

    def post(self, message: OutgoingMessage) -> MessageId:
        text = message.begin_sending()
        if (why := self.rule(message)) is not None:
            raise why
        has_file = message.file is not None
        self.kept.append(Told(text, has_file, message.parent_id))
        return MessageId(f"message {len(self.kept)}")


@pytest.fixture
def picky() -> Picky:
    return Picky()


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds, picky: Picky) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        made.channels = Channels({"webex": picky})
        yield made


def refused(*, file: bool = False, thread: bool = False) -> Rule:
    def rule(message: OutgoingMessage) -> UpstreamError | None:
        is_hit = (file and message.file) or (thread and message.parent_id)
        return UpstreamError("Not this one", retry=False) if is_hit else None

    return rule


def test_a_refused_picture_leaves_its_words_and_link(team: Crew, picky: Picky) -> None:
    picky.rule = refused(file=True)
    assert team.run(team.job(GATE, rooms=(ROOM,))) is None
    (told,) = picky.kept
    assert not told.has_file
    assert "Picture not attached: it was refused there" in told.text
    assert VIDEO in told.text
    assert REPEAT not in told.text


def test_in_a_thread_that_is_gone_a_message_goes_out_by_itself(
    team: Crew, picky: Picky
) -> None:
    picky.rule = refused(thread=True)
    assert team.run(team.job(GATE, DOOR, rooms=(ROOM,))) is None
    head, *pictures = picky.kept
    assert not head.has_file
    assert [told.has_file for told in pictures] == [True, True]
    assert [told.parent_id for told in picky.kept] == [None] * 3


@pytest.mark.parametrize("thread", [False, True])
def test_a_refused_clip_leaves_its_words_in_or_outside_of_the_thread(
    team: Crew, picky: Picky, thread: bool
) -> None:
    job = test_clips.alarmed(team, clips=(CameraName("Robot"),), rooms=(ROOM,))
    team.run(job)
    picky.rule = refused(file=True, thread=thread)
    assert team.run(test_clips.recorded(team, job)) is None
    clip = picky.kept[-1]
    assert not clip.has_file
    assert (clip.parent_id is None) is thread
    assert "Video not attached: it was refused there" in clip.text


def test_what_is_refused_without_decoration_is_given_up(
    team: Crew, picky: Picky
) -> None:
    picky.rule = lambda _message: UpstreamError("Not today", retry=False)
    job = team.job(GATE, rooms=(ROOM,))
    assert team.run(job) is None
    (note,) = team.store.deliveries_of_job(job.id).values()
    assert (note.state, note.error) == (DeliveryState.FAILED, "Not today")


def test_an_unknown_recipient_is_not_asked_again_with_less(
    team: Crew, picky: Picky
) -> None:
    asked = []

    def rule(message: OutgoingMessage) -> UpstreamError:
        asked.append(message)
        return UnknownRecipient("Nobody", retry=False)

    picky.rule = rule
    team.run(team.job(GATE, rooms=(ROOM,)))
    assert len(asked) == 1


def test_an_upload_that_fails_while_other_messages_arrive_leaves_its_words(
    team: Crew, picky: Picky
) -> None:
    def rule(message: OutgoingMessage) -> UpstreamError | None:
        why = UpstreamError("Cut off", retry=True, unsure=True)
        return why if message.file else None

    picky.rule = rule
    job = team.job(GATE, rooms=(ROOM,))
    for _ in range(6):
        if team.run(job) is None:
            break
        team.clock.sleep(30)
        team.rooms.worked(ROOM)
    (told,) = picky.kept
    assert "Picture not attached: it could not be sent" in told.text
    assert VIDEO in told.text
    assert REPEAT in told.text


def test_an_upload_that_fails_for_a_day_leaves_its_words(
    team: Crew, picky: Picky
) -> None:
    def rule(message: OutgoingMessage) -> UpstreamError | None:
        return UpstreamError("Cut off", retry=True) if message.file else None

    picky.rule = rule
    job = team.job(GATE, rooms=(ROOM,))
    assert team.run(job) is not None
    assert picky.kept == []
    team.clock.sleep(timedelta(hours=25).total_seconds())
    assert team.run(job) is None
    (told,) = picky.kept
    assert "Picture not attached: it could not be sent" in told.text
    assert "Delivered late" in told.text


def test_webex_that_refuses_an_upload_gets_the_words(
    tmp_path: Path, clouds: Clouds
) -> None:
    with crew(tmp_path, clouds) as team:
        clouds.webex.faults.add(Fault("413-html", "POST /v1/messages"))
        assert team.run(team.job(GATE)) is None
        (message,) = team.messages
        assert message.files == []
        assert VIDEO in message.markdown


def test_a_head_that_was_deleted_in_webex_does_not_hold_the_rest(
    tmp_path: Path, clouds: Clouds
) -> None:
    with crew(tmp_path, clouds) as team:
        job = test_clips.alarmed(team, clips=(CameraName("Robot"),))
        team.run(job)
        clouds.webex.delete(team.messages[0])
        assert team.run(test_clips.recorded(team, job)) is None
        (clip,) = team.messages
        assert clip.parent_id is None
        assert len(clip.files) == 1
