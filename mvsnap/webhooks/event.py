"""The event that an alarm is stored as. Pure."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from datetime import datetime
from typing import Any

from mvsnap.core.http_body import read_inner, without_secrets
from mvsnap.domain import Event, EventId, EventKind, JobId, Serial, Trigger
from mvsnap.errors import BadInput
from mvsnap.spelling import fold
from mvsnap.webhooks.alarm import Alarm, doubt, headline
from mvsnap.webhooks.severity import severity

_PICTURE = "(link to a picture)"


def message_text(alarm: Alarm) -> str:
    """Return the message as JSON in ASCII, without secrets and links to its picture.

    Whoever has such a link sees the picture.
    """
    text = json.dumps(_without_links(alarm.payload))
    if alarm.image_url:  # it may be in its words, too
        text = text.replace(json.dumps(alarm.image_url)[1:-1], _PICTURE)
    return text


def _without_links(value: Any) -> Any:
    """Return a value of a message; JSON in a text of it is looked through as well."""
    if isinstance(value, list):
        return [_without_links(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _PICTURE
            if isinstance(item, str) and item and fold(name) == "imageurl"
            else _without_links(item)
            for name, item in value.items()
        }
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(BadInput):  # else it only looks like JSON
            found = {"": read_inner("", value)}
            plain = _without_links(without_secrets(found))
            return value if plain == found else json.dumps(plain[""])
    return value


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
