"""What a button of a card sends when somebody presses it, and how it is read. Pure.

Webex lets whoever sees a card send anything in the name of its buttons: nothing in it
is believed, and it opens nothing that a command would not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.commands import Verb
from mvsnap.core.spoken_times import SpokenTime, split_time
from mvsnap.domain import CameraName, EventId, Serial, ZoneId
from mvsnap.errors import BadInput

# It marks the buttons as ours: a card of another program may be answered, too.
_VERB = "mvsnap"
_SERIAL, _ZONE, _CAMERA, _FOR = "serial", "zone", "camera", "for"
_EVENT = "event"
_LONGEST = 100
# Of the verbs, those that buttons have.
_PRESSED = (Verb.SNAPSHOT, Verb.CLIP, Verb.SNOOZE, Verb.UNSNOOZE, Verb.SEEN)


class BotPress(Struct, frozen=True):
    """serial, zone_id, camera: of the place, as it was when the card was made.

    event_id: of what somebody has seen; then there is no place.
    """

    verb: Verb
    serial: Serial | None = None
    zone_id: ZoneId | None = None
    camera: CameraName | None = None
    time: SpokenTime | None = None
    event_id: EventId | None = None

    @property
    def subject(self) -> str:
        return self.event_id or self.camera or self.serial or ""

    def is_at(self, place: WatchedPlace) -> bool:
        if self.serial is not None:
            return (place.serial, place.zone_id) == (self.serial, self.zone_id)
        return self.camera is not None and place.recorded_as == self.camera


def press_data(verb: Verb, place: WatchedPlace, time: str = "") -> dict[str, str]:
    """Return the data of a button; time: as people write it."""
    found = {
        _VERB: verb.value,
        _SERIAL: place.serial or "",
        _ZONE: place.zone_id or "",
        _CAMERA: place.recorded_as or "",
        _FOR: time,
    }
    return {name: text for name, text in found.items() if text}


def seen_data(event_id: EventId) -> dict[str, str]:
    """Return the data of the button that confirms the messages about an event."""
    return {_VERB: Verb.SEEN.value, _EVENT: event_id}


def read_press(inputs: Mapping[str, Any]) -> BotPress | None:
    """Return what was pressed, None if the button is not ours.

    Raises:
        BadInput: it is, but nothing that a button of ours sends.
    """
    if _VERB not in inputs:
        return None
    texts = {
        name: _text(name, inputs.get(name, ""))
        for name in (_VERB, _SERIAL, _ZONE, _CAMERA, _FOR, _EVENT)
    }
    verb = next((verb for verb in _PRESSED if verb == texts[_VERB]), None)
    if verb is None:
        raise BadInput(f"{_VERB}: {texts[_VERB]!r} (expected {', '.join(_PRESSED)})")
    if verb is Verb.SEEN:
        if not texts[_EVENT]:
            raise BadInput("event: missing")
        return BotPress(verb, event_id=EventId(texts[_EVENT]))
    if not texts[_SERIAL] and not texts[_CAMERA]:
        raise BadInput("serial, camera: both are missing")
    left, time = split_time(texts[_FOR].lower().split())
    if left:
        raise BadInput(f"for: {texts[_FOR]!r} (expected a time like 10 min)")
    return BotPress(
        verb,
        Serial(texts[_SERIAL]) if texts[_SERIAL] else None,
        ZoneId(texts[_ZONE]) if texts[_ZONE] else None,
        CameraName(texts[_CAMERA]) if texts[_CAMERA] else None,
        time,
    )


def _text(name: str, value: Any) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.strip()
        # No database takes every other sign.
        if text.isprintable():
            return text
    kind, expected = type(value).__name__, f"up to {_LONGEST} printable signs"
    raise BadInput(f"{name}: {kind} (expected a text of {expected})")
