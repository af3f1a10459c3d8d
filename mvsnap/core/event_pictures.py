"""The picture of an event that is stored with another event of its job. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mvsnap.core.moments import is_first_picture
from mvsnap.domain import RAISED, Event, EventId, EventKind, JobId

_SHOWN_BY_OTHERS = (*RAISED, EventKind.ALARM)


def has_its_picture_elsewhere(event: Event) -> bool:
    """Return whether the picture of this event is one of its job's snapshots."""
    return event.kind in _SHOWN_BY_OTHERS and event.snapshot_path is None


def pictures_elsewhere(
    events: Iterable[Event], others: Iterable[Event]
) -> dict[EventId, Event]:
    """Return the snapshots of those events whose picture is stored with another.

    others: events of their jobs, in the order they were recorded.
    """
    by_job: dict[JobId, list[Event]] = {}
    for other in others:
        by_job.setdefault(other.job_id, []).append(other)
    wanted = [event for event in events if has_its_picture_elsewhere(event)]
    found = {e.id: picture_of(e, by_job.get(e.job_id, ())) for e in wanted}
    return {event_id: picture for event_id, picture in found.items() if picture}


def video_link(event: Event, shown: Event | None) -> str | None:
    """Return the link of an event; shown: the one that has its picture."""
    return event.video_link or (shown.video_link if shown else None)


def picture_of(event: Event, family: Iterable[Event]) -> Event | None:
    """Return the snapshot that shows an event: of its own camera if there is one.

    family: the events of its job, in the order they were recorded. The last of a
    camera counts, but not a first picture where there is that of the wanted moment: a
    clock that was set back in between gives the first one the later time.
    """
    found = [other for other in family if other.kind is EventKind.SNAPSHOT]
    found = [other for other in found if other.snapshot_path is not None] or found
    own = [other for other in found if other.serial == event.serial]
    if not own and found and event.kind is EventKind.ALARM:
        # An alarm may come from a machine, or be shown by other cameras.
        own = [other for other in found if other.serial == found[0].serial]
    wanted = [other for other in own if not is_first_picture(other)] or own
    return wanted[-1] if wanted else None
