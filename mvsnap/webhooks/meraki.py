"""Meraki's alert webhooks, format 0.1, as alarms. Pure.

    {"version": "0.1", "sharedSecret": "...", "sentAt": "2026-03-04T11:59:58.123450Z",
     "networkName": "Shop", "deviceSerial": "Q2XX-ABCD-1234", "deviceModel": "MV12W",
     "alertId": "643451796765672448", "alertTypeId": "motion_alert",
     "alertType": "Motion detected", "occurredAt": "2026-03-04T11:59:50.615483Z",
     "alertData": {"imageUrl": "https://...", "timestamp": 1772625590.6}}

Payload templates may spell the names in snake case. Only the alert's type is always
present: messages of 2018 lack many fields, and network alerts have no device.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mvsnap.core.http_body import without_secrets
from mvsnap.domain import Serial, parse_serial
from mvsnap.errors import BadInput
from mvsnap.webhooks.alarm import (
    Alarm,
    AlarmSource,
    Fields,
    Ignored,
    digest,
    first_time,
)

# The device of Meraki's own examples, also used in its test webhooks.
EXAMPLE_SERIAL = "Q234-ABCD-5678"
_MAX_URL = 2000
_MOTION = {"motion_alert", "motion_detected"}
_STATES = {"door": ("door closed", "door open")}


def is_meraki(message: Fields) -> bool:
    has_type = message.has("alertTypeId") or message.has("alertType")
    others = ("alertData", "alertId", "deviceSerial", "networkId", "organizationId")
    return has_type and any(map(message.has, others))


def read_meraki(payload: dict[str, Any]) -> Alarm:
    message = Fields(payload)
    data = message.object("alertData")
    triggers = _triggers(data)
    kind = _kind(message)
    is_test = _is_test(message, kind)
    time_text, occurred_at = _time(message, data, triggers)
    return Alarm(
        source=AlarmSource.MERAKI,
        kind=kind,
        title=_title(message, kind),
        texts=_texts(message, data, triggers),
        occurred_at=occurred_at,
        time_text=time_text,
        device=message.name("deviceName"),
        device_serial=message.name("deviceSerial"),
        camera=_camera(message, kind),
        network=message.name("networkName"),
        image_url=_image_url(data),
        is_test=is_test,
        ignored=_ignored(data, triggers, kind, is_test=is_test),
        dedup_key=_dedup_key(message, payload, is_test=is_test),
        is_own_key=any(map(message.has, _own(is_test=is_test))),
        payload=payload,
    )


def _kind(message: Fields) -> str:
    """Return the id of the alert's type; before 2020 there was only its name."""
    named = message.name("alertTypeId")
    return named or message.name("alertType").lower().replace(" ", "_")


def _title(message: Fields, kind: str) -> str:
    title = message.name("alertType")
    # Meraki sends this too: "translation missing: en.alerts..."
    if not title or title.startswith("translation missing"):
        return kind.replace("_", " ")
    return title


def _triggers(data: Fields) -> list[Fields]:
    """Return a sensor's measurements; a single button press is not in a list."""
    listed = [item.object("trigger") for item in data.objects("triggerData")]
    return [*listed, data.object("trigger")] if data.has("trigger") else listed


def _texts(message: Fields, data: Fields, triggers: list[Fields]) -> tuple[str, ...]:
    words = [
        *(_measured(trigger) for trigger in triggers),
        data.text("message"),
        data.name("alertConfigName"),
        data.name("name"),
        message.name("networkName"),
    ]
    return tuple(word for word in words if word)


def _measured(trigger: Fields) -> str:
    """Return a sensor's measurement, in words."""
    kind = trigger.name("type")
    press = trigger.object("button").name("pressType")
    if press:
        return f"{kind or 'button'} pressed ({press})"
    value = trigger.number("sensorValue")
    if value is None or kind == "button":
        return kind
    if kind in _STATES and value in (0, 1):
        return _STATES[kind][int(value)]
    return f"{kind} {value:g}".strip()


def _time(
    message: Fields, data: Fields, triggers: list[Fields]
) -> tuple[str, datetime | None]:
    """Return the time as sent and parsed; the alert's own time first."""
    return first_time(
        message.time("occurredAt"),
        data.time("timestamp"),
        *(trigger.time("ts") for trigger in triggers),
        message.time("sentAt"),
    )


def _camera(message: Fields, kind: str) -> Serial | None:
    """Return the serial if the device is a camera; old messages name no model."""
    model = message.name("deviceModel").upper()
    if not (model.startswith("MV") or (not model and kind in _MOTION)):
        return None
    try:
        serial = parse_serial(message.name("deviceSerial"))
    except BadInput:
        return None
    return None if serial == EXAMPLE_SERIAL else serial


def _image_url(data: Fields) -> str | None:
    """Return the address of Meraki's own picture; its host is not checked here."""
    url = data.text("imageUrl", most=_MAX_URL + 1)
    is_url = url.startswith("https://") and len(url) <= _MAX_URL and " " not in url
    return url if is_url and data.flag("imageEnabled") is not False else None


def _is_test(message: Fields, kind: str) -> bool:
    if kind.endswith("_test"):
        return True
    # The Dashboard's older button leaves both empty; examples have the id 000...
    alert_id = message.name("alertId")
    if not alert_id:
        return bool(message.raw("alertData") == {})
    return set(alert_id) == {"0"}


def _ignored(
    data: Fields, triggers: list[Fields], kind: str, *, is_test: bool
) -> Ignored | None:
    # A test with the data of a real alert must show that everything works.
    has_motion = kind in _MOTION and (data.has("imageUrl") or data.has("timestamp"))
    shows = (triggers or has_motion) and not kind.endswith("_test")
    if is_test and not shows:
        return Ignored("test message", "alertTypeId")
    started = data.flag("startedAlerting")
    closes = {"door closed"} == {_measured(trigger) for trigger in triggers}
    if started is False or (started is None and closes):
        return Ignored("the alert has ended", "startedAlerting")
    return None


def _own(*, is_test: bool) -> tuple[str, ...]:
    """Return the fields that distinguish a message from the next of its kind."""
    return ("sentAt",) if is_test else ("alertId", "occurredAt")


def _dedup_key(message: Fields, payload: dict[str, Any], *, is_test: bool) -> str:
    """Meraki retries failed deliveries; sentAt may then differ."""
    if is_test:
        return digest("meraki", without_secrets(payload))
    alert_id = message.raw("alertId")
    if alert_id is not None:
        return digest("meraki", str(alert_id), message.raw("occurredAt"))
    kept = {k: v for k, v in payload.items() if k not in ("sentAt", "sent_at")}
    return digest("meraki", without_secrets(kept))
