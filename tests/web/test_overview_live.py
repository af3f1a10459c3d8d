"""The overview while things happen: people, crowds, jobs, the weekday before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.core.mutes import new_mute
from mvsnap.domain import (
    FULL_FRAME,
    Camera,
    EventId,
    EventKind,
    Listener,
    Role,
    Serial,
    Zone,
    ZoneId,
)
from mvsnap.store.events import Store
from mvsnap.store.sense import Findings
from mvsnap.texts.wording import Reason
from tests.clients.fakes import NOON, FakeClock
from tests.core.build import event
from tests.core.build import job as some_job
from tests.web.build import DOOR, GATE, Web, words

ENTRANCE = ZoneId("582653201791058186")
COUNTER = ZoneId("582653201791058187")
PART = "/overview/part"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path, clock=FakeClock(), sense={"enabled": True, "people": 3})
    made.site.keep_cameras([Camera(Serial(GATE), "Gate", "MV12W", "N_1")], NOON)
    made.site.keep_zones(
        Serial(GATE),
        [Zone("0", "Full Frame"), Zone(ENTRANCE, "Entrance"), Zone(COUNTER, "Counter")],
    )
    yield made
    made.close()


def read_part(client: FlaskClient) -> str:
    answer = client.get(PART)
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2] or answer.text
    return words(main)


def count(
    web: Web,
    people: int,
    zone: ZoneId = ENTRANCE,
    *,
    serial: str = GATE,
    crowd_s: float | None = None,
    seconds_ago: float = 5,
) -> None:
    at = NOON - timedelta(seconds=seconds_ago)
    state: dict[str, Any] = {"people": people}
    if crowd_s is not None:
        began_ms = round((NOON.timestamp() - crowd_s) * 1000)
        state["crowd"] = {"raised": True, "began_ms": began_ms}
    web.sense.save(Findings(states={(Serial(serial), zone): state}), at)
    web.sense.note_last_seen({Serial(serial): at}, at)


def places(client: FlaskClient) -> list[str]:
    """Return the tiles of zones, each as its words."""
    page = client.get(PART).text
    found = re.findall(r'<li class="overview-place.*?</li>', page, re.DOTALL)
    return [words(one) for one in found]


# --- people and crowds


def test_people_now_are_shown_by_zone_with_crowds_first(
    web: Web, viewer: FlaskClient
) -> None:
    count(web, 2, COUNTER)
    count(web, 4, ENTRANCE, crowd_s=720)
    assert places(viewer) == [
        "4 Gate Entrance crowd since 11:48",
        "2 Gate Counter 3 people or more for 1 min",
    ]
    page = viewer.get(PART).text
    assert "1 crowd now" in page
    assert f'href="/crowd-events?serial={GATE}&amp;zone_id={ENTRANCE}"' in page


def test_the_full_frame_is_not_counted_beside_its_zones(
    web: Web, viewer: FlaskClient
) -> None:
    count(web, 4, FULL_FRAME)
    assert places(viewer)[0].startswith("4 Gate Full Frame")
    count(web, 4, ENTRANCE)
    assert [tile for tile in places(viewer) if "Full Frame" in tile] == []


@pytest.mark.parametrize(
    ("people", "seconds_ago", "shown"),
    [
        (0, 5, "0"),
        (0, 300, "– unknown"),
        (2, 59, "2"),
        (2, 61, "– unknown"),
        (-1, 5, "– unknown"),
    ],
    ids=["empty", "silent", "fresh", "stale", "odd"],
)
def test_an_old_count_says_nothing(
    web: Web, viewer: FlaskClient, people: int, seconds_ago: float, shown: str
) -> None:
    count(web, people, seconds_ago=seconds_ago)
    (tile,) = [tile for tile in places(viewer) if "Entrance" in tile]
    assert tile.startswith(f"{shown} Gate Entrance")


def test_a_zone_where_nobody_ever_was_is_empty_while_its_camera_sends_counts(
    web: Web, viewer: FlaskClient
) -> None:
    web.sense.note_last_seen({Serial(GATE): NOON}, NOON)
    rule = "3 people or more for 1 min"
    # The full frame steps back: nobody says how many are outside of the zones.
    assert places(viewer) == [f"0 Gate Counter {rule}", f"0 Gate Entrance {rule}"]
    web.clock.sleep(180)
    assert all(tile.startswith("– unknown") for tile in places(viewer))


def test_the_full_frame_is_empty_where_the_camera_has_no_other_zone(
    web: Web, viewer: FlaskClient
) -> None:
    web.site.keep_zones(Serial(DOOR), [Zone("0", "Full Frame")])
    web.sense.note_last_seen({Serial(DOOR): NOON}, NOON)
    (tile,) = places(viewer)
    assert tile.startswith(f"0 {DOOR} Full Frame")


def test_nothing_is_known_of_zones_that_may_not_be_watched(
    web: Web, viewer: FlaskClient
) -> None:
    web.sense.note_last_seen({Serial(DOOR): NOON}, NOON)
    # The Dashboard's list of its zones is not known.
    assert places(viewer)[0].startswith(f"– unknown {DOOR} Full Frame")
    web.sense.note_last_seen({Serial(GATE): NOON}, NOON)
    state = Reason("connected")
    web.sense.describe_listener(Listener("pi", NOON, True, state, 3.5, 20_000, 7))
    assert all(tile.startswith("– unknown") for tile in places(viewer))


def test_many_zones_are_cut_to_the_fullest(web: Web, viewer: FlaskClient) -> None:
    for number in range(30):
        count(web, number + 1, ZoneId(str(1000 + number)), serial=DOOR)
    found = places(viewer)
    assert len(found) == 24
    assert found[0].startswith("30 ")
    assert "24 of 30 zones" in read_part(viewer)


def test_while_nobody_counts_there_are_no_people(tmp_path: Path) -> None:
    web = Web(tmp_path, clock=FakeClock())
    count(web, 4)
    assert "People now" not in read_part(web.log_in(Role.VIEWER))
    web.close()


# --- jobs


def submit(web: Web) -> None:
    web.engine.submit(some_job(Serial(GATE)))
    web.clock.sleep(1)  # what waits is counted once a second


def test_waiting_jobs_are_counted_and_lead_to_their_list(
    web: Web, viewer: FlaskClient
) -> None:
    assert "No jobs wait." in read_part(viewer)
    submit(web)
    page = viewer.get(PART).text
    assert 'href="/status/jobs?state=waiting"' in page
    assert "1 job waits" in page
    assert re.search(r'the oldest came <time[^>]*><span data-age="\d+"', page)


# --- today and the weekday before


def happen(web: Web, name: str, at: datetime, **given: Any) -> None:
    plain: dict[str, Any] = {"id": EventId(name), "occurred_at": at}
    web.store.add_event(event(**(plain | given)))


def test_today_is_shown_beside_the_same_weekday_before(
    web: Web, viewer: FlaskClient
) -> None:
    week = timedelta(days=7)
    happen(web, "now", NOON - timedelta(hours=1), kind=EventKind.CROWD)
    happen(web, "then", NOON - week - timedelta(hours=1), kind=EventKind.CROWD)
    happen(web, "later", NOON - week + timedelta(hours=1), kind=EventKind.CROWD)
    happen(web, "other day", NOON - timedelta(days=6), kind=EventKind.CROWD)
    text = read_part(viewer)
    assert "beside Wed 25 Feb" in text
    assert "1 crowd event Wednesday before: 1 by now, 2 all day" in text
    page = viewer.get(PART).text
    assert 'href="/crowd-events?day=2026-02-25&amp;kind=crowd"' in page
    assert 'aria-label="2 crowd events, Wed 25 Feb"' in page
    behind = viewer.get("/crowd-events?day=2026-02-25&kind=crowd").text
    assert len(re.findall(r"<li[^>]+data-tag|<tr[^>]+data-tag", behind)) == 2


def test_a_past_day_is_not_counted_for_each_view(
    web: Web, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(web, "then", NOON - timedelta(days=7, hours=1), kind=EventKind.CROWD)
    assert "1 by now, 1 all day" in read_part(viewer)
    counted: list[datetime] = []
    count_events = Store.count_events

    def noted(store: Store, since: datetime, *args: Any, **given: Any) -> Any:
        counted.append(since)
        return count_events(store, since, *args, **given)

    monkeypatch.setattr(Store, "count_events", noted)
    happen(web, "now", NOON - timedelta(hours=1), kind=EventKind.CROWD)
    assert "1 crowd event Wednesday before: 1 by now, 1 all day" in read_part(viewer)
    assert {since.date() for since in counted} == {NOON.date()}


def test_a_site_without_a_week_is_compared_with_nothing(
    web: Web, viewer: FlaskClient
) -> None:
    happen(web, "yesterday", NOON - timedelta(days=1), kind=EventKind.CROWD)
    assert "before:" not in read_part(viewer)
    assert "beside" not in read_part(viewer)


def test_this_time_of_the_day_is_that_of_the_wall_when_clocks_were_set(
    tmp_path: Path,
) -> None:
    # On 29 March 2026 clocks in Berlin went from 2 to 3.
    clock = FakeClock()
    web = Web(tmp_path, clock=clock, site={"timezone": "Europe/Berlin"})
    noon_there = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
    clock.pass_time((noon_there - NOON).total_seconds())
    week_ago = datetime(2026, 3, 24, 11, 0, tzinfo=UTC)  # noon there
    happen(web, "before noon", week_ago - timedelta(minutes=1), kind=EventKind.CROWD)
    happen(web, "after noon", week_ago + timedelta(minutes=1), kind=EventKind.CROWD)
    assert "1 by now, 2 all day" in read_part(web.log_in(Role.VIEWER))
    web.close()


def test_evidence_kept_for_less_than_a_week_is_not_compared(tmp_path: Path) -> None:
    web = Web(tmp_path, clock=FakeClock(), storage={"retention_days": 7})
    happen(web, "old", NOON - timedelta(days=7), kind=EventKind.CROWD)
    assert "before:" not in read_part(web.log_in(Role.VIEWER))
    web.close()


# --- the page that polls


def test_without_news_nothing_is_sent(web: Web, viewer: FlaskClient) -> None:
    count(web, 2)
    first = viewer.get("/")
    etag = re.search(r'data-etag="([^"]+)"', first.text)
    assert etag
    known = {"If-None-Match": f'"{etag[1]}"'}
    assert viewer.get(PART, headers=known).status_code == 304
    count(web, 3)
    answer = viewer.get(PART, headers=known)
    assert answer.status_code == 200
    assert "data-live-list" in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("kind", ["mute", "job", "event", "listener"])
def test_each_kind_of_news_is_sent(web: Web, viewer: FlaskClient, kind: str) -> None:
    known = {"If-None-Match": viewer.get(PART).headers["ETag"]}
    if kind == "mute":
        web.site.mute(*new_mute(GATE, None, "5", "anna", NOON, UTC))
    elif kind == "job":
        submit(web)
    elif kind == "event":
        web.store.add_event(event(error="The camera is offline"))
    else:
        web.sense.describe_listener(
            Listener("a", NOON, True, Reason("connected"), 1.0, 1, 0)
        )
    assert viewer.get(PART, headers=known).status_code == 200


def test_names_from_outside_are_shown_as_text(web: Web, viewer: FlaskClient) -> None:
    web.site.keep_cameras([Camera(Serial(GATE), "<b>&Gate", "MV", "N_1")], NOON)
    count(web, 2)
    for address in ("/", PART):
        page = viewer.get(address).text
        assert "&lt;b&gt;&amp;Gate" in page
        assert "<b>&Gate" not in page
        assert "&amp;lt;" not in page


def test_no_landmark_has_the_name_of_another(web: Web, viewer: FlaskClient) -> None:
    count(web, 2)
    page = viewer.get("/").text
    named = re.findall(
        r'<(?:section|[^>]*role="region")[^>]*labelledby="([^"]+)"', page
    )
    assert len(named) == len(set(named)) >= 5
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_long_reason_is_there_as_a_whole(web: Web, viewer: FlaskClient) -> None:
    reason = "The Dashboard refused it: " + "no stored video of this moment, " * 6
    web.store.add_event(event(error=reason.strip(", ")))
    assert reason.strip(", ") in viewer.get(PART).text


def test_of_many_cameras_those_in_trouble_come_first(
    web: Web, viewer: FlaskClient
) -> None:
    serials = [Serial(f"Q2SM-0000-{n:04d}") for n in range(1, 41)]
    cameras = [Camera(s, f"Camera {s[-2:]}", "MV12W", "N_1", "online") for s in serials]
    cameras[-1] = Camera(serials[-1], "Broken one", "MV12W", "N_1", "offline")
    web.site.keep_cameras(cameras, NOON)
    page = viewer.get(PART).text
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[1:]
    assert len(rows) == 24
    assert "Broken one" in rows[0]
    assert "All 40 cameras" in page
