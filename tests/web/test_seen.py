"""Seen: confirmed on the page of an event or by a signed link; what was kept back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.core import signed_links
from mvsnap.core.notices import Notice, NoticeState
from mvsnap.domain import Event, EventId, JobId, Role
from mvsnap.store.audit import AuditFilter
from tests.core import build
from tests.web.build import Web, send
from tests.web.test_event_pages import words_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT = EventId("11111111-1111-4111-8111-111111111111")
JOB = JobId("22222222-2222-4222-8222-222222222222")
PAGE, CONFIRM = f"/events/{EVENT}", f"/events/{EVENT}/seen"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    made = Web(tmp_path, site={"timezone": "Europe/Berlin"})
    made.store.add_event(_event())
    return made


def _event() -> Event:
    return build.event(id=EVENT, job_id=JOB, title="Door forced", camera_name="Gate")


def keep(web: Web, *notices: Notice) -> None:
    by_room = {one.room: one for one in notices}
    web.notices.decide(JOB, by_room, "", NOON, lambda room, _past: by_room[room])


def audit_lines(web: Web) -> list[tuple[str, str, str]]:
    changes = [line.change for line in web.audit.lines(AuditFilter(), 20)]
    return [(c.who, c.what, c.after) for c in changes if c.after == "seen"]


def link(web: Web, *, hours: int = 1, file: str = signed_links.SEEN) -> str:
    until = datetime.now(UTC) + timedelta(hours=hours)
    found = signed_links.link("", web.users.link_key(), EVENT, file, until)
    return found.replace(file, signed_links.SEEN, 1)


def test_a_reviewer_confirms_once_and_the_page_says_who(web: Web) -> None:
    reviewer = web.log_in(Role.REVIEWER)
    assert ">Seen</button>" in reviewer.get(PAGE).text
    for _ in range(2):
        assert send(reviewer, CONFIRM).status_code == 303
    assert "Seen by reviewer" in words_of(reviewer, PAGE)
    assert ">Seen</button>" not in reviewer.get(PAGE).text
    assert audit_lines(web) == [("reviewer", f"event {EVENT}", "seen")]


def test_a_viewer_sees_it_but_does_not_confirm(web: Web) -> None:
    viewer = web.log_in(Role.VIEWER)
    assert ">Seen</button>" not in viewer.get(PAGE).text
    assert send(viewer, CONFIRM).status_code == 403
    assert web.notices.seen(JOB) is None


def test_an_event_that_there_never_was_is_404(web: Web) -> None:
    reviewer = web.log_in(Role.REVIEWER)
    assert send(reviewer, "/events/nothing/seen").status_code == 404
    assert send(reviewer, "/events/a%00b/seen").status_code == 404


def test_a_link_asks_first_and_a_press_confirms(web: Web) -> None:
    """A messenger that opens the link for a preview confirms nothing."""
    stranger, address = web.browser(), link(web)
    for _ in range(2):
        asked = stranger.get(address)
        assert asked.status_code == 200
        assert "Door forced" in asked.text
        assert stranger.head(address).status_code == 200
    assert web.notices.seen(JOB) is None
    pressed = stranger.post(address)
    assert pressed.status_code == 200
    assert "Seen by link in a message" in pressed.text
    assert stranger.post(address).status_code == 200
    assert audit_lines(web) == [("link in a message", f"event {EVENT}", "seen")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours_or_too_old_is_403(web: Web, method: str) -> None:
    stranger = web.browser()
    bad = [
        link(web, hours=-1),
        link(web, file=signed_links.PICTURE),
        link(web).replace(EVENT, EVENT[:-1] + "2"),
        link(web)[:-1],
        f"/evidence/{EVENT}/seen",
    ]
    answers = [stranger.open(address, method=method).status_code for address in bad]
    assert answers == [403] * len(bad)
    assert web.notices.seen(JOB) is None


def test_what_was_kept_back_is_in_the_list_with_its_reason(web: Web) -> None:
    viewer = web.log_in(Role.VIEWER)
    assert "nobody notified" in words_of(viewer, "/events")
    late = Notice(JOB, "Office", NoticeState.LATE, NOON, due_at=NOON)
    keep(web, late, Notice(JOB, "Guard", NoticeState.QUIET, NOON))
    reasons = (
        "Guard: quiet hours, nothing is sent",
        "Office: quiet hours, to be sent Mon 01 Jun 14:00",
    )
    text = words_of(viewer, "/events")
    assert f"quiet {'; '.join(reasons)}" in text
    assert all(reason in words_of(viewer, PAGE) for reason in reasons)
    assert EVENT in viewer.get("/events/rows?state=quiet").text
    assert EVENT not in viewer.get("/events/rows?state=unnotified").text


def test_what_was_grouped_is_in_the_list_and_in_the_api(web: Web) -> None:
    keep(web, Notice(JOB, "Guard", NoticeState.GROUPED, NOON))
    viewer = web.log_in(Role.VIEWER)
    assert "grouped Guard: grouped, one message says" in words_of(viewer, "/events")
    (found,) = web.client().get("/api/v1.0/events?state=grouped").get_json()["events"]
    assert (found["id"], found["state"]) == (EVENT, "grouped")


def test_who_was_notified_by_an_escalation_is_on_the_page(web: Web) -> None:
    keep(web, Notice(JOB, "Boss", NoticeState.NOW, NOON, is_extra=True))
    viewer = web.log_in(Role.VIEWER)
    assert "Boss: notified because nobody confirmed" in words_of(viewer, PAGE)
