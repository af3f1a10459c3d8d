"""Where Meraki's camera analytics count, and what: zones, areas, lines. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from mvsnap.domain import Serial, ZoneId


class ZoneKind(StrEnum):
    """ZONE: of the original analytics; AREA and LINE: their successors."""

    ZONE = "zone"
    AREA = "area"
    LINE = "line"


class CountedZone(Struct, frozen=True):
    """A zone, an area or a line of one camera, by its Dashboard name."""

    serial: Serial
    zone_id: ZoneId
    kind: ZoneKind
    label: str


class Count(Struct, frozen=True):
    """Entrances of one zone in a period; average_people: None if unknown."""

    began_at: datetime
    ended_at: datetime
    entrances: int
    average_people: float | None = None


def region_of(region: Any) -> tuple[float, ...] | None:
    """Return left, top, right and bottom, 0 to 1; None if that is no rectangle.

    Example: {"x0": "0.20", "y0": "0.30", "x1": "0.70", "y1": "0.90"}
    """
    if not isinstance(region, Mapping):
        return None
    try:
        x0, y0, x1, y1 = (float(region[name]) for name in ("x0", "y0", "x1", "y1"))
    except (KeyError, TypeError, ValueError):
        return None
    left, right = sorted((x0, x1))
    top, bottom = sorted((y0, y1))
    found = (left, top, right, bottom)
    is_inside = all(math.isfinite(edge) and 0 <= edge <= 1 for edge in found)
    return found if is_inside and left < right and top < bottom else None
