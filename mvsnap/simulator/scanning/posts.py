"""Scanning posts: the bodies of a world in the order they are sent, with faults."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from mvsnap.simulator.scanning.bodies import (
    V2_TYPES,
    V3_TYPES,
    Body,
    v2_bodies,
    v2_body,
    v3_bodies,
    v3_body,
)
from mvsnap.simulator.scanning.world import ScanningWorld, SimRadio, minutes

FAULTS = {
    "duplicate": "some posts come twice",
    "late": "some come one to four minutes later",
    "disorder": "those of a minute come in any order",
    "empty": "some have no observations",
    "gzip": "some are compressed",
    "milliseconds": "v2 times are spelled as Cisco's own simulator does",
}
_LATEST_MINUTES = 4


class Post(Struct, frozen=True):
    """minute: the one that the body is about."""

    minute: datetime
    body: Body
    is_gzip: bool = False

    def content(self) -> bytes:
        text = json.dumps(self.body, separators=(",", ":")).encode()
        return gzip.compress(text) if self.is_gzip else text


def posts(
    world: ScanningWorld,
    begin: datetime,
    end: datetime,
    *,
    version: int = 3,
    secret: str = "",
    faults: Collection[str] = (),
    share: float = 0.1,
) -> Iterator[tuple[datetime, list[Post]]]:
    """Yield each minute from `begin` until before `end` with the posts sent then.

    Whatever the faults, in the end everything is posted. share: of posts with a fault.

    Raises:
        ValueError: a fault that is not one of `FAULTS`, or another version than 2 or 3.
    """
    unknown = set(faults) - set(FAULTS)
    if unknown or version not in (2, 3):
        raise ValueError(f"version {version}, faults {sorted(unknown)}: unknown")
    held: dict[datetime, list[Post]] = {}
    last = end
    for minute in minutes(begin, end):
        last = minute
        rng = Random(f"{world.seed}/{int(minute.timestamp())}/faults")
        leaving = held.pop(minute, [])
        for body in _bodies(world, minute, version, secret, faults, share, rng):
            post = Post(minute, body, "gzip" in faults and rng.random() < share)
            if "late" in faults and rng.random() < share:
                later = minute + timedelta(minutes=rng.randint(1, _LATEST_MINUTES))
                held.setdefault(later, []).append(post)
                continue
            leaving.append(post)
            if "duplicate" in faults and rng.random() < share:
                leaving.append(post)
        if "disorder" in faults:
            rng.shuffle(leaving)
        yield minute, leaving
    if held:
        yield last, [post for later in sorted(held) for post in held[later]]


def _bodies(
    world: ScanningWorld,
    minute: datetime,
    version: int,
    secret: str,
    faults: Collection[str],
    share: float,
    rng: Random,
) -> list[Body]:
    if version == 2:
        found = v2_bodies(world, minute, secret, milliseconds="milliseconds" in faults)
        empty = v2_body(world.access_points[0], V2_TYPES[SimRadio.WIFI], [], secret)
    else:
        found = v3_bodies(world, minute, secret)
        empty = v3_body(world, V3_TYPES[SimRadio.WIFI], [], secret)
    if "empty" in faults and rng.random() < share:
        found.append(empty)
    return found
