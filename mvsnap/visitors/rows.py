"""Rows of the visitor tables to dataclasses and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import Serial, ZoneId
from mvsnap.values import as_stored, asdict
from mvsnap.visitors.model import HourPicture, KnownZone
from mvsnap.visitors.rules import HourCount, HourPictureState


def known_zone_of(row: Row[Any]) -> KnownZone:
    zone = CountedZone(
        Serial(row.serial),
        ZoneId(row.zone_id),
        as_stored(ZoneKind, row.kind),
        row.label,
    )
    return KnownZone(zone, row.hours_asked_at, row.error)


def hour_row(serial: Serial, zone_id: ZoneId, hour: HourCount) -> dict[str, Any]:
    return {"serial": serial, "zone_id": zone_id, **asdict(hour)}


def hour_of(row: Row[Any]) -> HourCount:
    return HourCount(
        row.began_at,
        row.entrances,
        row.average_people,
        row.busiest_at,
        row.busiest_people,
        row.busiest_entrances,
    )


def picture_of(row: Row[Any]) -> HourPicture:
    return HourPicture(
        Serial(row.serial),
        ZoneId(row.zone_id),
        row.began_at,
        row.minute_at,
        as_stored(HourPictureState, row.state),
        row.tries,
        row.again_at,
        row.snapshot_path,
        row.video_link,
        row.error,
    )
