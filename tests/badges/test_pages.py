"""Badge review: the list, one badge event, verdicts, pictures for those logged in."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import PhotoRequest
from mvsnap.badges.model import BadgePictureState, Verdict
from mvsnap.domain import DeliveryState, Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.store.audit import AuditFilter
from mvsnap.texts.file_wordings import NO_HTTP
from mvsnap.texts.wording import Reason
from mvsnap.web.private_file import NOT_KEPT
from tests.badges.page_build import (
    PAGE,
    TABLE,
    add,
    add_people,
    add_picture,
    judge,
    listed,
    words,
)
from tests.web.build import GATE, Web, below_field, send

DIRECTORY = "https://directory.example"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def web(tmp_path: Path) -> Web:
    badges = {"camera_of_reader": {"Gate": GATE}, "mismatch_room": "Alarms"}
    meraki = {"api_key": "a-dashboard-key"}
    site = {"timezone": BERLIN.key}
    return Web(tmp_path, site=site, badges=badges, meraki=meraki)


# --- the list


def test_an_empty_list_says_how_badge_events_come(reviewer: FlaskClient) -> None:
    text = words(reviewer.get(PAGE).text)
    assert "No badge events yet." in text
    assert "badges import FILE.csv" in text


def test_a_row_names_who_and_where_with_picture_and_photo(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web, user_id="4711")
    add_people(web, Cardholder("4711", "Anna Berg", "Sales", "a.jpg"))
    add_picture(web, made)
    html = reviewer.get(PAGE).text
    assert "Anna Berg 4711 · Sales Gate" in words(html)
    assert f'src="/badges/{made.id}/thumbnail.jpg"' in html
    assert "1 badge event, 1 open" in words(html)


def test_filters_choose_day_reader_person_and_verdict(
    web: Web, reviewer: FlaskClient
) -> None:
    first = add(web, 1, user_id="1")
    second = add(web, 2, user_id="2", reader="Yard")
    old = add(web, 3 * 24 * 60, user_id="3")
    add_people(web, Cardholder("2", "Anna Berg"), Cardholder("3", "Änne Berg"))
    judge(reviewer, first, "match")
    assert listed(reviewer) == [first.id, second.id, old.id]
    assert listed(reviewer, "reader=Yard") == [second.id]
    assert listed(reviewer, "person=BERG") == [second.id, old.id]
    assert listed(reviewer, "person=1") == [first.id]
    assert listed(reviewer, "verdict=match") == [first.id]
    day = f"{old.swiped_at.astimezone(BERLIN):%Y-%m-%d}"
    assert listed(reviewer, f"day={day}&person=änne") == [old.id]
    assert listed(reviewer, "verdict=open&reader=Gate&day=") == [old.id]
    assert "Nothing matches." in reviewer.get(f"{PAGE}?person=nobody").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=yesterday", "day: not a date"),
        ("verdict=good", "verdict: 'good' (expected one of: open, match"),
        ("person=%00", "person: contains control characters"),
        (f"reader={'x' * 201}", "reader: 201 characters"),
        ("after=%00", "after: "),
    ],
)
def test_a_bad_filter_is_named_and_the_page_stays_usable(
    reviewer: FlaskClient, query: str, said: str
) -> None:
    answer = reviewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said) in words(answer.text)
    assert '<select class="form-select' in answer.text
    assert reviewer.get(f"{TABLE}?{query}").status_code == 400


def test_a_swipe_whose_time_is_still_to_come_says_that_a_clock_was_wrong(
    web: Web, reviewer: FlaskClient
) -> None:
    marks = "in the future: a clock was wrong"
    add(web)
    assert marks not in reviewer.get(PAGE).text
    ahead = add(web, -60 * 24 * 365, user_id="9")
    assert reviewer.get(PAGE).text.count(marks) == 1
    assert marks in reviewer.get(f"{PAGE}/{ahead.id}").text
    day = ahead.swiped_at.astimezone(BERLIN).date()
    assert marks in reviewer.get(f"{PAGE}/report?day={day}").text


def test_older_goes_on_until_the_end(web: Web, reviewer: FlaskClient) -> None:
    expected = [add(web, n, user_id=str(n)).id for n in range(1, 61)]
    visited: list[str] = []
    address: str | None = f"{PAGE}?reader=Gate"
    while address:
        html = reviewer.get(address).text
        visited += re.findall(r'<tr role="row" id="badge-([^"]+)"', html)
        older = re.search(r'href="([^"]+)"[^>]*>Older', html)
        address = older[1].replace("&amp;", "&") if older else None
    assert visited == expected


def test_a_broken_directory_is_reported(tmp_path: Path) -> None:
    web = Web(tmp_path, badges={"directory": "people.csv"})
    client = web.log_in(Role.VIEWER)
    assert "has not been read yet. Is a worker running?" in client.get(PAGE).text
    add_people(web, error="people.csv: cannot be read")
    assert (
        "cannot be read; still using the previous one: people.csv"
        in client.get(PAGE).text
    )
    add_people(web, error="2 entries left out; line 3", mistakes=2)
    assert "Directory: 2 entries left out; line 3" in client.get(PAGE).text


# --- one badge event


def test_names_and_details_from_outside_stay_text(
    web: Web, reviewer: FlaskClient
) -> None:
    evil = '"><script>x</script>'
    made = add(web, user_id=evil, reader=evil, details={evil: evil})
    add_people(web, Cardholder(evil, evil, evil, "javascript:alert(1)"))
    request = PhotoRequest(evil, "javascript:alert(1)")
    web.directory.keep_photo(request, None, NO_HTTP(value="'javascript:alert(1)'"))
    for address in (PAGE, f"{PAGE}/{made.id}"):
        html = reviewer.get(address).text
        assert "<script>x" not in html
        assert 'src="javascript' not in html
        assert 'href="javascript' not in html
    assert "No photo: not an http(s) address" in words(html)


@pytest.mark.parametrize(
    ("state", "error", "again", "said"),
    [
        (BadgePictureState.WAITING, None, True, "The picture will be fetched after"),
        (BadgePictureState.WAITING, None, False, "The picture is being fetched."),
        (
            BadgePictureState.NO_VIDEO,
            "x",
            False,
            "The camera has no video of that moment.",
        ),
        (BadgePictureState.OFFLINE, "x", True, "The camera is offline. Next try at"),
        (
            BadgePictureState.FAILED,
            "Meraki is busy (503)",
            False,
            "Meraki is busy (503)",
        ),
        (BadgePictureState.NO_CAMERA, None, False, "No camera is assigned to Gate"),
        (BadgePictureState.FETCHED, None, False, "The picture is no longer available."),
    ],
)
def test_a_missing_picture_says_why(
    web: Web,
    reviewer: FlaskClient,
    state: BadgePictureState,
    error: str | None,
    again: bool,
    said: str,
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=2)
    made = add(web, picture=state, ask_at=later if again else None)
    if error:
        web.badge_pictures.not_fetched(made.id, state, error, later if again else None)
    html = reviewer.get(f"{PAGE}/{made.id}").text
    assert said in words(html)
    assert ("Fetch again" in html) is (state is not BadgePictureState.WAITING)


def test_fetch_again_asks_for_the_picture(web: Web, reviewer: FlaskClient) -> None:
    made = add(web)
    web.badge_pictures.not_fetched(made.id, BadgePictureState.NO_VIDEO, "none", None)
    assert send(reviewer, f"{PAGE}/{made.id}/picture").status_code == 303
    found = web.badges.badge(made.id)
    assert found is not None
    assert (found.picture, found.asks) == (BadgePictureState.WAITING, 0)
    assert len(web.badge_pictures.claim("w", datetime.now(UTC), 5)) == 1


def test_a_reader_without_camera_cannot_be_asked(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web, reader="Yard", picture=BadgePictureState.NO_CAMERA)
    assert "Fetch again" not in reviewer.get(f"{PAGE}/{made.id}").text
    answer = send(reviewer, f"{PAGE}/{made.id}/picture")
    assert "No camera is assigned to Yard." in reviewer.get(answer.location).text


def test_a_web_directory_is_a_sandboxed_frame_of_that_site_alone(
    tmp_path: Path,
) -> None:
    template = f"{DIRECTORY}/people?id={{user_id}}"
    web = Web(tmp_path, badges={"directory_url": template})
    client = web.log_in(Role.VIEWER)
    made, dots = add(web, user_id="a/b&c"), add(web, user_id="..")
    answer = client.get(f"{PAGE}/{made.id}")
    assert f'src="{DIRECTORY}/people?id=a%2Fb%26c"' in answer.text
    assert '<iframe class="review-frame" sandbox="allow-scripts' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith(f"; frame-src {DIRECTORY}")
    assert "frame-ancestors 'none'" in policy
    for address in (PAGE, f"{PAGE}/{dots.id}"):
        other = client.get(address)
        assert "frame-src" not in other.headers["Content-Security-Policy"]
        assert "<iframe" not in other.text


def test_a_directory_of_our_own_origin_gets_no_frame(tmp_path: Path) -> None:
    web = Web(tmp_path, badges={"directory_url": "http://localhost/p/{user_id}"})
    html = web.log_in(Role.VIEWER).get(f"{PAGE}/{add(web).id}").text
    assert "<iframe" not in html
    assert 'href="http://localhost/p/4711"' in html


# --- verdicts


def test_a_verdict_is_kept_with_who_and_goes_to_the_next_one(
    web: Web, reviewer: FlaskClient
) -> None:
    older, newer = add(web, 20, user_id="1"), add(web, 10, user_id="2")
    answer = judge(reviewer, newer, "unsure", note="cap\r\n on", query="verdict=open")
    assert answer.location == f"/badges/{older.id}?verdict=open"
    found = web.badges.badge(newer.id)
    assert found is not None
    assert (found.verdict, found.note) == (Verdict.UNSURE, "cap on")
    assert found.judged_by == "reviewer"
    answer = judge(reviewer, older, "match", query="verdict=open")
    assert answer.location == "/badges/end?verdict=open"
    assert "That was the last one." in reviewer.get(answer.location).text


def test_a_verdict_can_be_undone_and_stays_in_the_history(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    judge(reviewer, made, "mismatch", note="taller")
    answer = judge(reviewer, made, "open")
    text = words(reviewer.get(answer.location).text)
    assert "reviewer · verdict undone" in text
    assert "reviewer · mismatch taller" in text
    assert web.badges.to_notify(datetime.now(UTC) + timedelta(hours=1), 5) == []


def test_a_mismatch_is_posted_after_ten_seconds(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web)
    judge(reviewer, made, "mismatch")
    now = datetime.now(UTC)
    assert web.badges.to_notify(now, 5) == []
    (told,) = web.badges.to_notify(now + timedelta(seconds=11), 5)
    web.badges.mark_notified(told, told.job_id)
    text = words(reviewer.get(f"{PAGE}/{made.id}").text)
    assert "reviewer · mismatch · posting to the room" in text
    for state, said in (
        (DeliveryState.FAILED, "not posted: no room 'Alarms'"),
        (DeliveryState.SENT, "posted to Alarms"),
    ):
        job_id, why = told.job_id, "no room 'Alarms'"
        web.store.set_delivery(job_id, GATE, "Alarms", state, now, error=Reason(why))
        text = words(reviewer.get(f"{PAGE}/{made.id}").text)
        assert f"reviewer · mismatch · {said}" in text


def test_without_webex_nobody_is_notified_and_the_page_does_not_claim_so(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, webex={}, badges={"mismatch_room": "Alarms"})
    made, client = add(web), web.log_in(Role.REVIEWER)
    judge(client, made, "mismatch")
    assert web.badges.to_notify(datetime.now(UTC) + timedelta(hours=1), 5) == []
    assert "is posted to" not in client.get(f"{PAGE}/{made.id}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verdict": "good"}, "verdict: 'good'"),
        ({"verdict": "match", "note": "x" * 1001}, "note: 1,001 characters"),
        ({"verdict": "match", "note": "a\0b"}, "note: contains control characters"),
    ],
)
def test_a_bad_verdict_is_named(
    web: Web, reviewer: FlaskClient, fields: dict[str, str], said: str
) -> None:
    made = add(web)
    answer = send(reviewer, f"{PAGE}/{made.id}/verdict", **fields)
    assert (answer.status_code, said in words(answer.text)) == (400, True)
    assert web.badges.judgements(made.id) == []


def test_a_viewer_sees_and_cannot_judge(web: Web) -> None:
    made = add(web)
    viewer = web.log_in(Role.VIEWER)
    html = viewer.get(f"{PAGE}/{made.id}").text
    assert "Only reviewers and admins can give a verdict" in html
    assert '<form method="post" action="/badges' not in html
    assert judge(viewer, made, "match").status_code == 403
    assert send(viewer, f"{PAGE}/{made.id}/picture").status_code == 403
    assert web.badges.judgements(made.id) == []


# --- pictures and the table


def test_pictures_are_only_for_who_is_logged_in_at_that_time(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web, user_id="4711")
    add_people(web, Cardholder("4711", "Anna", "", "a.jpg"))
    add_picture(web, made)
    path = web.files.save_photo(portrait_of("4711"))
    web.directory.keep_photo(PhotoRequest("4711", "a.jpg"), path)
    html = reviewer.get(f"{PAGE}/{made.id}").text
    photo = re.search(r'src="(/badges/photos/[^"]+)"', html)
    assert photo
    for address in (
        f"{PAGE}/{made.id}/picture.jpg",
        f"{PAGE}/{made.id}/thumbnail.jpg",
        photo[1],
    ):
        with reviewer.get(address) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
            assert answer.headers["Cache-Control"] == NOT_KEPT
        out = web.app.test_client().get(address)
        assert out.status_code == 401
        assert b"\xff\xd8" not in out.data
        assert web.client().get(address).status_code == 401  # a key is no login
    # One line for the page with its pictures; the list is another one.
    reviewer.get(PAGE)
    noted = web.audit.lines(AuditFilter(kind="viewed"), 9)
    said = [line.change.after for line in noted]
    assert said == ["list of badge events", f"badge event {made.id}"]


@pytest.mark.parametrize(
    "address",
    ["nothing", "nothing/picture.jpg", "photos/..%2fmvsnap.jpg", "photos/a.jpg", "%00"],
)
def test_what_is_not_there_is_404(reviewer: FlaskClient, address: str) -> None:
    assert reviewer.get(f"{PAGE}/{address}").status_code == 404


def test_the_table_takes_filters_and_is_no_formula(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web, user_id="=1+1", details={"+2": "@x"})
    add(web, user_id="2", reader="Yard")
    add_people(web, Cardholder("=1+1", "-Anna"))
    judge(reviewer, made, "mismatch", note="=cmd")
    answer = reviewer.get(f"{TABLE}?reader=Gate&after={made.id}")
    assert answer.mimetype == "text/csv"
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (row["user_id"], row["person"]) == ("'=1+1", "'-Anna")
    assert (row["verdict"], row["note"]) == ("mismatch", "'=cmd")
    assert row["judged_by"] == "reviewer"
