"""Notices: whether a destination is notified of a job now, later or not at all. Pure.

It is decided once, when the message is due. The event is kept in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.core.hour_spans import WeeklyHours, next_within
from mvsnap.domain import Job, JobId
from mvsnap.values import replace


class NoticeState(StrEnum):
    """NOW: the message is sent. LATE: it is kept back until the hours begin.

    QUIET: it came outside of the hours, and is never sent. GROUPED: one message with a
    count stands for it and others.
    """

    NOW = "now"
    LATE = "late"
    QUIET = "quiet"
    GROUPED = "grouped"


class Hours(Struct, frozen=True):
    """When something may notify people.

    is_kept: what comes outside of these hours is sent when they begin; else never.
    """

    weekly: WeeklyHours
    is_kept: bool = True


class Grouping(Struct, frozen=True):
    """More than `most` messages of one camera within that time become one."""

    most: int
    within: timedelta


class Decision(Struct, frozen=True):
    """at: LATE: when the message is due. GROUPED: when the one with the count is."""

    state: NoticeState
    at: datetime | None = None


SEND = Decision(NoticeState.NOW)


def by_hours(
    hours: Iterable[Hours],
    now: datetime,
    zone: ZoneInfo,
    *,
    never_drop: bool = False,
) -> Decision:
    """Return what the hours of a rule and of a channel say together.

    never_drop: it concerns the site itself, and nothing else keeps it.
    """
    every = tuple(hours)
    outside = [one for one in every if (now, zone) not in one.weekly]
    if not outside:
        return SEND
    if not never_drop and not all(one.is_kept for one in outside):
        return Decision(NoticeState.QUIET)
    due_at = next_within([one.weekly for one in every], now, zone)
    if due_at is None:  # of a rule and a channel that have no hour in common
        return SEND if never_drop else Decision(NoticeState.QUIET)
    return Decision(NoticeState.LATE, due_at)


def by_count(
    grouping: Grouping | None,
    earlier: Iterable[datetime],
    open_until: Iterable[datetime],
    now: datetime,
) -> Decision:
    """Return whether one more message of a camera is sent by itself.

    While more come than that, there is one message for each length of time.

    earlier: when those before it were due, sent by themselves or not.
    open_until: when the groups that others may still join are over.
    """
    if grouping is None:
        return SEND
    within = grouping.within
    # Clocks of machines differ a little, so what is a little later than now counts.
    # What is far later was noted before the clock was set back.
    if sum(abs(now - at) < within for at in earlier) < grouping.most:
        return SEND
    end = now + within
    joined = (at for at in open_until if now < at < end + within)
    return Decision(NoticeState.GROUPED, min(joined, default=end))


def of_reply(
    first: Decision, hours: Iterable[Hours], now: datetime, zone: ZoneInfo
) -> Decision:
    """Return what becomes of a reply, such as the end of a crowd.

    first: what became of the message it replies to.
    """
    if first.state is NoticeState.NOW:
        return by_hours(hours, now, zone)
    return first


class Notice(Struct, frozen=True):
    """What became of the messages of a job to one destination.

    noted_at: when they were due. camera: for which they are counted, "" if they are
    not. due_at: when the job has to be looked at again, for what is to be sent by then.
    group_id: the job with the count. is_extra: the destination is none of the job, but
    was added by an escalation. escalate_at: when others are notified, unless seen.
    """

    job_id: JobId
    room: str
    state: NoticeState
    noted_at: datetime
    camera: str = ""
    due_at: datetime | None = None
    group_id: str = ""
    is_extra: bool = False
    escalate_at: datetime | None = None


def admitted(job: Job, notices: Mapping[str, Notice]) -> Job:
    """Return the job with those destinations that its messages are sent to now.

    notices: by destination; one without is sent to.
    """
    extra = tuple(
        one.room
        for one in notices.values()
        if one.is_extra and one.state is NoticeState.NOW and one.room not in job.rooms
    )

    def admit(rooms: tuple[str, ...]) -> tuple[str, ...]:
        return (*(r for r in rooms if _is_sent(notices.get(r))), *extra)

    rooms = admit(job.rooms)
    if rooms == job.rooms:
        return job
    apart = tuple((camera, admit(of)) for camera, of in job.camera_rooms)
    return replace(job, rooms=rooms, camera_rooms=apart)


def counted_camera(job: Job) -> str:
    """Return what the messages of a job are counted for: its cameras."""
    return ", ".join(dict.fromkeys((*job.serials, *job.clips)))[:200]


def _is_sent(notice: Notice | None) -> bool:
    return notice is None or notice.state is NoticeState.NOW
