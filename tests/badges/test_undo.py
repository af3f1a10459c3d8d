"""Undo in the line that confirms a verdict: what held before holds again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.model import BadgeEvent, Judgement, Told, Verdict, before_last
from mvsnap.domain import JobId, Role
from tests.badges.build import NOON, badge
from tests.badges.test_pages import PAGE, add, judge, words
from tests.web.build import GATE, Web, send

LATER = NOON + timedelta(hours=1)
M, X, O = Verdict.MATCH, Verdict.MISMATCH, Verdict.OPEN  # noqa: E741  # as its key


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    badges = {"camera_of_reader": {"Gate": GATE}, "mismatch_room": "Alarms"}
    made = Web(tmp_path, badges=badges)
    yield made
    made.close()


def undo(client: FlaskClient, html: str) -> Any:
    """Press Undo, as the page offers it."""
    form = r'action="([^"]+/undo[^"]*)".*?name="seen" value="(\d+)"'
    found = re.search(form, html, re.DOTALL)
    assert found, html
    return send(client, found[1].replace("&amp;", "&"), seen=found[2])


def verdict(web: Web, made: BadgeEvent) -> tuple[Verdict, str]:
    found = web.badges.badge(made.id)
    assert found is not None
    return found.verdict, found.note


def test_one_slip_is_undone_from_the_next_page(web: Web, reviewer: FlaskClient) -> None:
    older, newer = add(web, 20, user_id="1"), add(web, 10, user_id="2")
    answer = judge(reviewer, newer, "mismatch", note="a slip", query="verdict=open")
    page = reviewer.get(answer.location).text
    assert answer.location.startswith(f"{PAGE}/{older.id}")
    # Of eight seconds this machine may have used some.
    assert re.search(r"Saved · 2: mismatch Undo \( [1-8] s\)", words(page))
    back = undo(reviewer, page)
    assert back.location == f"{PAGE}/{newer.id}?verdict=open"
    text = words(reviewer.get(back.location).text)
    assert "Undone · 2 is open again" in text
    assert "Undo (" not in text
    assert verdict(web, newer) == (O, "a slip")  # to be given again
    assert web.badges.to_notify(datetime.now(UTC) + timedelta(minutes=1), 5) == []


def test_undo_brings_back_the_verdict_before_with_its_note(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    judge(reviewer, made, "unsure", note="a cap")
    answer = judge(reviewer, made, "match")
    assert answer.location == f"{PAGE}/end"
    back = undo(reviewer, reviewer.get(answer.location).text)
    assert "is unsure again" in reviewer.get(back.location).text
    assert verdict(web, made) == (Verdict.UNSURE, "a cap")


def test_only_the_last_verdict_is_undone_and_only_ones_own(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    judge(reviewer, made, "match")
    page = reviewer.get(PAGE + f"/{made.id}").text
    web.badges.judge(Judgement(made.id, X, "", datetime.now(UTC), "bob"))
    answer = undo(reviewer, page)
    assert answer.status_code == 409
    assert verdict(web, made) == (X, "")
    (last, _), *_ = web.badges.judgements(made.id)
    answer = send(reviewer, f"{PAGE}/{made.id}/undo", seen=str(last.id))
    assert answer.status_code == 409
    assert send(reviewer, f"{PAGE}/{made.id}/undo", seen="x").status_code == 400
    assert send(reviewer, f"{PAGE}/{made.id}/undo").status_code == 409
    untouched = add(web, 5, user_id="5")
    assert send(reviewer, f"{PAGE}/{untouched.id}/undo", seen="1").status_code == 409


def test_undo_is_offered_for_eight_seconds_to_who_gave_the_verdict(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    eight_ago = datetime.now(UTC) - timedelta(seconds=8)
    web.badges.judge(Judgement(made.id, M, "", eight_ago, "reviewer"))
    web.badges.judge(Judgement(made.id, M, "", datetime.now(UTC), "bob"))
    assert "Undo (" not in words(reviewer.get(f"{PAGE}/{made.id}").text)
    assert web.log_in(Role.VIEWER).get(f"{PAGE}/{made.id}").status_code == 200


def told(*verdicts: tuple[Verdict, str | None]) -> Sequence[Told]:
    """Return a history from its newest verdict on, each with its job."""
    made = badge()
    return [
        (Judgement(made.id, one, "n", NOON, "anna"), JobId(job) if job else None)
        for one, job in verdicts
    ]


@pytest.mark.parametrize(
    ("history", "verdict", "is_posted"),
    [
        (told((X, None)), O, False),
        (told((X, None), (M, None)), M, False),
        # It waited to be posted when the slip stopped it.
        (told((M, None), (X, None)), X, True),
        (told((M, None), (X, "job")), X, False),
        # Its note was changed after it had been posted.
        (told((M, None), (X, None), (X, "job")), X, False),
        (told((M, None), (X, None), (M, None), (X, "job")), X, True),
    ],
)
def test_a_mismatch_that_was_posted_is_not_posted_again(
    history: Sequence[Told], verdict: Verdict, is_posted: bool
) -> None:
    found = before_last(history, "anna", NOON, LATER)
    assert found.verdict is verdict
    assert found.notify_at == (LATER if is_posted else None)
