"""Data about visitors: counting cameras, zones, days, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mvsnap.clients.meraki.zones import CountedZone
from mvsnap.domain import Serial, ZoneId
from mvsnap.visitors.rules import HourPictureState


@dataclass(frozen=True, slots=True)
class CountingCamera:
    """What the Dashboard says about a camera; has_sense: None while unknown."""

    serial: Serial
    has_sense: bool | None
    asked_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KnownZone:
    """A zone, with when its hours were last requested, and the outcome."""

    zone: CountedZone
    hours_asked_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day of one zone; covered_s: the seconds of it that the numbers cover."""

    serial: Serial
    zone_id: ZoneId
    began_at: datetime
    entrances: int
    average_people: float | None
    covered_s: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Total:
    """The count of a zone in a period; average_people: None if unknown."""

    entrances: int
    average_people: float | None


@dataclass(frozen=True, slots=True)
class MostSeen:
    """people: the most MV Sense saw at once; seen_at: when anyone was last there."""

    people: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class HourPicture:
    """The picture of an hour's busiest minute, or why there is none."""

    serial: Serial
    zone_id: ZoneId
    began_at: datetime
    minute_at: datetime
    state: HourPictureState
    tries: int = 1
    again_at: datetime | None = None
    snapshot_path: str | None = None
    video_link: str | None = None
    error: str | None = None
