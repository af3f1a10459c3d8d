"""What is known of visitors: cameras that count, zones, days, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mvsnap.clients.meraki.zones import CountedZone
from mvsnap.domain import Serial, ZoneId
from mvsnap.visitors.rules import PictureState


@dataclass(frozen=True, slots=True)
class CountingCamera:
    """What the Dashboard said about a camera; has_sense: None while nobody knows."""

    serial: Serial
    has_sense: bool | None
    asked_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KnownZone:
    """A zone with when it was asked for its hours, and what came of it."""

    zone: CountedZone
    hours_asked_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day of one zone; covered_s: seconds of it that the numbers are about."""

    serial: Serial
    zone_id: ZoneId
    began_at: datetime
    entrances: int
    average_people: float | None
    covered_s: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Total:
    """What a zone counted in a time; average_people: None where nobody knows."""

    entrances: int
    average_people: float | None


@dataclass(frozen=True, slots=True)
class MostSeen:
    """people: the most that MV Sense saw at once; seen_at: when somebody was last."""

    people: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class HourPicture:
    """The picture of an hour's busiest minute, or why there is none."""

    serial: Serial
    zone_id: ZoneId
    began_at: datetime
    minute_at: datetime
    state: PictureState
    tries: int = 1
    again_at: datetime | None = None
    snapshot_path: str | None = None
    video_link: str | None = None
    error: str | None = None
