"""Times as people read them: of the site's zone, which is named. Pure.

What is about one camera has the zone of its organization, where that is another.

Programs get those of `clock.iso`; pages, which name the zone once, their filters.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from mvsnap.texts import formats


def to_second(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03:07 CET."""
    local = moment.astimezone(zone)
    return f"{formats.to_second(local)} {formats.zone(local)}"


def to_minute(moment: datetime, zone: tzinfo) -> str:
    """Return 2026-11-29 14:03 CET."""
    local = moment.astimezone(zone)
    return f"{formats.to_minute(local)} {formats.zone(local)}"


def foreign(moment: datetime, zone: tzinfo, site: tzinfo) -> str:
    """Return " JST" for a time that is not of the site's zone, else ""."""
    return "" if zone == site else f" {formats.zone(moment.astimezone(zone))}"


def stored_to_second(moment: datetime, zone: tzinfo) -> str:
    """Return what `to_second` does in English: of texts that are stored."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def stored_to_minute(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
