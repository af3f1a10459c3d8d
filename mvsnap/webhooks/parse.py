"""Webhooks: parses messages of IXON, Meraki or any machine into alarms. Pure.

An alert of a cloud may be wrapped by a template or a queue: below a field such as
`event`, `document` or `payload`, alone or in a list, a few times over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import suppress
from typing import Any

from mvsnap.core.http_body import MAX_MESSAGES, read_all, read_inner, without_secrets
from mvsnap.errors import BadInput
from mvsnap.values import replace
from mvsnap.webhooks.alarm import Alarm, Fields, is_json_text
from mvsnap.webhooks.ixon import is_ixon, read_ixon
from mvsnap.webhooks.machine import read_machine
from mvsnap.webhooks.meraki import is_meraki, read_meraki


def parse(body: bytes, content_type: str = "") -> list[Alarm]:
    """Return the alarms in the body of a request, at least one.

    Raises:
        BadInput: the body is invalid; names the field.
    """
    messages = read_all(body, content_type)
    alarms = [alarm for message in messages for alarm in _alarms_of(message)]
    _require_few(alarms)
    return alarms


def _require_few(alerts: Sized) -> None:
    if len(alerts) > MAX_MESSAGES:
        raise BadInput(
            f"body: {len(alerts)} alerts (expected at most {MAX_MESSAGES} in a request)"
        )


def _alarms_of(message: dict[str, Any]) -> list[Alarm]:
    """Return the alarms of one message.

    Rules see a wrapped alert with its own names and with those of the whole message.
    """
    payload = without_secrets(message)
    read = _reader(payload)
    if read is not None:
        return [read(payload)]
    for name, below in payload.items():
        found = list(_wrapped(below, _DEEPEST))
        if found:
            _require_few(found)  # each gets a copy of all that is around it
            outer = {k: v for k, v in payload.items() if k != name}
            if len(found) == 1:  # else not the other alerts
                # Further below, a JSON text may still hold its secret.
                is_item = isinstance(below, list) and found[0][1] in below
                outer[name] = below if is_item else found[0][1]
            return [
                replace(read(alert), payload={**outer, **alert})
                for read, alert in found
            ]
    return [read_machine(payload)]


# A queue around a collector around a template.
_DEEPEST = 4
_Read = Callable[[dict[str, Any]], Alarm]


def _reader(payload: dict[str, Any]) -> _Read | None:
    fields = Fields(payload)
    if is_meraki(fields):
        return read_meraki
    return read_ixon if is_ixon(fields) else None


def _wrapped(value: Any, depth: int) -> Iterator[tuple[_Read, dict[str, Any]]]:
    """Yield the alerts of clouds that a field holds, each with its reader.

    depth: of the fields within it that are looked at, too.
    """
    if is_json_text(value):
        with suppress(BadInput):
            value = read_inner("", value)
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        read = _reader(item)
        if read is not None:
            yield read, without_secrets(item)
        elif depth > 1:
            for below in item.values():
                yield from _wrapped(below, depth - 1)
