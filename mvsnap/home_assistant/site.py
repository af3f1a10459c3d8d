"""Events, last pictures and health: published by one process for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec import Struct

from mvsnap.clock import SystemClock, is_to_come
from mvsnap.domain import CameraName, Event, EventId, Serial, ZoneId
from mvsnap.home_assistant.connection import PublishConnection, Sent
from mvsnap.home_assistant.entities import Entities
from mvsnap.home_assistant.payloads import EVENT_KINDS, event_json, health_json
from mvsnap.home_assistant.places import KnownPlaces
from mvsnap.home_assistant.publisher import Publisher
from mvsnap.home_assistant.topics import Topics, safe_id
from mvsnap.loop import Every
from mvsnap.store.database import OUTAGES
from mvsnap.store.events.published import LOOK_BACK, PublishedEvents
from mvsnap.store.files import Files
from mvsnap.store.sharing.leadership import Leadership

_PLACES_S = 30.0
_HEALTH_S = 5.0
_PICTURES_S = 3600.0
_WHOLE_LOOK_S = 60.0
_RECENT = LOOK_BACK / 144  # ten minutes
_MOST_EVENTS = 20
_ACKNOWLEDGED_S = 1.0
# NTP has set the clock of a machine by then.
_SETTLED_AFTER = timedelta(hours=1)


class Health(Struct, frozen=True):
    """True: works; None: nobody knows. recording: the cameras of the recorder."""

    services: Mapping[str, bool | None]
    recording: Mapping[CameraName, bool | None]
    jobs_waiting: int


class SiteSources(Struct, frozen=True):
    """What there is to publish. recorder: its cameras, with the serial if there is one.

    files: None: no pictures.
    """

    events: PublishedEvents
    files: Files | None
    recorder: Mapping[CameraName, Serial | None]
    read_places: Callable[[], KnownPlaces]
    read_health: Callable[[], Health]


class SitePublisher(Publisher):
    def __init__(
        self,
        connection: PublishConnection,
        topics: Topics,
        entities: Entities,
        sources: SiteSources,
        leadership: Leadership,
        clock: SystemClock,
    ) -> None:
        super().__init__("Home Assistant", connection, topics, clock)
        self._entities = entities
        self._sources = sources
        self._leadership = leadership
        self._clock = clock
        self._every = {
            "health": Every(_HEALTH_S, clock),
            "places": Every(_PLACES_S, clock),
            "pictures": Every(_PICTURES_S, clock),
            "events": Every(_WHOLE_LOOK_S, clock),
        }
        self._pictures: dict[str, Event] = {}
        self._places: KnownPlaces | None = None
        self._began: datetime | None = None
        self._sent: dict[EventId, Sent] = {}
        self._sent_by = 0  # the connection that did

    def wants_to_publish(self) -> bool:
        return self._leadership.is_ours()

    def look(self) -> None:
        if self._every["pictures"].due():
            self.forget_old()
            found = self._sources.events.last_pictures(self._clock.now())
            self._pictures = {_camera(event): event for event in found}
        is_new = self._places is None or self._every["places"].due()
        if is_new:
            self._places = self._sources.read_places()
            self._describe(self._places)
        if self._every["health"].due():
            self._set_health()

    def forget_old(self) -> None:
        """Forget what is no news any more, once the clock can be believed."""
        if self._clock.passed_since_start() >= _SETTLED_AFTER:
            self._sources.events.forget_old(self._clock.moment_before(timedelta()))

    def send(self) -> None:
        """Publish new events, and note what the broker has acknowledged."""
        now = self._clock.now()
        if self._began is None or is_to_come(self._began, now):
            self._began = self._sources.events.begin(now)
        if self._sent_by != self.connection.opened:
            self._sent, self._sent_by = {}, self.connection.opened
        whole = self._every["events"].due()
        since = max(min(self._began, now), now - (LOOK_BACK if whole else _RECENT))
        found = self._sources.events.waiting(since, _MOST_EVENTS)
        if len(found) == _MOST_EVENTS:
            self._every["events"].put_off(0)
        for event in found:
            if event.kind in EVENT_KINDS and event.id not in self._sent:
                if not self.connection.has_room:
                    break
                self._publish(event)
        hidden = [event.id for event in found if event.kind not in EVENT_KINDS]
        self._sources.events.note([*hidden, *self._acknowledged()], now)

    def _publish(self, event: Event) -> None:
        text = event_json(event)
        self._sent[event.id] = self.connection.publish(
            self.topics.events, text.encode(), retain=False
        )
        self.states.set(self.topics.last_event, text)
        if event.snapshot_path is not None:
            self._take_picture(event)

    def _acknowledged(self) -> list[EventId]:
        """Wait a moment, so that a crash right after it repeats few events."""
        until_s = self._clock.monotonic() + _ACKNOWLEDGED_S
        for sent in self._sent.values():
            sent.wait_for_publish(max(0.0, until_s - self._clock.monotonic()))
        done = [each for each, sent in self._sent.items() if sent.is_published()]
        for each in done:
            del self._sent[each]
        return done

    def _take_picture(self, event: Event) -> None:
        known, now = self._pictures.get(_camera(event)), self._clock.now()
        is_ahead = known is not None and is_to_come(known.occurred_at, now)
        if known is None or is_ahead or known.occurred_at <= event.occurred_at:
            self._pictures[_camera(event)] = event
            if self._places is not None:
                self._set_picture(_camera(event), event, self._places)

    def _set_picture(self, camera: str, event: Event, places: KnownPlaces) -> None:
        files = self._sources.files
        if files is None or not self._is_camera(camera, places):
            return
        name = places.names.cameras.get(Serial(camera), event.camera_name or camera)
        self.states.set(*self._entities.picture(camera, name))
        self.states.set_slow(
            self.topics.picture(camera), event.id, partial(_small, files, event)
        )

    def _is_camera(self, camera: str, places: KnownPlaces) -> bool:
        known = self._sources.recorder
        return places.is_camera(camera) or camera in known or camera in known.values()

    def _set_health(self) -> None:
        health = self._sources.read_health()
        cameras = {safe_id(name): state for name, state in health.recording.items()}
        services = {safe_id(name): state for name, state in health.services.items()}
        for name in health.services:
            self.states.set(*self._entities.service(name))
        text = health_json(services, cameras, health.jobs_waiting)
        self.states.set(self.topics.health, text)

    def _describe(self, places: KnownPlaces) -> None:
        for config, text in self._entities.gateway():
            self.states.set(config, text)
        for name, serial in self._sources.recorder.items():
            self.states.set(*self._entities.recording(serial or name, name))
        for camera, event in self._pictures.items():
            self._set_picture(camera, event, places)
        self._remove_what_is_gone(places)

    def _remove_what_is_gone(self, places: KnownPlaces) -> None:
        """Clear entities that nobody publishes, by what the broker has of them."""
        for camera in [c for c in self._pictures if not self._is_camera(c, places)]:
            del self._pictures[camera]
        wanted = {self.topics.picture(camera) for camera in self._pictures}
        for config, payload in tuple(self.connection.configs.items()):
            state = _state_topic(payload)
            zone = self.topics.zone_of(state)
            if zone is not None:
                is_there = places.is_zone(Serial(zone[0]), ZoneId(zone[1]))
            elif state.endswith("/picture"):
                is_there = state in wanted and self._sources.files is not None
            else:
                is_there = config in self.states
            if not is_there:
                self.states.clear(config)
                if zone is not None or state.endswith("/picture"):
                    self.states.clear(state)

    def _end(self) -> None:
        super()._end()
        with suppress(*OUTAGES):  # it ends by itself
            self._leadership.leave()


def _camera(event: Event) -> str:
    return event.serial or event.camera_name


def _state_topic(config: bytes) -> str:
    try:
        found = json.loads(config)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    return str(found.get("state_topic") or found.get("image_topic") or "")


def _small(files: Files, event: Event) -> bytes | None:
    """Return the picture 480 pixels wide; None: retention has removed it."""
    path: Path | None = files.thumbnail(event)
    return None if path is None else path.read_bytes()
