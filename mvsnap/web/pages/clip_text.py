"""Texts of the clip pages: rows, file names, audit log lines, setup advice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from itertools import chain
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clip_model import Clip
from mvsnap.config.key_limits import stored_token
from mvsnap.config.model import Settings
from mvsnap.core.clip_rows import ClipRow
from mvsnap.core.keys import KeyKind, StoredKey
from mvsnap.core.site_time import foreign, stored_to_second
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import Change, Event, EventId, Trigger, TriggerKind
from mvsnap.texts import N_, _, audit_wordings, first_upper
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import Reason

_TRIGGERS = {
    TriggerKind.HTTP: N_("request with key %(who)s"),
    TriggerKind.SCHEDULE: N_("schedule %(who)s"),
    TriggerKind.COMMAND: N_("command line, %(who)s"),
    TriggerKind.SENSE: N_("MV Sense, %(who)s"),
    TriggerKind.SENSOR: N_("sensor %(who)s"),
    TriggerKind.WEBHOOK: N_("webhook %(who)s"),
    TriggerKind.BADGE: N_("badge review, %(who)s"),
    TriggerKind.PAGE: N_("%(who)s on the camera's page"),
    TriggerKind.WEBEX: N_("%(who)s in Webex"),
}
_SOURCES = {"meraki": N_("Meraki"), "ixon": "IXON Cloud"}
# How long a link may work, in hours: its label.
SHARED_FOR = {
    "1": N_("1 hour"),
    "24": N_("1 day"),
    "168": N_("7 days"),
    "720": N_("30 days"),
}
# A clock that is off by more gets a line of its own.
_SAME_S = 2.0
_TIDY = re.compile(r"[^\w .-]+")


class ClipAdvice(Struct, frozen=True):
    """Why a list is empty. reset: a filter hides the rows.

    missing: what an admin can add on a page: "camera", "token" or "rule"; "" nothing.
    command: for an admin, to try it. searched_to: how far back was looked for them.
    """

    text: str
    missing: str = ""
    command: str = ""
    reset: bool = False
    searched_to: datetime | None = None


def clip_row(clip: Clip, settings: Settings, now: datetime) -> ClipRow:
    camera = settings.recorder.cameras.get(clip.camera)
    before_s, after_s = clip.pre_roll_s, clip.post_roll_s
    if camera is not None:
        before_s = camera.pre_roll_s if before_s is None else before_s
        before_s = before_s if camera.is_ring else 0
        after_s = camera.post_roll_s if after_s is None else after_s
    return ClipRow(clip, now, before_s or 0, after_s or 0)


def advice(
    settings: Settings, hook_url: str, stored: Iterable[StoredKey], *, added: bool
) -> ClipAdvice:
    """Return what to do to get a first clip; stored: keys and tokens of the store.

    added: there is a camera of the pages, which is in the settings after a restart.
    """
    webhooks = settings.webhooks
    tokens, scopes = list(webhooks.tokens), [key.scopes for key in settings.api_keys]
    for key in stored:
        if key.kind is KeyKind.TOKEN:
            tokens.append(stored_token(key.name, key.limits))
        else:
            scopes.append(key.limits["scopes"])
    # Both send alarms to /webhook, and need the actions that are usual for alarms.
    without_token = bool(webhooks.meraki_shared_secret) or "webhook" in chain(*scopes)
    if added and not settings.recorder.cameras:
        return ClipAdvice(_("A camera was added: a restart begins to record it."))
    if not settings.recorder.cameras:
        return ClipAdvice(_("No recording cameras yet."), "camera")
    if not tokens and not without_token:
        return ClipAdvice(_("No alarm senders are set up yet."), "token")
    # Where nothing is said, alarms do both.
    usual = not webhooks.actions or "clip" in webhooks.actions
    by_token = any(
        "clip" in token.actions if token.actions else usual for token in tokens
    )
    by_rule = any("clip" in rule.actions for rule in webhooks.rules)
    if not ((without_token and usual) or by_token or by_rule):
        return ClipAdvice(_("Alarms only take snapshots so far."), "rule")
    text = _("No clips yet. Alarms record them.")
    return ClipAdvice(text, command=f"curl -d text='Just a test' {hook_url}")


def file_name(clip: Clip, zone: ZoneInfo, site: ZoneInfo) -> str:
    """Return the file name of a clip, such as `Robot 3 2026-11-21 14.03.07.mp4`.

    In a zone that is not the site's: `Robot 3 2026-11-21 22.03.07 JST.mp4`.
    """
    camera = _TIDY.sub("_", clip.camera).strip(" .") or "clip"
    mark = foreign(clip.at, zone, site)
    return f"{camera} {clip.at.astimezone(zone):%Y-%m-%d %H.%M.%S}{mark}.mp4"


def still_name(clip: Clip, moment: datetime, zone: ZoneInfo, site: ZoneInfo) -> str:
    """Return the file name of a frame: `Robot 3 2026-11-21 14.03.07.480.jpg`."""
    camera = _TIDY.sub("_", clip.camera).strip(" .") or "clip"
    at, mark = moment.astimezone(zone), foreign(moment, zone, site)
    milliseconds = f"{at.microsecond // 1000:03}"
    return f"{camera} {at:%Y-%m-%d %H.%M.%S}.{milliseconds}{mark}.jpg"


def of_same_alarm(clip: Clip, related: Iterable[Clip]) -> list[Clip]:
    """Return those of the same job, or of another one that the alarm led to."""
    return [
        other
        for other in related
        if other.job_id == clip.job_id or (clip.about and other.about == clip.about)
    ]


def change(
    clip: Clip, who: str, now: datetime, before: Reason, after: Reason, zone: tzinfo
) -> Change:
    at = stored_to_second(clip.at, zone)
    what = audit_wordings.CLIP(camera=clip.camera, clip_at=at)
    return Change(now, who, what, before, after)


def started_by(trigger: Trigger) -> str:
    if _is_of_camera(trigger):
        return "MV Sense"
    return _(_words(trigger)) % {"who": _who(trigger)}


def started_by_title(trigger: Trigger) -> str:
    """Return the same with a capital, but a name as it is."""
    if _is_of_camera(trigger):
        return "MV Sense"
    words = _(_words(trigger))
    return first_upper(words) % {"who": _who(trigger)}


def _words(trigger: Trigger) -> str:
    # A newer release may have other kinds.
    return _TRIGGERS.get(trigger.kind) or f"{trigger.kind}: %(who)s"


def _is_of_camera(trigger: Trigger) -> bool:
    """Return whether it is of a whole camera: noise, which once had `zone `."""
    return trigger.kind is TriggerKind.SENSE and trigger.by.strip() in ("", "zone")


def _who(trigger: Trigger) -> str:
    """Return the name; a schedule without one is stored as `schedule 0 8 * * *`."""
    if trigger.kind is TriggerKind.SENSE:
        return zone_words(trigger.by)
    is_schedule = trigger.kind is TriggerKind.SCHEDULE
    return trigger.by.removeprefix("schedule ") if is_schedule else trigger.by


class AlarmSummary(Struct, frozen=True):
    """The alarm's own data, by the labels on the page.

    own_time: the alarm's, where another moment is shown. event_id: of its event, whose
    page shows the message.
    """

    facts: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    doubt: str
    own_time: datetime | None
    event_id: EventId


def alarm_summary(alarm: Event, shown_at: datetime) -> AlarmSummary:
    details = {name: str(value) for name, value in alarm.details.items()}
    facts = (
        (_("Sender"), _SOURCES.get(details.get("source", ""), "")),
        (_("Kind"), details.get("kind", "")),
        (_("Severity"), localized(str(details.get("severity", "")))),
        (_("Device"), _with_serial(details)),
        (_("Network"), details.get("network", "")),
    )
    lines = [line.strip() for line in details.get("text", "").splitlines()]
    apart_s = abs((alarm.occurred_at - shown_at).total_seconds())
    return AlarmSummary(
        facts=tuple((name, text) for name, text in facts if text),
        lines=tuple(line for line in lines if line),
        doubt=details.get("doubt", ""),
        own_time=alarm.occurred_at if apart_s > _SAME_S else None,
        event_id=alarm.id,
    )


def _with_serial(details: dict[str, str]) -> str:
    name, serial = details.get("device", ""), details.get("device_serial", "")
    if name and serial and name != serial:
        return f"{name} ({serial})"
    return name or serial
