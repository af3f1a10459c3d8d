"""Today in numbers, beside the same weekday before; each with the list behind it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import url_for
from msgspec import Struct

from mvsnap.clip_model import ClipState
from mvsnap.core.amounts import noun
from mvsnap.core.clip_text import clip_title
from mvsnap.core.days import day_span
from mvsnap.domain import EventKind
from mvsnap.store.clips import ClipFilter
from mvsnap.store.events import EventFilter
from mvsnap.store.events.search import EventSearch, EventState, count_found
from mvsnap.texts import formats, ngettext
from mvsnap.web.context import Gateway
from mvsnap.web.event_terms import STORED

_WEEK = timedelta(days=7)
# A day that is over changes but seldom, as by a cleaning: how many times as long as
# others its counts are used.
_ALL_DAY_HOLDS = 10


class LatestClip(Struct, frozen=True):
    title: str
    at: datetime
    url: str


class NumberBefore(Struct, frozen=True):
    """The same weekday before. so_far: up to this time of the day; url: its list."""

    so_far: int
    all_day: int
    what: str
    url: str


class TodayNumber(Struct, frozen=True):
    """about: what is to be said of a part of it."""

    number: int
    what: str
    url: str
    is_bad: bool = False
    about: str = ""
    before: NumberBefore | None = None


class Today(Struct, frozen=True):
    """What happened today, each number with the list behind it.

    weekday: the day it is compared with; None: nothing is known of it.
    """

    numbers: tuple[TodayNumber, ...]
    latest_clip: LatestClip | None
    weekday: date | None = None


class DayCounts(Struct, frozen=True):
    """clips: those that are there; lost_clips: of the failures."""

    crowds: int
    snapshots: int
    clips: int
    failures: int
    lost_clips: int


_NOTHING = DayCounts(0, 0, 0, 0, 0)


class _WeekdayBefore(Struct, frozen=True):
    day: date
    so_far: DayCounts
    all_day: DayCounts


def today(here: Gateway, now: datetime, *, has_sense: bool) -> Today:
    """has_sense: crowds are looked for; without, they are named if there were any."""
    zone = here.zone
    day = now.astimezone(zone).date()
    counts = _counts(here, *day_span(day.isoformat(), zone))
    before = _before(here, now)
    numbers = [_number("snapshots", "snapshot", counts, day, before)]
    if has_sense or counts.crowds or (before and before.all_day.crowds):
        numbers.insert(0, _number("crowds", "crowd event", counts, day, before))
    if here.settings.recorder.cameras:
        numbers.append(_number("clips", "clip", counts, day, before))
    numbers.append(_number("failures", "failure", counts, day, before))
    weekday = before.day if before else None
    return Today(tuple(numbers), _latest_clip(here, now), weekday)


def _before(here: Gateway, now: datetime) -> _WeekdayBefore | None:
    """Return what happened a week ago; None if nothing can be known of that day."""
    zone = here.zone
    # By the clock on the wall, also when it was set meanwhile.
    then = now.astimezone(zone) - _WEEK
    since, until = day_span(then.date().isoformat(), zone)
    if here.settings.storage.retention_days <= _WEEK.days:
        return None
    all_day = here.past_days.get(
        then.date(), lambda: _counts(here, since, until), times=_ALL_DAY_HOLDS
    )
    if all_day == _NOTHING:  # closed, or not set up yet: zeros say nothing
        return None
    so_far = here.past_days.get(
        then.isoformat(timespec="minutes"),
        lambda: _counts(here, since, then.astimezone(UTC)),
    )
    return _WeekdayBefore(then.date(), so_far, all_day)


def _counts(here: Gateway, since: datetime, until: datetime) -> DayCounts:
    happened = here.store.count_events(since, until)
    errors = here.store.count_events(since, until, only_failed=True)
    of_day = EventSearch(EventFilter(since=since, until=until), state=EventState.FAILED)

    def worked(kind: EventKind) -> int:
        return happened.get(kind, 0) - errors.get(kind, 0)

    return DayCounts(
        crowds=happened.get(EventKind.CROWD, 0),
        snapshots=worked(EventKind.SNAPSHOT),
        clips=worked(EventKind.CLIP),
        failures=count_found(here.store, of_day),
        lost_clips=errors.get(EventKind.CLIP, 0),
    )


def _number(
    name: str,
    what: str,
    counts: DayCounts,
    day: date,
    before: _WeekdayBefore | None,
) -> TodayNumber:
    number: int = getattr(counts, name)
    lost = counts.lost_clips
    some_are_clips = name == "failures" and 0 < lost < number
    beside = None
    if before is not None:
        all_day: int = getattr(before.all_day, name)
        beside = NumberBefore(
            getattr(before.so_far, name),
            all_day,
            noun(all_day, what),
            _list_url(name, before.day),
        )
    return TodayNumber(
        number,
        noun(number, what),
        _list_url(name, day),
        is_bad=name == "failures" and number > 0,
        about=_lost_clips(lost) if some_are_clips else "",
        before=beside,
    )


def _lost_clips(many: int) -> str:
    said = ngettext("%(num)s of them a clip", "%(num)s of them clips", many)
    return said % {"num": formats.number(many)}


def _list_url(name: str, day: date) -> str:
    if name == "crowds":
        kind = EventKind.CROWD.value
        return url_for("crowd_events.index", day=day.isoformat(), kind=kind)
    lists: dict[str, dict[str, Any]] = {
        "snapshots": {"kind": EventKind.SNAPSHOT.value, "state": STORED},
        "clips": {"kind": EventKind.CLIP.value, "state": STORED},
        "failures": {"state": EventState.FAILED.value},
    }
    return url_for("event_pages.index", day=day.isoformat(), **lists[name])


def _latest_clip(here: Gateway, now: datetime) -> LatestClip | None:
    found = here.clips.latest(ClipFilter(states=(ClipState.READY,)), 1, now)
    if not found:
        return None
    clip = found[0]
    url = url_for("clips.show", clip_id=clip.id)
    return LatestClip(clip_title(clip) if clip.title else clip.camera, clip.at, url)
