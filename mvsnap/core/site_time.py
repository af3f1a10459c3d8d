"""Times as people read them: of the site's zone, which is named. Pure.

Programs get those of `clock.iso`; pages, which name the zone once, their filters.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from mvsnap.texts import formats


def to_second(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03:07 CET."""
    local = moment.astimezone(zone)
    return f"{formats.to_second(local)} {local:%Z}"


def to_minute(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03 CET."""
    local = moment.astimezone(zone)
    return f"{formats.to_minute(local)} {local:%Z}"


def stored_to_second(moment: datetime, zone: tzinfo) -> str:
    """Return what `to_second` does in English: of texts that are stored."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def stored_to_minute(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
