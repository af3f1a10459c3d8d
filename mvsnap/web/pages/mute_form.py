"""The form that mutes: parses a place and a duration into a mute, or mistakes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.core.days import local_moment
from mvsnap.core.mutes import MAX_MINUTES, new_mute
from mvsnap.domain import Change, Mute, Serial, ZoneId
from mvsnap.errors import BadInput
from mvsnap.texts import N_, _
from mvsnap.web.places import Places

LENGTHS = (
    ("15", N_("15 minutes")),
    ("60", N_("1 hour")),
    ("480", N_("8 hours")),
    ("until", N_("Until")),
)


class MuteEntered(Struct, frozen=True):
    """What was entered, by field; `made` if all of it is valid."""

    texts: Mapping[str, str] = {}
    mistakes: Mapping[str, str] = {}
    made: tuple[Mute, Change] | None = None


def split_place(text: str) -> tuple[str, str]:
    """Return a serial and what follows it, "" for nothing."""
    serial, *rest = text.split(" ", 1)
    return serial, rest[0] if rest else ""


def read_mute(
    form: Mapping[str, str], places: Places, who: str, now: datetime, zone: ZoneInfo
) -> MuteEntered:
    """place: "" for all, else a serial and a zone id or *, such as `Q2XX-... 0`."""
    texts = {name: form.get(name, "").strip() for name in ("place", "minutes", "until")}
    serial, zone_id = split_place(texts["place"])
    zone_id = "" if zone_id == "*" else zone_id
    if zone_id and not places.has_zone(Serial(serial), ZoneId(zone_id)):
        return MuteEntered(texts, {"place": _("This camera has no such zone.")})
    name = "until" if texts["minutes"] == "until" else "minutes"
    try:
        minutes = texts["minutes"]
        if name == "until":
            minutes = _minutes_until(texts["until"], now, zone)
        return MuteEntered(
            texts,
            made=new_mute(serial or None, zone_id or None, minutes, who, now, zone),
        )
    except BadInput as exc:
        wrong, _colon, words = exc.message.partition(": ")
        if wrong in ("minutes", "until"):
            return MuteEntered(texts, {name: words})
        return MuteEntered(texts, {"place": exc.message})


def _minutes_until(text: str, now: datetime, zone: ZoneInfo) -> str:
    if not text:
        raise BadInput("until: " + _("Enter a date and time."))
    minutes = math.ceil((local_moment("until", text, zone) - now).total_seconds() / 60)
    if not 1 <= minutes <= MAX_MINUTES:
        raise BadInput("until: " + _("Enter a time within the next week."))
    return str(minutes)
