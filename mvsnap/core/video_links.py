"""What an event without a video link says about it. Pure."""

from __future__ import annotations

from datetime import datetime

from mvsnap.clock import iso
from mvsnap.domain import Event

# Keys of an event's details: the moment that the link is for, while it is asked for
# again; why there is none.
LINK_FOLLOWS, NO_LINK = "link_follows", "no_link"


def awaited(at: datetime) -> dict[str, str | int | float]:
    """Return the details of an event whose link follows."""
    return {LINK_FOLLOWS: iso(at)}


def awaits_since(event: Event) -> datetime | None:
    """Return the moment that the missing link is for, None if none is awaited."""
    text = event.details.get(LINK_FOLLOWS)
    return None if text is None else datetime.fromisoformat(str(text))
