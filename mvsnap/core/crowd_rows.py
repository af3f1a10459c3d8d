"""Crowd rows: raised events with picture and end, as a list shows them. Pure.

Noises and crossings are rows like crowds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clock import is_to_come
from mvsnap.core.days import lasting
from mvsnap.core.event_pictures import picture_of
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import Event, EventKind, JobId
from mvsnap.texts import _, formats, ngettext, pgettext
from mvsnap.texts.reasons import said

# Used instead of a name in "muted_by": the previous alert was too recent.
COOL_DOWN = "cool-down"

# After this no picture and no end will follow: jobs are given up, listeners forget.
_UNFINISHED = timedelta(hours=24)


class CrowdRow(Struct, frozen=True):
    """A raised event and its consequences.

    picture: the snapshot event, which may say why there is no picture; None until the
    camera has answered.
    fresh: raised less than a day ago, so that a picture or an end may still follow.
    is_to_come: its time has not been yet, so a clock was wrong.
    overtaken: the same zone raised another one later, so this one must be over.
    undelivered: why a room did not get it, "" if all did.
    """

    event: Event
    picture: Event | None = None
    end: Event | None = None
    fresh: bool = True
    overtaken: bool = False
    undelivered: str = ""
    is_to_come: bool = False

    @property
    def ongoing(self) -> bool:
        """Whether it still lasts, as far as known; a crossing is a moment."""
        is_moment = self.event.kind is EventKind.CROSSING
        return self.end is None and self.fresh and not (self.overtaken or is_moment)

    @property
    def lost(self) -> bool:
        """Whether it is over with an unknown end, for instance during a restart."""
        is_moment = self.event.kind is EventKind.CROSSING
        return self.end is None and not self.ongoing and not is_moment

    @property
    def people(self) -> int | None:
        """The number of people when it was raised."""
        if self.event.kind is EventKind.CROSSING:
            is_people = self.event.details.get("type", "person") == "person"
            return _whole(self.event, "count") if is_people else None
        return _whole(self.event, "people")

    @property
    def peak(self) -> float | None:
        """The highest count, of a noise the highest level in dB; known at its end."""
        return None if self.end is None else _number(self.end, "peak")

    @property
    def duration_s(self) -> float | None:
        return None if self.end is None else _number(self.end, "duration_s")

    @property
    def lasted(self) -> str:
        return "" if self.duration_s is None else lasting(self.duration_s)

    @property
    def dwell_s(self) -> float | None:
        return _number(self.event, "dwell_s")

    @property
    def muted_by(self) -> str | None:
        name = self.event.details.get("muted_by")
        return None if name is None else str(name)

    @property
    def muted(self) -> str:
        """Why nobody was notified, in words; "" if they were."""
        if self.muted_by is None:
            return ""
        if self.muted_by == COOL_DOWN:
            return _("Not posted: cool-down")
        return _("Muted by %(who)s") % {"who": self.muted_by}

    @property
    def video_link(self) -> str | None:
        picture = self.picture
        link = picture.video_link if picture else None
        return link or self.event.video_link

    @property
    def has_picture(self) -> bool:
        return self.picture is not None and self.picture.snapshot_path is not None

    @property
    def no_picture(self) -> str | None:
        """Why no picture is shown, in words for people; None if there is one."""
        if self.has_picture:
            return None
        if self.picture is not None:
            return said(self.picture.error or _("No picture"))
        return _("Fetching the picture") if self.fresh else _("No picture received")

    @property
    def zone(self) -> str:
        """The name of the zone."""
        event = self.event
        if not event.zone_id:  # a noise is of the whole camera
            return ""
        return zone_words(event.zone_name, event.zone_id)

    @property
    def camera(self) -> str:
        return self.event.camera_name or self.event.serial

    @property
    def level(self) -> str:
        """The number or level when it was raised, with its unit."""
        details = self.event.details
        if self.event.kind is EventKind.NOISE:
            return _decibels(_number(self.event, "level_db"))
        if self.event.kind is EventKind.CROSSING:
            type_ = str(details.get("type", "person"))
            many = _many(_whole(self.event, "count"), type_)
            return f"{many} {_way(str(details.get('event', '')))}".strip()
        return people_words(self.people)

    @property
    def top(self) -> str:
        """The peak with its unit, "" until it is known."""
        if self.peak is None:
            return ""
        if self.event.kind is EventKind.NOISE:
            return _decibels(self.peak)
        return people_words(int(self.peak))

    @property
    def rule(self) -> str:
        """The rule that was met, such as `3 or more for 1 min`."""
        if self.event.kind is EventKind.CROSSING:
            window_s = _number(self.event, "window_s")
            if not window_s:
                return ""
            return _("within %(length)s") % {"length": lasting(window_s)}
        is_noise = self.event.kind is EventKind.NOISE
        limit = _number(self.event, "limit_db" if is_noise else "limit")
        if limit is None:
            return ""
        least = _or_more(limit)
        if is_noise:
            least = _("%(limit)s or louder") % {"limit": _decibels(limit)}
        stayed = _number(self.event, "stayed")
        if stayed is not None:
            least += f", {_or_more(stayed)}"
        if not self.dwell_s:
            return least
        values = {"least": least, "length": lasting(self.dwell_s)}
        return _("%(least)s for %(length)s") % values

    @property
    def tag(self) -> str:
        """A text that changes whenever the row shows something else."""
        parts = (self.picture, self.end)
        marks = f"{self.ongoing:d}{self.fresh:d}{self.is_to_come:d}"
        ids = [self.event.id, *(part.id if part else "" for part in parts)]
        return "|".join([*ids, marks, self.undelivered])


def crowd_rows(
    raised: Sequence[Event],
    others: Iterable[Event],
    now: datetime,
    undelivered: Mapping[JobId, str] | None = None,
) -> list[CrowdRow]:
    """Return a row for each raised event, in the same order (newest first).

    others: events of the same jobs, in the order they were recorded.
    undelivered: why a room did not get a job's message.
    """
    by_job: dict[JobId, list[Event]] = {}
    for other in others:
        by_job.setdefault(other.job_id, []).append(other)
    rows, later = [], set()
    for event in raised:
        place = (event.kind, event.serial, event.zone_id)
        family = by_job.get(event.job_id, [])
        row = CrowdRow(
            event,
            picture=picture_of(event, family),
            end=_end(event, family),
            # Of a clock that was ahead: no longer than that from now, either.
            fresh=abs(now - event.recorded_at) < _UNFINISHED,
            overtaken=place in later,
            undelivered=(undelivered or {}).get(event.job_id, ""),
            is_to_come=is_to_come(event.occurred_at, now),
        )
        rows.append(row)
        later.add(place)
    return rows


def _end(event: Event, family: list[Event]) -> Event | None:
    for other in family:
        if other.kind is EventKind.END and other.details.get("of") == event.id:
            return other
    return None


def _number(event: Event, name: str) -> float | None:
    value = event.details.get(name)
    return value if isinstance(value, int | float) else None


def _whole(event: Event, name: str) -> int | None:
    number = _number(event, name)
    return None if number is None else int(number)


def _decibels(level: float | None) -> str:
    return "" if level is None else formats.as_written(f"{level:g} dB")


def _or_more(limit: float) -> str:
    return _("%(limit)s or more") % {"limit": formats.as_written(f"{limit:g}")}


def people_words(count: int | None) -> str:
    """Return 1 person, or 1,200 people; "" where nothing is known."""
    return "" if count is None else _many(count, "person")


def _many(count: int | None, type_: str) -> str:
    if count is None:
        return ""
    if type_ == "person":
        said = ngettext("%(num)s person", "%(num)s people", count)
    elif type_ == "vehicle":
        said = ngettext("%(num)s vehicle", "%(num)s vehicles", count)
    else:
        return f"{formats.number(count)} {type_}"
    return said % {"num": formats.number(count)}


def _way(event: str) -> str:
    """event: how a camera calls it, such as crossing_in."""
    ways = {
        "crossing_in": pgettext("crossing", "in"),
        "crossing_out": pgettext("crossing", "out"),
    }
    return ways.get(event, event.removeprefix("crossing_"))
