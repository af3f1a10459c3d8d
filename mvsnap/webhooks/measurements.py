"""What a Meraki sensor measured, in words. Pure.

    {"ts": 1772625590.0, "type": "door", "nodeId": 7, "sensorValue": 0.0}

Templates and other receivers spell the same as `door: {open: false}`, or in words.
"""

from __future__ import annotations

from mvsnap.spelling import fold
from mvsnap.webhooks.alarm import Fields

CLOSED, _OPEN = "door closed", "door open"
_DOORS = {"door", "dooropen", "dooropened", "doorsensor", "opendoor"}
_SHUT = ("doorclosed", "doorclose", "closeddoor", "doorshut", "doorwasclosed")
_SAYS_YES = {"1", "true", "open", "opened", "yes", "on"}
_SAYS_NO = {"0", "false", "closed", "close", "shut", "no", "off"}
_VALUES = ("sensorValue", "value", "state", "status")


def measurement(trigger: Fields, usual: str = "") -> str:
    """Return a sensor's measurement; usual: what it measures if it does not say so."""
    kind = trigger.name("type", "metric") or usual
    press = trigger.object("button").name("pressType")
    if press:
        return f"{kind or 'button'} pressed ({press})"
    door = _door(trigger, fold(kind))
    if door:
        return door
    value = trigger.number(*_VALUES)
    if value is None or kind == "button":
        return kind
    return f"{kind} {value:g}".strip()


def says_closed(name: str) -> bool:
    """Return whether a kind of alert is that a door was closed."""
    return fold(name).endswith(_SHUT)


def _door(trigger: Fields, kind: str) -> str:
    """Return the state of a door, "" if it is something else or says nothing."""
    says = _yes_or_no(trigger)
    if kind in _SHUT:
        return _OPEN if says is False else CLOSED
    if kind not in _DOORS or says is None:
        return ""
    return _OPEN if says else CLOSED


def _yes_or_no(trigger: Fields) -> bool | None:
    value = trigger.number(*_VALUES)
    if value is not None:
        return {0.0: False, 1.0: True}.get(value)
    if trigger.is_object("door"):
        return trigger.object("door").flag("open")
    said = trigger.raw(*_VALUES, "open")
    text = "" if isinstance(said, dict | list) else str(said).casefold().strip()
    return True if text in _SAYS_YES else False if text in _SAYS_NO else None
