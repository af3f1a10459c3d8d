"""What each message of a job is about, as its page and that of an event say it."""

from __future__ import annotations

import pytest

from mvsnap import texts
from mvsnap.core import message_parts as parts
from mvsnap.domain import (
    CameraName,
    Delivery,
    DeliveryState,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.simulator.webex.model import new_id
from mvsnap.texts.sentences import localized
from mvsnap.web.pages.job_rows import message_lines
from mvsnap.web.pages.room_words import rooms_words
from mvsnap.web.places import PlaceCamera, Places

GATE = Serial("Q2SM-0000-0001")
ASKED = Trigger(TriggerKind.WEBEX, "Rita")
PLACES = Places([PlaceCamera(GATE, "Tor Nord")])


@pytest.mark.parametrize(
    ("part", "english", "german"),
    [
        (parts.HEAD, "first message", "erste Nachricht"),
        (GATE, "Tor Nord", "Tor Nord"),
        (parts.again_part(GATE), "taken again", "noch einmal aufgenommen"),
        (parts.link_part(GATE), "video link", "Video-Link"),
        (parts.buttons_part(GATE), "Tor Nord, buttons", "Tor Nord, Schaltflächen"),
        (parts.clip_part(CameraName("Robot")), "Robot, clip", "Robot, Clip"),
        (parts.END, "end", "Ende"),
        (parts.ASKED, "question", "Anfrage"),
        (parts.ANSWER, "answer", "Antwort"),
        ("of a later release", "of a later release", "of a later release"),
    ],
)
def test_a_message_says_what_it_is_about(part: str, english: str, german: str) -> None:
    sent = Delivery(JobId("a"), part, "Alarme", DeliveryState.SENT)

    def about() -> str:
        (line,) = message_lines({(part, "Alarme"): sent}, PLACES, ASKED)
        return line.what

    assert about().endswith(english)
    texts.use("de")
    assert about().endswith(german)


def test_a_room_is_not_named_by_its_id() -> None:
    room = new_id("ROOM")
    sent = Delivery(JobId("a"), parts.ANSWER, room, DeliveryState.SENT)
    by_key = Trigger(TriggerKind.HTTP, "mes")
    (answer,) = message_lines({(parts.ANSWER, room): sent}, PLACES, ASKED)
    (alarm,) = message_lines({(parts.HEAD, room): sent}, PLACES, by_key)
    assert answer.what == "the room where it was asked: answer"
    assert alarm.what == f"a Webex room (…{room[-6:]}): first message"
    texts.use("de")
    assert rooms_words((room, "Tor"), ASKED) == "Raum der Anfrage, Tor"


@pytest.mark.parametrize(
    ("name", "german"),
    [
        ("Disk", "Datenträger"),
        ("Disk (0a1b)", "Datenträger (0a1b)"),
        ("Clock", "Uhr"),
        ("Certificate", "Zertifikat"),
    ],
)
def test_a_machine_alone_is_said_in_german(name: str, german: str) -> None:
    texts.use("de")
    assert localized(name) == german
