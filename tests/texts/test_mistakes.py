"""Guard: what Python says of a mistake is German on a German page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from mvsnap import texts
from mvsnap.texts.sentences import localized
from tests.texts.mistakes_in_code import said
from tests.texts.seen_in_german import english_words, left_in_english
from tests.texts.test_catalogue import catalogue

ENGLISH = english_words(catalogue("de"))
CODE = Path(__file__).parents[2] / "mvsnap"
# Whose mistakes are read by programs, or at a terminal, and so stay English.
NOT_ON_PAGES = {
    "cli and simulator": ("cli", "simulator"),
    "the API, and what only it reads": (
        *("badges/api_read.py", "badges/json_body.py", "web/api.py", "web/events.py"),
        *("web/jobs.py", "web/mutes.py", "web/params.py", "core/params.py"),
        *("webhooks/api.py", "camera_organizations.py", "visitors/report.py"),
        *("web/content_coding.py", "wifi/batches.py", "wifi/devices.py"),
        *("wifi/intake.py", "wifi/lists.py", "wifi/mending.py", "wifi/messages.py"),
        *("wifi/readings.py", "wifi/receiver.py", "wifi/receiver_auth.py"),
        *("web/auth/keys.py", "web/auth/url_secrets.py", "bot/receiver.py"),
        *("core/webex_reports.py", "runtime/ops.py"),
    ),
    "files of a command": (
        *("badges/csv_import.py", "badges/csv_times.py", "core/encodings.py"),
        "wifi/rebuild.py",
    ),
    "sections that only the file has": (
        *("config/badges.py", "config/home_assistant.py", "config/login.py"),
        *("config/meraki.py", "config/scanning.py", "config/server.py"),
        *("config/visitors.py", "config/webex.py", "config/old_places.py"),
    ),
    "a bug, if anything": ("recorder/sources.py", "runtime/entry_trial.py"),
}
# Of modules that pages use, too.
ENGLISH_HERE = {
    *("logout_token: missing, or too long", "Idempotency-Key: 7 characters"),
    *("viewer: expected 8 to 32", "known: '7' (expected the X-Picture"),
    # Of sections that only the file has.
    *("expected postgresql+psycopg://", "api_keys: two entries", "ca_file: set, but"),
    *("expected an MQTT topic filter", "tokens: two entries have", "otp: a one-time"),
    *("token: cannot be combined with email", "application_id: ", "company_id: "),
    *("expected an e-mail address", "expected a file name", "expected a time zone"),
    *("expected at least 7 characters (7 of a key", "Content-Type: unsupported"),
    # One text for each noun.
    "The 7 7 was rotated",
    # The end is a text of its own.
    *("7 7 already waiting", "expected a Meraki serial or a name from recorder.camera"),
    *("expected an address of up to 7", "kind: expected one of 77"),
}
# Of settings.
NAMES = ("auth.password", "username", "password", "type: ", "serial, camera")
_FIELD = re.compile(r"^[a-z][\w.]*: ")


def files() -> Iterator[Path]:
    left_out = [CODE / name for names in NOT_ON_PAGES.values() for name in names]
    for path in sorted(CODE.rglob("*.py")):
        if not any(path.is_relative_to(one) for one in left_out):
            yield path


def english(text: str) -> bool:
    named = f"field: {text[3:]}" if text.startswith("7: ") else text
    shown = _FIELD.sub("", localized(named))
    return bool(left_in_english(f"<p>{escape(shown)}</p>", ENGLISH, NAMES))


def test_every_mistake_that_a_page_may_show_is_in_german() -> None:
    texts.use("de")
    found = {
        f"{path.relative_to(CODE)}: {text}": localized(text)
        for path in files()
        for text in said(path.read_text("utf-8"))
        if english(text) and not text.startswith(tuple(ENGLISH_HERE))
    }
    assert found == {}


def test_every_exception_is_still_one() -> None:
    missing = [
        name
        for names in NOT_ON_PAGES.values()
        for name in names
        if not (CODE / name).exists()
    ]
    every = [text for path in files() for text in said(path.read_text("utf-8"))]
    unused = [one for one in ENGLISH_HERE if not any(t.startswith(one) for t in every)]
    assert (missing, unused) == ([], [])


@pytest.mark.parametrize(
    "source",
    [
        'raise BadInput(f"{name}: {text!r} (expected another thing)")',
        'self.mistakes["day"] = "day: must be earlier than that one"',
        'ADVICE = "try it again"\nraise NotFound(f"Nothing there; {ADVICE}")',
        'Limit(limiter, 3, "Too many of them")',
    ],
)
def test_control_a_mistake_is_found(source: str) -> None:
    texts.use("de")
    assert [text for text in said(source) if english(text)]


@pytest.mark.parametrize(
    "source",
    [
        'raise BadInput(_("Enter another thing."))',
        'raise BadInput(f"{text!r} (expected {least} to {most})")',
        'log.warning("Nothing of that was there")',
        'raise ValueError(f"expected at most {most} rooms and channels")',
    ],
)
def test_control_what_is_german_is_not(source: str) -> None:
    texts.use("de")
    assert [text for text in said(source) if english(text)] == []


def test_mistakes_of_several_fields_are_said_one_by_one() -> None:
    texts.use("de")
    assert (
        localized(
            "schedules.3.cron: missing; channels.Night watch.url: must not be empty"
        )
        == "schedules.3.cron: fehlt; channels.Night watch.url: darf nicht leer sein"
    )
    assert localized("hour_to: must differ from hour_from") == (
        "hour_to: muss eine andere Stunde sein als der Beginn"
    )
    assert localized("greater than 0.5") == "mehr als 0,5"
