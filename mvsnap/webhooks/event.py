"""An alarm as the event that is kept of it. Pure."""

from __future__ import annotations

import uuid
from datetime import datetime

from mvsnap.domain import Event, EventId, EventKind, JobId, Serial, Trigger
from mvsnap.webhooks.alarm import Alarm, doubt, headline


def alarm_event(
    alarm: Alarm, job_id: JobId, trigger: Trigger, now: datetime, title: str = ""
) -> Event:
    """Return what happened, as the sender told it; the same alarm gives the same id.

    details: source, kind, device, device_serial, network and `text` (a line for each)
    as far as they were told, and `doubt` where its time is not believed.
    """
    doubtful = doubt(alarm, now)
    told = {
        "source": alarm.source,
        "kind": alarm.kind,
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
        details={name: str(text) for name, text in told.items() if text},
    )
