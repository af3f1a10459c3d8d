"""The place in the list, its end, and the report for whoever takes over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.model import Judgement, Verdict
from mvsnap.domain import Role
from tests.badges.build import badge
from tests.badges.test_pages import PAGE, add, add_people, add_picture, judge, words
from tests.web.build import GATE, Web


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path, badges={"camera_of_reader": {"Gate": GATE}})
    yield made
    made.close()


def test_each_event_has_its_place_in_the_list(web: Web, reviewer: FlaskClient) -> None:
    events = [add(web, n, user_id=str(n)) for n in range(1, 5)]
    add(web, 9, user_id="9", reader="Yard")
    address, seen = f"{PAGE}/{events[0].id}?reader=Gate&verdict=open", []
    for _ in events:
        text = words(reviewer.get(address).text)
        found = re.search(r"(\d of \d) · (\d) open", text)
        assert found, text
        seen.append(found.groups())
        badge_id = address.removeprefix(f"{PAGE}/").partition("?")[0]
        made = next(one for one in events if one.id == badge_id)
        query = "reader=Gate&verdict=open"
        address = judge(reviewer, made, "match", query=query).location
    assert seen == [("1 of 4", "4"), ("2 of 4", "3"), ("3 of 4", "2"), ("4 of 4", "1")]
    assert address == f"{PAGE}/end?reader=Gate&verdict=open"
    text = words(reviewer.get(address).text)
    assert "That was the last one." in text
    assert "All 4 Open 0 Match 4" in text
    assert "Nothing is open" in text
    assert "Saved · 4: match" in text


def test_an_event_that_left_the_list_has_no_place(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    text = words(reviewer.get(f"{PAGE}/{made.id}?verdict=match").text)
    assert " of 0" not in text


def test_the_end_leads_to_what_was_skipped(web: Web, reviewer: FlaskClient) -> None:
    skipped, last = add(web, 1, user_id="1"), add(web, 2, user_id="2")
    page = reviewer.get(f"{PAGE}/{last.id}").text
    assert 'id="next" href="/badges/end">End</a>' in page
    answer = judge(reviewer, last, "match")
    page = reviewer.get(answer.location).text
    assert "1 is still open." in words(page)
    assert f'href="/badges/{skipped.id}?verdict=open"' in page


def test_the_report_lists_what_the_next_shift_has_to_know(
    web: Web, reviewer: FlaskClient
) -> None:
    add_people(web, Cardholder("1", "Anna Berg", "Sales"))
    events = [badge(-n, user_id=str(n)) for n in (1, 2, 3, 4)]
    wrong, unsure, left, fine = events
    web.badges.add(events)
    add_picture(web, wrong)
    judge(reviewer, wrong, "mismatch", note="a tall man")
    judge(reviewer, unsure, "unsure")
    judge(reviewer, fine, "match")
    page = reviewer.get("/badges/report?day=2026-03-04&reader=Gate").text
    text = words(page)
    totals = "All 4 Open 1 Match 1 Mismatch 1 Unsure 1 Unknown badge 3 No picture 3"
    assert totals in text
    assert "Anna Berg · 1 · Sales · Gate" in text
    assert "a tall man" in text
    assert f'href="/badges/{left.id}?' in page
    assert f'href="/badges/{fine.id}?' not in page
    assert "Reader: Gate" in text
    assert "Made by reviewer" in text
    assert 'href="/badges.csv?day=2026-03-04&amp;reader=Gate"' in page


def test_a_report_without_a_day_is_of_today(reviewer: FlaskClient) -> None:
    address = reviewer.get("/badges/report?reader=Gate&verdict=open").location
    assert re.search(r"day=\d{4}-\d\d-\d\d", address)
    assert "reader=Gate" in address
    assert reviewer.get(address).status_code == 200


def test_a_shift_without_anything_says_so(web: Web) -> None:
    page = web.log_in(Role.VIEWER).get(
        "/badges/report?day=2026-03-04&hour_from=22&hour_to=6&only=unknown"
    )
    text = words(page.text)
    assert "No badge events in this time." in text
    assert "Only: Unknown badges" in text


def test_a_long_part_says_that_there_is_more(web: Web, reviewer: FlaskClient) -> None:
    many = [badge(n, user_id=str(n)) for n in range(101)]
    web.badges.add(many)
    now = datetime.now(UTC)
    web.badges.judge(Judgement(many[0].id, Verdict.MATCH, "", now, "anna"))
    address = "/badges/report?day=2026-03-04"
    assert "There are more" not in reviewer.get(address).text
    web.badges.add([badge(200)])
    page = reviewer.get(address).text
    assert "There are more: all of them are in the CSV file." in page
    assert page.count("review-line") == 100


@pytest.mark.parametrize("page", ["report", "end"])
def test_a_bad_filter_is_named(reviewer: FlaskClient, page: str) -> None:
    answer = reviewer.get(f"/badges/{page}?day=x")
    assert answer.status_code == 400
    assert "day: not a date" in words(answer.text)
