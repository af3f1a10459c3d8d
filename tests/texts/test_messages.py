"""Messages of every kind in every language: tables of what people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mvsnap import texts
from mvsnap.bot.lists import help_reply
from mvsnap.core.camera_names import WatchedPlace
from mvsnap.delivery.cards import place_card
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import CameraName, EventId, Trigger, TriggerKind
from mvsnap.texts import LOCALES
from tests.core import build
from tests.core.build import GATE
from tests.texts.messages_of import BARE, FULL, file_of, message, table


@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_of_message_is_as_in_the_table(locale: str) -> None:
    texts.use(locale)
    assert table() == file_of(locale).read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_no_message_says_the_same_in_two_languages(kind: str) -> None:
    english = message(kind, FULL)
    texts.use("de")
    assert message(kind, FULL) != english


def titles(card: Mapping[str, Any]) -> list[str]:
    parts = [card, *(part for part in card["body"] if "actions" in part)]
    return [action["title"] for part in parts for action in part["actions"]]


PLACE = WatchedPlace("Gate", GATE, CameraName("gate"))


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        pytest.param(
            "en",
            [
                *("Seen", "Picture now", "Clip of the last 30 s", "Open"),
                *("Mute 10 min", "Mute 1 h", "Mute until tomorrow"),
            ],
            id="English",
        ),
        pytest.param(
            "de",
            [
                *("Gesehen", "Bild jetzt", "Clip der letzten 30 s", "Öffnen"),
                *("10 min stumm", "1 h stumm", "Stumm bis morgen"),
            ],
            id="German",
        ),
    ],
)
def test_buttons_are_in_the_language(locale: str, said: list[str]) -> None:
    texts.use(locale)
    card = place_card(PLACE, "https://gateway.example", to_confirm=EventId("1"))
    assert titles(card) == said


def test_a_button_does_the_same_in_every_language() -> None:
    def data() -> list[object]:
        card = place_card(PLACE, None)
        return [action["data"] for action in card["body"][1]["actions"]]

    english = data()
    texts.use("de")
    assert data() == english


def test_the_help_names_the_same_commands() -> None:
    def commands() -> list[str]:
        return [line.partition(":")[0] for line in help_reply().lines[1:-1]]

    english = commands()
    texts.use("de")
    assert commands() == english
    assert message("test", BARE).startswith("**Testnachricht**")


@pytest.mark.parametrize(
    ("title", "kind", "said"),
    [
        ("Crowd: 3 people", TriggerKind.SENSE, "**Ansammlung: 3 Personen**"),
        ("Crowd: 1,200 people", TriggerKind.SENSE, "**Ansammlung: 1.200 Personen**"),
        ("Noise over", TriggerKind.SENSE, "**Lärm vorbei**"),
        ("Badge mismatch", TriggerKind.BADGE, "**Ausweis-Abweichung**"),
        ("Crowd: 3 people", TriggerKind.WEBHOOK, "**Crowd: 3 people**"),
    ],
)
def test_what_a_camera_noticed_is_said_in_german(
    title: str, kind: TriggerKind, said: str
) -> None:
    texts.use("de")
    job = build.job(trigger=Trigger(kind, "line Door"), prefix=title)
    facts = Facts(job, None, None, camera="Gate")
    sent = Message(KINDS["test"], GATE, "Alarms", facts)
    text = MessageTemplates("UTC", "").text(sent, build.NOON, repeat=False)
    assert text.startswith(said)
    assert ("Linie Door" in text) is (kind is TriggerKind.SENSE)
