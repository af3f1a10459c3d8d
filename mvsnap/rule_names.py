"""Names of rules of the settings, as jobs carry them: a rule has hours of its own."""

from __future__ import annotations

_SENSE = "sense"
_CROSSINGS = "sense.crossings"


def sense_rule(serial: str, zone_id: str) -> str:
    """Return the name of the crowd rule, with noise and crossings, for one zone."""
    return f"{_SENSE} {serial} {zone_id}"


def zone_of(name: str) -> tuple[str, str] | None:
    """Return the camera and zone of such a name, None if it is of another rule."""
    first, *rest = name.split(" ", 2)
    return (rest[0], rest[1]) if first == _SENSE and len(rest) == 2 else None


def crossing_rule(number: int, serial: str, line_id: str) -> str:
    """Return the name of a rule for crossings, by its place in the settings."""
    return f"{_CROSSINGS} {number} {serial} {line_id}"


def crossing_of(name: str) -> tuple[int, str, str] | None:
    """Return the place, camera and line of such a name, None if it is another."""
    first, *rest = name.split(" ", 3)
    if first != _CROSSINGS or len(rest) != 3:
        return None
    return int(rest[0]), rest[1], rest[2]


def webhook_rule(name: str) -> str:
    return f"webhooks.rules {name}"


def sensor_rule(number: int) -> str:
    """Return the name of a trigger of sensors, by its place in the settings."""
    return f"sense.triggers {number}"


def token_rule(name: str) -> str:
    """Return the name of what applies to alarms of a token that match no rule."""
    return f"webhooks.tokens {name}"
