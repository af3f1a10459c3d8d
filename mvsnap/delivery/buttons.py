"""The message with buttons that follows the picture of a camera, where one can press.

A card cannot travel with a picture: it replies in the same thread. It is decoration:
whatever becomes of it, the picture is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.message_parts import buttons_part
from mvsnap.core.zone_words import zone_words
from mvsnap.delivery.cards import Card, place_card, seen_card
from mvsnap.delivery.kinds import BUTTONS_KIND
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import CameraName, Event, EventId, MessageId, Serial, TriggerKind


class MessageButtons(Struct, frozen=True):
    """can_press: whether anybody in a room may use buttons, by the destination.

    recorded: the cameras of the recorder that have a serial. public_url: of the pages.
    escalates: whether others are notified if nobody there confirms, by the destination.
    """

    can_press: Callable[[str], bool]
    recorded: Mapping[Serial, CameraName]
    public_url: str | None = None
    escalates: Callable[[str], bool] = lambda _room: False

    def below(
        self, facts: Facts, event: Event, room: str, parent_id: MessageId
    ) -> Message | None:
        """Return the message that follows the one with this event's picture."""
        # Whoever has just asked for a picture knows how to ask for another.
        is_asked = facts.job.trigger.kind is TriggerKind.WEBEX
        if is_asked or not event.serial or not self.can_press(room):
            return None
        place, shown = self._place(event, facts.raised), facts.raised or event
        to_confirm = shown.id if self.escalates(room) else None
        card = place_card(place, self._page(shown.id), to_confirm=to_confirm)
        return Message(
            *(BUTTONS_KIND, buttons_part(event.serial), room, facts),
            parent_id=parent_id,
            card=card,
        )

    def beside(self, end: Event, room: str) -> Card | None:
        """Return what the message of a crowd's end carries: it has no picture."""
        if not end.serial or not self.can_press(room):
            return None
        crowd = EventId(str(end.details.get("of", "")))
        return place_card(
            self._place(end, end),
            self._page(crowd) if crowd else None,
            has_label=False,
            to_confirm=crowd if crowd and self.escalates(room) else None,
        )

    def alone(self, raised: Event | None, room: str) -> Card | None:
        """Return what a message without pictures carries if it is to be confirmed."""
        if raised is None or not self.escalates(room) or not self.can_press(room):
            return None
        return seen_card(raised.id, self._page(raised.id))

    def _place(self, event: Event, raised: Event | None) -> WatchedPlace:
        """Return the zone of a crowd in this camera, else the camera."""
        recorded_as = self.recorded.get(event.serial)
        camera = event.camera_name or event.serial
        zone_id = raised.zone_id if raised else None
        if raised is None or zone_id is None or raised.serial != event.serial:
            return WatchedPlace(camera, event.serial, recorded_as)
        name = zone_words(raised.zone_name, zone_id)
        return WatchedPlace(name, event.serial, recorded_as, zone_id, camera)

    def _page(self, event_id: str) -> str | None:
        if self.public_url is None:
            return None
        return f"{self.public_url}/events/{event_id}"
