"""Which videos go: by examples, and by properties."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvsnap.core.clip_retention import ClipLimits, Video, Why, lacking_bytes, to_remove
from tests.core.build import NOON

LONG_AGO = NOON - timedelta(days=9999)
MANY = 10**12


def video(hour: int, **given: Any) -> Video:
    fields: dict[str, Any] = {"size_bytes": 10} | given
    return Video(f"{hour}.mp4", NOON + timedelta(hours=hour), **fields)


def limits(**given: Any) -> ClipLimits:
    fields: dict[str, Any] = {"before": LONG_AGO, "max_bytes": MANY}
    return ClipLimits(**(fields | given))


def gone(videos: list[Video], **given: Any) -> list[tuple[str, Why]]:
    return [(video.path, why) for video, why in to_remove(videos, limits(**given))]


def test_nothing_goes_while_all_fits() -> None:
    videos = [video(1), video(2)]
    assert gone(videos, max_bytes=20) == []
    assert gone([], lacking_bytes=5) == []


def test_the_old_ones_go_by_age() -> None:
    videos = [video(3), video(1), video(2)]
    before = NOON + timedelta(hours=2)
    assert gone(videos, before=before) == [("1.mp4", Why.AGE)]


def test_the_oldest_go_until_the_rest_fits() -> None:
    videos = [video(3), video(1), video(2), video(4)]
    found = gone(videos, max_bytes=25)
    assert found == [("1.mp4", Why.SIZE), ("2.mp4", Why.SIZE)]


def test_what_is_kept_counts_and_stays() -> None:
    videos = [video(1, kept=True), video(2), video(3)]
    before = NOON + timedelta(days=1)
    assert gone(videos, max_bytes=20) == [("2.mp4", Why.SIZE)]
    assert [path for path, _ in gone(videos, before=before)] == ["2.mp4", "3.mp4"]
    assert gone([video(1, kept=True)], max_bytes=1, lacking_bytes=99) == []


def test_what_is_not_copied_goes_in_an_emergency_only_and_last() -> None:
    videos = [video(1, uncopied=True), video(2), video(3)]
    before = NOON + timedelta(days=1)
    assert [path for path, _ in gone(videos, before=before)] == ["2.mp4", "3.mp4"]
    assert gone([video(1, uncopied=True)], max_bytes=1) == []
    assert gone(videos, lacking_bytes=10) == [("2.mp4", Why.SPACE)]
    assert gone(videos, lacking_bytes=25) == [
        ("2.mp4", Why.SPACE),
        ("3.mp4", Why.SPACE),
        ("1.mp4", Why.SPACE),
    ]


@pytest.mark.parametrize(("free", "lacking"), [(150, 0), (151, 0), (149, 31), (0, 180)])
def test_a_disk_gets_a_fifth_more_room_than_it_needs(free: int, lacking: int) -> None:
    assert lacking_bytes(free, 100) == lacking


VIDEOS = st.lists(
    st.builds(
        video,
        st.integers(0, 99),
        size_bytes=st.integers(0, 50),
        kept=st.booleans(),
        busy=st.booleans(),
        uncopied=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.path,
)
LIMITS = st.builds(
    ClipLimits,
    before=st.integers(0, 99).map(lambda hour: NOON + timedelta(hours=hour)),
    max_bytes=st.integers(0, 400),
    lacking_bytes=st.integers(0, 200),
)


@given(VIDEOS, LIMITS)
def test_none_that_is_kept_or_busy_ever_goes(
    videos: list[Video], given: ClipLimits
) -> None:
    assert not [v for v, _ in to_remove(videos, given) if v.kept or v.busy]


@given(VIDEOS, LIMITS)
def test_the_oldest_goes_first(videos: list[Video], given: ClipLimits) -> None:
    found = to_remove(videos, given)
    for uncopied in (False, True):
        went = [video for video, _ in found if video.uncopied is uncopied]
        assert went == sorted(went, key=lambda each: each.last_at)
        could = [v for v in videos if not (v.kept or v.busy) and v.uncopied is uncopied]
        stayed = [each.last_at for each in could if each not in went]
        assert not went or not stayed or went[-1].last_at <= min(stayed)


@given(VIDEOS, LIMITS)
def test_it_stops_as_soon_as_it_fits(videos: list[Video], given: ClipLimits) -> None:
    """Without any one of those that went, something would not be as it should."""
    found = to_remove(videos, given)
    total = sum(each.size_bytes for each in videos)
    for place, (one, _) in enumerate(found):
        freed = sum(before.size_bytes for before, _ in found[:place])
        too_much = total - freed > given.max_bytes and not one.uncopied
        too_old = one.last_at < given.before and not one.uncopied
        assert too_old or too_much or freed < given.lacking_bytes


@given(VIDEOS, LIMITS)
def test_when_it_ends_all_fits_or_nothing_may_go(
    videos: list[Video], given: ClipLimits
) -> None:
    found = [video for video, _ in to_remove(videos, given)]
    left = [each for each in videos if each not in found]
    may_go = [each for each in left if not each.kept and not each.busy]
    freed = sum(each.size_bytes for each in found)
    assert freed >= given.lacking_bytes or may_go == []
    copied = [each for each in may_go if not each.uncopied]
    fits = sum(each.size_bytes for each in left) <= given.max_bytes
    assert fits or copied == []
    assert not [each for each in copied if each.last_at < given.before]
