"""Heartbeat: what the listener reports to the pages about itself and the cameras."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from mvsnap.clock import SystemClock
from mvsnap.domain import Listener, Serial
from mvsnap.sense.broker_connection import State
from mvsnap.sense.detector import Detector
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore
from mvsnap.texts.broker_wordings import NOT_CONNECTED, NOT_STARTED, NOT_TRIED, OFF
from mvsnap.upstreams import OUTCOMES, Upstream

log = logging.getLogger(__name__)

# So far the broker cannot have failed.
_NOT_ASKED = (OFF(), NOT_STARTED(), NOT_CONNECTED(why=NOT_TRIED()))

# How often a camera's last_seen is written: silence is the only sign of offline.
_LAST_SEEN_EVERY_S = 60.0
# Whoever was silent for longer is written already.
_RECENT = timedelta(seconds=2 * _LAST_SEEN_EVERY_S)
# Written at once; the others have their turn seconds later.
_MOST_CAMERAS = 2000


class Heartbeat:
    def __init__(self, sense: SenseStore, events: Store, clock: SystemClock) -> None:
        self._sense = sense
        self._events = events
        self._clock = clock
        self._messages = 0
        self._lost: Mapping[str, int] = {}
        self._began_at = clock.monotonic()
        # What was written of each camera, and when by the monotonic clock.
        self._noted: dict[Serial, tuple[datetime, float]] = {}
        self.reported: State | None = None
        self._alive = ""  # the id under which it is

    def count(self, messages: int) -> None:
        self._messages += messages

    def beat(
        self,
        listener_id: str,
        state: State,
        topics: tuple[int, int],
        lost: Mapping[str, int],
    ) -> None:
        """Write that this process is alive, its state, and its message rates.

        topics: with counts: how many are watched, and how many are not.
        lost: messages lost since the connection began, by reason.
        """
        for why, many in lost.items():
            if (more := many - self._lost.get(why, 0)) > 0:
                log.warning("%d messages dropped: %s", more, why)
        self._lost = lost
        now = self._clock.monotonic()
        rate = self._messages / max(now - self._began_at, 0.001)
        self._messages, self._began_at = 0, now
        self.reported = state
        connected, text = state
        if connected:
            OUTCOMES.worked(Upstream.BROKER)
        elif text not in _NOT_ASKED:
            OUTCOMES.failed(Upstream.BROKER, text)
        if self._alive != listener_id:
            self.end()
        self._alive = listener_id
        self._sense.keep_listener(
            Listener(
                listener_id=listener_id,
                seen_at=self._events.now(),
                connected=state[0],
                state=state[1],
                messages_per_s=round(rate, 1),
                people_counts=topics[0],
                refused=topics[1],
            )
        )

    def end(self) -> None:
        """Say that this process is alive no longer; needs no database."""
        if self._alive:
            self._sense.end_listener(self._alive)

    def note_last_seen(self, detector: Detector) -> None:
        """Write when each camera was last seen, each at most once a minute."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        since = now - _RECENT
        known = detector.events.names.cameras
        last_seen = {
            serial: at
            for serial, at in detector.last_seen(since).items()
            # Anyone on the broker can invent serials; the Dashboard knows ours.
            if serial in known or not known
        }
        due = (
            (serial, at)
            for serial, at in last_seen.items()
            if self._is_news(serial, at, now_s)
        )
        news = dict(islice(due, _MOST_CAMERAS))
        self._sense.note_last_seen(news, now)
        kept = {name: self._noted[name] for name in last_seen if name in self._noted}
        self._noted = kept | {serial: (at, now_s) for serial, at in news.items()}

    def _is_news(self, serial: Serial, at: datetime, now_s: float) -> bool:
        if (noted := self._noted.get(serial)) is None:
            return True
        # Not by the moments: a clock that was set back would be silent for as long.
        return at != noted[0] and now_s - noted[1] >= _LAST_SEEN_EVERY_S
