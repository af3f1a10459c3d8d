"""What a message says about moments: which one counts, and what it is called. Pure."""

from __future__ import annotations

from datetime import datetime

from mvsnap.core.moments import seconds_off
from mvsnap.core.troubles import Trouble
from mvsnap.core.zone_words import zone_words
from mvsnap.delivery.message import Facts
from mvsnap.domain import Event, EventKind, Trigger, TriggerKind
from mvsnap.texts import N_, _
from mvsnap.texts.sentences import localized

# How names of troubles begin that say what is in trouble.
_ABOUT = (
    *(N_("Camera %(name)s"), N_("Listener %(name)s")),
    *(N_("Occupancy of %(name)s"), N_("Process %(name)s")),
)
_CHANNEL = N_("Channel %(name)s")
# What starts jobs at fixed times by itself; others are named in the settings.
_OURS = (
    *(N_("alerts"), N_("grouping")),
    *(N_("visitor report of the day"), N_("visitor report of the week")),
)
_UNNAMED = "schedule "


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


def trouble_name(trouble: Trouble) -> str:
    """Return what is in trouble, in the site's language; names stay as they are."""
    # What people named may be "Camera room".
    for text in _ABOUT if trouble.kind != "channel" else (_CHANNEL,):
        begin = text.partition("%")[0]
        if trouble.name.startswith(begin):
            return _(text) % {"name": trouble.name.removeprefix(begin)}
    return trouble.name if trouble.kind == "channel" else localized(trouble.name)


def by_words(trigger: Trigger) -> str:
    """Return who or what asked for it: names are as they are."""
    if trigger.kind is TriggerKind.SENSE:
        return zone_words(trigger.by)
    if trigger.kind is not TriggerKind.SCHEDULE:
        return trigger.by
    if trigger.by.startswith(_UNNAMED):
        return _("schedule %(who)s") % {"who": trigger.by.removeprefix(_UNNAMED)}
    return _(trigger.by) if trigger.by in _OURS else trigger.by
