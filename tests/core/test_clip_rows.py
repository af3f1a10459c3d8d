"""A clip in words and numbers, and as places on a time line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mvsnap import texts
from mvsnap.clip_model import Clip, ClipState, Gap
from mvsnap.core.clip_rows import ClipRow
from mvsnap.core.clip_text import details
from mvsnap.core.clip_timeline import timeline
from mvsnap.domain import CameraName, EventId, JobId, Trigger, TriggerKind
from tests.core.build import NOON


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def clip(**given: Any) -> Clip:
    fields: dict[str, Any] = {
        "id": EventId("clip-1"),
        "job_id": JobId("job-1"),
        "camera": CameraName("Robot"),
        "trigger": Trigger(TriggerKind.WEBHOOK, "robots"),
        "at": NOON,
        "received_at": at(0.4),
        "state": ClipState.READY,
        "began_at": at(-10),
        "ended_at": at(20),
    }
    return Clip(**(fields | given))


def row(now_s: float = 60, **given: Any) -> ClipRow:
    return ClipRow(clip(**given), at(now_s), 10, 20)


@pytest.mark.parametrize(
    ("given", "now_s", "word"),
    [
        ({"state": ClipState.WAITING}, 1, "waiting"),
        ({"state": ClipState.RECORDING}, 19, "recording"),
        ({"state": ClipState.RECORDING}, 20, "finishing"),
        ({}, 60, "ready"),
        ({"partial": True}, 60, "partial"),
        ({"state": ClipState.FAILED, "partial": True}, 60, "failed"),
        ({"state": ClipState.DELETED, "partial": True}, 60, "deleted"),
    ],
)
def test_the_state_is_one_word(given: dict[str, Any], now_s: float, word: str) -> None:
    assert row(now_s, **given).word == word


@pytest.mark.parametrize(
    ("now_s", "recorded_s"), [(-30, 0), (-10, 0), (2.4, 12), (20, 30), (99, 30)]
)
def test_what_is_recorded_stays_within_the_window(
    now_s: float, recorded_s: int
) -> None:
    found = row(now_s, state=ClipState.RECORDING)
    assert (found.recorded_s, found.window_s) == (recorded_s, 30)


@pytest.mark.parametrize(
    ("missing_s", "said"),
    [
        (0.5, "0,5 s fehlen"),
        (0.94, "0,9 s fehlen"),
        (0.96, "1 s fehlt"),
        (1.2, "1 s fehlt"),
        (2, "2 s fehlen"),
        (60, "1 min fehlt"),
        (61, "1 min 1 s f"),
    ],
)
def test_a_single_second_is_missing_in_the_singular(
    missing_s: float, said: str
) -> None:
    texts.use("de")
    try:
        reason = row(gaps=(Gap(at(0), at(missing_s)),)).reason
    finally:
        texts.use("en")
    assert reason.startswith(said)


def test_a_reason_says_what_is_missing_and_why() -> None:
    gaps = (Gap(at(0), at(2)), Gap(at(5), at(6.5)))
    assert row(gaps=gaps, note="the disk is full").reason == (
        "4 s missing; the disk is full"
    )
    assert row(gaps=(Gap(at(0), at(0.2)),)).reason == ""
    assert row(state=ClipState.FAILED, error="offline").reason == "offline"
    assert row(state=ClipState.DELETED, note="x").reason == ""


@pytest.mark.parametrize(
    ("late_s", "said"),
    [(0, ""), (-5, ""), (0.4, "0.4 s later"), (75, "1 min 15 s later")],
)
def test_the_delay_of_an_alarm_is_shown(late_s: float, said: str) -> None:
    assert row(received_at=at(late_s)).received == said


def test_length_and_size_are_readable() -> None:
    found = row(ended_at=at(55), size_bytes=12_340_000)
    assert (found.length, found.clock, found.size) == ("1 min 5 s", "1:05", "12.3 MB")
    assert row(size_bytes=250_000_000).size == "250 MB"
    assert row(size_bytes=999_700).size == "1.0 MB"
    assert (row(size_bytes=10_240).size, row(size_bytes=3).size) == ("10 kB", "1 kB")
    unknown = row(began_at=None, ended_at=None)
    assert (unknown.length, unknown.clock, unknown.size) == ("", "", "")


def test_the_title_is_never_empty() -> None:
    assert row(title=" \n").title == "Alarm"
    assert row(title="Stopped\nE-203").title == "Stopped"
    by_hand = Trigger(TriggerKind.COMMAND, "record")
    assert row(trigger=by_hand).title == "Manual recording"
    assert row(trigger=by_hand, title="Trial").title == "Trial"


@pytest.mark.parametrize("before_s", [8.46, 8.5, 8.54])
def test_the_page_and_the_message_round_alike(before_s: float) -> None:
    found = row(before_s=before_s, ended_at=at(before_s))
    told = details(found.clip)
    assert (found.before_s, found.after_s) == (told["before_s"], told["after_s"])


@pytest.mark.parametrize(
    ("before_s", "until_s", "said"),
    [
        (10.4, 20.4, ("10 s", "21 s", "31 s", "0:31")),
        (10.6, 20.6, ("11 s", "20 s", "31 s", "0:31")),
        (0.0, 0.4, ("0 s", "0 s", "0 s", "0:00")),
        (59.7, 59.8, ("1 min", "1 min", "2 min", "2:00")),
    ],
)
def test_before_and_after_add_up_to_the_one_length(
    before_s: float, until_s: float, said: tuple[str, ...]
) -> None:
    found = row(before_s=before_s, began_at=at(-before_s), ended_at=at(until_s))
    assert (found.before, found.after, found.length, found.clock) == said


def test_a_video_that_began_late_is_no_longer_than_itself() -> None:
    found = row(before_s=0, began_at=at(5), ended_at=at(20))
    assert (found.before, found.after, found.length) == ("0 s", "15 s", "15 s")
    assert (found.after_s, details(found.clip)["length_s"]) == (15, 15)


# --- the time line


def test_a_line_begins_and_ends_with_the_video() -> None:
    line = timeline(clip())
    assert line is not None
    assert (line.begin_s, line.length_s) == (0, 30)
    assert (line.video.left, line.video.width) == (0, 100)
    assert line.before is not None
    assert (line.before.left, line.before.width) == (0, 33.33)
    assert (line.trigger.left, line.trigger.seek_s) == (33.33, 10)


def test_a_gap_before_the_video_makes_the_line_longer() -> None:
    # The camera was away for the whole pre-roll and 2 s more.
    line = timeline(clip(began_at=at(2), gaps=(Gap(at(-10), at(2)),)))
    assert line is not None
    assert (line.begin_s, line.length_s) == (-12, 30)
    assert (line.began_at, line.ended_at) == (at(-10), at(20))
    assert (line.video.left, line.video.width) == (40, 60)
    assert (line.gaps[0].left, line.gaps[0].width) == (0, 40)
    assert line.before is None
    # The alarm itself is not in the video: the nearest picture is.
    assert (line.trigger.left, line.trigger.seek_s) == (33.33, 0)


def test_other_alarms_of_the_same_video_are_marks() -> None:
    other = clip(id=EventId("clip-2"), at=at(14))
    line = timeline(clip(), [clip(), other])
    assert line is not None
    assert [(m.clip.id, m.left, m.seek_s) for m in line.others] == [
        ("clip-2", 80.0, 24.0)
    ]


@pytest.mark.parametrize("ended_at", [None, at(-10), at(-11)])
def test_without_a_video_there_is_no_line(ended_at: datetime | None) -> None:
    assert timeline(clip(ended_at=ended_at)) is None
