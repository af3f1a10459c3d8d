"""Tries an entry of the settings before it is saved, as the service would use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mvsnap import logs
from mvsnap.config.entries import Entry
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.errors import BadInput
from mvsnap.jobs.schedule import CameraSchedule
from mvsnap.runtime.trial import channel_trial
from mvsnap.store.events.alarm_messages import newest_messages
from mvsnap.texts import _
from mvsnap.web.entry_trials import TrialAnswer
from mvsnap.webhooks.rules import matches

if TYPE_CHECKING:
    from mvsnap.runtime.parts import Parts

_RUNS = 5
_MESSAGES, _MOST_SHOWN = 50, 5


def try_entry(parts: Parts, settings: Settings, entry: Entry) -> TrialAnswer:
    """Return what came of it.

    settings: with the entry.

    Raises:
        MvsnapError: it does not work.
    """
    logs.hide(settings.secrets())
    match entry.section:
        case "channels":
            return TrialAnswer(True, _send(parts, settings, entry))
        case "schedules":
            return TrialAnswer(True, _next_runs(parts, settings, entry))
        case "recording-cameras":
            return _record(parts, settings, entry)
        case "webhook-rules":
            return TrialAnswer(True, _matching(parts, settings, entry))
    raise BadInput(f"a {entry.section} cannot be tried")


def _send(parts: Parts, settings: Settings, entry: Entry) -> tuple[str, ...]:
    channels = open_channels(settings, parts.call_budgets.webex())
    channel_trial(settings, parts.clock, channels).send(entry.name)
    text = _("A test message was sent to %(name)s. Has it arrived?")
    return (text % {"name": entry.name},)


def _next_runs(parts: Parts, settings: Settings, entry: Entry) -> tuple[str, ...]:
    """Return when it is due next, in the site's time zone."""
    zone, at = settings.site.zone, parts.clock.now()
    schedule = CameraSchedule("", str(entry.value["cron"]), (), (), "")
    lines = [_("The next runs:")]
    for _run in range(_RUNS):
        at = schedule.next_due(at, zone)
        lines.append(f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S}")
    return tuple(lines)


def _matching(parts: Parts, settings: Settings, entry: Entry) -> tuple[str, ...]:
    """Return which messages that came would match, and what would be done."""
    (rule,) = (one for one in settings.webhooks.rules if one.name == entry.name)
    came = newest_messages(parts.store, _MESSAGES)
    found = [
        f"{at.astimezone(settings.site.zone):%a %Y-%m-%d %H:%M:%S} from {one.sender}"
        for at, one in came
        if matches(rule.match, _payload(one.text))
    ]
    if not came:
        return (_("No message has come yet. Save it, then try one with Test alarm."),)
    actions = ", ".join(rule.actions) or _("the token's actions")
    cameras = ", ".join(rule.cameras) or _("the token's cameras")
    matching = _("It matches %(found)s of the last %(came)s messages.")
    each = _("For each: %(actions)s; of %(cameras)s.")
    return (
        matching % {"found": len(found), "came": len(came)},
        *found[:_MOST_SHOWN],
        each % {"actions": actions, "cameras": cameras},
    )


def _record(parts: Parts, settings: Settings, entry: Entry) -> TrialAnswer:
    """Record some seconds, as `check` does."""
    # Imported here: only who records needs it.
    from mvsnap.camera_sources import ask_source, open_ixon
    from mvsnap.recorder import Recode, probe

    ixon = open_ixon(settings, parts.clock)
    try:
        found = probe(
            ask_source(settings, entry.name, parts.clock, parts.dashboards, ixon)(),
            program=settings.recorder.ffprobe,
            ffmpeg=settings.recorder.ffmpeg,
            recode=Recode(settings.recorder.cameras[entry.name].recode),
            name=entry.name,
        )
    finally:
        if ixon is not None:
            ixon.close()
    said = _("A clip was recorded: %(what)s.") % {"what": found}
    return TrialAnswer(True, (said,), found.picture)


def _payload(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
