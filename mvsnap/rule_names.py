"""Names of rules of the settings, as jobs carry them: a rule has hours of its own."""

from __future__ import annotations

# The crowd rule, with noise and line crossings.
SENSE_RULE = "sense"


def webhook_rule(name: str) -> str:
    return f"webhooks.rules {name}"


def sensor_rule(number: int) -> str:
    """Return the name of a trigger of sensors, by its place in the settings."""
    return f"sense.triggers {number}"
