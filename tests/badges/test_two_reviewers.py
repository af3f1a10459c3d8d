"""Two reviewers of the same badge event at once."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.badges.model import BadgeEvent, Verdict
from mvsnap.domain import Role
from tests.badges.build import badge
from tests.web.build import Web, log_in, token_of


def reviewer(web: Web, name: str) -> FlaskClient:
    web.add_user(name, Role.REVIEWER)
    client = web.browser()
    log_in(client, name)
    return client


def judge(
    client: FlaskClient, made: BadgeEvent, page: TestResponse, verdict: str, note: str
) -> TestResponse:
    """Fill in the form as this page has it."""
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert seen
    fields = {"csrf_token": token_of(page), "verdict": verdict, "note": note}
    return client.post(f"/badges/{made.id}/verdict", data=fields | {"seen": seen[1]})


def test_a_newer_verdict_of_somebody_else_is_shown_and_not_undone(web: Web) -> None:
    made = badge()
    web.badges.add([made])
    anna, bob = reviewer(web, "anna"), reviewer(web, "bob")
    annas, bobs = (client.get(f"/badges/{made.id}") for client in (anna, bob))
    assert judge(anna, made, annas, "mismatch", "a <tall> man").status_code == 303
    page = judge(bob, made, bobs, "match", "looks right")
    assert page.status_code == 409
    words = " ".join(re.sub(r"<[^>]*>", "", page.text).split())
    assert (
        "Not saved: anna set the verdict to mismatch in the "
        "meantime, “a &lt;tall&gt; man”." in words
    )
    assert "Yours was match." in words
    assert ">looks right</textarea>" in page.text
    found = web.badges.badge(made.id)
    assert found is not None
    assert (found.verdict, found.judged_by) == (Verdict.MISMATCH, "anna")
    assert judge(bob, made, page, "match", "looks right").status_code == 303
    assert [m.judged_by for m, _ in web.badges.judgements(made.id)] == ["bob", "anna"]


@pytest.mark.parametrize("seen", ["x", "-1", "1" * 40])
def test_what_no_page_says_is_named(web: Web, seen: str) -> None:
    made = badge()
    web.badges.add([made])
    client = web.log_in(Role.REVIEWER)
    token = token_of(client.get(f"/badges/{made.id}"))
    fields = {"csrf_token": token, "verdict": "match", "seen": seen}
    answer = client.post(f"/badges/{made.id}/verdict", data=fields)
    assert (answer.status_code, "seen: " in answer.text) == (400, True)
