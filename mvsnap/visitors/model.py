"""Data about visitors: counting cameras, zones, days, pictures."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from mvsnap.clients.meraki.zones import CountedZone
from mvsnap.domain import Serial, ZoneId
from mvsnap.visitors.rules import HourPictureState


class CountingCamera(Struct, frozen=True):
    """What the Dashboard says about a camera; has_sense: None while unknown."""

    serial: Serial
    has_sense: bool | None
    asked_at: datetime
    error: str | None = None


class KnownZone(Struct, frozen=True):
    """A zone, with when its hours were last requested, and the outcome."""

    zone: CountedZone
    hours_asked_at: datetime | None = None
    error: str | None = None


class DayCount(Struct, frozen=True):
    """One day of one zone; covered_s: the seconds of it that the numbers cover."""

    serial: Serial
    zone_id: ZoneId
    began_at: datetime
    entrances: int
    average_people: float | None
    covered_s: float
    is_over: bool


class Total(Struct, frozen=True):
    """The count of a zone in a period; average_people: None if unknown."""

    entrances: int
    average_people: float | None


class MostSeen(Struct, frozen=True):
    """people: the most MV Sense saw at once; seen_at: when anyone was last there."""

    people: int
    seen_at: datetime


class HourPicture(Struct, frozen=True):
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
