"""Times as people read them: of the site's zone, which is named. Pure.

Programs get those of `clock.iso`; pages, which name the zone once, their filters.
"""

from __future__ import annotations

from datetime import datetime, tzinfo


def to_second(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03:07 CET."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def to_minute(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03 CET."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
