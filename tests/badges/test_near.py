"""Pictures 2 and 5 s before and after a swipe, and clips of the moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.model import NEAR_S, BadgeEvent, BadgePictureState, Readers
from mvsnap.badges.near_queue import MOST_WAITING, NearPictures, NearRequest
from mvsnap.badges.picture_queue import LEASE
from mvsnap.badges.store import BadgeStore
from mvsnap.clip_model import Gap
from mvsnap.domain import Role
from mvsnap.errors import QueueFull
from mvsnap.simulator.directory import portrait_of
from mvsnap.store import database
from tests.badges.build import NOON, badge
from tests.badges.crew import BadgeCrew
from tests.badges.test_pages import PAGE, add, add_picture, words
from tests.badges.test_pictures import SNAPSHOT, asked
from tests.clients.fakes import SteppedClock
from tests.core.build import GATE
from tests.servers.processes import wait_until
from tests.web.build import DOOR, Web, send
from tests.web.clip_build import add_clip

FETCHED = BadgePictureState.FETCHED
DUE = NOON + timedelta(hours=1)


def states(crew: BadgeCrew, made: BadgeEvent) -> dict[int, str]:
    return {near.offset_s: near.picture.value for near in crew.near.of(made.id)}


# --- the worker


def test_a_worker_fetches_them_before_the_pictures_of_swipes(crew: BadgeCrew) -> None:
    others = [crew.swiped(user_id=str(n)) for n in range(6)]
    made = others[0]
    crew.near.ask(made, "anna", crew.clock.now())
    fetcher = crew.fetcher()
    for _ in range(2):
        crew.clock.sleep(1)
        fetcher.step()
        wait_until(lambda: fetcher._free == 6, "the pictures are there")
    fetcher.close()
    assert states(crew, made) == dict.fromkeys(NEAR_S, "fetched")
    wanted = {made.swiped_at + timedelta(seconds=one) for one in NEAR_S}
    moments = asked(crew)
    assert len(moments) <= 5  # two seconds of the budget, and what was there
    for at in wanted:
        assert any(abs(at - one) < timedelta(milliseconds=1) for one in moments)
    calls = [call.path for call in crew.clouds.dashboard.asked]
    assert sum("videoLink" in path for path in calls) <= 1  # they need no link
    paths = [near.picture_path for near in crew.near.of(made.id)]
    assert all(crew.files.picture(path) for path in paths)


def test_the_picture_of_the_swipe_and_those_near_it_do_not_remove_each_other(
    crew: BadgeCrew,
) -> None:
    made = crew.swiped()
    crew.near.ask(made, "anna", crew.clock.now())
    fetcher = crew.fetcher()
    for wanted in crew.near.claim("one", crew.clock.now(), 9):
        fetcher._near.fetch(wanted, Readers({}))
    fetcher.fetch(made)
    fetcher.close()
    paths = [near.picture_path for near in crew.near.of(made.id)]
    paths.append(crew.again(made).picture_path)
    assert len(set(paths)) == 5
    assert all(crew.files.has(path) for path in paths)


def test_a_camera_without_that_moment_is_a_state_and_is_asked_again(
    crew: BadgeCrew,
) -> None:
    crew.clouds.dashboard.cameras[GATE].status = "offline"
    made = crew.swiped()
    crew.near.ask(made, "anna", crew.clock.now())
    (wanted, *_) = crew.near.claim("one", crew.clock.now(), 9)
    fetcher = crew.fetcher()
    fetcher._near.fetch(wanted, Readers({}))
    fetcher.close()
    first = crew.near.of(made.id)[0]
    assert (first.picture, first.error) == (
        BadgePictureState.OFFLINE,
        "The camera is offline",
    )
    assert first.ask_at == crew.clock.now() + timedelta(seconds=60)


@pytest.mark.parametrize(("hours", "minutes_ago"), [(2, 10), (-2, 100)])
def test_video_may_come_for_an_hour_whatever_the_clock_was_set_to(
    crew: BadgeCrew, hours: int, minutes_ago: int
) -> None:
    crew.clouds.dashboard.cameras[GATE].video_since = datetime.now(UTC)
    made = crew.swiped(minutes_ago)
    crew.near.ask(made, "anna", crew.clock.now())
    (wanted, *_) = crew.near.claim("one", crew.clock.now(), 9)
    crew.clock.set(timedelta(hours=hours))
    fetcher = crew.fetcher()
    fetcher._near.fetch(wanted, Readers({}))
    fetcher.close()
    found = crew.near.of(made.id)[0]
    assert found.picture is BadgePictureState.NO_VIDEO
    assert (found.ask_at is not None) == (minutes_ago < 60)


def test_they_are_of_the_camera_of_the_swipe_s_own_picture(crew: BadgeCrew) -> None:
    """A reader that was moved since is at another door."""
    made, fetcher = crew.swiped(), crew.fetcher()
    fetcher.fetch(made)
    crew.near.ask(made, "anna", crew.clock.now())
    for wanted in crew.near.claim("one", crew.clock.now(), 1):
        fetcher._near.fetch(wanted, Readers({"Gate": DOOR}))
    fetcher.close()
    calls = [one.path for one in crew.clouds.dashboard.asked if SNAPSHOT in one.path]
    assert len(calls) == 2
    assert all(GATE in path for path in calls)


# --- the queue


@pytest.fixture
def stores(url: str) -> Iterator[tuple[BadgeStore, NearPictures]]:
    engine = database.open_database(url)
    database.upgrade(engine)
    db = database.Database(engine)
    yield BadgeStore(db), NearPictures(db)
    engine.dispose()


def test_each_is_claimed_by_one_worker_until_its_lease_is_over(
    stores: tuple[BadgeStore, NearPictures],
) -> None:
    badges, near = stores
    made = badge()
    badges.add([made])
    near.ask(made, "anna", DUE)
    near.ask(made, "bob", DUE)  # they are waited for already
    assert offsets(near.claim("one", DUE, 3)) == [-5, -2, 2]
    assert offsets(near.claim("two", DUE, 3)) == [5]
    assert near.claim("two", DUE, 3) == []
    assert len(near.claim("two", DUE + LEASE, 9)) == 4
    near.release("two", DUE)
    assert len(near.claim("one", DUE, 9)) == 4


def test_asking_again_asks_for_what_is_missing_alone(
    stores: tuple[BadgeStore, NearPictures],
) -> None:
    badges, near = stores
    made = badge()
    badges.add([made])
    near.ask(made, "anna", DUE)
    before, after, given_up, waiting = (r.near for r in near.claim("one", DUE, 9))
    assert near.fetched(before, "a.jpg") == "a.jpg"
    assert near.fetched(before, "late.jpg") == "a.jpg"
    assert near.fetched(after, "b.jpg") == "b.jpg"
    near.not_fetched(given_up, BadgePictureState.NO_VIDEO, "none", None)
    near.not_fetched(before, BadgePictureState.NO_VIDEO, "late", None)
    near.ask(made, "anna", DUE, gone=[after.offset_s])
    assert offsets(near.claim("one", DUE, 9)) == [after.offset_s, given_up.offset_s]
    found = {one.offset_s: one for one in near.of(made.id)}
    assert found[before.offset_s].picture is FETCHED
    assert found[waiting.offset_s].ask_at == DUE + LEASE


def test_what_waits_has_a_limit(stores: tuple[BadgeStore, NearPictures]) -> None:
    badges, near = stores
    many = [badge(n) for n in range(MOST_WAITING // 4 + 1)]
    badges.add(many)
    for made in many[:-1]:
        near.ask(made, "anna", DUE)
    with pytest.raises(QueueFull):
        near.ask(many[-1], "anna", DUE)
    assert near.of(many[-1].id) == []
    for wanted in near.claim("one", DUE, 4):
        later = DUE + timedelta(hours=1)
        near.not_fetched(wanted.near, BadgePictureState.OFFLINE, "offline", later)
    near.ask(many[-1], "anna", DUE)


def test_they_go_with_their_badge_event(
    stores: tuple[BadgeStore, NearPictures],
) -> None:
    badges, near = stores
    old, new = badge(), badge(3600)
    badges.add([old, new])
    for made in (old, new):
        near.ask(made, "anna", DUE)
    near.fetched(near.claim("one", DUE, 1)[0].near, "a.jpg")
    before = NOON + timedelta(minutes=1)
    dry = badges.purge(before, dry_run=True)
    done = badges.purge(before)
    assert (dry.removed, dry.files) == (done.removed, done.files) == (1, 1)
    assert done.paths == ("a.jpg",)
    assert near.of(old.id) == []
    assert len(near.of(new.id)) == 4


def offsets(found: list[NearRequest]) -> list[int]:
    return [one.near.offset_s for one in found]


# --- the page


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    recorder: Any = {
        "cameras": {"Gate ring": {"meraki_serial": GATE, "pre_roll_s": 60}}
    }
    badges = {"camera_of_reader": {"Gate": GATE}}
    clock = SteppedClock()
    made = Web(tmp_path, badges=badges, recorder=recorder, clock=clock)
    clock.passed_since_start()  # looks at it first
    yield made
    made.close()


def test_a_reviewer_asks_and_sees_them_come(web: Web, reviewer: FlaskClient) -> None:
    made = add(web)
    add_picture(web, made)
    address = f"{PAGE}/{made.id}"
    assert "Pictures 2 and 5 s before and after" in reviewer.get(address).text
    answer = send(reviewer, f"{address}/near?verdict=open")
    assert answer.location == f"{address}?verdict=open"
    page = reviewer.get(address).text
    assert page.count("data-look=") == 4
    assert "Pictures 2 and 5 s" not in page
    (wanted, *_) = web.near.claim("one", web.clock.now(), 9)
    path = web.files.save_picture("badges", "x", made.swiped_at, portrait_of("camera"))
    web.near.fetched(wanted.near, path)
    page = reviewer.get(address).text
    picture = f"{address}/near/{wanted.near.offset_s}"
    assert f'src="{picture}/thumbnail.jpg"' in page
    assert 'alt="Camera picture 5 s before. Enlarge"' in page
    for file in (f"{picture}/picture.jpg", f"{picture}/thumbnail.jpg"):
        with reviewer.get(file) as shown:
            assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
        assert web.app.test_client().get(file).status_code == 401
    for wrong in ("2", "3", "x", "%00"):
        assert reviewer.get(f"{address}/near/{wrong}/picture.jpg").status_code == 404


def test_a_lost_picture_can_be_asked_for_again(web: Web, reviewer: FlaskClient) -> None:
    made = add(web)
    send(reviewer, f"{PAGE}/{made.id}/near")
    for wanted in web.near.claim("one", web.clock.now(), 9):
        web.near.fetched(wanted.near, "badges/lost.jpg")
    page = reviewer.get(f"{PAGE}/{made.id}").text
    assert "Fetch the missing pictures again" in page
    assert "The picture is no longer available." in page
    send(reviewer, f"{PAGE}/{made.id}/near")
    assert len(web.near.claim("one", web.clock.now(), 9)) == 4


def test_nobody_else_asks_and_no_camera_is_said(
    web: Web, reviewer: FlaskClient
) -> None:
    made = add(web, reader="Yard", picture=BadgePictureState.NO_CAMERA)
    assert "/near" not in reviewer.get(f"{PAGE}/{made.id}").text
    answer = send(reviewer, f"{PAGE}/{made.id}/near")
    assert "No camera is assigned to Yard." in reviewer.get(answer.location).text
    viewer = web.log_in(Role.VIEWER)
    assert send(viewer, f"{PAGE}/{made.id}/near").status_code == 403
    assert web.near.of(made.id) == []


def test_too_many_are_a_word_on_the_page(web: Web, reviewer: FlaskClient) -> None:
    made = add(web)
    for n in range(MOST_WAITING // 4):
        web.near.ask(add(web, n, user_id=str(n)), "anna", web.clock.now())
    answer = send(reviewer, f"{PAGE}/{made.id}/near")
    text = words(reviewer.get(answer.location).text)
    assert "Too many pictures are being fetched; try again later" in text


def test_clips_that_show_the_swipe_are_linked(web: Web, reviewer: FlaskClient) -> None:
    made = add(web)
    at = made.swiped_at
    given: dict[str, Any] = {"camera": "Gate ring"}
    during = {"began_at": at - timedelta(seconds=9), "ended_at": at}
    later = {"began_at": at + timedelta(seconds=1), "ended_at": at + timedelta(hours=1)}
    shown = add_clip(web, at - timedelta(seconds=5), **given, **during)
    add_clip(web, at + timedelta(seconds=5), **given, **later)
    gap = Gap(at - timedelta(seconds=1), at + timedelta(seconds=2))
    around = {"ended_at": at + timedelta(seconds=9), "gaps": (gap,), "partial": True}
    add_clip(web, at - timedelta(seconds=6), **given, **during | around)
    page = reviewer.get(f"{PAGE}/{made.id}").text
    assert re.findall(r'href="/clips/([^"]+)"', page).count(shown.id) == 1
    assert page.count("Clip of this moment") == 1


@pytest.mark.parametrize("minutes", [30, -30])
def test_what_the_recorder_has_does_not_depend_on_who_sets_the_clock(
    web: Web, reviewer: FlaskClient, minutes: int
) -> None:
    made, older = add(web, 0.1), add(web, 20, user_id="2")
    assert isinstance(web.clock, SteppedClock)
    web.clock.by = timedelta(minutes=minutes)
    assert "Keep a clip" in reviewer.get(f"{PAGE}/{made.id}").text
    assert "Keep a clip" not in reviewer.get(f"{PAGE}/{older.id}").text


def test_what_the_recorder_still_has_can_be_kept_as_a_clip(
    web: Web, reviewer: FlaskClient
) -> None:
    made, older = add(web, 0.1), add(web, 2, user_id="2")
    assert "Keep a clip" in reviewer.get(f"{PAGE}/{made.id}").text
    for _ in range(2):  # pressed twice
        answer = send(reviewer, f"{PAGE}/{made.id}/clip?verdict=open")
        assert answer.location == f"{PAGE}/{made.id}?verdict=open"
    (job,) = web.accepted
    assert (job.clips, job.at, job.rooms) == (("Gate ring",), made.swiped_at, ())
    assert (job.pre_roll_s, job.post_roll_s) == (5, 10)
    page = reviewer.get(answer.location).text
    assert "Recording requested" in page
    assert "Clip, being recorded" in page
    assert "Keep a clip" not in page
    assert "Keep a clip" not in reviewer.get(f"{PAGE}/{older.id}").text
    answer = send(reviewer, f"{PAGE}/{older.id}/clip")
    assert "in its memory any more" in reviewer.get(answer.location).text
    assert len(web.accepted) == 1
    assert send(web.log_in(Role.VIEWER), f"{PAGE}/{made.id}/clip").status_code == 403
