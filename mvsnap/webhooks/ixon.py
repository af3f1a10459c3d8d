"""IXON Cloud Notify messages as alarms. Pure.

    {"systemLabel": "alarm-medium", "createdOn": "2026-03-04T11:59:50",
     "companyId": "1111-2222-3333-4444-5555", "companyName": "Packers",
     "shortContent": "Robot stopped was triggered at 3/4/26, 11:59 AM UTC",
     "longContent": "Instructions: open valve D5.",
     "extraInfo": {"Device ID": "...", "Device name": "Robot 7", "Counter": "30"}}

createdOn is UTC without saying so. Current messages may be structured instead: the
contents are objects with alarmName, agentName, occurredOn and instructions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mvsnap.core.http_body import read_inner
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

_MOST_EXTRAS = 10
_DEVICE = ("deviceid", "devicename")


def is_ixon(message: Fields) -> bool:
    if message.has("systemLabel") or message.has("shortContent"):
        return True
    return message.has("companyId") and message.has("createdOn")


def read_ixon(payload: dict[str, Any]) -> Alarm:
    message = Fields(payload)
    short, short_text = _content(message, "shortContent")
    long, long_text = Fields({}), ""
    with suppress(BadInput):  # it is only decoration
        long, long_text = _content(message, "longContent")
    extras = _extras(message, long)
    label = message.name("systemLabel")
    time_text, occurred_at = first_time(
        short.time("occurredOn"), message.time("createdOn")
    )
    device = extras.get("devicename", ("", ""))[1] or short.name("agentName")
    return Alarm(
        source=AlarmSource.IXON,
        kind=label,
        title=short_text or short.name("alarmName", "name", "code") or label,
        texts=_texts(long, long_text, extras, message.name("companyName")),
        occurred_at=occurred_at,
        time_text=time_text,
        device=device,
        device_serial=extras.get("deviceid", ("", ""))[1],
        camera=None,
        network=message.name("companyName"),
        image_url=None,
        is_test=False,
        ignored=_ignored(label),
        dedup_key=_dedup_key(message, extras),
        is_own_key=any(map(message.has, ("publicId", "createdOn"))),
        payload=payload,
    )


def _content(message: Fields, name: str) -> tuple[Fields, str]:
    """Return a content as an object or as a text; the other one is empty."""
    if message.is_object(name):
        with suppress(BadInput):  # a text may begin with a brace, too
            return message.object(name), ""
    return Fields({}), message.text(name)


def _extras(message: Fields, long: Fields) -> dict[str, tuple[str, str]]:
    """Return all other fields, by folded name: the name and its value."""
    found = (*_pairs(message, "extraInfo"), *_pairs(long, "extraInformation"))
    return {fold(name): (name, value) for name, value in found if name and value}


def _pairs(fields: Fields, name: str) -> Iterator[tuple[str, str]]:
    """Yield names with their values; anything else is skipped, being decoration."""
    value = fields.raw(name)
    if isinstance(value, str):
        with suppress(BadInput):
            value = read_inner(name, value)
    if isinstance(value, dict):
        yield from Fields(value).pairs()
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            said = {fold(name): text for name, text in Fields(item).pairs()}
            yield said.get("key") or said.get("name", ""), said.get("value", "")
        elif isinstance(item, list) and len(item) == 2:
            yield from Fields({str(item[0]): item[1]}).pairs()


def _texts(
    long: Fields, text: str, extras: dict[str, tuple[str, str]], company: str
) -> tuple[str, ...]:
    plain = [pair for name, pair in extras.items() if name not in _DEVICE]
    words = [
        text or long.text("instructions") or long.text("name"),
        *(f"{name}: {value}" for name, value in plain[:_MOST_EXTRAS]),
        company,
    ]
    return tuple(word for word in words if word)


def _ignored(label: str) -> Ignored | None:
    """IXON posts every message that its user gets, such as the transfer of a device."""
    if not label or label.casefold().startswith("alarm"):
        return None
    return Ignored(f"not an alarm: {label!r}", "systemLabel")


def _dedup_key(message: Fields, extras: dict[str, tuple[str, str]]) -> str:
    public_id = message.raw("publicId")
    if public_id is not None:
        return digest("ixon", public_id)
    return digest(
        "ixon",
        message.raw("companyId"),
        extras,
        message.raw("createdOn"),
        message.raw("shortContent"),
        message.raw("systemLabel"),
    )
