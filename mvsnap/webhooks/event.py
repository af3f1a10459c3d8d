"""The event that an alarm is stored as. Pure."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from mvsnap.domain import Event, EventId, EventKind, JobId, Serial, Trigger
from mvsnap.webhooks.alarm import Alarm, doubt, headline
from mvsnap.webhooks.severity import severity


def message_text(alarm: Alarm) -> str:
    """Return the message as JSON in ASCII, without the link to its picture.

    Whoever has that link sees the picture.
    """
    text = json.dumps(alarm.payload)
    if alarm.image_url:
        text = text.replace(json.dumps(alarm.image_url), '"(link to a picture)"')
    return text


def alarm_event(
    alarm: Alarm, job_id: JobId, trigger: Trigger, now: datetime, title: str = ""
) -> Event:
    """Return the event of an alarm; the same alarm gives the same id.

    details: source, kind, severity, device, device_serial, network and `text` (several
    lines) where the sender gave them, and `doubt` where its time is ignored.
    """
    doubtful = doubt(alarm, now)
    facts = {
        "source": alarm.source,
        "kind": alarm.kind,
        "severity": severity(alarm),
        "device": alarm.device,
        "device_serial": alarm.device_serial,
        "network": alarm.network,
        "text": "\n".join(alarm.texts),
        "doubt": doubtful,
    }
    at = alarm.occurred_at if alarm.occurred_at and not doubtful else now
    return Event(
        id=EventId(str(uuid.uuid5(uuid.UUID(job_id), "alarm"))),
        kind=EventKind.ALARM,
        occurred_at=min(at, now),
        recorded_at=now,
        serial=alarm.camera or Serial(""),
        job_id=job_id,
        trigger=trigger,
        camera_name=alarm.device,
        title=headline(alarm, title),
        details={name: str(text) for name, text in facts.items() if text},
    )
