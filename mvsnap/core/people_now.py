"""How many people are in a zone now, from the state that a listener stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

# A listener writes the count of a zone with people at least every 15 s.
_FRESH = timedelta(seconds=60)
_SEEN = timedelta(minutes=2)  # when a camera was last seen is written once a minute


def is_heard(seen_at: datetime | None, now: datetime) -> bool:
    """Return whether a camera that was last seen then still sends counts."""
    return seen_at is not None and now - seen_at < _SEEN


def people_now(
    written: tuple[Any, datetime] | None,
    now: datetime,
    *,
    heard: bool,
    watched: bool = False,
) -> int | None:
    """Return the people in a zone, None where nobody can say.

    written: the state of the zone, and when it was stored; heard: of its camera.
    watched: the zone is known to be watched, even if nothing is written.
    """
    if written is None and watched:
        # Nothing is written before the first one comes.
        return 0 if heard else None
    state, at = written or (None, now)
    people = state.get("people") if isinstance(state, Mapping) else None
    if not isinstance(people, int) or people < 0:
        return None
    if people == 0:
        # Written when the last one left; nothing is written while nobody comes.
        return 0 if heard else None
    return people if now - at <= _FRESH else None
