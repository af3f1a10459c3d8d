"""Rows of Meraki cameras in trouble: one that works has none, there may be many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.domain import Camera, Listener, Serial
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.store.sense import alive
from mvsnap.texts import N_

# Silent for a minute; and last_seen is written once a minute.
_SILENT_AFTER = timedelta(minutes=2)
# Of the Dashboard's words, those of a camera that does not work.
AWAY = ("offline", "dormant")
_ADVICE = N_("See that it has power and network.")


class CameraTrouble(Struct, frozen=True):
    """seen_at: its last MV Sense message. is_dormant: Meraki has given it up.

    is_offline: says the Dashboard; since: when, None: not known.
    """

    serial: Serial
    name: str
    text: str
    seen_at: datetime | None
    is_dormant: bool = False
    is_offline: bool = False
    since: datetime | None = None


def meraki_camera_rows(
    settings: Settings,
    cameras: Sequence[Camera],
    last_seen: Mapping[Serial, datetime],
    listeners: Sequence[Listener],
    now: datetime,
) -> Iterator[StatusRow]:
    """Yield those in trouble. listeners: none where nobody is meant to listen."""
    for one in cameras_in_trouble(settings, cameras, last_seen, listeners, now):
        yield StatusRow(
            Group.MERAKI,
            one.name,
            Condition.TROUBLE,
            one.text,
            _ADVICE,
            seen_at=one.seen_at,
            since=one.since,
            is_since_unknown=one.is_offline and one.since is None,
        )


def cameras_in_trouble(
    settings: Settings,
    cameras: Sequence[Camera],
    last_seen: Mapping[Serial, datetime],
    listeners: Sequence[Listener],
    now: datetime,
) -> Iterator[CameraTrouble]:
    """Yield those that the settings name and the Dashboard or MV Sense misses.

    listeners: none where nobody is meant to listen.
    """
    known = {camera.serial: camera for camera in cameras}
    named = map(Serial, settings.cameras_named())
    wanted = dict.fromkeys([*named, *last_seen, *map(Serial, settings.sense.cameras)])
    listening = any(one.connected for one in alive(listeners, now))
    for serial in wanted:
        camera = known.get(serial)
        if serial == "*":
            continue
        is_offline = camera is not None and camera.status == "offline"
        if is_offline:
            text = N_("offline, says the Dashboard")
        elif listening and is_silent(serial, last_seen, settings.sense, now):
            text = N_("sends no MV Sense")
        else:
            continue
        name = (camera.name if camera else "") or serial
        is_dormant = camera is not None and camera.status == "dormant"
        since = camera.status_since if camera is not None and is_offline else None
        yield CameraTrouble(
            *(serial, name, text, last_seen.get(serial), is_dormant),
            is_offline=is_offline,
            since=since,
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
