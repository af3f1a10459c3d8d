"""Messages of IXON and Meraki of which a test names only what matters."""

from __future__ import annotations

import json
from typing import Any

from mvsnap.webhooks.alarm import Alarm
from mvsnap.webhooks.parse import parse
from tests.core.build import GATE

ALERT_ID = "643451796765672448"


def meraki(**given: Any) -> dict[str, Any]:
    """Return a motion alert of a camera; None leaves a field out."""
    fields = {
        "version": "0.1",
        "sharedSecret": "a secret of Meraki",
        "sentAt": "2026-03-04T11:59:58.123450Z",
        "organizationId": "549236",
        "networkId": "N_24329156",
        "networkName": "Shop",
        "networkTags": [],
        "deviceSerial": GATE,
        "deviceMac": "00:11:22:33:44:55",
        "deviceName": "Gate",
        "deviceModel": "MV12W",
        "alertId": ALERT_ID,
        "alertType": "Motion detected",
        "alertTypeId": "motion_alert",
        "alertLevel": "informational",
        "occurredAt": "2026-03-04T11:59:50.615483Z",
        "alertData": {
            "imageUrl": "https://spn.meraki.com/stream/jpeg/1",
            "timestamp": 1772625590.6,
            "imageEnabled": True,
        },
    } | given
    return {name: value for name, value in fields.items() if value is not None}


def sensor(kind: str, value: float, **given: Any) -> dict[str, Any]:
    """Return an alert of an MT sensor."""
    trigger = {"ts": 1772625590.0, "type": kind, "nodeId": 7, "sensorValue": value}
    data = {
        "alertConfigId": 602356450161244932,
        "alertConfigName": "Back door",
        "triggerData": [{"conditionId": 602356450161244933, "trigger": trigger}],
        "startedAlerting": True,
    }
    fields = {
        "deviceSerial": "Q3CA-0000-0001",
        "deviceName": "Back",
        "deviceModel": "MT20",
        "alertType": "Sensor change detected",
        "alertTypeId": "sensor_alert",
        "alertData": data,
    }
    return meraki(**(fields | given))


def button_test(**given: Any) -> dict[str, Any]:
    """Return what the Dashboard's older test button sends: it names no device."""
    nothing = dict.fromkeys(("deviceSerial", "deviceMac", "deviceName", "deviceModel"))
    return meraki(**nothing | {"alertId": "", "alertData": {}} | given)


def ixon(**given: Any) -> dict[str, Any]:
    """Return a message of Cloud Notify; None leaves a field out."""
    fields = {
        "userName": "Ann",
        "extraInfo": {
            "Device ID": "dEv1ce",
            "Device name": "Robot 7",
            "Counter1000Max30": "30",
        },
        "shortContent": "Robot stopped was triggered at 3/4/26, 11:59 AM UTC",
        "companyId": "1111-2222-3333-4444-5555",
        "systemLabel": "alarm-medium",
        "createdOn": "2026-03-04T11:59:24",
        "companyName": "Packers",
        "longContent": "Instructions: open valve D5.",
    } | given
    return {name: value for name, value in fields.items() if value is not None}


def snake(value: Any) -> Any:
    """Spell every name as payload templates with snake case do."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(inner)
        for name, inner in value.items()
    }


def sent(message: Any, content_type: str = "application/json") -> Alarm:
    (alarm,) = parse(json.dumps(message).encode(), content_type)
    return alarm
