"""Clips: the list, the page of one, files, kept and deleted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from mvsnap.clip_model import ClipState, CopyState, Gap
from mvsnap.config.entries import Entry
from mvsnap.core.clip_rows import ClipRow
from mvsnap.domain import CameraName, EventId, JobId, Role, Serial, Trigger, TriggerKind
from tests.core import build
from tests.web.build import LateIn2026, Web, below_field, send, words
from tests.web.clip_build import (
    ROBOT,
    SETTINGS,
    add_alarm,
    add_clip,
    add_film,
    job_request,
    now,
)

PAGE = "/clips"
ROWS = "/clips/rows"
DOCK = CameraName("Loading dock")
AT = datetime(2026, 7, 1, 6, 15, tzinfo=UTC)
ONLY_PICTURES = {
    "name": "line 4",
    "token": "a-token-of-line-four",
    "actions": ["snapshot"],
}
VIDEO, JPEG = bytes(range(256)) * 40, b"a thumbnail"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, clock=LateIn2026(), **SETTINGS)


def listed(client: FlaskClient, address: str = ROWS) -> list[str]:
    """Return the ids of the clips that are shown."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<li id="clip-([^"]+)"', answer.text)


# --- the list


def test_a_clip_is_listed_with_searchable_details(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG, kept=True, copy_state=CopyState.COPIED)
    html = viewer.get(PAGE).text
    assert f'src="/clips/{clip.id}/thumbnail.jpg"' in html
    assert (
        "0:10 ready kept Robot 3 stopped Packaging robot Wed 01 Jul 08:15:00"
        " · 10 kB · copied to S3" in words(html)
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": ClipState.WAITING}, "waiting"),
        ({"state": ClipState.WAITING, "note": "the disk is full"}, "the disk is full"),
        ({"state": ClipState.FAILED, "error": "offline"}, "offline"),
        ({"state": ClipState.FAILED, "error": "wrong <b>"}, "wrong &lt;b&gt;"),
        (
            {"partial": True, "gaps": (Gap(AT, AT + timedelta(seconds=3)),)},
            "3 s missing",
        ),
        ({"gaps": (Gap(AT, AT + timedelta(seconds=0.6)),)}, "0.6 s missing"),
        ({"note": "no pre-roll"}, "no pre-roll"),
        ({"copy_state": CopyState.FAILED}, "not copied to S3"),
    ],
)
def test_a_clip_says_how_it_is(
    web: Web, viewer: FlaskClient, given: dict[str, Any], said: str
) -> None:
    clip = add_clip(web, AT, **given)
    assert said in words(viewer.get(ROWS).text)
    assert said in words(viewer.get(f"{PAGE}/{clip.id}").text)


def test_a_clip_that_is_recorded_shows_how_far_it_is(
    web: Web, viewer: FlaskClient
) -> None:
    at = web.clock.now()
    recorded = {"state": ClipState.RECORDING, "began_at": None, "ended_at": None}
    add_clip(web, at, **recorded)
    html = viewer.get(ROWS).text
    (value,) = re.findall(r'<progress [^>]*max="10" value="(\d+)"', html)
    assert 4 <= int(value) <= 9
    add_clip(web, at - timedelta(minutes=1), **recorded)
    assert "finishing" in words(viewer.get(ROWS).text)


def test_a_clip_whose_time_is_still_to_come_says_that_a_clock_was_wrong(
    web: Web, viewer: FlaskClient
) -> None:
    add_clip(web, AT)
    marks, before = "in the future: a clock was wrong", viewer.get(ROWS)
    assert marks not in before.text
    ahead = add_clip(web, web.clock.now() + timedelta(days=365))
    assert viewer.get(ROWS).text.count(marks) == 1
    assert "Show today" in viewer.get(ROWS).text
    assert marks in viewer.get(f"{PAGE}/{ahead.id}").text


def test_a_row_changes_when_its_time_has_come() -> None:
    now = datetime.now(UTC)
    clip = job_request(now + timedelta(hours=1), state=ClipState.READY)
    tags = [ClipRow(clip, now + timedelta(hours=h), 4, 6).tag for h in (0, 2)]
    assert tags[0] != tags[1]


def test_the_latest_clip_is_not_of_a_clock_that_was_ahead(
    web: Web, viewer: FlaskClient
) -> None:
    """It would be the latest for a year."""
    ahead = add_clip(web, web.clock.now() + timedelta(days=365))
    for page in ("/", f"/cameras/{quote(ROBOT)}"):
        assert ahead.id in viewer.get(page).text
    right = add_clip(web, web.clock.now())
    for page in ("/", f"/cameras/{quote(ROBOT)}"):
        html = viewer.get(page).text
        assert right.id in html
        assert ahead.id not in html


def test_deleted_clips_are_shown_to_those_who_ask(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    web.clips.delete(clip.id)
    assert listed(viewer) == []
    assert listed(viewer, f"{ROWS}?state=deleted") == [clip.id]
    assert "<img" not in viewer.get(f"{ROWS}?state=deleted").text
    assert "The video was deleted." in viewer.get(f"{PAGE}/{clip.id}").text


def test_filters_choose_camera_day_and_state(web: Web, viewer: FlaskClient) -> None:
    first = add_clip(web, AT, kept=True)
    second = add_clip(web, AT + timedelta(days=1), camera=DOCK)
    third = add_clip(web, AT + timedelta(days=1), state=ClipState.FAILED, error="x")
    waiting = add_clip(web, AT + timedelta(days=2), state=ClipState.WAITING)
    assert listed(viewer, f"{ROWS}?camera=Loading+dock") == [second.id]
    assert listed(viewer, f"{ROWS}?day=2026-07-01") == [first.id]
    assert listed(viewer, f"{ROWS}?state=failed") == [third.id]
    assert listed(viewer, f"{ROWS}?state=kept") == [first.id]
    assert listed(viewer, f"{ROWS}?state=recording") == [waiting.id]
    assert set(listed(viewer, f"{ROWS}?state=ready")) == {first.id, second.id}
    assert len(listed(viewer, f"{ROWS}?camera=&day=&state=")) == 4
    html = viewer.get(f"{PAGE}?camera=Loading+dock").text
    assert '<option value="Loading dock" selected>' in html
    assert "Nothing matches" in viewer.get(f"{PAGE}?camera=Elsewhere").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=yesterday", "day: not a date"),
        ("state=lost", "state: 'lost' (expected one of: ready, recording"),
        ("camera=%00", "camera: "),
        ("after=%00", "after: "),
    ],
)
def test_a_bad_filter_is_named_and_the_page_stays_usable(
    viewer: FlaskClient, query: str, said: str
) -> None:
    answer = viewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said) in answer.text.replace("&#39;", "'")
    refused = viewer.get(f"{ROWS}?{query}", headers={"Accept": "*/*"})
    body: Any = refused.get_json()
    assert said in body["error"]["message"]


def test_older_goes_on_until_the_end(web: Web, viewer: FlaskClient) -> None:
    # Two at the same moment: the id decides.
    moments = [AT - timedelta(minutes=n // 2) for n in range(50)]
    expected = {add_clip(web, at).id for at in moments}
    visited: list[str] = []
    address: str | None = PAGE
    while address:
        visited += listed(viewer, address)
        older = re.search(r'href="([^"]+)"[^>]*>Older', viewer.get(address).text)
        address = older[1].replace("&amp;", "&") if older else None
    assert (len(visited), set(visited)) == (50, expected)


def test_the_rows_are_sent_again_only_when_they_changed(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    etag = viewer.get(ROWS).headers["ETag"]
    assert etag.strip('"') in viewer.get(PAGE).text
    same = viewer.get(ROWS, headers={"If-None-Match": etag})
    assert (same.status_code, same.data) == (304, b"")
    web.clips.keep(clip.id, True)
    fresh = viewer.get(ROWS, headers={"If-None-Match": etag})
    assert (fresh.status_code, fresh.mimetype) == (200, "text/html")


@pytest.mark.parametrize(
    ("missing", "said", "link"),
    [
        (
            {"recorder": {}},
            "No recording cameras yet.",
            "/settings/entries/recording-cameras/add",
        ),
        (
            {"webhooks": {}, "api_keys": []},
            "No alarm senders are set up yet.",
            "/settings/webhooks",
        ),
        (
            {"webhooks": {"tokens": [ONLY_PICTURES]}, "api_keys": []},
            "Alarms only take snapshots so far.",
            "/settings/entries/webhook-rules/add",
        ),
    ],
    ids=["no camera", "no sender", "no clip asked for"],
)
def test_an_empty_list_leads_an_admin_to_what_is_missing(
    tmp_path: Path, missing: dict[str, Any], said: str, link: str
) -> None:
    web = Web(tmp_path, **(SETTINGS | missing))
    page = web.log_in().get(PAGE).text
    assert said in page
    assert f'href="{link}"' in page
    assert "a-token-of" not in page
    assert web.log_in().get(link).status_code == 200
    page = web.log_in(Role.VIEWER).get(PAGE).text
    assert f"{said} An admin can set this up." in words(page)
    assert link not in page


def test_a_camera_that_waits_for_a_restart_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, **(SETTINGS | {"recorder": {}}))
    robot = {"url": "rtsp://192.0.2.7:554/stream1"}
    added = Entry("recording-cameras", "Robot 9", robot, web.clock.now(), "admin")
    assert web.entries.put(added, None, [])
    page = web.log_in().get(PAGE).text
    assert "A camera was added: a restart begins to record it." in page
    assert "/settings/entries/recording-cameras/add" not in page


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"webhooks": {}}, "No clips yet"),
        ({}, "http://localhost/webhook/TOKEN"),
        (
            {"site": {"public_url": "https://clips.example"}},
            "curl -d text=&#39;Just a test&#39; https://clips.example/webhook/TOKEN",
        ),
    ],
    ids=["a key", "none yet", "public"],
)
def test_an_empty_list_says_how_a_clip_is_made(
    tmp_path: Path, missing: dict[str, Any], said: str
) -> None:
    web = Web(tmp_path, **(SETTINGS | missing))
    assert said in words(web.log_in().get(PAGE).text)
    viewed = words(web.log_in(Role.VIEWER).get(PAGE).text)
    assert "No clips yet. Alarms record them." in viewed
    assert "curl" not in viewed


def test_an_admin_without_a_camera_is_led_to_the_form_of_one(tmp_path: Path) -> None:
    web = Web(tmp_path, **(SETTINGS | {"recorder": {}}))
    form = 'href="/settings/entries/recording-cameras/add"'
    assert form in web.log_in(Role.ADMIN).get(PAGE).text
    assert form not in web.log_in(Role.REVIEWER).get(PAGE).text


# --- one clip


def test_the_page_of_a_clip_shows_the_alarm(web: Web, viewer: FlaskClient) -> None:
    clip = add_film(web, AT, VIDEO, JPEG, about=EventId("alarm-1"))
    add_alarm(
        web,
        clip,
        details={
            "source": "ixon",
            "kind": "alarm-high",
            "device": "PLC line 3",
            "device_serial": "11-22",
            "network": "Line 3",
            "text": "E-203\nGripper <open>",
        },
    )
    text = words(viewer.get(f"{PAGE}/{clip.id}").text)
    assert "Time Wed 01 Jul 08:15:00" in text
    assert "Received Wed 01 Jul 08:15:00 (0.4 s later)" in text
    assert (
        "Started by Webhook line 3 Sender IXON Cloud Kind alarm-high "
        "Device PLC line 3 (11-22) Network Line 3 Message E-203 Gripper &lt;open&gt;"
    ) in text
    assert (
        "Requested 4 s before to 6 s after Length 10 s Size 10 kB Codec H.264" in text
    )


def test_an_alarm_that_came_late_shows_both_times(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_clip(web, AT, about=EventId("alarm-1"))
    early = AT - timedelta(minutes=30)
    add_alarm(web, clip, occurred_at=early, details={"doubt": "time: implausible"})
    text = words(viewer.get(f"{PAGE}/{clip.id}").text)
    assert "Time in the message Wed 01 Jul 07:45:00" in text
    assert "time: implausible" in text


def test_a_gap_is_drawn_where_it_is(web: Web, viewer: FlaskClient) -> None:
    gap = Gap(AT + timedelta(seconds=1), AT + timedelta(seconds=3))
    clip = add_film(web, AT, VIDEO, JPEG, partial=True, gaps=(gap,))
    html = viewer.get(f"{PAGE}/{clip.id}").text
    assert 'class="clip-line-gap" x="50.0%" width="20.0%"' in html
    assert 'class="clip-line-trigger" x1="40.0%"' in html
    assert 'data-seek="4.0"' in html
    assert "No picture for 2 s, from Wed 01 Jul 08:15:01" in words(html)


def test_a_line_ends_with_the_gap_after_the_video(
    web: Web, viewer: FlaskClient
) -> None:
    gap = Gap(AT + timedelta(seconds=6), AT + timedelta(seconds=11))
    clip = add_film(web, AT, VIDEO, JPEG, partial=True, gaps=(gap,))
    text = words(viewer.get(f"{PAGE}/{clip.id}").text)
    assert "Wed 01 Jul 08:14:56 Wed 01 Jul 08:15:11 Jump to the alarm" in text


def test_a_clip_of_the_command_is_recorded_by_hand(
    web: Web, viewer: FlaskClient
) -> None:
    by = Trigger(TriggerKind.COMMAND, "record")
    clip = add_clip(web, AT, trigger=by, title="", state=ClipState.FAILED, error="x")
    assert "Manual recording" in words(viewer.get(PAGE).text)
    assert "Manual recording" in words(viewer.get(f"{PAGE}/{clip.id}").text)


def test_what_came_of_the_same_alarm_is_shown(web: Web, viewer: FlaskClient) -> None:
    job = JobId("job-7")
    clip = add_film(web, AT, VIDEO, JPEG, job_id=job)
    other = add_film(web, AT, VIDEO, JPEG, job_id=job, camera=DOCK)
    web.store.add_event(
        build.event(
            job_id=job,
            camera_name="Hall north",
            snapshot_path="a.jpg",
            video_link="https://n1.meraki.com/x",
        )
    )
    html = viewer.get(f"{PAGE}/{clip.id}").text
    assert f'href="/clips/{other.id}"' in html
    assert 'href="https://n1.meraki.com/x" target="_blank" rel="noreferrer' in html
    assert "Hall north Snapshot" in words(html)


def test_two_alarms_of_one_video_are_both_on_its_line(
    web: Web, viewer: FlaskClient
) -> None:
    first = add_film(web, AT, VIDEO, JPEG)
    later = AT + timedelta(seconds=3)
    second = add_clip(
        web,
        later,
        title="Robot 4 stopped",
        path=first.path,
        shared=True,
        began_at=first.began_at,
        ended_at=first.ended_at,
    )
    html = viewer.get(f"{PAGE}/{first.id}").text
    assert 'class="clip-line-other" x1="70.0%"' in html
    assert f'<a href="/clips/{second.id}">Robot 4 stopped</a>' in html
    assert (
        'class="clip-line-other" x1="40.0%"' in viewer.get(f"{PAGE}/{second.id}").text
    )


def test_an_unknown_clip_is_not_found(viewer: FlaskClient) -> None:
    for address in ("", "/live", "/clip.mp4", "/thumbnail.jpg"):
        assert viewer.get(f"{PAGE}/no-such-clip{address}").status_code == 404
    assert viewer.get(f"{PAGE}/a%00b").status_code == 404


def test_a_missing_file_is_reported(web: Web, viewer: FlaskClient) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    (web.settings.data_dir / str(clip.path)).unlink()
    assert "The file of this clip is missing" in viewer.get(f"{PAGE}/{clip.id}").text
    assert viewer.get(f"{PAGE}/{clip.id}/clip.mp4").status_code == 404


# --- files


def test_a_video_is_sent_in_the_parts_a_player_asks_for(
    web: Web, viewer: FlaskClient
) -> None:
    address = f"{PAGE}/{add_film(web, AT, VIDEO, JPEG).id}/clip.mp4"

    def get(**headers: str) -> Any:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return viewer.get(address, headers=named, buffered=True)

    whole = get()
    assert (whole.status_code, whole.mimetype) == (200, "video/mp4")
    assert (whole.data, whole.headers["Accept-Ranges"]) == (VIDEO, "bytes")
    # Nobody may see it from a cache once it is deleted, or its viewer logged out.
    assert "private" in whole.headers["Cache-Control"]
    assert "no-cache" in whole.headers["Cache-Control"]
    etag = whole.headers["ETag"]
    part = get(Range="bytes=100-199", If_Range=etag)
    assert (part.status_code, part.data) == (206, VIDEO[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(VIDEO)}"
    assert get(Range="bytes=-10").data == VIDEO[-10:]
    changed = get(Range="bytes=100-199", If_Range='"another"')
    assert (changed.status_code, changed.data) == (200, VIDEO)
    beyond = get(Range=f"bytes={len(VIDEO)}-")
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(VIDEO)}"
    assert get(If_None_Match=etag).status_code == 304


def test_a_saved_clip_has_a_name_that_says_what_it_is(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    saved = viewer.get(f"{PAGE}/{clip.id}/clip.mp4?download=1", buffered=True)
    name = "Packaging robot 2026-07-01 08.15.00.mp4"
    said = saved.headers["Content-Disposition"]
    assert said == f'attachment; filename="{name}"'
    shown = viewer.get(f"{PAGE}/{clip.id}/clip.mp4", buffered=True)
    assert "attachment" not in shown.headers.get("Content-Disposition", "")


def test_a_key_opens_the_video_and_its_thumbnail(web: Web) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    api = f"/api/v1.0/events/{clip.id}"
    key = web.client()
    assert key.get(f"{api}/clip.mp4", buffered=True).data == VIDEO
    assert key.get(f"{api}/thumbnail.jpg", buffered=True).data == JPEG


def test_a_deleted_video_is_gone_from_every_address(
    web: Web, viewer: FlaskClient
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    web.clips.delete(clip.id)  # its file is still there
    for address in (f"{PAGE}/{clip.id}", f"/api/v1.0/events/{clip.id}"):
        for name in ("clip.mp4", "thumbnail.jpg"):
            assert viewer.get(f"{address}/{name}").status_code == 404


# --- kept and deleted


def test_a_reviewer_keeps_a_clip_and_lets_it_go(web: Web) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    client = web.log_in(Role.REVIEWER)
    address = f"{PAGE}/{clip.id}/keep"
    assert send(client, address, kept="yes").status_code == 303
    assert now(web, clip).kept
    send(client, address, kept="yes")  # changes nothing more
    assert "No changes" in client.get(f"{PAGE}/{clip.id}").text
    send(client, address, kept="no")
    assert not now(web, clip).kept
    assert send(client, address, kept="maybe").status_code == 400
    what = "clip of Packaging robot, 2026-07-01 08:15:00 CEST"
    assert [(c.who, c.what, c.before, c.after) for c in web.site.changes(2)] == [
        ("reviewer", what, "kept", "not kept"),
        ("reviewer", what, "", "kept"),
    ]


def test_without_a_video_there_is_nothing_to_keep(web: Web) -> None:
    clip = add_clip(web, AT, state=ClipState.FAILED, error="offline")
    assert "/keep" not in web.log_in(Role.REVIEWER).get(f"{PAGE}/{clip.id}").text


def test_the_file_of_another_machines_clip_is_left_to_that_machine(web: Web) -> None:
    clip = add_film(web, AT, VIDEO, JPEG, recorder="other-4567")
    send(web.log_in(Role.ADMIN), f"{PAGE}/{clip.id}/delete")
    assert (web.settings.data_dir / str(clip.path)).exists()
    assert (now(web, clip).state, now(web, clip).path) == (
        ClipState.DELETED,
        clip.path,
    )


def test_an_admin_deletes_a_clip_with_its_files(web: Web) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    client = web.log_in(Role.ADMIN)
    answer = send(client, f"{PAGE}/{clip.id}/delete")
    assert (answer.status_code, answer.location) == (303, "/clips")
    assert "Clip of Packaging robot deleted." in client.get(PAGE).text
    assert not (web.settings.data_dir / str(clip.path)).exists()
    assert not (web.settings.data_dir / str(clip.thumbnail_path)).exists()
    assert now(web, clip).state is ClipState.DELETED
    (line,) = web.site.changes(1)
    assert (line.who, line.before, line.after) == (
        "admin",
        "Robot 3 stopped",
        "deleted",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kept": True}, "the clip is kept"),
        ({"state": ClipState.DELETED}, "was already deleted"),
        ({"state": ClipState.FAILED, "error": "x"}, "there is no video"),
        ({"state": ClipState.RECORDING}, "is not finished yet"),
    ],
)
def test_what_cannot_be_deleted_says_why(
    web: Web, given: dict[str, Any], said: str
) -> None:
    clip = add_clip(web, AT, **given)
    client = web.log_in(Role.ADMIN)
    audit = len(web.site.changes(9))
    send(client, f"{PAGE}/{clip.id}/delete")
    assert said in client.get(f"{PAGE}/{clip.id}").text
    assert len(web.site.changes(9)) == audit


@pytest.mark.parametrize(
    ("role", "keeps", "deletes"),
    [
        (Role.VIEWER, False, False),
        (Role.REVIEWER, True, False),
        (Role.ADMIN, True, True),
    ],
)
def test_each_role_may_do_what_is_said(
    web: Web, role: Role, keeps: bool, deletes: bool
) -> None:
    clip = add_film(web, AT, VIDEO, JPEG)
    client = web.log_in(role)
    html = client.get(f"{PAGE}/{clip.id}").text
    assert ("/keep" in html, "/delete" in html) == (keeps, deletes)
    kept = send(client, f"{PAGE}/{clip.id}/keep", kept="yes").status_code
    send(client, f"{PAGE}/{clip.id}/keep", kept="no")
    deleted = send(client, f"{PAGE}/{clip.id}/delete").status_code
    assert (kept, deleted) == (303 if keeps else 403, 303 if deletes else 403)
    assert (now(web, clip).state is ClipState.DELETED) is deletes


# --- what else shows clips and alarms


def test_lists_of_events_know_clips_and_alarms(web: Web, viewer: FlaskClient) -> None:
    clip = add_film(web, AT, VIDEO, JPEG, about=EventId("alarm-1"))
    add_alarm(web, clip)
    body: Any = viewer.get("/api/v1.0/events?kind=clip,alarm").get_json()
    assert {event["kind"] for event in body["events"]} == {"clip", "alarm"}
    assert [event["serial"] for event in body["events"]] == [None, None]
    table = viewer.get("/api/v1.0/events.csv?kind=clip").text
    assert f",clip,,{ROBOT},Robot 3 stopped,webhook,line 3,," in table
    assert listed(viewer) == [clip.id]
    assert clip.id not in viewer.get("/crowd-events").text


def test_the_overview_counts_clips_and_links_the_latest(web: Web) -> None:
    clip = add_film(web, web.clock.now(), VIDEO, JPEG)
    add_clip(web, web.clock.now(), state=ClipState.FAILED, error="offline")
    web.store.add_event(build.event(serial=Serial(""), error=None))
    client = web.log_in(Role.VIEWER)
    html = client.get("/").text
    assert "1 clip 1 failure" in words(html)
    (failures,) = re.findall(
        r'href="(/events\?[^"]*state=failed[^"]*)"[^>]*>1</a>', html
    )
    listing = client.get(failures.replace("&amp;", "&")).text
    assert listing.count('<li class="event-row"') == 1
    assert f'href="/clips/{clip.id}">Robot 3 stopped</a>' in html
