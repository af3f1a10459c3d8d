"""Occupancy: the zones that this process listens to, as it has them in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice

from mvsnap.clock import SystemClock
from mvsnap.core.crowd import SILENCE_MS
from mvsnap.home_assistant.connection import PublishConnection
from mvsnap.home_assistant.entities import Entities
from mvsnap.home_assistant.payloads import zone_json
from mvsnap.home_assistant.places import KnownPlaces
from mvsnap.home_assistant.publisher import Publisher
from mvsnap.home_assistant.topics import Topics
from mvsnap.loop import Every
from mvsnap.sense.zone import ZoneWatch

log = logging.getLogger(__name__)

_PLACES_S = 30.0
# More are not for a home: each is three entities.
_MOST_ZONES = 2000


class ZonePublisher(Publisher):
    """zones: what the listener works on now; status: the topic of this process."""

    def __init__(
        self,
        connection: PublishConnection,
        topics: Topics,
        entities: Entities,
        status: str,
        zones: Callable[[], Sequence[ZoneWatch]],
        read_places: Callable[[], KnownPlaces],
        clock: SystemClock,
    ) -> None:
        super().__init__("Home Assistant, zones", connection, topics, clock)
        self._entities = entities
        self._status = status
        self._zones = zones
        self._read_places = read_places
        self._clock = clock
        self._every = Every(_PLACES_S, clock)
        self._places: KnownPlaces | None = None
        self._published: dict[str, tuple[str, ...]] = {}
        self._has_too_many = False

    def wants_to_publish(self) -> bool:
        # A listener that waits for its turn has none, and says nothing of itself.
        return bool(self._published or self._zones())

    def look(self) -> None:
        is_new = self._places is None or self._every.due()
        if is_new:
            self._places = self._read_places()
        assert self._places is not None
        now_ms = round(self._clock.now().timestamp() * 1000)
        watched = self._zones()
        there: set[str] = set()
        gone: set[str] = set()
        for zone in islice(watched, _MOST_ZONES):
            topic = self.topics.zone(zone.serial, zone.zone_id)
            if not self._places.is_zone(zone.serial, zone.zone_id):
                gone.add(topic)
                continue
            there.add(topic)
            if is_new or topic not in self._published:
                self._describe(topic, zone, self._places)
            self.states.set(topic, _state(zone, now_ms))
        self._leave(there, gone)
        self._say_if_too_many(len(watched))

    def send(self) -> None:
        return

    def _describe(self, topic: str, zone: ZoneWatch, places: KnownPlaces) -> None:
        configs = tuple(
            self._entities.zone(
                zone.serial,
                places.names.camera(zone.serial),
                zone.zone_id,
                places.names.zone(zone.serial, zone.zone_id),
                self._status,
            )
        )
        for config, text in configs:
            self.states.set(config, text)
        self._published[topic] = tuple(config for config, _ in configs)

    def _leave(self, there: set[str], gone: set[str]) -> None:
        """Remove what does not exist any more; another listener may have the rest."""
        for topic in self._published.keys() - there:
            for each in (*self._published.pop(topic), topic):
                if topic in gone:
                    self.states.clear(each)
                else:
                    self.states.forget(each)

    def _say_if_too_many(self, many: int) -> None:
        if many > _MOST_ZONES and not self._has_too_many:
            log.warning("Home Assistant: %d of %d zones", _MOST_ZONES, many)
        self._has_too_many = many > _MOST_ZONES


def _state(zone: ZoneWatch, now_ms: int) -> str:
    """Return the state; of a camera that is silent nobody knows who is there."""
    is_silent = zone.people < 0 or now_ms - zone.last_seen_ms > SILENCE_MS
    return zone_json(None if is_silent else zone.people, crowd=zone.crowd.raised)
