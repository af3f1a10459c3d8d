"""Phones of the demo: people walk past simulated access points, since yesterday."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mvsnap.domain import FULL_FRAME

if TYPE_CHECKING:
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.simulator.meraki.counts import Crowd
    from mvsnap.simulator.scanning.posts import Post
    from mvsnap.simulator.scanning.world import ScanningWorld
    from mvsnap.store.sense import SenseStore

_TOKEN = "demo-token-of-the-shop"
_VALIDATOR, _SECRET = "demo-validator", "demo-secret"
_PAST = timedelta(hours=24)
_VISITORS, _STAFF = 300, 3
_STOP_S = 5.0

SETTINGS: dict[str, Any] = {
    "endpoints": [{"token": _TOKEN, "validator": _VALIDATOR, "secret": _SECRET}],
    # Only people inside, not passers-by.
    "min_rssi_dbm": -78,
}


def shop(cameras: Sequence[SimulatedCamera]) -> ScanningWorld:
    """Return a shop that is always open, with people standing in its zones."""
    from mvsnap.simulator.scanning.people import Mix, build_world

    mix = Mix(
        visitors=_VISITORS,
        passers=0,
        staff=_STAFF,
        open_from=0,
        open_until=23,
        closed_weekdays=frozenset(),
        no_phone=0.15,
        unseen=0.15,
    )
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return build_world(yesterday, days=3, timezone="UTC", cameras=cameras, mix=mix)


def seen_live(world: ScanningWorld) -> list[Crowd]:
    """Return what the cameras must publish from now on."""
    from mvsnap.simulator.scanning.stays import crowds

    found = crowds(world, datetime.now(UTC))
    return found + [replace(crowd, zone_id=FULL_FRAME) for crowd in found]


class Phones:
    """Sends the gateway the last day, then each minute, in the background."""

    def __init__(self, world: ScanningWorld, url: str, sense: SenseStore) -> None:
        from mvsnap.simulator.scanning.sender import ScanningSender

        self._world, self._sense = world, sense
        self._sender = ScanningSender(f"{url}/scanning/{_TOKEN}", _VALIDATOR)
        self._past_sent = threading.Event()
        self._thread = threading.Thread(target=self._report, name="phones", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def past_is_sent(self, limit_s: float) -> bool:
        """Wait, and return whether the gateway has accepted the last day."""
        return self._past_sent.wait(limit_s)

    def stop(self) -> None:
        self._sender.stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        self._sender.close()

    def _report(self) -> None:
        from mvsnap.simulator.scanning.command import as_it_happens, paced
        from mvsnap.simulator.scanning.posts import posts
        from mvsnap.simulator.scanning.sender import HandshakeFailed, PostRefused
        from mvsnap.simulator.scanning.stays import presences
        from mvsnap.store.sense import Findings

        world, sender = self._world, self._sender
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        begin = now - _PAST
        seen = [p for p in presences(world) if begin <= p.time_in and p.time_out < now]
        past = posts(world, begin, now, secret=_SECRET)
        coming = posts(world, now, world.end, secret=_SECRET)
        try:
            seen += [replace(one, zone_id=FULL_FRAME) for one in seen]
            self._sense.save(Findings(presences=seen), now)
            sender.shake_hands()
            for post in _by_hour(past):
                sender.post(post)
            self._past_sent.set()
            for _, leaving in paced(coming, as_it_happens, sender.stopping):
                for post in leaving:
                    sender.post(post)
        except (HandshakeFailed, PostRefused):
            return  # the demo ends


def _by_hour(batches: Iterable[tuple[datetime, list[Post]]]) -> Iterator[Post]:
    """Yield a post for each hour and radio instead of one for each minute.

    The Dashboard would not send that much at once; but a day arrives within seconds.
    """
    for _, hour in groupby(batches, key=lambda batch: batch[0].hour):
        found: dict[str, Post] = {}
        for _, leaving in hour:
            for post in leaving:
                first = found.setdefault(post.body["type"], post)
                if first is not post:
                    observations = post.body["data"]["observations"]
                    first.body["data"]["observations"].extend(observations)
        yield from found.values()
