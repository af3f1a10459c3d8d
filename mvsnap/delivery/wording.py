"""What a message says about moments: which one counts, and what it is called. Pure."""

from __future__ import annotations

from datetime import datetime

from mvsnap.core.moments import seconds_off
from mvsnap.delivery.message import Facts
from mvsnap.domain import Event, EventKind, TriggerKind
from mvsnap.texts import _


def wanted_of(facts: Facts) -> datetime:
    """Return the moment that the message is about; a picture may show another."""
    job, event = facts.job, facts.event
    if facts.raised:
        return facts.raised.occurred_at
    asked = job.at or job.accepted_at
    if event is None:
        return asked
    # As the picture says it, unless it was taken too late to be the same.
    is_off = shows_picture(event) and seconds_off(event.occurred_at, asked) is not None
    return asked if is_off else event.occurred_at


def shows_picture(event: Event) -> bool:
    return event.kind is EventKind.SNAPSHOT and event.snapshot_path is not None


def reference(facts: Facts) -> str:
    """Return what a picture is compared with, as in "40 s after the alarm"."""
    raised, kind = facts.raised, facts.job.trigger.kind
    if raised and raised.kind is not EventKind.ALARM:
        return _("it began")
    is_alarm = raised or kind is TriggerKind.WEBHOOK
    return _("the alarm") if is_alarm else _("the trigger")
