"""The list of clips searched by their alarm, previous and next, and shared links."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core import signed_links
from mvsnap.domain import EventId, Role
from mvsnap.store.clips import search as clip_search
from tests.web.build import Web, below_field, send, words
from tests.web.clip_build import SETTINGS, add_alarm, add_clip, add_film

PAGE = "/clips"
AT = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
FAR = datetime(2200, 1, 1, tzinfo=UTC)
VIDEO, JPEG = bytes(range(256)) * 40, b"a thumbnail"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path, **SETTINGS)
    yield made
    made.close()


def of_machine(web: Web, minutes: int, device: str, severity: str = "") -> Clip:
    about = EventId(f"alarm-{minutes}")
    clip = add_film(web, AT + timedelta(minutes=minutes), VIDEO, JPEG, about=about)
    facts = {"device": device, "severity": severity, "text": f"from {device}"}
    add_alarm(web, clip, details={name: text for name, text in facts.items() if text})
    return clip


def listed(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"{PAGE}/rows?{query}")
    assert answer.status_code == 200, answer.text
    return re.findall(r'<li id="clip-([^"]+)"', answer.text)


def beside(client: FlaskClient, address: str) -> dict[str, str]:
    """Return the addresses of the previous and the next clip."""
    text = html.unescape(client.get(address).text)
    return {
        name: url
        for url, name in re.findall(r'<a href="([^"]+)" [^>]*data-beside="(\w+)"', text)
    }


# --- search


def test_the_list_is_searched_by_the_alarm(web: Web, viewer: FlaskClient) -> None:
    press = of_machine(web, 1, "Press 7", "critical")
    robot = of_machine(web, 2, "Robot 3", "warning")
    assert listed(viewer, "machine=press") == [press.id]
    assert listed(viewer, "severity=warning") == [robot.id]
    assert listed(viewer, "text=from+press") == [press.id]
    tile = html.unescape(re.sub(r"<[^>]*>", " ", viewer.get(f"{PAGE}/rows").text))
    assert "ready critical Robot 3 stopped Packaging robot · Press 7" in " ".join(
        tile.split()
    )
    assert listed(viewer, "machine=press&severity=warning") == []
    assert set(listed(viewer, "text=stopped")) == {press.id, robot.id}
    page = viewer.get(f"{PAGE}?machine=press").text
    assert '<option value="Robot 3"></option>' in page
    assert f'href="/clips/{press.id}?machine=press"' in page
    assert "Nothing matches" in viewer.get(f"{PAGE}?text=elsewhere").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("severity=bad", "severity: 'bad' (expected one of: critical"),
        ("text=%00", "text: "),
        ("machine=" + "x" * 201, "machine: 'xxx"),
        ("machine=1+2+3+4+5+6+7+8+9", "machine: 9 words (expected up to 8)"),
    ],
)
def test_a_bad_search_is_named_at_its_field(
    viewer: FlaskClient, query: str, said: str
) -> None:
    answer = viewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said) in html.unescape(answer.text)


def test_a_long_search_says_how_far_it_came(
    web: Web, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_search, "LOOKS_AT", 2)
    press = of_machine(web, 1, "Press 7")
    for minutes in (2, 3, 4):
        of_machine(web, minutes, "Robot 3")
    text = html.unescape(viewer.get(f"{PAGE}?machine=press").text)
    assert "Nothing found; searched back to" in words(text)
    (further,) = re.findall(r'href="([^"]+)"[^>]*>Search further back', text)
    assert f"clip-{press.id}" in viewer.get(further).text


# --- previous and next


def test_previous_and_next_stay_within_the_list(web: Web, viewer: FlaskClient) -> None:
    first, other, last = (
        of_machine(web, n, name) for n, name in enumerate(("Press", "Robot", "Press"))
    )
    assert beside(viewer, f"{PAGE}/{other.id}") == {
        "previous": f"/clips/{first.id}",
        "next": f"/clips/{last.id}",
    }
    query = "?machine=press"
    assert beside(viewer, f"{PAGE}/{first.id}{query}") == {
        "next": f"/clips/{last.id}{query}"
    }
    assert (
        f'href="/clips{query}">Clips</a>' in viewer.get(f"{PAGE}/{last.id}{query}").text
    )


def test_a_clip_is_shown_whatever_the_address_says(
    web: Web, viewer: FlaskClient
) -> None:
    clip = of_machine(web, 0, "Press")
    for query in ("severity=bad", "after=unknown", "day=x", "text=%00"):
        assert viewer.get(f"{PAGE}/{clip.id}?{query}").status_code == 200


# --- a link for others


def shared(client: FlaskClient, clip: Clip, hours: str) -> str:
    answer = send(client, f"{PAGE}/{clip.id}/share", hours=hours)
    assert answer.status_code == 200, answer.text
    (found,) = re.findall(r'id="link" value="([^"]+)"', answer.text)
    return html.unescape(found)


def test_a_shared_link_opens_one_clip_and_is_in_the_audit_log(web: Web) -> None:
    clip, other = of_machine(web, 0, "Press"), of_machine(web, 1, "Robot")
    url = shared(web.log_in(Role.REVIEWER), clip, "24")
    path = url.removeprefix("http://localhost")
    stranger = web.app.test_client()
    answer = stranger.get(path, buffered=True)
    assert (answer.status_code, answer.data) == (200, VIDEO)
    assert stranger.get(path.replace(clip.id, other.id)).status_code == 403
    assert stranger.get(path.replace("clip.mp4", "snapshot.jpg")).status_code == 403
    made, *_ = [change for change in web.site.changes(9) if "link" in change.after]
    assert (made.who, made.what) == (
        "reviewer",
        "clip of Packaging robot, 2026-07-01 08:15:00 CEST",
    )
    assert re.fullmatch(r"link for everybody until 20.* CES?T", made.after)


def test_a_shared_link_ends(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = of_machine(web, 0, "Press")
    path = shared(web.log_in(Role.REVIEWER), clip, "1").removeprefix("http://localhost")
    stranger = web.app.test_client()

    def after(**passed: int) -> int:
        later = datetime.now(UTC) + timedelta(**passed)
        monkeypatch.setattr(type(web.clock), "now", lambda _self: later)
        return stranger.get(path, buffered=True).status_code

    assert (after(minutes=59), after(minutes=61)) == (200, 403)


def test_a_deleted_clip_is_gone_behind_its_link(web: Web) -> None:
    clip = of_machine(web, 0, "Press")
    path = shared(web.log_in(Role.REVIEWER), clip, "1").removeprefix("http://localhost")
    web.clips.delete(clip.id)
    assert web.app.test_client().get(path).status_code == 404


def test_the_links_to_a_clip_are_ended(web: Web) -> None:
    clip, other = of_machine(web, 0, "Press"), of_machine(web, 1, "Robot")
    reviewer, stranger = web.log_in(Role.REVIEWER), web.app.test_client()
    page = f"{PAGE}/{clip.id}"
    assert "End links" not in reviewer.get(page).text

    def path(of: Clip, hours: str) -> str:
        return shared(reviewer, of, hours).removeprefix("http://localhost")

    mine, longer, apart = path(clip, "1"), path(clip, "24"), path(other, "1")
    in_a_message = signed_links.link(
        "", web.users.link_key(), clip.id, signed_links.CLIP, FAR
    )
    assert "End links" in reviewer.get(page).text
    assert "End links" not in web.log_in(Role.VIEWER).get(page).text
    assert send(reviewer, f"{page}/end-links").status_code == 303
    later = path(clip, "1")
    codes = [
        stranger.get(one, buffered=True).status_code
        for one in (mine, longer, apart, in_a_message, later)
    ]
    assert codes == [403, 403, 200, 200, 200]
    ended = [str(change.after) for change in web.site.changes(9)]
    assert ended.count("links ended") == 1


def test_who_may_end_which_links(web: Web, viewer: FlaskClient) -> None:
    address = f"{PAGE}/{of_machine(web, 0, 'Press').id}/end-links"
    assert send(viewer, address).status_code == 403
    reviewer = web.log_in(Role.REVIEWER)
    assert send(reviewer, address).status_code == 303
    assert "there are no links" in html.unescape(reviewer.get(PAGE).text)
    assert not [one for one in web.site.changes(9) if "links" in one.after]
    assert send(reviewer, f"{PAGE}/unknown/end-links").status_code == 404


@pytest.mark.parametrize("hours", ["", "0", "25", "-1", "24 ", "1e9"])
def test_a_link_lasts_as_long_as_one_of_the_choices(web: Web, hours: str) -> None:
    clip = of_machine(web, 0, "Press")
    answer = send(web.log_in(Role.REVIEWER), f"{PAGE}/{clip.id}/share", hours=hours)
    assert answer.status_code == 400
    assert "hours: " in answer.text


def test_who_may_share_what(web: Web, viewer: FlaskClient) -> None:
    clip = of_machine(web, 0, "Press")
    assert send(viewer, f"{PAGE}/{clip.id}/share", hours="1").status_code == 403
    assert "Share" not in viewer.get(f"{PAGE}/{clip.id}").text
    reviewer = web.log_in(Role.REVIEWER)
    assert "Share" in reviewer.get(f"{PAGE}/{clip.id}").text
    failed: Any = {"state": ClipState.FAILED, "error": "x"}
    without = add_clip(web, AT, **failed)
    assert send(reviewer, f"{PAGE}/{without.id}/share", hours="1").status_code == 400
    assert send(reviewer, f"{PAGE}/unknown/share", hours="1").status_code == 404


def test_a_link_begins_with_the_public_address(tmp_path: Path) -> None:
    sections = SETTINGS | {"site": {"public_url": "https://clips.example/below"}}
    web = Web(tmp_path, **sections)
    url = shared(web.log_in(Role.REVIEWER), add_film(web, AT, VIDEO, JPEG), "1")
    assert url.startswith("https://clips.example/below/evidence/")
    web.close()
