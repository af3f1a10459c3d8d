"""Zone share: which cameras and sensors this listener works on, of several listeners.

All of them receive everything. Cameras are put into buckets by a hash of their serials,
so that the zones of one camera stay together; each bucket has one listener. What comes
for the others is kept for a minute, see RecentFrames: a listener that takes over also
works on what its predecessor received and did not save.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from mvsnap.clock import Clock
from mvsnap.core.sense_messages import Topic, TopicKind, parse_topic
from mvsnap.sense.buffer import Batch
from mvsnap.sense.framing import Frame
from mvsnap.sense.recent_frames import Arrival, RecentFrames
from mvsnap.store.database import Database
from mvsnap.store.sense import Fence
from mvsnap.store.sharing.claims import LEASE_S, Claims
from mvsnap.store.sharing.zone_buckets import BucketStore

# Many more than listeners, so that each gets nearly as much as the others.
_BUCKETS = 64
BUCKETS = frozenset(f"{number:02}" for number in range(_BUCKETS))
_MOST_REMEMBERED = 200_000
_EVER = float("-inf")
# Seen twice they change nothing: the state knows the time of the last one.
_HARMLESS = (TopicKind.COUNTS, TopicKind.AUDIO_LEVEL)


def bucket_of(source: str) -> str:
    """Return the bucket of a serial or a MAC; the same in every process."""
    return f"{zlib.crc32(source.encode()) % _BUCKETS:02}"


class BucketChange(Struct, frozen=True):
    """Buckets that change hands.

    lost: others have taken it. leaving: others get it in the next turn. new: to be
    taken over.
    """

    lost: frozenset[str]
    leaving: frozenset[str]
    new: frozenset[str]


class _Topics(dict[bytes, bool | None]):
    """Whether a topic is ours; None: nobody listens to it."""

    def __init__(self, share: ZoneShare) -> None:
        self._share = share

    def __missing__(self, topic: bytes) -> bool | None:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        parsed = parse_topic(topic)
        found = None if parsed is None else bucket_of(parsed.source) in self._share.mine
        self[topic] = found
        return found


class ZoneShare:
    """mine: buckets whose state is in this process. turn_s: how often to renew.

    Call `begin` first.
    """

    def __init__(self, db: Database, clock: Clock, *, lease_s: float = LEASE_S) -> None:
        self._open_claims = partial(Claims, db, "zones", clock=clock, lease_s=lease_s)
        self._open_buckets = partial(BucketStore, db)
        self._clock = clock
        self.turn_s = lease_s / 4
        self._recent = RecentFrames()
        self._topics = _Topics(self)
        self._database_is_ahead_s = 0.0  # of the monotonic clock
        self.mine: frozenset[str] = frozenset()

    def begin(self, listener_id: str) -> None:
        """Take part; what an earlier process of this listener had is free at once.

        listener_id: nobody else has it, and that process is gone.
        """
        token = f"{listener_id}/{uuid.uuid4().hex}"
        self._claims = self._open_claims(token)
        self._buckets = self._open_buckets(token)
        for holder in set(self._claims.holders().values()):
            if holder.startswith(f"{listener_id}/"):
                self._open_claims(holder).release()

    @property
    def is_over(self) -> bool:
        """Return whether others may have taken what this process works on."""
        return bool(self.mine) and not self._claims.held

    def renew(self) -> BucketChange:
        """Say that this process is alive; raises one of OUTAGES."""
        held = self._claims.hold(BUCKETS)
        now_s = self._clock.monotonic()
        self._database_is_ahead_s = self._buckets.now().timestamp() - now_s
        lost = self.mine - self._buckets.held()
        return BucketChange(
            lost, leaving=self.mine - lost - held, new=held - (self.mine - lost)
        )

    def leave(self) -> None:
        """Let others take everything at once."""
        self.forget(self.mine)
        self._claims.release()

    def forget(self, buckets: Collection[str]) -> None:
        self._set(self.mine.difference(buckets))

    def take(self, buckets: Collection[str]) -> Mapping[str, datetime]:
        """Take them over; return until when others have worked on them."""
        return self._buckets.take(buckets)

    def resume(self, buckets: Collection[str]) -> None:
        self._set(self.mine.union(buckets))

    def fence(self, worked_until_s: float | None) -> Fence:
        """worked_until_s: all that came before it is saved with it; monotonic."""
        until = None
        if worked_until_s is not None:
            seconds = worked_until_s + self._database_is_ahead_s
            until = datetime.fromtimestamp(seconds, UTC)
        return self._buckets.fence(self.mine, until)

    def ours(self, batch: Batch) -> list[Frame]:
        """Return the frames for this process, and keep the others for a while.

        With a lease that is over, as after a freeze, all may be for others.
        """
        topics, frames = self._topics, batch.frames
        ours = [frame for frame in frames if topics[frame[0]]]
        is_over = self.is_over
        if is_over or len(ours) < len(frames):
            kept = (False, True) if is_over else (False,)
            others = [frame for frame in frames if topics[frame[0]] in kept]
            if others:
                now_s = self._clock.monotonic()
                self._recent.put(now_s, batch.received_at_ns, others)
        return ours

    def missed(
        self, buckets: Collection[str], until: Mapping[str, datetime]
    ) -> Iterator[list[Arrival]]:
        """Return what came lately for these buckets, by about a second at a time.

        until: what came before that and would count twice is left out.
        """
        known: dict[bytes, Topic | None] = {}
        seconds = {
            bucket: until[bucket].timestamp() - self._database_is_ahead_s
            for bucket in until
        }

        def is_missed(topic: bytes, came_s: float) -> bool:
            if topic not in known:
                known[topic] = parse_topic(topic)
            parsed = known[topic]
            bucket = "" if parsed is None else bucket_of(parsed.source)
            if parsed is None or bucket not in buckets:
                return False
            return parsed.kind in _HARMLESS or came_s > seconds.get(bucket, _EVER)

        for span in self._recent.spans():
            yield [
                Arrival(
                    one.came_s,
                    one.received_at_ns,
                    [frame for frame in one.frames if is_missed(frame[0], one.came_s)],
                )
                for one in span
            ]

    def _set(self, mine: frozenset[str]) -> None:
        self.mine = mine
        self._topics.clear()
