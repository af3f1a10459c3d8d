"""Pictures of badge events: of that moment, later, once; the state says why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.badges.model import BadgePictureState, Readers
from mvsnap.errors import CameraOffline, NoVideo, UpstreamError
from mvsnap.jobs.retry import ask_again_s
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.cameras import parse_moment
from mvsnap.values import replace
from tests.badges.crew import BadgeCrew
from tests.core.build import DOOR, GATE
from tests.servers.processes import wait_until

SNAPSHOT = "generateSnapshot"


def asked(crew: BadgeCrew) -> list[datetime]:
    """Return the moments the Dashboard was asked to show."""
    calls = [a for a in crew.clouds.dashboard.asked if SNAPSHOT in a.path]
    return [parse_moment(str(call.json["timestamp"])) for call in calls]


def test_the_picture_is_that_of_the_swipe(crew: BadgeCrew) -> None:
    made = crew.swiped()
    crew.fetcher().fetch(made)
    found = crew.again(made)
    assert found.picture is BadgePictureState.FETCHED
    assert crew.files.picture(found.picture_path) is not None
    assert found.video_link is not None
    (moment,) = asked(crew)
    assert abs(moment - made.swiped_at) < timedelta(milliseconds=1)


def test_a_lost_picture_is_fetched_again_from_its_own_camera(crew: BadgeCrew) -> None:
    """A reader that was moved since is at another door."""
    made, fetcher = crew.swiped(), crew.fetcher()
    fetcher.fetch(made)
    now, moved = crew.clock.now(), Readers({"Gate": DOOR})
    assert crew.pictures.ask(made.id, GATE, now, is_gone=True)
    fetcher.begin(moved)
    (due,) = crew.pictures.claim("one", now, 5)
    assert moved.camera_of(due) == GATE
    fetcher.fetch(due)
    assert crew.again(made).serial == GATE
    assert crew.pictures.ask(made.id, GATE, now, is_gone=True)
    crew.pictures.not_fetched(made.id, BadgePictureState.NO_VIDEO, "None", None)
    fetcher.begin(moved)
    assert crew.again(made).serial == GATE
    fetcher.close()
    calls = [one.path for one in crew.clouds.dashboard.asked if SNAPSHOT in one.path]
    assert [GATE in path for path in calls] == [True, True]


def test_a_moment_without_video_is_a_state_with_a_link_and_no_end_of_asking_too_soon(
    crew: BadgeCrew,
) -> None:
    crew.clouds.dashboard.cameras[GATE].video_since = datetime.now(UTC)
    late, old = crew.swiped(10), crew.swiped(24 * 60, user_id="2")
    for made in (late, old):
        crew.fetcher().fetch(made)
    first, second = crew.again(late), crew.again(old)
    assert (first.picture, second.picture) == (BadgePictureState.NO_VIDEO,) * 2
    assert first.ask_at == crew.clock.now() + timedelta(seconds=60)
    assert (second.ask_at, second.video_link is not None) == (None, True)


@pytest.mark.parametrize(("hours", "minutes_ago"), [(2, 10), (-2, 100)])
def test_video_may_come_for_an_hour_whatever_the_clock_was_set_to(
    crew: BadgeCrew, hours: int, minutes_ago: int
) -> None:
    crew.clouds.dashboard.cameras[GATE].video_since = datetime.now(UTC)
    made = crew.swiped(minutes_ago)
    crew.clock.set(timedelta(hours=hours))
    crew.fetcher().fetch(made)
    found = crew.again(made)
    assert found.picture is BadgePictureState.NO_VIDEO
    assert (found.ask_at is not None) == (minutes_ago < 60)


def test_an_offline_camera_is_a_state_and_asked_again(crew: BadgeCrew) -> None:
    crew.clouds.dashboard.cameras[GATE].status = "offline"
    made = crew.swiped()
    crew.fetcher().fetch(made)
    found = crew.again(made)
    assert (found.picture, found.error) == (
        BadgePictureState.OFFLINE,
        "The camera is offline",
    )
    crew.clouds.dashboard.cameras[GATE].status = "online"
    assert found.ask_at is not None
    crew.clock.sleep(61)
    (due,) = crew.pictures.claim("one", crew.clock.now(), 5)
    crew.fetcher().fetch(due)
    assert crew.again(made).picture is BadgePictureState.FETCHED


@pytest.mark.parametrize("kind", ["500-html", "429", "401"])
def test_a_cloud_that_refuses_is_asked_again(crew: BadgeCrew, kind: str) -> None:
    crew.clouds.dashboard.faults.add(Fault(kind, times=1))
    made = crew.swiped()
    crew.fetcher().fetch(made)
    found = crew.again(made)
    assert found.picture is BadgePictureState.FAILED
    assert found.error
    assert found.ask_at is not None


def test_a_picture_not_saved_when_the_service_stops_is_left_for_its_next_life(
    crew: BadgeCrew,
) -> None:
    made = crew.swiped()
    crew.clouds.dashboard.cameras[GATE].picture = "never"
    (due,) = crew.pictures.claim("one", crew.clock.now(), 5)
    crew.clock.stop()
    crew.fetcher().fetch(due)
    assert crew.again(made).picture is BadgePictureState.WAITING
    crew.fetcher("two").begin(Readers({}))
    assert crew.pictures.claim("two", crew.clock.now(), 5) == []
    crew.fetcher("one").begin(Readers({}))
    assert len(crew.pictures.claim("one", crew.clock.now(), 5)) == 1


def test_a_step_takes_less_than_half_of_the_budget(crew: BadgeCrew) -> None:
    # Its limit goes by true time; a refusal would let the clock of the test go on.
    crew.clouds.dashboard.rate_limit = None
    for number in range(40):
        crew.swiped(user_id=str(number))
    fetcher = crew.fetcher()
    for _ in range(10):
        before = len(asked(crew))
        crew.clock.sleep(1)
        fetcher.step()
        wait_until(lambda: fetcher._free == 6, "the pictures are there")
        assert len(asked(crew)) - before < 5
    assert 18 <= len(asked(crew)) <= 22
    fetcher.close()


def test_a_reader_that_was_given_a_camera_gets_its_pictures(crew: BadgeCrew) -> None:
    made = crew.swiped(reader="Yard")
    assert crew.again(made).picture is BadgePictureState.NO_CAMERA
    fetcher = crew.fetcher()
    fetcher.begin(Readers({"yard": DOOR}))
    (due,) = crew.pictures.claim("one", crew.clock.now(), 5)
    fetcher.fetch(due)
    found = crew.again(made)
    assert (found.serial, found.picture) == (DOOR, BadgePictureState.FETCHED)


def test_a_corrected_camera_is_asked_for_what_is_not_fetched_yet(
    crew: BadgeCrew,
) -> None:
    waiting, given_up, fetched = (crew.swiped(user_id=n) for n in "123")
    for made in (given_up, fetched):
        crew.pictures.not_fetched(made.id, BadgePictureState.NO_VIDEO, "none", None)
    crew.pictures.fetched(fetched.id, "badges/a.jpg", None)
    fetcher = crew.fetcher()
    for _ in range(2):  # the second time nothing is new
        fetcher.begin(Readers({"Gate": DOOR}))
        for due in crew.pictures.claim("one", crew.clock.now(), 5):
            fetcher.fetch(due)
    assert [crew.again(m).serial for m in (waiting, given_up, fetched)] == [
        *(DOOR, DOOR, GATE)
    ]
    assert crew.again(given_up).picture is BadgePictureState.FETCHED
    calls = [a.path for a in crew.clouds.dashboard.asked if SNAPSHOT in a.path]
    assert [DOOR in path for path in calls] == [True, True]


@pytest.mark.parametrize("late", ["picture", "none"])
def test_a_worker_whose_lease_was_over_changes_nothing(
    crew: BadgeCrew, late: str
) -> None:
    """It was frozen while another one fetched the picture."""
    made = crew.swiped()
    crew.fetcher().fetch(made)
    first = crew.again(made)
    shown = crew.files.picture(first.picture_path)
    assert shown is not None
    content = shown.read_bytes()
    camera = crew.clouds.dashboard.cameras[GATE]
    camera.status = "offline" if late == "none" else "online"
    crew.fetcher().fetch(replace(made, swiped_at=made.swiped_at - timedelta(hours=1)))
    assert crew.again(made) == first
    assert shown.read_bytes() == content
    assert [path for path in shown.parent.iterdir() if path != shown] == []


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("why", "asks", "since_swipe", "is_over", "again_s"),
    [
        (NoVideo("x", retry=True), 0, 4 * MINUTE, False, 60),
        (NoVideo("x", retry=False), 3, 30 * MINUTE, False, 480),
        (NoVideo("x", retry=False), 0, HOUR, False, None),
        (CameraOffline("x", retry=False), 0, 48 * HOUR, False, 60),
        (CameraOffline("x", retry=False), 9, 48 * HOUR, False, 3600),
        (CameraOffline("x", retry=False), 9, 48 * HOUR, True, None),
        (UpstreamError("x", retry=True, retry_after_s=90), 0, HOUR, False, 90),
    ],
)
def test_the_rule_of_asking_again(
    why: UpstreamError,
    asks: int,
    since_swipe: timedelta,
    is_over: bool,
    again_s: float | None,
) -> None:
    assert ask_again_s(why, asks, since_swipe, is_over=is_over) == again_s
