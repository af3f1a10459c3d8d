"""The page of the audit log."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import Role
from tests.changes import log_line
from tests.web.build import LateIn2026, Web, log_in, send, words

PAGE, TABLE = "/audit", "/audit.csv"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    site = {"timezone": "Europe/Berlin"}
    return Web(tmp_path, clock=LateIn2026(), site=site, sense={"host": "mqtt"})


def write(web: Web, what: str, who: str = "ben", at: datetime = NOON) -> None:
    web.audit.add(log_line(at, who, what, "old", "new"))


def shown(html: str) -> list[str]:
    """Return what each line of the list is about."""
    return re.findall(r'audit-what" role="cell">([^<]*)<', html)


def test_who_did_what_is_there_newest_first(web: Web, admin: FlaskClient) -> None:
    log_in(web.browser(), "admin", "wrong")
    send(admin, "/settings/enabled", enabled="on")
    send(admin, "/settings/mutes", place="", minutes="60")
    html = admin.get(PAGE).text
    assert shown(html) == [
        "mute of all cameras",
        "sense.enabled",
        "login",
        "login",
        "user admin",
    ]
    assert "admin sense.enabled off on" in words(html)
    assert 'text-danger fw-semibold" role="cell">failed, from 127.0.0.1<' in html
    assert "Entries are kept for 365 days." in words(html)


def test_a_line_of_a_clock_that_was_ahead_says_so(web: Web, admin: FlaskClient) -> None:
    marks = "in the future: a clock was wrong"
    assert marks not in admin.get(PAGE).text
    write(web, "line", at=web.clock.now() + timedelta(days=365))
    assert admin.get(PAGE).text.count(marks) == 1


def test_the_time_is_that_of_the_site(web: Web, admin: FlaskClient) -> None:
    write(web, "line")
    assert "Wed 04 Mar 13:00:00 ben line old new" in words(admin.get(PAGE).text)


def test_one_person_and_one_day_of_the_site(web: Web, admin: FlaskClient) -> None:
    write(web, "late", at=datetime(2026, 3, 4, 22, 59, tzinfo=UTC))
    write(web, "next day", at=datetime(2026, 3, 4, 23, tzinfo=UTC))
    write(web, "of anna", "anna")
    assert shown(admin.get(f"{PAGE}?day=2026-03-04").text) == ["of anna", "late"]
    assert shown(admin.get(f"{PAGE}?day=2026-03-05&who=ben").text) == ["next day"]
    html = admin.get(f"{PAGE}?who=nobody").text
    assert "Nothing matches. Show the whole log" in words(html)
    assert '<option value="anna">anna</option>' in html


def test_older_lines_are_a_page_further_also_when_new_ones_come(
    web: Web, admin: FlaskClient
) -> None:
    for number in range(120):
        write(web, f"line {number}", at=NOON + timedelta(seconds=number))
    seen, address = [], f"{PAGE}?who=ben"
    while address:
        html = admin.get(address).text
        seen += shown(html)
        write(web, "new")
        found = re.search(r'href="([^"]*)" rel="next"', html)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"line {number}" for number in reversed(range(120))]
    assert "Newest" in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=today", ">Not a date: &#39;today&#39;"),
        ("after=x", "after: &#39;x&#39; (expected a line number)"),
        ("after=99999999999", "expected a line number"),
        ("after=2147483648", "expected a line number"),
        ("who=a%00b", "expected up to 200 printable"),
        (f"who={'a' * 300}", "expected up to 200 printable"),
    ],
)
def test_an_invalid_filter_is_reported(
    admin: FlaskClient, query: str, said: str
) -> None:
    answer = admin.get(f"{PAGE}?{query}")
    assert (answer.status_code, said in answer.text) == (400, True)
    assert admin.get(f"{TABLE}?{query}").status_code == 400


def test_the_table_holds_all_that_matches_and_no_formula(
    web: Web, admin: FlaskClient
) -> None:
    for number in range(60):
        write(web, f"line {number}")
    write(web, "=1+1")
    answer = admin.get(f"{TABLE}?who=ben&after=3")
    assert answer.mimetype == "text/csv"
    assert "mvsnap-audit.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 61
    assert rows[0] == {
        "at": "2026-03-04T13:00:00.000+01:00",
        "who": "ben",
        "what": "'=1+1",
        "before": "old",
        "after": "new",
    }


@pytest.mark.parametrize("address", [PAGE, TABLE])
def test_the_log_is_for_admins_alone(web: Web, address: str) -> None:
    assert web.log_in(Role.REVIEWER).get(address).status_code == 403


def test_the_settings_show_changes_alone_and_the_way_to_the_whole_log(
    web: Web, admin: FlaskClient
) -> None:
    write(web, "sense.people")
    html = admin.get("/settings").text
    assert 'href="/audit"' in html
    assert "ben · sense.people" in words(html)
    assert "login" not in words(html)


def test_what_is_written_by_others_is_shown_as_text(
    web: Web, admin: FlaskClient
) -> None:
    write(web, "<script>alert(1)</script>")
    assert "<script>alert" not in admin.get(PAGE).text


def test_a_reader_sees_it_in_the_language_of_the_site(tmp_path: Path) -> None:
    web = Web(tmp_path, site={"locale": "de"}, sense={"host": "mqtt"})
    admin = web.log_in(Role.ADMIN)
    log_in(web.browser(), "nobody", "wrong")
    send(admin, "/settings/enabled", enabled="on")
    saved = words(admin.get("/settings").text)
    assert "sense.enabled: aus → ein" in saved
    send(admin, "/settings/mutes", place="", minutes="60")
    write(web, "what an older release wrote")
    html = admin.get(PAGE).text
    assert shown(html) == [
        "what an older release wrote",
        "Stummschaltung aller Kameras",
        "sense.enabled",
        "Anmeldung",
        "Anmeldung",
        "Benutzer admin",
    ]
    assert "fehlgeschlagen, von 127.0.0.1" in words(html)
    assert '<option value="unknown name">unbekannter Name</option>' in html
    failed = admin.get(f"{TABLE}?who=unknown%20name").text
    assert 'unbekannter Name,Anmeldung,,"fehlgeschlagen, von' in failed
