"""Messages to a receiver that verifies each with the library of Standard Webhooks."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from mvsnap.config.load import settings_of
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.domain import CameraName, DeliveryState, EventKind
from mvsnap.errors import BadConfig, UpstreamError
from tests.conftest import Clouds
from tests.core.build import DOOR, GATE
from tests.jobs import test_clips, test_crowds
from tests.jobs.fakes import Crew, crew
from tests.servers.receivers import Post, Receiver, receiver

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
HIDDEN = "hook-4f1c"
ROOM = "mes"
REPEAT = "This message may be a duplicate."


def verify(post: Post) -> None:
    Webhook(SECRET).verify(post.body, post.headers)


def settings(port: int, **more: Any) -> Settings:
    url = f"http://127.0.0.1:{port}/{HIDDEN}"
    entry = {"name": "MES", "kind": "webhook", "url": url, "secret": SECRET}
    return settings_of({"channels": [entry | more]})


@pytest.fixture
def mes() -> Iterator[Receiver]:
    with receiver(verify) as made:
        yield made


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds, mes: Receiver) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        made.public_url = "https://gateway.example"
        made.channels = open_channels(settings(mes.port))
        yield made


def events(mes: Receiver) -> list[dict[str, Any]]:
    return [json.loads(post.body) for post in mes.kept]


def test_a_picture_is_an_event_with_a_link_that_expires(
    team: Crew, mes: Receiver
) -> None:
    job = team.job(GATE, rooms=(ROOM,), prefix="Door open")
    assert team.run(job) is None
    assert team.run(job) is None
    (sent,) = events(mes)
    data = sent["data"]
    assert sent["type"] == "mvsnap.snapshot"
    assert data["text"].startswith("**mvsnap: Door open** · **Gate North**")
    assert data["job"]["id"] == job.id
    assert data["event"]["serial"] == GATE
    assert data["may_be_repeat"] is False
    address = f"https://gateway.example/evidence/{data['event']['id']}/snapshot.jpg?"
    assert data["links"]["picture"].startswith(address)
    assert data["links_expire_at"] > sent["timestamp"]
    assert team.messages == []


@pytest.mark.parametrize("status", ["429", "503", "401", "404"])
def test_what_may_pass_is_waited_for_and_leaves_no_doubt(
    team: Crew, mes: Receiver, status: str
) -> None:
    mes.troubles = [status]
    assert team.run(team.job(GATE, rooms=(ROOM,))) is None
    assert [sent["data"]["may_be_repeat"] for sent in events(mes)] == [False]
    if status == "429":
        assert max(team.clock.asleep) >= 3


def test_an_answer_that_never_came_makes_a_repeat_with_the_same_id(
    team: Crew, mes: Receiver
) -> None:
    mes.troubles = ["silent"]
    assert team.run(team.job(GATE, rooms=(ROOM,))) is None
    first, second = events(mes)
    assert [one["data"]["may_be_repeat"] for one in (first, second)] == [False, True]
    assert REPEAT in second["data"]["text"]
    assert len({post.headers["webhook-id"] for post in mes.kept}) == 1


@pytest.mark.parametrize("trouble", ["400", "410", "redirect"])
def test_a_refusal_is_final_and_says_why_without_the_address(
    team: Crew, mes: Receiver, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mes.troubles = [trouble] * 9
    job = team.job(GATE, rooms=(ROOM,))
    assert team.run(job) is None
    (note,) = team.store.deliveries_of_job(job.id).values()
    assert note.state is DeliveryState.FAILED
    assert note.error is not None
    assert note.error.startswith("The webhook MES")
    assert HIDDEN not in note.error + caplog.text
    assert SECRET not in note.error + caplog.text
    assert mes.kept == []


def test_what_comes_late_says_so(team: Crew, mes: Receiver) -> None:
    accepted_at = team.clock.now() - timedelta(minutes=30)
    team.run(team.job(GATE, rooms=(ROOM,), accepted_at=accepted_at))
    assert "Delivered late:" in events(mes)[0]["data"]["text"]


def test_several_cameras_are_one_thread(team: Crew, mes: Receiver) -> None:
    assert team.run(team.job(GATE, DOOR, rooms=(ROOM,))) is None
    head, *replies = (sent["data"] for sent in events(mes))
    assert head["thread"] is None
    assert [reply["thread"] for reply in replies] == [head["id"]] * 2


def test_a_crowd_says_what_it_is_about(team: Crew, mes: Receiver) -> None:
    crowd = test_crowds.raised(team)
    team.run(test_crowds.job_about(team, crowd, (ROOM,)))
    (sent,) = events(mes)
    assert sent["type"] == f"mvsnap.{EventKind.CROWD}"
    assert sent["data"]["about"]["id"] == crowd.id
    assert sent["data"]["about"]["details"]["limit"] == 3


def test_a_clip_is_a_link_in_the_thread(team: Crew, mes: Receiver) -> None:
    job = test_clips.alarmed(team, clips=(CameraName("Robot"),), rooms=(ROOM,))
    team.run(job)
    assert team.run(test_clips.recorded(team, job)) is None
    head, clip = (sent["data"] for sent in events(mes))
    assert clip["thread"] == head["id"]
    assert "/clip.mp4?expires=" in clip["links"]["clip"]


def test_without_a_public_address_there_are_no_links(team: Crew, mes: Receiver) -> None:
    team.public_url = None
    team.run(team.job(GATE, rooms=(ROOM,)))
    data = events(mes)[0]["data"]
    assert (data["links"], data["links_expire_at"]) == ({}, None)


def test_a_check_sends_nothing(mes: Receiver) -> None:
    channels = open_channels(settings(mes.port))
    assert channels.check("MES") == "can be reached (it answers 405)"
    assert mes.asked == 0


def test_a_check_says_that_nobody_is_there() -> None:
    with receiver() as made:
        port = made.port
    with pytest.raises(UpstreamError, match="could not be reached") as caught:
        open_channels(settings(port)).check("mes")
    assert HIDDEN not in caught.value.message


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64 ä"])
def test_a_secret_that_cannot_sign_is_a_mistake_that_does_not_show_it(
    secret: str,
) -> None:
    with pytest.raises(BadConfig) as caught:
        settings(1, secret=secret)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("channels.0.secret: expected whsec_ and 24 to 64 bytes")
    assert mistake.endswith("got (hidden)")
