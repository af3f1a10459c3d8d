"""IXON notify: the webhook of an alarm from IXON Cloud Notify.

It has no secret and no signature: only the address identifies it.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from mvsnap.simulator.ixon.ixon import COMPANY_ID
from mvsnap.simulator.ixon.model import as_time

FORMS = ("flat", "double-encoded", "structured")
# The longest time a subscription may wait for an answer.
_TIMEOUT_S = 8.0


class SimAlarm(Struct, frozen=True):
    """One alarm of a device; extra contains the device's own keys and texts."""

    device_id: str
    device_name: str
    text: str = "Alarm door-open"
    instructions: str = "Close the door, then press reset."
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    extra: dict[str, str] = {}
    label: str = "alarm-medium"
    company_id: str = COMPANY_ID
    company_name: str = "Simulated Works"


def body_of(alarm: SimAlarm, form: str = "flat") -> bytes:
    """Return the body to post.

    form: "flat" as seen in 2019, "double-encoded" (a JSON text containing the JSON, as
        a known receiver expects it), or "structured" like the messages of version 2,
        which have not been seen in a webhook yet.
    """
    if form not in FORMS:
        raise ValueError(f"Unknown form {form!r}, one of {FORMS}")
    content = _structured(alarm) if form == "structured" else _flat(alarm)
    text = json.dumps(_envelope(alarm) | content)
    return (json.dumps(text) if form == "double-encoded" else text).encode()


def send(url: str, alarm: SimAlarm, form: str = "flat", *, times: int = 1) -> list[int]:
    """Post an alarm and return the status of each answer; 0 without one.

    times: IXON repeats messages not answered in time, so one may arrive twice.
    """
    body = body_of(alarm, form)
    return [_post(url, body) for _ in range(times)]


def _post(url: str, body: bytes) -> int:
    asked = urllib.request.Request(
        url, body, {"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=_TIMEOUT_S) as answer:
            status: int = answer.status
    except urllib.error.HTTPError as exc:
        exc.close()
        return exc.code
    except OSError:
        return 0
    return status


def _envelope(alarm: SimAlarm) -> dict[str, Any]:
    return {
        "userName": "Simulated User",
        "alarmRateLimitTill": None,
        "extraInfo": {
            "Device ID": alarm.device_id,
            "Device name": alarm.device_name,
            **alarm.extra,
        },
        "companyId": alarm.company_id,
        "systemLabel": alarm.label,
        "companyName": alarm.company_name,
        "userId": "uSr0uSr0uSr0",
    }


def _flat(alarm: SimAlarm) -> dict[str, Any]:
    at = alarm.at.astimezone(UTC)
    when = f"{at.month}/{at.day}/{at:%y}, {at.hour % 12 or 12}:{at:%M %p} UTC"
    return {
        # Without an offset, but in UTC.
        "createdOn": f"{at:%Y-%m-%dT%H:%M:%S}",
        "shortContent": f"{alarm.text} of {alarm.device_name} was triggered at {when}",
        "longContent": f"Instructions: {alarm.instructions}",
    }


def _structured(alarm: SimAlarm) -> dict[str, Any]:
    at = as_time(alarm.at)
    rows = {"Device name": alarm.device_name, **alarm.extra}
    return {
        "createdOn": at,
        "shortContent": {
            "toTranslate": True,
            "code": "alarm-triggered",
            "alarmName": alarm.text,
            "agentName": alarm.device_name,
            "name": None,
            "occurredOn": at,
            "companyName": alarm.company_name,
        },
        "longContent": {
            "toTranslate": False,
            "code": None,
            "extraInformation": [
                {"type": None, "toTranslate": False, "key": key, "value": value}
                for key, value in rows.items()
            ],
            "instructions": alarm.instructions,
            "name": None,
        },
    }
