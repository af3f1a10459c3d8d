"""Guard: no page in German has an English word, other than in names and other data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap import texts
from mvsnap.domain import Role, Serial
from mvsnap.visitors.model import CountingCamera
from tests.texts.forms_of import forms_of
from tests.texts.seen_in_german import english_words, left_in_english, read
from tests.texts.test_catalogue import catalogue
from tests.web.build import GATE, Web, send
from tests.web.build import log_in as fill_in
from tests.web.page_build import filled
from tests.web.test_every_page import (
    EMPTY,
    FORMS,
    LOG_IN,
    MISTAKEN,
    Site,
    addresses,
    is_page,
)

ENGLISH = english_words(catalogue("de"))
# Names, words of alarms, and what services outside say, as tests/web/page_build.py has
# them; names of settings and scopes.
DATA = (
    *("Gate north", "Staff entrance", "Waiting area", "Packaging robot"),
    *("Packaging line", "Robot 3 stopped", "Robot stopped", "Door 3 forced"),
    *("Gripper pressure below 4 bar", "Instructions: open valve D5."),
    *("Gripper lost its carton", "deviceName", "Night watch", "Harbour", "line 3"),
    *("The camera gave no video.", "no answer within 20 s", "button"),
    *("Webex could not be reached:", "extraInfo.Device name"),
    *("Never", "'never'", "schedules.1.cron", "sender: 'x'", "USER:PASSWORD@"),
    *("snapshot, read, webhook, badges, mute, review", "Rechte: read"),
    *(
        "sense.people",
        "sense.rooms",
        '"path: value"',
        '{ "title":',
        '"severity": "critical"',
    ),
    "pi: web",  # a machine and its roles
    "result",  # what a reader says of a badge
    "Network-wide > General > Location and scanning",  # a menu of the Dashboard
    *("admin", "reviewer", "viewer"),  # of tests/web/page_build.py: names of people
)
# What is sent to a form, and comes back with mistakes.
SENT: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/settings/rule", {"people": "x", "dwell_s": "-1"}),
    ("/settings/rooms", {"rooms": "a\n" * 300}),
    ("/settings/mutes", {"place": "x", "minutes": "until", "until": "x"}),
    ("/settings/people", {"name": "", "role": "x"}),
    ("/settings/people", {"name": "a/b", "role": "viewer"}),
    ("/settings/keys", {"name": "", "cameras": "x", "expires": "x"}),
    ("/settings/webhooks", {"name": "x", "cameras": "x", "expires": "2020-01-01"}),
    ("/account/password", {"old": "x", "new": "x", "again": "y"}),
    ("/account/second-factor", {"password": "x"}),
    ("/settings/entries/channels", {"kind": "webhook", "name": "", "url": "x"}),
    ("/settings/entries/webhook-rules", {"name": "a", "match": "x", "cameras": "x"}),
    ("/settings/entries/recording-cameras", {"name": "a", "url": "x"}),
    ("/alarms/test", {"sender": "x", "message": "{"}),
    ("/settings/place", {"place": "x", "people": "x"}),
)


FILM = {"cameras": {"Hall": {"url": "rtsp://192.0.2.10/"}}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    web, examples = filled(tmp_path_factory.mktemp("site"), "de")
    yield Site(web, "", examples)
    web.close()


@pytest.fixture(autouse=True)
def german(site: Site) -> None:
    # The application sets it once, and each test begins in English.
    texts.use("de")


@dataclass(frozen=True)
class Reader:
    """Looks at pages; said: what is English there, each text once."""

    client: FlaskClient
    said: dict[str, str]

    def read(self, path: str) -> None:
        self.note(path, self.client.get(path, follow_redirects=True))

    def note(self, path: str, answer: TestResponse) -> None:
        if answer.mimetype != "text/html" or answer.location:
            return
        for text in left_in_english(answer.text, ENGLISH, DATA):
            self.said.setdefault(text, path)


def reader(web: Web) -> Reader:
    client = web.browser()
    fill_in(client, Role.ADMIN)
    return Reader(client, {})


def test_no_page_is_left_in_english(site: Site) -> None:
    here = reader(site.web)
    for path in (*addresses(site), *FORMS, *EMPTY, *MISTAKEN, "/nothing-here"):
        if path not in LOG_IN:
            here.read(path)
    assert here.said == {}


def without_arguments(web: Web) -> list[str]:
    rules = (rule for rule in web.app.url_map.iter_rules() if is_page(rule))
    return [rule.rule for rule in rules if not rule.arguments]


@pytest.mark.parametrize(
    "sections",
    [{"meraki": {}, "webex": {}}, {"sense": {"enabled": False}}, {"recorder": FILM}],
    ids=["nothing", "a dashboard", "a recording camera"],
)
def test_what_is_not_set_up_yet_is_said_in_german(
    tmp_path: Path, sections: dict[str, Any]
) -> None:
    """The site of the other tests has most parts, and something happened there."""
    new = Web(tmp_path, site={"locale": "de"}, **sections)
    without_sense = CountingCamera(Serial(GATE), False, new.clock.now())
    for role in (Role.ADMIN, Role.VIEWER):
        here = Reader(new.log_in(role), {})
        for path in without_arguments(new):
            here.read(path)
        new.visitors.keep_camera(without_sense)
        here.read("/visitors")
        assert here.said == {}
    new.close()


def test_dates_and_fractions_are_as_written_in_german(site: Site) -> None:
    client = site.web.browser()
    found: dict[str, str] = {}
    fill_in(client, Role.ADMIN)
    for path in addresses(site):
        page = client.get(path, follow_redirects=True)
        for text in read(page.text) if page.mimetype == "text/html" else ():
            if _FOREIGN.search(text):
                found.setdefault(text, path)
    assert found == {}


def test_no_mistake_is_in_english(site: Site) -> None:
    here = reader(site.web)
    for path, given in SENT:
        here.note(path, send(here.client, path, **given))
    assert here.said == {}


# None of these is what a field asks for; of the last, some are.
# 2026-01-31; 12.5, but no time, date or address.
_FOREIGN = re.compile(r"\b20\d\d-\d\d-\d\d\b|(?<![\d.:])\d+\.\d{1,2}(?![\d.])")
_DATA = re.compile(r"[Ee]ins von:? [\w., -]+|^(?:role|verdict): |'\w+'")
WRONG = ("x" * 400, "\0", "-1", "tomorrow", "2019-01-01")


def test_no_mistake_in_any_field_of_a_page_is_in_english(site: Site) -> None:
    here, sent = reader(site.web), set()
    for path in (*addresses(site), *FORMS):
        page = here.client.get(path, follow_redirects=True)
        for form in forms_of(page.text) if page.mimetype == "text/html" else ():
            if form.key in sent:
                continue
            sent.add(form.key)
            action = form.action or path
            for wrong in WRONG:
                wrongly = form.given | dict.fromkeys(form.asked, wrong)
                if form.is_post:
                    here.note(action, send(here.client, action, **wrongly))
                else:
                    query = f"{action.partition('?')[0]}?{urlencode(wrongly)}"
                    here.read(query)
    # Parameters have the same values in every language.
    bare = {_DATA.sub("", text): path for text, path in here.said.items()}
    data = (*DATA, "tomorrow", "sender: ")
    left = [
        f"{path}: {text}"
        for text, path in bare.items()
        if left_in_english(f"<p>{escape(text)}</p>", ENGLISH, data)
    ]
    assert "\n".join(left) == ""


def test_what_a_script_of_a_page_shows_is_in_german(site: Site) -> None:
    client = site.web.browser()
    fill_in(client, Role.ADMIN)
    as_script = {"Accept": "*/*"}
    answer = client.get("/clips/none/still.jpg?at=1", headers=as_script)
    api = site.web.client().get("/api/v1.0/jobs/none")
    assert answer.json is not None
    assert api.json is not None
    assert answer.json["error"]["message"] == "Clip 'none' nicht gefunden"
    assert api.json["error"]["message"] == "Job 'none' not found"


def test_the_log_in_is_in_german(site: Site) -> None:
    here = Reader(site.web.browser(), {})
    here.read("/login")
    here.note("/login", fill_in(here.client, "nobody", "wrong"))
    assert here.said == {}


@pytest.mark.parametrize(
    "html",
    [
        "<p>Entrances into each zone.</p>",
        '<a title="Show the list">x</a>',
        '<script data-texts=\'{"again": "Log in again"}\'></script>',
        "<td>Crowd over</td>",
        "<text>100 entrances so far</text>",
    ],
)
def test_control_english_is_found(html: str) -> None:
    assert left_in_english(html, ENGLISH, ())


@pytest.mark.parametrize(
    "html",
    [
        "<p>Eintritte in jede Zone.</p>",
        "<code>python -m mvsnap serve</code>",
        "<p>Ereignisse von Gate north</p>",
        "<script>say('Try again')</script>",
    ],
)
def test_control_german_is_not(html: str) -> None:
    assert left_in_english(html, ENGLISH, ("Gate north",)) == []
