"""Phones of the demo: people walk past simulated access points, for two weeks.

On the days before yesterday there are visitors alone: things and staff, which are
heard all day, would take most of the time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mvsnap.domain import FULL_FRAME
from mvsnap.values import replace

if TYPE_CHECKING:
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.simulator.meraki.counts import Crowd
    from mvsnap.simulator.scanning.posts import Post
    from mvsnap.simulator.scanning.world import ScanningWorld
    from mvsnap.store.sense import SenseStore

_TOKEN = "demo-token-of-the-shop"
_VALIDATOR, _SECRET = "demo-validator", "demo-secret"
# Before yesterday. A week can be compared with the one before it.
_EARLIER = 13
_VISITORS, _STAFF = 150, 2
# Visitors of a day vary by up to that many.
_MORE_OR_LESS = 30
_HOURS = 6  # in a post
_STOP_S = 5.0

SETTINGS: dict[str, Any] = {
    "endpoints": [{"token": _TOKEN, "validator": _VALIDATOR, "secret": _SECRET}],
    # Only people inside, not passers-by.
    "min_rssi_dbm": -78,
    # Older ones would be refused.
    "keep_observations_days": _EARLIER + 3,
}


def shop(cameras: Sequence[SimulatedCamera]) -> ScanningWorld:
    """Return a shop that is always open, with people standing in its zones."""
    return _days(_yesterday(), 3, cameras, visitors=_VISITORS, staff=_STAFF)


def earlier(cameras: Sequence[SimulatedCamera]) -> Iterator[ScanningWorld]:
    """Yield the same shop on each day before yesterday, with its regulars."""
    from mvsnap.simulator.scanning.world import chance

    yesterday = _yesterday()
    for number in range(_EARLIER, 0, -1):
        day = yesterday - timedelta(days=number)
        more = chance("visitors", day) % (2 * _MORE_OR_LESS) - _MORE_OR_LESS
        yield _days(day, 1, cameras, visitors=_VISITORS + more, things=False)


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _days(
    begin: date,
    days: int,
    cameras: Sequence[SimulatedCamera],
    *,
    visitors: int,
    staff: int = 0,
    things: bool = True,
) -> ScanningWorld:
    from mvsnap.simulator.scanning.people import Mix, build_world

    mix = Mix(
        visitors=visitors,
        passers=0,
        staff=staff,
        open_from=0,
        open_until=23,
        closed_weekdays=frozenset(),
        no_phone=0.15,
        unseen=0.15,
        things=things,
    )
    return build_world(begin, days=days, timezone="UTC", cameras=cameras, mix=mix)


def seen_live(world: ScanningWorld) -> list[Crowd]:
    """Return what the cameras must publish from now on."""
    from mvsnap.simulator.scanning.stays import crowds

    found = crowds(world, datetime.now(UTC))
    return found + [replace(crowd, zone_id=FULL_FRAME) for crowd in found]


class Phones:
    """Sends the gateway the last two weeks, then each minute, in the background."""

    def __init__(
        self,
        world: ScanningWorld,
        cameras: Sequence[SimulatedCamera],
        url: str,
        sense: SenseStore,
    ) -> None:
        """world: since yesterday; cameras: of the shop."""
        from mvsnap.simulator.scanning.sender import ScanningSender

        self._world, self._cameras, self._sense = world, cameras, sense
        self._sender = ScanningSender(f"{url}/scanning/{_TOKEN}", _VALIDATOR)
        self._past_sent = threading.Event()
        self._thread = threading.Thread(target=self._report, name="phones", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def past_is_sent(self, limit_s: float) -> bool:
        """Wait, and return whether the gateway has accepted all of it until now."""
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

        world, sender = self._world, self._sender
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        coming = posts(world, now, world.end, secret=_SECRET)
        try:
            sender.shake_hands()
            for day in earlier(self._cameras):
                self._send(day, now)
            self._send(world, now)
            self._past_sent.set()
            for _, leaving in paced(coming, as_it_happens, sender.stopping):
                for post in leaving:
                    sender.post(post)
        except (HandshakeFailed, PostRefused):
            return  # the demo ends

    def _send(self, world: ScanningWorld, now: datetime) -> None:
        """Send what was heard until now; cameras saw the same people."""
        from mvsnap.simulator.scanning.posts import posts
        from mvsnap.simulator.scanning.stays import presences
        from mvsnap.store.sense import Findings

        seen = [one for one in presences(world) if one.time_out < now]
        seen += [replace(one, zone_id=FULL_FRAME) for one in seen]
        self._sense.save(Findings(presences=seen), now)
        until = min(now, world.end)
        for post in _by_hours(posts(world, world.begin, until, secret=_SECRET)):
            if self._sender.stopping.is_set():
                return
            self._sender.post(post)


def _by_hours(batches: Iterable[tuple[datetime, list[Post]]]) -> Iterator[Post]:
    """Yield a post for six hours and a radio instead of one for each minute.

    The Dashboard would not send that much at once; but weeks arrive within seconds.
    """
    for _, hours in groupby(batches, key=lambda batch: batch[0].hour // _HOURS):
        found: dict[str, Post] = {}
        for _, leaving in hours:
            for post in leaving:
                first = found.setdefault(post.body["type"], post)
                if first is not post:
                    observations = post.body["data"]["observations"]
                    first.body["data"]["observations"].extend(observations)
        yield from found.values()
