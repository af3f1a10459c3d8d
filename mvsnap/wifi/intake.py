"""Observations worth storing: those of a message that pass the settings. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec
from msgspec import Struct

from mvsnap.wifi.messages import ParsedMessage, Sighting, clients
from mvsnap.wifi.visits import MINUTE_S, Observation, merged

_SEPARATOR = re.compile(r"[:-](?![^\[]*\])")  # outside brackets
STALE = "too old or in the future"


class IntakeRules(Struct, frozen=True):
    """Which sightings count.

    identify: returns the number of a device from its address, or raises ValueError.
    """

    identify: Callable[[str], int]
    wants_access_point: Callable[[int], bool]
    min_rssi_dbm: int
    oldest_s: int
    newest_s: int

    @property
    def least(self) -> tuple[int, int, int]:
        return self.min_rssi_dbm, self.oldest_s, self.newest_s


class ParsedBatch(Struct, frozen=True):
    """The contents of one message.

    observed: at most one of each device and minute, by device and minute.
    accepted, ignored, bad: numbers of observations; reasons: why some are not stored,
    with their number.
    """

    observed: list[Observation]
    accepted: int
    ignored: int
    bad: int
    reasons: dict[str, int]


def parse_batch(message: ParsedMessage, limits: IntakeRules) -> ParsedBatch:
    """Return the observations of a message by device and minute, the strongest each."""
    found: dict[tuple[int, int], Observation] = {}
    bad: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    accepted = 0
    identify, wants = limits.identify, limits.wants_access_point
    least_dbm, oldest_s, newest_s = limits.least
    for mac, ssid, sightings in clients(message, lambda why: bad.update([why])):
        try:
            device = identify(mac)
        except ValueError as exc:
            bad[str(exc)] += 1
            continue
        wanted = []
        for sighting in sightings:
            at_s, rssi_dbm, ap = sighting
            if rssi_dbm >= least_dbm and oldest_s <= at_s <= newest_s and wants(ap):
                wanted.append(sighting)
        if not wanted:
            ignored[_reason(sightings, limits)] += 1
            continue
        accepted += 1
        for observed in _minutes(device, ssid, wanted):
            key = (device, observed[1])
            if key in found:
                observed = merged(found[key], observed)
            found[key] = observed
    return ParsedBatch(
        sorted(found.values()),  # no two have the same device and minute
        accepted,
        ignored.total(),
        bad.total(),
        dict((bad + ignored).most_common(5)),
    )


def _minutes(
    device: int, ssid: str | None, sightings: list[Sighting]
) -> list[Observation]:
    """Return the content of one observation, minute by minute."""
    if len(sightings) == 1:
        at_s, rssi_dbm, ap = sightings[0]
        minute, second = divmod(at_s, MINUTE_S)
        return [Observation(device, minute, second, second, rssi_dbm, ap, ssid)]
    by_minute: dict[int, list[Sighting]] = {}
    for sighting in sightings:
        by_minute.setdefault(sighting[0] // MINUTE_S, []).append(sighting)
    found = []
    for minute, these in by_minute.items():
        rssi_dbm, ap = max([sighting[1:] for sighting in these])
        first_s, last_s = min(these)[0] % MINUTE_S, max(these)[0] % MINUTE_S
        found.append(Observation(device, minute, first_s, last_s, rssi_dbm, ap, ssid))
    return found


def _reason(sightings: list[Sighting], limits: IntakeRules) -> str:
    """Return why the last of these is ignored."""
    at_s, rssi_dbm, _ = sightings[-1]
    if not limits.oldest_s <= at_s <= limits.newest_s:
        return STALE
    if rssi_dbm < limits.min_rssi_dbm:
        return "weaker than scanning.min_rssi_dbm"
    return "not in scanning.access_points"


def access_points(patterns: Iterable[str]) -> Callable[[int], bool]:
    """Return a test whether an access point counts, from patterns like 0c:8d:*."""
    wanted = [_SEPARATOR.sub("", pattern.strip().lower()) for pattern in patterns]
    if "*" in wanted:
        return lambda _: True

    @lru_cache(maxsize=10_000)
    def wants(ap: int) -> bool:
        return any(fnmatchcase(f"{ap:012x}", pattern) for pattern in wanted)

    return wants


_OBSERVATIONS = msgspec.msgpack.Decoder(list[Observation])


def pack(observed: list[Observation]) -> bytes:
    """Return observations as bytes, to be stored until they are processed."""
    return msgspec.msgpack.encode(observed)


def unpack(body: bytes) -> list[Observation]:
    """Return the packed observations.

    Raises:
        ValueError: it was packed by another version, or is damaged.
    """
    try:
        return _OBSERVATIONS.decode(body)
    except msgspec.DecodeError as exc:
        raise ValueError("observations that cannot be read") from exc
