"""Where Meraki's camera analytics count, and what: zones, areas, lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mvsnap.domain import Serial, ZoneId


class ZoneKind(StrEnum):
    """ZONE: of the original analytics; AREA and LINE: their successors."""

    ZONE = "zone"
    AREA = "area"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class CountedZone:
    """A zone, an area or a line of one camera, by its Dashboard name."""

    serial: Serial
    zone_id: ZoneId
    kind: ZoneKind
    label: str


@dataclass(frozen=True, slots=True)
class Count:
    """Entrances of one zone in a period; average_people: None if unknown."""

    began_at: datetime
    ended_at: datetime
    entrances: int
    average_people: float | None = None
