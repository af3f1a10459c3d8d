from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mvsnap.core.crowd_rows import CrowdRow, crowd_rows
from mvsnap.core.days import lasting
from mvsnap.core.moments import IS_FIRST
from mvsnap.domain import Event, EventId, EventKind, JobId, ZoneId
from tests.core import build
from tests.core.build import DOOR, GATE, NOON

DAY = timedelta(hours=24)
SOON = NOON + timedelta(minutes=1)


def crowd(job: str = "job-1", **given: Any) -> Event:
    fields: dict[str, Any] = {
        "id": EventId(f"crowd of {job}"),
        "kind": EventKind.CROWD,
        "job_id": JobId(job),
        "zone_id": ZoneId("7"),
        "details": {"people": 5, "limit": 3, "dwell_s": 60.0},
    }
    return build.event(**(fields | given))


def picture(job: str = "job-1", **given: Any) -> Event:
    fields: dict[str, Any] = {"job_id": JobId(job), "snapshot_path": "a.jpg"}
    return build.event(**(fields | given))


def end(job: str = "job-1", peak: int = 7, **given: Any) -> Event:
    details = {"of": f"crowd of {job}", "peak": peak, "duration_s": 184.0}
    fields: dict[str, Any] = {
        "kind": EventKind.END,
        "job_id": JobId(job),
        "details": details,
    }
    return build.event(**(fields | given))


def row(raised: Event, *others: Event, after: timedelta = timedelta()) -> CrowdRow:
    (found,) = crowd_rows([raised], others, NOON + after)
    return found


def test_a_crowd_finds_its_own_picture_and_end() -> None:
    first, second = crowd("job-2"), crowd("job-1")
    others = [picture("job-1"), end("job-1"), picture("job-2"), end("job-3")]
    rows = crowd_rows([first, second], others, SOON)
    assert [r.event for r in rows] == [first, second]
    assert [r.picture for r in rows] == [others[2], others[0]]
    assert [r.end for r in rows] == [None, others[1]]


def test_a_crowd_of_a_clock_that_was_ahead_does_not_last_until_its_time_comes() -> None:
    assert row(crowd(), after=timedelta(hours=-1)).ongoing  # it was set back meanwhile
    assert row(crowd(), after=-DAY).lost


def test_a_row_changes_when_its_time_has_come() -> None:
    assert row(crowd(), after=timedelta(hours=-1)).tag != row(crowd()).tag


def test_an_end_of_another_crowd_of_the_job_is_not_its_end() -> None:
    assert row(crowd(), end(details={"of": "another", "peak": 9})).ongoing


def test_a_picture_goes_before_the_reason_why_there_was_none() -> None:
    late = picture(snapshot_path=None, error="too late")
    found = row(crowd(), picture(), late)
    assert found.has_picture
    assert found.no_picture is None


def test_a_first_picture_is_not_shown_for_the_wanted_one() -> None:
    """NTP may set the clock back between the two: it seems to be the later one."""
    first = picture(
        details={IS_FIRST: 1}, recorded_at=NOON + timedelta(minutes=5), id=EventId("f")
    )
    wanted = picture(id=EventId("w"))
    for family in ((first, wanted), (wanted, first)):
        assert row(crowd(), *family).picture == wanted
    assert row(crowd(), first).picture == first


def test_a_picture_of_another_camera_is_not_shown() -> None:
    assert row(crowd(serial=GATE), picture(serial=DOOR)).picture is None


@pytest.mark.parametrize(
    ("others", "given", "after", "reason"),
    [
        pytest.param([], {}, timedelta(), "Fetching the picture", id="fresh"),
        pytest.param([], {}, DAY, "No picture received", id="a day old"),
        pytest.param(
            [picture(snapshot_path=None, error="offline")],
            {},
            timedelta(),
            "offline",
            id="the camera told why",
        ),
    ],
)
def test_a_missing_picture_says_why(
    others: list[Event], given: dict[str, Any], after: timedelta, reason: str
) -> None:
    assert row(crowd(**given), *others, after=after).no_picture == reason


def test_a_crowd_without_end_is_ongoing_for_a_day_then_its_end_was_not_seen() -> None:
    young = row(crowd(), after=DAY - timedelta(seconds=1))
    assert (young.ongoing, young.lost) == (True, False)
    old = row(crowd(), after=DAY)
    assert (old.ongoing, old.lost) == (False, True)


def test_a_crowd_is_over_when_its_zone_raised_again() -> None:
    rows = crowd_rows([crowd("job-2"), crowd("job-1")], [], SOON)
    assert [r.ongoing for r in rows] == [True, False]
    assert [r.lost for r in rows] == [False, True]


def test_crowds_of_other_zones_and_cameras_go_on_beside_each_other() -> None:
    raised = [crowd("a"), crowd("b", zone_id=ZoneId("8")), crowd("c", serial=DOOR)]
    assert all(r.ongoing for r in crowd_rows(raised, [], SOON))


def test_a_crossing_is_a_moment_that_neither_lasts_nor_lacks_an_end() -> None:
    found = row(crowd(kind=EventKind.CROSSING))
    assert (found.ongoing, found.lost) == (False, False)


def test_a_count_is_shown_with_its_unit() -> None:
    found = row(crowd(), end(peak=7))
    assert (found.people, found.peak, found.duration_s) == (5, 7, 184.0)
    assert (found.level, found.top, found.lasted) == (
        "5 people",
        "7 people",
        "3 min 4 s",
    )
    assert found.rule == "3 or more for 1 min"


def test_a_noise_is_posted_in_decibels() -> None:
    details = {"level_db": -18, "limit_db": -20, "dwell_s": 5}
    noise = crowd(kind=EventKind.NOISE, zone_id=ZoneId(""), details=details)
    found = row(noise, end(peak=-11))
    assert (found.level, found.top) == ("-18 dB", "-11 dB")
    assert found.rule == "-20 dB or louder for 5 s"
    assert (found.people, found.zone) == (None, "")


@pytest.mark.parametrize(
    ("type_", "count", "level", "people"),
    [("person", 3, "3 people in", 3), ("vehicle", 1, "1 vehicle in", None)],
)
def test_a_crossing_says_who_crossed_and_which_way(
    type_: str, count: int, level: str, people: int | None
) -> None:
    details = {"count": count, "window_s": 60, "event": "crossing_in", "type": type_}
    found = row(crowd(kind=EventKind.CROSSING, details=details))
    assert (found.level, found.people) == (level, people)
    assert found.rule == "within 1 min"


def test_details_that_are_missing_leave_gaps_and_no_mistake() -> None:
    found = row(crowd(details={}), end(details={"of": "crowd of job-1"}))
    assert (found.level, found.top, found.lasted, found.rule) == ("", "", "", "")


@pytest.mark.parametrize(
    ("zone_id", "name", "shown"),
    [
        ("7", "Door", "Door"),
        ("7", "7", "Zone 7"),
        ("7", "", "Zone 7"),
        ("0", "0", "Full Frame"),
        (None, "", ""),
    ],
)
def test_a_zone_is_shown_by_its_name_or_its_id(
    zone_id: str | None, name: str, shown: str
) -> None:
    assert row(crowd(zone_id=zone_id, zone_name=name)).zone == shown


@pytest.mark.parametrize(
    ("muted_by", "words"),
    [("anna", "Muted by anna"), ("cool-down", "Not posted: cool-down")],
)
def test_the_reason_for_a_mute_is_shown(muted_by: str, words: str) -> None:
    assert row(crowd(details={"muted_by": muted_by})).muted == words
    assert row(crowd()).muted == ""


def test_the_tag_changes_with_all_that_is_shown() -> None:
    tags = [
        row(crowd()).tag,
        row(crowd(), picture()).tag,
        row(crowd(), picture(id=EventId("p")), end(id=EventId("e"))).tag,
        row(crowd(), after=DAY).tag,
    ]
    assert len(set(tags)) == 4
    assert row(crowd()).tag == tags[0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (60, "1 min"), (184.4, "3 min 4 s"), (7320, "2 h 2 min")],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
