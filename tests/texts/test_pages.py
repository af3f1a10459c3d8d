"""Pages in German: each answers, and says what it is in that language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from mvsnap import texts
from mvsnap.clip_model import Gap
from mvsnap.domain import EventKind
from mvsnap.texts.wordings import (
    CAMERA_OFFLINE,
    NO_ANSWER_AT_ALL,
    PICTURE_LATE,
    STARTS_LATE,
)
from tests.core.build import GATE, NOON, event
from tests.web.build import Web
from tests.web.clip_build import add_clip

TITLES = {
    "/": "Übersicht",
    "/events": "Ereignisse",
    "/crowd-events": "Ansammlungen",
    "/cameras": "Kameras",
    "/clips": "Clips",
    "/visitors": "Besucher",
    "/badges": "Ausweise",
    "/status": "Status",
    "/settings": "Einstellungen",
    "/settings/mutes": "Stummschaltungen",
    "/settings/people": "Konten",
    "/audit": "Protokoll",
    "/account": "Mein Konto",
    "/set-up": "Einrichten",
}


LATE = event(error=PICTURE_LATE(limit_s=2.5, why=NO_ANSWER_AT_ALL()))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    web = Web(tmp_path_factory.mktemp("data"), site={"locale": "de"})
    gap = Gap(NOON, NOON + timedelta(seconds=2))
    clip = add_clip(web, NOON, gaps=(gap,), note=STARTS_LATE(late_s=3))
    web.store.add_event(event(error=CAMERA_OFFLINE(), job_id=clip.job_id))
    web.store.add_event(event(kind=EventKind.CROWD))
    web.store.add_event(LATE)
    yield web.log_in()
    web.close()


@pytest.fixture(autouse=True)
def german(client: FlaskClient) -> None:
    # The application sets it once, and each test begins in English.
    texts.use("de")


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""


@pytest.mark.parametrize(("address", "title"), TITLES.items(), ids=TITLES)
def test_a_page_is_in_german(client: FlaskClient, address: str, title: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert heading(answer.text) == title
    assert '<html lang="de">' in answer.text
    assert "Abmelden</button>" in answer.text


def test_an_error_is_in_german(client: FlaskClient) -> None:
    page = client.get("/nothing-here").text
    assert "Seite nicht gefunden" in page
    assert "An dieser Adresse ist nichts." in page


def test_what_a_page_says_after_a_form_is_in_german(client: FlaskClient) -> None:
    page = client.get("/cameras?q=nothing").text
    assert "Nichts gefunden." in page


def test_why_a_clip_is_not_whole_is_in_german(client: FlaskClient) -> None:
    page = unescape(client.get("/clips").text)
    assert "2 s fehlen; das Video beginnt 3 s nach dem Auslöser" in page


def test_why_there_is_no_picture_is_in_german(client: FlaskClient) -> None:
    why = "Die Kamera lieferte kein Bild innerhalb von 2,5 s (keine Antwort)"
    assert why in unescape(client.get("/events").text)
    assert why in unescape(client.get(f"/events/{LATE.id}").text)
    assert why in unescape(client.get(f"/cameras/{GATE}").text)


def test_a_clip_says_why_its_alarm_has_no_picture(client: FlaskClient) -> None:
    (clip,) = client.get("/api/v1.0/events?kind=clip&limit=200").get_json()["events"]
    page = unescape(client.get(f"/clips/{clip['id']}").text)
    assert "Die Kamera ist offline" in page
    assert "The camera is offline" not in page
    page = unescape(client.get(f"/events/{LATE.id}").text)
    assert "The camera delivered" not in page


def test_a_list_has_the_notes_of_clips_in_english(client: FlaskClient) -> None:
    (clip,) = client.get("/api/v1.0/events?kind=clip&limit=200").get_json()["events"]
    assert clip["details"]["note"] == "the video starts 3 s after the trigger"


def test_programs_read_english_and_a_code(client: FlaskClient) -> None:
    found = client.get(f"/api/v1.0/events/{LATE.id}").get_json()
    assert found["error"] == "The camera delivered no picture within 2.5 s (no answer)"
    assert found["error_code"] == "picture_late"
    assert found["error_values"] == {"limit_s": 2.5, "why": "no answer"}


def test_dates_are_german(client: FlaskClient) -> None:
    assert re.search(r">Mi 04\.03\.", client.get("/events").text)
