"""Rows of the visitor tables to dataclasses and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import Serial, ZoneId
from mvsnap.visitors.model import DayCount, HourPicture, KnownZone
from mvsnap.visitors.rules import HourCount, HourPictureState


def known_zone_of(row: Row[Any]) -> KnownZone:
    zone = CountedZone(
        Serial(row.serial), ZoneId(row.zone_id), ZoneKind(row.kind), row.label
    )
    return KnownZone(zone, row.hours_asked_at, row.error)


def hour_row(serial: Serial, zone_id: ZoneId, hour: HourCount) -> dict[str, Any]:
    return {
        "serial": serial,
        "zone_id": zone_id,
        "began_at": hour.began_at,
        "entrances": hour.entrances,
        "average_people": hour.average_people,
        "busiest_at": hour.busiest_at,
        "busiest_people": hour.busiest_people,
        "busiest_entrances": hour.busiest_entrances,
    }


def hour_of(row: Row[Any]) -> HourCount:
    return HourCount(
        row.began_at,
        row.entrances,
        row.average_people,
        row.busiest_at,
        row.busiest_people,
        row.busiest_entrances,
    )


def picture_row(picture: HourPicture) -> Mapping[str, Any]:
    return {
        "serial": picture.serial,
        "zone_id": picture.zone_id,
        "began_at": picture.began_at,
        "minute_at": picture.minute_at,
        "state": picture.state,
        "tries": picture.tries,
        "again_at": picture.again_at,
        "snapshot_path": picture.snapshot_path,
        "video_link": picture.video_link,
        "error": picture.error,
    }


def picture_of(row: Row[Any]) -> HourPicture:
    return HourPicture(
        Serial(row.serial),
        ZoneId(row.zone_id),
        row.began_at,
        row.minute_at,
        HourPictureState(row.state),
        row.tries,
        row.again_at,
        row.snapshot_path,
        row.video_link,
        row.error,
    )


def day_row(day: DayCount) -> dict[str, Any]:
    return {
        "serial": day.serial,
        "zone_id": day.zone_id,
        "began_at": day.began_at,
        "entrances": day.entrances,
        "average_people": day.average_people,
        "covered_s": day.covered_s,
        "is_over": day.is_over,
    }
