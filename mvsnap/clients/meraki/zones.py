"""What Meraki's camera analytics count, and where: zones, areas, lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mvsnap.domain import Serial, ZoneId


class ZoneKind(StrEnum):
    """ZONE: of the first analytics; AREA and LINE: their successors."""

    ZONE = "zone"
    AREA = "area"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class CountedZone:
    """A zone, an area or a line of one camera, as the Dashboard names it."""

    serial: Serial
    zone_id: ZoneId
    kind: ZoneKind
    label: str


@dataclass(frozen=True, slots=True)
class Count:
    """Entrances of one zone in a time; average_people: None where nobody knows it."""

    began_at: datetime
    ended_at: datetime
    entrances: int
    average_people: float | None = None
