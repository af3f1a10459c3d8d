"""Rows of Meraki cameras in trouble: one that works has none, there may be many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.domain import Camera, Listener, Serial
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.store.events import SILENT_AFTER
from mvsnap.texts import N_

# Silent for a minute; and last_seen is written once a minute.
_SILENT_AFTER = timedelta(minutes=2)
_ADVICE = N_("See that it has power and network.")


def meraki_camera_rows(
    settings: Settings,
    cameras: Sequence[Camera],
    last_seen: Mapping[Serial, datetime],
    listeners: Sequence[Listener],
    now: datetime,
) -> Iterator[StatusRow]:
    """Yield those that the settings name and the Dashboard or MV Sense misses.

    listeners: none where nobody is meant to listen.
    """
    known = {camera.serial: camera for camera in cameras}
    named = map(Serial, settings.cameras_named())
    wanted = dict.fromkeys([*named, *last_seen, *map(Serial, settings.sense.cameras)])
    listening = any(
        one.connected and now - one.seen_at <= SILENT_AFTER for one in listeners
    )
    for serial in wanted:
        camera = known.get(serial)
        if serial == "*":
            continue
        name = (camera.name if camera else "") or serial
        if camera is not None and camera.status == "offline":
            text = N_("offline, says the Dashboard")
        elif listening and is_silent(serial, last_seen, settings.sense, now):
            text = N_("sends no MV Sense")
        else:
            continue
        yield StatusRow(
            Group.MERAKI,
            name,
            Condition.TROUBLE,
            text,
            _ADVICE,
            seen_at=last_seen.get(serial),
        )


def is_silent(
    serial: Serial,
    last_seen: Mapping[Serial, datetime],
    expected: Sense | None,
    now: datetime,
) -> bool:
    """expected: the settings of what is listened to; None while nobody listens."""
    if expected is None or not {serial, "*"} & set(expected.cameras):
        return False
    if serial in last_seen:
        return now - last_seen[serial] > _SILENT_AFTER
    # Many cameras have no MV Sense: silent ones count only if they were named.
    return serial in expected.cameras
