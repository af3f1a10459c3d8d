"""The picture of an event that is stored with another event of its job. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mvsnap.domain import RAISED, Event, EventKind

_SHOWN_BY_OTHERS = (*RAISED, EventKind.ALARM)


def has_its_picture_elsewhere(event: Event) -> bool:
    """Return whether the picture of this event is one of its job's snapshots."""
    return event.kind in _SHOWN_BY_OTHERS and event.snapshot_path is None


def picture_of(event: Event, family: Iterable[Event]) -> Event | None:
    """Return the snapshot that shows an event: of its own camera if there is one.

    family: the events of its job, in the order they were recorded. The last of a
    camera counts: a first picture is followed by that of the wanted moment.
    """
    found = [other for other in family if other.kind is EventKind.SNAPSHOT]
    found = [other for other in found if other.snapshot_path is not None] or found
    own = [other for other in found if other.serial == event.serial]
    if own or event.kind is not EventKind.ALARM:
        return own[-1] if own else None
    # An alarm may come from a machine, or be shown by other cameras.
    return next((e for e in reversed(found) if e.serial == found[0].serial), None)
