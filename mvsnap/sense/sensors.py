"""MT sensors and named sounds as triggers: which of them take a snapshot of what."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msgspec import Struct
from paho.mqtt.client import topic_matches_sub

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.config.model import Settings
from mvsnap.config.recipients import JobRooms
from mvsnap.config.sense import SensorTrigger
from mvsnap.core.sense_messages import (
    SensorReading,
    Topic,
    TopicKind,
    decode_audio_detections,
    decode_sensor,
)
from mvsnap.core.strict_json import truth
from mvsnap.domain import Job, JobId, Serial, Trigger, TriggerKind, ZoneId
from mvsnap.rule_names import sensor_rule
from mvsnap.sense.framing import Frame
from mvsnap.sense.limits import WatchLimit
from mvsnap.sense.odd_times import OddTimes
from mvsnap.store.sense import ZoneKey
from mvsnap.values import replace

# Any fixed UUID: a message sent again by the broker must give the same job.
_NAMESPACE = uuid.UUID("1c1f7a52-8f0b-4f0e-8a35-6d7673656e73")
# Older than this, a picture of now would not show what happened.
_NOW = timedelta(minutes=1)
# Older or later than this, the sensor's clock is wrong.
_BEHIND, _AHEAD = timedelta(days=1), timedelta(seconds=10)


class Target(Struct, frozen=True):
    """A trigger of the settings with its defaults filled in.

    to: returns the recipients. rule: its name.
    """

    trigger: SensorTrigger
    serials: tuple[Serial, ...]
    to: Callable[[], JobRooms]
    rule: str = ""


def targets(
    settings: Settings, organizations: CameraOrganizations
) -> tuple[Target, ...]:
    """Return the sensor triggers with their defaults filled in."""
    return tuple(
        replace(_target(trigger, settings, organizations), rule=sensor_rule(number))
        for number, trigger in enumerate(settings.sense.triggers)
    )


def _target(
    trigger: SensorTrigger, settings: Settings, organizations: CameraOrganizations
) -> Target:
    cameras = trigger.cameras or settings.default_cameras
    return Target(
        trigger,
        tuple(Serial(serial) for serial in cameras),
        partial(organizations.rooms, cameras, trigger.room),
    )


class Sensors:
    """Returns the jobs that a message starts.

    A sensor that repeats its state starts one job per change. A retained message has an
    old
    state: it is stored, and starts nothing.
    """

    def __init__(self, targets: tuple[Target, ...], most: int) -> None:
        self._targets = targets
        self.limit = WatchLimit("sensors", most)
        self._states: OrderedDict[ZoneKey, dict[str, Any]] = OrderedDict()
        self._unsaved: dict[ZoneKey, dict[str, Any]] = {}
        self._odd_times = OddTimes()

    def restore(self, states: Mapping[ZoneKey, dict[str, Any]]) -> None:
        """Restore states, so that doors open before a restart are no change."""
        for key, state in states.items():
            if "sensor" in state:
                self._states[key] = state["sensor"]

    def drop(self, gone: Callable[[str], bool]) -> None:
        """Forget sensors that others listen to now, by MAC."""
        for states in (self._states, self._unsaved):
            for key in [key for key in states if gone(key[0])]:
                del states[key]

    @property
    def changed(self) -> bool:
        return bool(self._unsaved)

    def drain(self) -> dict[ZoneKey, dict[str, Any]]:
        """Return the states that changed, and count them as saved."""
        unsaved, self._unsaved = self._unsaved, {}
        return {key: {"sensor": state} for key, state in unsaved.items()}

    def jobs(self, topic: Topic, frame: Frame, now: datetime) -> list[Job]:
        """Return the jobs of this message.

        Raises:
            BadMessage
        """
        name = frame[0].decode(errors="replace")
        wanted = [t for t in self._targets if topic_matches_sub(t.trigger.topic, name)]
        if not wanted:
            return []
        found = []
        for reading in _readings(topic, frame[1]):
            if not frame[2] and _has_odd_time(reading, now):
                self._odd_times.note(topic.source, round(now.timestamp() * 1000))
            if self._is_news(topic, reading) and not frame[2]:
                found += [
                    _job(target, name, reading, now)
                    for target in wanted
                    if _says(reading.fields, target.trigger.match)
                ]
        return found

    def _is_news(self, topic: Topic, reading: SensorReading) -> bool:
        is_press = topic.kind is not TopicKind.SENSOR or topic.part.startswith("button")
        if is_press:
            return True
        key = Serial(topic.source), ZoneId(topic.part)
        # Not the whole reading: a weaker signal does not open a door.
        state = {name: v for name, v in reading.fields.items() if isinstance(v, bool)}
        before = self._states.get(key)
        self._states[key] = state
        self._states.move_to_end(key)
        if before != state:
            self._unsaved[key] = state
        if len(self._states) > self.limit.most:
            forgotten, _ = self._states.popitem(last=False)
            self.limit.refuse(f"{forgotten[0]} {forgotten[1]}")
        return before != state


def _readings(topic: Topic, payload: bytes) -> Iterator[SensorReading]:
    if topic.kind is TopicKind.AUDIO_DETECTION:
        for name in decode_audio_detections(payload):
            yield SensorReading(None, {"name": name})
    else:
        yield decode_sensor(topic.part, payload)


def _has_odd_time(reading: SensorReading, now: datetime) -> bool:
    at = reading.at
    return reading.has_odd_time if at is None else not -_AHEAD <= now - at <= _BEHIND


def _says(fields: Mapping[str, Any], match: Mapping[str, Any]) -> bool:
    return all(_is_same(fields.get(name), wanted) for name, wanted in match.items())


def _is_same(said: Any, wanted: Any) -> bool:
    if isinstance(said, bool) != isinstance(wanted, bool):
        # One firmware's true is another one's 1.
        return truth(said) is not None and truth(said) == truth(wanted)
    return bool(said == wanted)


def _job(target: Target, topic: str, reading: SensorReading, now: datetime) -> Job:
    trigger = target.trigger
    stamp = reading.at.isoformat() if reading.at else str(uuid.uuid4())
    name = f"{topic} {stamp} {sorted(reading.fields.items())} {trigger.title}"
    to = target.to()
    is_old = reading.at is not None and _NOW < now - reading.at <= _BEHIND
    return Job(
        id=JobId(str(uuid.uuid5(_NAMESPACE, name))),
        trigger=Trigger(TriggerKind.SENSOR, topic.rsplit("/ble/", 1)[-1][:80]),
        serials=target.serials,
        accepted_at=now,
        at=reading.at if is_old else None,
        rooms=to.rooms,
        camera_rooms=to.apart,
        prefix=trigger.title,
        rule=target.rule,
    )
