"""How bad an alarm is, in Meraki's three words, whatever words its sender has. Pure."""

from __future__ import annotations

from typing import Any

from mvsnap.core.severity import Severity
from mvsnap.webhooks.alarm import Alarm, AlarmSource, Fields

_FIELDS = ("alertLevel", "severity", "level", "priority", "urgency")
_WORDS = {
    Severity.CRITICAL: (
        *("critical", "crit", "high", "highest", "emergency", "emerg", "fatal"),
        *("alert", "error", "err", "severe", "disaster", "p1", "urgent"),
    ),
    Severity.WARNING: (
        *("warning", "warn", "medium", "major", "minor", "average", "moderate"),
        *("p2", "p3"),
    ),
    Severity.INFORMATIONAL: (
        *("informational", "information", "info", "low", "lowest", "notice"),
        *("debug", "normal", "ok", "p4", "p5"),
    ),
}
_BY_WORD = {word: found for found, words in _WORDS.items() for word in words}
_LONGEST = 40
_MOST_OBJECTS = 50


def severity(alarm: Alarm) -> Severity | None:
    """Return what the sender says; None: nothing, or a word of its own."""
    if alarm.source is AlarmSource.IXON:
        return _BY_WORD.get(alarm.kind[:_LONGEST].lower().removeprefix("alarm-"))
    found = _of(alarm.payload)
    # Below `payload`, `labels` or the like, where some senders have everything.
    for inner in list(alarm.payload.values())[:_MOST_OBJECTS]:
        found = found or (_of(inner) if isinstance(inner, dict) else None)
    return found


def _of(message: dict[str, Any]) -> Severity | None:
    fields = Fields(message)
    for name in _FIELDS:
        text = fields.raw(name)
        if isinstance(text, str) and len(text) <= _LONGEST:
            found = _BY_WORD.get(text.strip().lower())
            if found is not None:
                return found
    return None
