"""Badge events of which a test names only what matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mvsnap.badges.model import BadgeEvent, Readers, Swipe, recorded
from mvsnap.values import replace
from tests.core.build import GATE

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
READERS = Readers({"Gate": GATE})


def swipe(user_id: str = "4711", reader: str = "Gate", **given: Any) -> Swipe:
    fields: dict[str, Any] = {"swiped_at": NOON, "details": {"result": "granted"}}
    return Swipe(user_id=user_id, reader=reader, **(fields | given))


def badge(
    seconds: float = 0, *, now: datetime | None = None, **given: Any
) -> BadgeEvent:
    """Return a badge event that happened so many seconds after noon."""
    own = {name: given.pop(name) for name in ("user_id", "reader") if name in given}
    at = NOON + timedelta(seconds=seconds)
    made = recorded(swipe(swiped_at=at, **own), READERS, "tests", now or at)
    return replace(made, **given)
