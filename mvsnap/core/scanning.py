"""Observations worth keeping: those of a message that pass the settings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from mvsnap.core.devices import mac_text
from mvsnap.core.scanning_messages import Client, Message, Sighting, clients
from mvsnap.core.visits import MINUTE_S, Heard, merged

STALE = "too old or in the future"


@dataclass(frozen=True, slots=True)
class Limits:
    """Which sightings count; identify: makes the number of a device of its address."""

    identify: Callable[[bytes], int]
    wants_access_point: Callable[[int], bool]
    min_rssi_dbm: int
    oldest_s: int
    newest_s: int


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one message brought.

    heard: at most one of each device and minute, by device and minute.
    accepted, ignored, bad: observations of the message; reasons: why some are not
    kept, with their number.
    """

    heard: list[Heard]
    accepted: int
    ignored: int
    bad: int
    reasons: dict[str, int]


def harvest(message: Message, limits: Limits) -> Harvest:
    """Return the observations of a message by device and minute, strongest signal."""
    found: dict[tuple[int, int], Heard] = {}
    bad: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    accepted = 0
    for client in clients(message, lambda why: bad.update([why])):
        sightings, why = _wanted(client, limits)
        if not sightings:
            ignored[why] += 1
            continue
        accepted += 1
        device, ssid = limits.identify(client.mac), client.ssid
        for at_s, rssi_dbm, ap in sightings:
            minute, second = divmod(at_s, MINUTE_S)
            heard = Heard(device, minute, second, second, rssi_dbm, ap, ssid)
            known = found.get((device, minute))
            found[device, minute] = heard if known is None else merged(known, heard)
    return Harvest(
        sorted(found.values(), key=lambda heard: heard[:2]),
        accepted,
        ignored.total(),
        bad.total(),
        dict((bad + ignored).most_common(5)),
    )


def _wanted(client: Client, limits: Limits) -> tuple[list[Sighting], str]:
    """Return the sightings that count, and why the last of the others does not."""
    found, why = [], ""
    for sighting in client.sightings:
        if not limits.oldest_s <= sighting.at_s <= limits.newest_s:
            why = STALE
        elif sighting.rssi_dbm < limits.min_rssi_dbm:
            why = "weaker than scanning.min_rssi_dbm"
        elif not limits.wants_access_point(sighting.ap):
            why = "not of scanning.access_points"
        else:
            found.append(sighting)
    return found, why


def access_points(patterns: Iterable[str]) -> Callable[[int], bool]:
    """Return what tells whether an access point counts, by patterns like 0c:8d:*."""
    wanted = [pattern.strip().lower().replace("-", ":") for pattern in patterns]
    if "*" in wanted:
        return lambda _: True

    @lru_cache(maxsize=10_000)
    def wants(ap: int) -> bool:
        return any(fnmatchcase(mac_text(ap), pattern) for pattern in wanted)

    return wants


_HEARD = msgspec.msgpack.Decoder(list[Heard])


def pack(heard: list[Heard]) -> bytes:
    """Return observations as bytes, to be kept until they are processed."""
    return msgspec.msgpack.encode(heard)


def unpack(body: bytes) -> list[Heard]:
    """Return what was packed.

    Raises:
        ValueError: it was packed by another version, or is damaged.
    """
    try:
        return _HEARD.decode(body)
    except msgspec.DecodeError as exc:
        raise ValueError("observations that cannot be read") from exc
