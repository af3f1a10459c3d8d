"""Any machine's JSON as an alarm, by the common names of fields. Pure.

Where the message itself says nothing, an object below one of its fields may: PagerDuty
puts everything below `payload`, chat programs below `embeds` or `sections`.
"""

from __future__ import annotations

import json
from typing import Any

from mvsnap.spelling import fold
from mvsnap.webhooks.alarm import Alarm, AlarmSource, Fields, Ignored, digest

# What machines call these fields; the first that exists is used.
_KIND = ("kind", "type", "event", "eventType", "alarmCode", "code")
_TITLE = (
    *("title", "alarmName", "summary", "alarm", "name", "subject", "message", "text"),
    *("alertType", "markdown"),
)
_TEXTS = (
    *("message", "text", "description", "instructions", "details", "summary"),
    "markdown",
)
_TIME = (
    *("occurredAt", "occurredOn", "createdOn", "timestampMs", "timestamp", "time"),
    *("date", "ts"),
)
_DEVICE = ("deviceName", "device", "machine", "component", "host", "source")
# Not `id` or `alarmId`: those often name the machine, or a kind of alarm.
_ID = ("eventId", "messageId", "uuid")


def read_machine(payload: dict[str, Any]) -> Alarm:
    plain = _plain(payload)
    if not any(map(plain.has, (*_TITLE, *_TIME))):
        plain = _below(payload) or plain
    time_text, occurred_at = plain.time(*_TIME)
    title = plain.name(*_TITLE)
    texts = dict.fromkeys(plain.text(name) for name in _TEXTS)
    return Alarm(
        source=AlarmSource.OTHER,
        kind=plain.name(*_KIND),
        title=title,
        texts=tuple(text for text in texts if text and text != title),
        occurred_at=occurred_at,
        time_text=time_text,
        device=plain.name(*_DEVICE),
        device_serial=plain.name("serial", "deviceSerial"),
        camera=None,
        network="",
        image_url=None,
        is_test=False,
        ignored=_ended(payload),
        dedup_key=digest("other", payload),
        is_own_key=occurred_at is not None or any(map(plain.has, _ID)),
        payload=payload,
    )


def _ended(payload: dict[str, Any]) -> Ignored | None:
    """Return why a Meraki alert is ignored that a template wrote as text only."""
    text = json.dumps(payload, ensure_ascii=False)
    if "lerting" in text and "startedalertingfalse" in fold(text):
        return Ignored("the alert has ended", "startedAlerting")
    return None


def _plain(payload: dict[str, Any]) -> Fields:
    """Return the fields that are no object or list."""
    return Fields({k: v for k, v in payload.items() if not isinstance(v, dict | list)})


def _below(payload: dict[str, Any]) -> Fields | None:
    """Return the first object below a field that says what happened, or when."""
    for value in payload.values():
        for item in value[:1] if isinstance(value, list) else [value]:
            fields = _plain(item) if isinstance(item, dict) else Fields({})
            if any(map(fields.has, (*_TITLE, *_TIME))):
                return fields
    return None
