"""Webhooks: parses a message of IXON, Meraki or any machine into an alarm. Pure."""

from __future__ import annotations

from typing import Any

from mvsnap.core.http_body import read, without_secrets
from mvsnap.webhooks.alarm import Alarm, AlarmSource, Fields, digest
from mvsnap.webhooks.ixon import is_ixon, read_ixon
from mvsnap.webhooks.meraki import is_meraki, read_meraki

# What machines call these fields; the first that exists is used.
_KIND = ("kind", "type", "event", "eventType", "alarmCode", "code")
_TITLE = ("title", "alarmName", "alarm", "name", "subject", "message", "text")
_TEXTS = ("message", "text", "description", "instructions", "details")
_TIME = ("occurredAt", "occurredOn", "createdOn", "timestamp", "time", "date", "ts")
_DEVICE = ("deviceName", "device", "machine", "host", "source")
# Not `id` or `alarmId`: those often name the machine, or a kind of alarm.
_ID = ("eventId", "messageId", "uuid")


def parse(body: bytes, content_type: str = "") -> Alarm:
    """Return the alarm in the body of a request.

    Raises:
        BadInput: the body is invalid; names the field.
    """
    return alarm_of(read(body, content_type))


def alarm_of(message: dict[str, Any]) -> Alarm:
    """Return the alarm of a message that `webhook_body.read` returned.

    Raises:
        BadInput: a field has the wrong type.
    """
    payload = without_secrets(message)
    fields = Fields(payload)
    if is_meraki(fields):
        return read_meraki(payload)
    if is_ixon(fields):
        return read_ixon(payload)
    return _read_other(payload)


def _read_other(payload: dict[str, Any]) -> Alarm:
    """Any machine's JSON: the common names of fields; rules cover the rest."""
    plain = Fields({k: v for k, v in payload.items() if not isinstance(v, dict | list)})
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
        ignored=None,
        dedup_key=digest("other", payload),
        is_own_key=occurred_at is not None or any(map(plain.has, _ID)),
        payload=payload,
    )
