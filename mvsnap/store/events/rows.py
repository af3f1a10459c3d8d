"""Rows of events and of deliveries: each as its row, and a row as it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, and_, select

from mvsnap.core.video_links import NO_LINK
from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
    EventId,
    EventKind,
    JobId,
    MessageId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
    unnamed_zone,
)
from mvsnap.store.tables import cameras, events, zones
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored

# Details that say why something is so.
_SAID = ("note", NO_LINK)


def named_events() -> Select[Any]:
    """Return events with the Dashboard's present names of their camera and zone."""
    camera, zone = cameras.c, zones.c
    of_zone = and_(zone.serial == events.c.serial, zone.zone_id == events.c.zone_id)
    named = events.outerjoin(cameras, camera.serial == events.c.serial)
    return select(
        events, camera.name.label("present_name"), zone.label.label("present_zone")
    ).select_from(named.outerjoin(zones, of_zone))


def event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "serial": event.serial,
        "job_id": event.job_id,
        "trigger_kind": event.trigger.kind,
        "trigger_by": event.trigger.by,
        "camera_name": event.camera_name,
        "title": event.title,
        "video_link": event.video_link,
        "snapshot_path": event.snapshot_path,
        "error": event.error and str(event.error),
        "zone_id": event.zone_id,
        "zone_name": event.zone_name,
        "details": event.details,
        "reasons": event_reasons(event),
    }


def event_reasons(event: Event) -> dict[str, Any] | None:
    """Return the column with codes and values of what the event says."""
    texts = {name: event.details.get(name) for name in _SAID}
    return reasons.stored(error=event.error, **texts)


def _details(row: Row[Any]) -> dict[str, str | int | float]:
    details: dict[str, str | int | float] = dict(row.details)
    for name in _SAID:
        text = details.get(name)
        if isinstance(text, str) and isinstance(row.reasons, dict):
            details[name] = reasons.from_json(row.reasons.get(name), text)
    return details


def event_of(row: Row[Any]) -> Event:
    """Return the event of a row of `named_events`.

    The Dashboard may have told a name only after the event: it is filled in here. A
    clip has the name from the settings, which never changes.
    """
    camera_name, zone_name, by = row.camera_name, row.zone_name, row.trigger_by
    if camera_name == row.serial and row.kind != EventKind.CLIP:
        camera_name = row.present_name or camera_name
    if row.present_zone and zone_name == unnamed_zone(row.zone_id):
        by = row.present_zone if by == zone_name else by
        zone_name = row.present_zone
    return Event(
        id=EventId(row.id),
        kind=as_stored(EventKind, row.kind),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        serial=Serial(row.serial),
        job_id=JobId(row.job_id),
        trigger=Trigger(as_stored(TriggerKind, row.trigger_kind), by),
        camera_name=camera_name,
        title=row.title,
        video_link=row.video_link,
        snapshot_path=row.snapshot_path,
        error=reasons.read(row.reasons, "error", row.error),
        zone_id=None if row.zone_id is None else ZoneId(row.zone_id),
        zone_name=zone_name,
        details=_details(row),
    )


def delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        job_id=JobId(row.job_id),
        part=row.part,
        room=row.room,
        state=as_stored(DeliveryState, row.state),
        attempts=row.attempts,
        message_id=None if row.message_id is None else MessageId(row.message_id),
        error=why_undelivered(row),
        changed_at=row.changed_at,
        may_have_arrived=row.may_have_arrived,
    )


def why_undelivered(row: Row[*tuple[Any, ...]]) -> Reason | None:
    return reasons.read(row.reasons, "error", row.error)


def error_columns(error: Reason | None) -> dict[str, Any]:
    return {"error": error and str(error), "reasons": reasons.stored(error=error)}
