"""Mutes: created from a person's or program's input, with the audit log line. Pure."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta, tzinfo

from mvsnap.core.site_time import stored_to_second
from mvsnap.domain import Change, Mute, Serial, ZoneId, parse_serial
from mvsnap.errors import BadInput
from mvsnap.texts import _, audit_wordings
from mvsnap.texts.wording import Reason

DEFAULT_MINUTES = 60
MAX_MINUTES = 10_080  # a week
_ZONE = re.compile(r"[0-9]{1,32}", re.ASCII)


def new_mute(
    serial: str | None,
    zone_id: str | None,
    minutes: str,
    who: str,
    now: datetime,
    clock: tzinfo,
) -> tuple[Mute, Change]:
    """Return the mute with its audit line; no serial: all cameras, no zone: all zones.

    clock: the site's time zone.

    Raises:
        BadInput: names the field.
    """
    if zone_id and not serial:
        raise BadInput("zone: given without serial (zone ids are per camera)")
    if zone_id and not _ZONE.fullmatch(zone_id):
        raise BadInput(f"zone: {zone_id[:40]!r} (expected digits, 0: the whole frame)")
    mute = Mute(
        id=str(uuid.uuid4()),
        until=now + timedelta(minutes=parse_minutes(minutes)),
        muted_at=now,
        muted_by=who,
        serial=parse_serial(serial) if serial else None,
        zone_id=ZoneId(zone_id) if zone_id else None,
    )
    return mute, Change(now, who, _what(mute), Reason(""), _until(mute, clock))


def new_snooze(
    mute_id: str,
    serial: Serial | None,
    zone_id: ZoneId | None,
    until: datetime,
    who: str,
    now: datetime,
    clock: tzinfo,
) -> tuple[Mute, Change]:
    """Return the mute of a camera or zone up to a moment, with its audit line.

    mute_id: a UUID; the same makes no second mute. clock: the site's time zone.

    Raises:
        BadInput: the time is too short or too long.
    """
    if not timedelta() < until - now <= timedelta(minutes=MAX_MINUTES):
        raise BadInput(_("Choose a time of up to a week, such as 1h."))
    mute = Mute(mute_id, until, now, who, serial, zone_id)
    return mute, Change(now, who, _what(mute), Reason(""), _until(mute, clock))


def end_change(mute: Mute, who: str, now: datetime, clock: tzinfo) -> Change:
    """Return the audit log line of a mute that somebody ends."""
    return Change(now, who, _what(mute), _until(mute, clock), audit_wordings.ENDED())


def parse_minutes(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    if not is_number or not 1 <= int(text) <= MAX_MINUTES:
        raise BadInput(f"minutes: {text[:40]!r} (expected 1 to {MAX_MINUTES})")
    return int(text)


def _what(mute: Mute) -> Reason:
    if mute.serial is None:
        return audit_wordings.MUTE_ALL()
    if mute.zone_id is None:
        return audit_wordings.MUTE_CAMERA(serial=mute.serial)
    return audit_wordings.MUTE_ZONE(serial=mute.serial, zone=mute.zone_id)


def _until(mute: Mute, clock: tzinfo) -> Reason:
    return audit_wordings.UNTIL(until_at=stored_to_second(mute.until, clock))
