"""Presences before cameras beside the devices near them, as rows with names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.errors import BadInput
from mvsnap.texts import _
from mvsnap.web.charts import BarChart, Series
from mvsnap.web.places import Places
from mvsnap.wifi.model import (
    PresenceMatch,
    ZoneMatch,
)

# Bars of more zones than this could not be told apart.
_MOST_ZONES = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ZoneRow(Struct, frozen=True):
    """One zone by name, with its results."""

    camera: str
    zone: str
    match: ZoneMatch

    @property
    def share(self) -> float:
        """Percent of the presences with a device near."""
        return 100 * self.match.accompanied / self.match.presences


class PresenceRow(Struct, frozen=True):
    """One presence with the name of its place; devices: visits near during it."""

    camera: str
    zone: str
    presence: Presence
    devices: int

    @property
    def key(self) -> str:
        return presence_key(self.presence)

    @property
    def lasted(self) -> timedelta:
        return self.presence.time_out - self.presence.time_in


def zone_rows(matches: Sequence[ZoneMatch], places: Places) -> list[ZoneRow]:
    """Return the zones, busiest first."""
    rows = [
        ZoneRow(places.camera(one.serial), places.zone(one.serial, one.zone_id), one)
        for one in matches
    ]
    return sorted(rows, key=lambda row: (-row.match.presences, row.camera, row.zone))


def presence_row(found: PresenceMatch, places: Places) -> PresenceRow:
    one = found.presence
    camera, zone = places.camera(one.serial), places.zone(one.serial, one.zone_id)
    return PresenceRow(camera, zone, one, found.visits)


def zone_chart(rows: Sequence[ZoneRow]) -> BarChart:
    """Return the presences of the busiest zones, with and without a device near."""
    shown = rows[:_MOST_ZONES]
    near = [row.match.accompanied for row in shown]
    rest = [row.match.presences - row.match.accompanied for row in shown]
    return BarChart(
        _("Presences per zone"),
        _short_names(shown),
        [Series(_("With a device nearby"), near), Series(_("Without a device"), rest)],
        _("presences"),
        _("Zone"),
        one=_("presence"),
    )


def _short_names(rows: Sequence[ZoneRow]) -> list[str]:
    """Return the names of cameras alone, or of zones alone, where they are unique."""
    cameras, zones = [row.camera for row in rows], [row.zone for row in rows]
    for names in (cameras, zones):
        if len(set(names)) == len(names):
            return names
    return [f"{row.camera}, {row.zone}" for row in rows]


def presence_key(presence: Presence) -> str:
    """Return the position of a presence in its list, for `after`."""
    at_us = (presence.time_in - _EPOCH) // _MICROSECOND
    return f"{at_us}.{presence.serial}.{presence.zone_id}"


def parse_presence_key(text: str) -> Presence:
    """Return a presence of which only place and begin are filled in.

    Raises:
        BadInput: it is not a key.
    """
    at_us, _, rest = text.partition(".")
    serial, _, zone_id = rest.partition(".")
    try:
        at = _EPOCH + int(at_us) * _MICROSECOND
    except (ValueError, OverflowError) as exc:
        raise BadInput(f"after: {text[:40]!r} (expected a row's key)") from exc
    return Presence(Serial(serial), ZoneId(zone_id), at, at, 0)
