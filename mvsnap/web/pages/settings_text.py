"""Settings as text: the origin of each, exceptions, mutes, audit log lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.config.notify import hours_text
from mvsnap.config.sense import Override
from mvsnap.config.setting_overrides import CHOOSABLE, ROOM_HOURS
from mvsnap.config.values import Section
from mvsnap.core.days import lasting
from mvsnap.domain import Change, Listener, Mute
from mvsnap.texts import N_, _
from mvsnap.texts import audit_wordings as audit
from mvsnap.texts.reasons import said
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import Reason
from mvsnap.web.pages.settings_form import RULE
from mvsnap.web.places import Places

# A listener reacts to the switch within two seconds, then connects to the broker.
_SWITCHING = timedelta(seconds=10)
_DEFAULT_ROOM = "webex.room"
# What becomes of messages outside of the hours.
_OUTSIDE = {
    "never": N_("Nobody is notified"),
    "later": N_("Notify when the hours begin"),
}


class Origin(Struct, frozen=True):
    """Where a setting comes from; `change`: who changed it, if known."""

    name: str
    chosen: bool
    in_file: str
    change: Change | None = None


class OverrideRow(Struct, frozen=True):
    serial: str
    zone: str
    place: str
    rule: str


class MuteRow(Struct, frozen=True):
    id: str
    place: str
    ends_in: str
    mute: Mute


def text_of(name: str, value: Any) -> Reason:
    """Return the value of a setting for people."""
    if name == "enabled":
        return audit.ON() if value else audit.OFF()
    if name == "when":
        hours = ", ".join(hours_text(value).splitlines())
        return Reason(hours) if hours else audit.ALWAYS()
    if value is None:
        return audit.DEFAULT()
    if name == "outside":
        return audit.OUTSIDE[value]()
    if name == "rooms":
        return Reason(", ".join(value) or _DEFAULT_ROOM)
    if name == "overrides":
        count = len(value)
        return audit.EXCEPTION() if count == 1 else audit.EXCEPTIONS(count=count)
    shown = audit.SECONDS if name.endswith("_s") else audit.NUMBER
    return shown(number=int(value) if value == int(value) else value)


def rule_text(override: Override) -> Reason:
    """Return what differs from the general rule, as the audit log has it."""
    parts = []
    for each in RULE:
        value = getattr(override, each.name)
        if value is not None:
            parts.append(audit.RULE[each.name](value=text_of(each.name, value)))
    if override.rooms is not None:
        parts.append(audit.RECIPIENTS(rooms=text_of("rooms", override.rooms)))
    if override.when is not None:
        parts.append(audit.HOURS(hours=text_of("when", override.when)))
    if override.outside is not None:
        parts.append(audit.OUTSIDE_HOURS(what=text_of("outside", override.outside)))
    return audit.COMMAS.of(*parts) if parts else audit.SAME_RULE()


def rule_words(override: Override) -> str:
    """Return what differs from the general rule, in the site's language."""
    parts = []
    for each in RULE:
        value = getattr(override, each.name)
        if value is not None:
            label = _(each.label)
            # Within a sentence; German nouns stay as they are.
            label = label.lower() if label == each.label else label
            parts.append(f"{label} {value_words(each.name, value)}")
    if override.rooms is not None:
        rooms = value_words("rooms", override.rooms)
        parts.append(_("recipients: %(rooms)s") % {"rooms": rooms})
    if override.when is not None or override.outside is not None:
        parts.append(_("own hours"))
    return ", ".join(parts) or _("same as the general rule")


def value_words(name: str, value: Any) -> str:
    """Return the value of a setting in the site's language."""
    if name == "outside" and value is not None:
        return _(_OUTSIDE[value])
    text = text_of(name, value)
    return localized(text) if name == "rooms" else said(text)


def origins(
    file: Settings, setting_overrides: Mapping[str, Any], changes: Sequence[Change]
) -> dict[str, Origin]:
    """Return for each setting whether it is overridden. changes: newest first.

    By what it is called in MV Sense; the others by their path.
    """
    newest: dict[str, Change] = {}
    for change in changes:
        newest.setdefault(change.what, change)
    sections: tuple[tuple[str, str, Section, tuple[str, ...]], ...] = (
        ("sense", "", file.sense, CHOOSABLE),
        ("webex", "webex.", file.webex, ROOM_HOURS),
    )
    found = {}
    for above, prefix, section, names in sections:
        for name in names:
            path, key = f"{above}.{name}", f"{prefix}{name}"
            in_file = value_words(name, getattr(section, name))
            chosen = path in setting_overrides
            found[key] = Origin(key, chosen, in_file, newest.get(path))
    return found


def is_switching(
    enabled: bool, switched: Change | None, listeners: Sequence[Listener], now: datetime
) -> bool:
    """Return whether the listeners' last state may be from before the switch."""
    if switched is None or now - switched.at > _SWITCHING:
        return False
    followed = all(listener.connected == enabled for listener in listeners)
    return not followed or (enabled and not listeners)


def setting(name: str, above: str = "sense") -> Reason:
    """Return what a line of the audit log about a setting is about: its path."""
    path = f"{above}.{name}"
    return Reason(path)


def audited_place(places: Places, serial: str, zone: str) -> Reason:
    zone_id = None if zone == "*" else zone
    named = places.zone_reason(serial, zone_id)
    return audit.PLACE(camera=places.camera(serial), zone=named)


def override_place(places: Places, serial: str, zone: str) -> str:
    return place(places, serial, None if zone == "*" else zone)


def place(places: Places, serial: str | None, zone_id: str | None) -> str:
    """Return camera and zone by name."""
    if serial is None:
        return _("All cameras")
    return f"{places.camera(serial)}, {places.zone(serial, zone_id)}"


def override_rows(overrides: Iterable[Override], places: Places) -> list[OverrideRow]:
    return [
        OverrideRow(
            override.serial,
            override.zone,
            override_place(places, override.serial, override.zone),
            rule_words(override),
        )
        for override in overrides
    ]


def mute_rows(mutes: Iterable[Mute], places: Places, now: datetime) -> list[MuteRow]:
    return [
        MuteRow(
            mute.id,
            place(places, mute.serial, mute.zone_id),
            _left(mute.until, now),
            mute,
        )
        for mute in mutes
    ]


def _left(until: datetime, now: datetime) -> str:
    minutes = math.ceil((until - now).total_seconds() / 60)
    return lasting(max(minutes, 1) * 60)
