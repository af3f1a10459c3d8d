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
from mvsnap.spelling import fold
from mvsnap.webhooks.alarm import (
    Alarm,
    AlarmSource,
    Fields,
    Ignored,
    digest,
    first_time,
)
from mvsnap.webhooks.measurements import CLOSED, measurement, says_closed

# The device of Meraki's own examples, also used in its test webhooks.
EXAMPLE_SERIAL = "Q234-ABCD-5678"
_MAX_URL = 2000
_MOTION = {"motion_alert", "motion_detected"}
_OF_DELIVERY = {"sentat", "sentad"}  # one of Meraki's templates misspells it


def is_meraki(message: Fields) -> bool:
    if _readings(message):
        return True
    has_type = message.has("alertTypeId") or message.has("alertType")
    others = ("alertData", "alertId", "deviceSerial", "networkId", "organizationId")
    return has_type and any(map(message.has, others))


def read_meraki(payload: dict[str, Any]) -> Alarm:
    message = Fields(payload)
    data = message.object("alertData")
    triggers = _triggers(data) or _triggers(message)
    measured = [measurement(trigger, _only_measures(message)) for trigger in triggers]
    kind = _kind(message)
    is_test = _is_test(message, kind)
    time_text, occurred_at = _time(message, data, triggers)
    return Alarm(
        source=AlarmSource.MERAKI,
        kind=kind,
        title=_title(message, kind),
        texts=_texts(message, data, measured),
        occurred_at=occurred_at,
        time_text=time_text,
        device=message.name("deviceName"),
        device_serial=message.name("deviceSerial"),
        camera=_camera(message, kind),
        network=message.name("networkName"),
        image_url=_image_url(data),
        is_test=is_test,
        ignored=_ignored(message, data, measured, is_test=is_test),
        dedup_key=_dedup_key(message, payload, is_test=is_test),
        is_own_key=_is_own(message, data, is_test=is_test),
        payload=payload,
        organization_id=message.name("organizationId"),
    )


def _readings(message: Fields) -> bool:
    """Return whether it has a sensor's readings, as no other sender does."""
    data = message.raw("alertData")
    inner = Fields(data) if isinstance(data, dict) else Fields({})
    return any(isinstance(f.raw("triggerData"), dict | list) for f in (message, inner))


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
    listed = [
        item.object("trigger") if item.has("trigger") else item
        for item in data.objects("triggerData")
    ]
    return [*listed, data.object("trigger")] if data.has("trigger") else listed


def _only_measures(message: Fields) -> str:
    """Return the only thing that this model of sensor measures, "" for the others."""
    return "door" if message.name("deviceModel").upper().startswith("MT20") else ""


def _texts(message: Fields, data: Fields, measured: list[str]) -> tuple[str, ...]:
    words = [
        *measured,
        data.text("message"),
        data.name("alertConfigName"),
        data.name("name"),
        message.text("summary", "message", "description"),
        message.name("networkName"),
    ]
    return tuple(word for word in words if word)


def _time(
    message: Fields, data: Fields, triggers: list[Fields]
) -> tuple[str, datetime | None]:
    """Return the time as sent and parsed; the alert's own time first."""
    return first_time(
        message.time("occurredAt", "timestampMs", "timestamp"),
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
    alert_id = message.name("alertId")
    if alert_id:
        return set(alert_id) == {"0"}  # examples have the id 000...
    # The Dashboard's older button leaves both empty and names no device. A real alert
    # may lack both, too, but not its device.
    return message.raw("alertData") in ({}, []) and not _names_device(message)


def _names_device(message: Fields) -> bool:
    serial = message.name("deviceSerial").upper()
    if serial:
        return serial != EXAMPLE_SERIAL
    return message.has("deviceMac") or message.has("deviceName")


def _ignored(
    message: Fields, data: Fields, measured: list[str], *, is_test: bool
) -> Ignored | None:
    kind = _kind(message)
    # A test with the data of a real alert must show that everything works.
    has_motion = kind in _MOTION and (data.has("imageUrl") or data.has("timestamp"))
    shows = (measured or has_motion) and not kind.endswith("_test")
    if is_test and not shows:
        return Ignored("test message", "alertTypeId")
    started = data.flag("startedAlerting")
    if started is None:
        started = message.flag("startedAlerting")
    names = (kind, message.name("alertType"))
    closes = any(map(says_closed, names)) if not measured else set(measured) == {CLOSED}
    if started is False or (started is None and closes):
        return Ignored("the alert has ended", "startedAlerting")
    return None


def _is_own(message: Fields, data: Fields, *, is_test: bool) -> bool:
    """Return whether it differs from the next message of its kind."""
    if is_test:
        return message.has("sentAt")
    return _has_unique_id(message) or any(
        (message.has("occurredAt"), message.has("timestamp"), data.has("timestamp"))
    )


def _has_unique_id(message: Fields) -> bool:
    """Return whether the id is that of one alert: others send the kind of the alert."""
    return message.name("alertId").isdecimal()


def _dedup_key(message: Fields, payload: dict[str, Any], *, is_test: bool) -> str:
    """Meraki retries failed deliveries; sentAt may then differ."""
    plain = without_secrets(payload)
    if is_test:
        return digest("meraki", plain)
    if _has_unique_id(message):
        names = ("alertId", "occurredAt", "networkId", "alertTypeId", "alertType")
        device = message.name("deviceSerial", "deviceMac", "deviceName")
        return digest("meraki", device, *(message.name(name) for name in names))
    kept = {k: v for k, v in plain.items() if fold(k) not in _OF_DELIVERY}
    return digest("meraki", kept)
