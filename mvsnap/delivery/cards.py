"""Adaptive Cards of Webex: buttons below a message. Pure.

A card cannot travel with a file, and Webex shows it in place of the message's text,
which is for apps that know no cards. Source: "Buttons and Cards" of Webex, which takes
version 1.3 and five buttons in a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mvsnap.clients.webex.text import neutralise
from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.commands import Verb
from mvsnap.core.presses import press_data, seen_data
from mvsnap.domain import EventId
from mvsnap.texts import N_, _

Card = Mapping[str, Any]

MOST_BUTTONS = 5
_SNOOZES = (
    (N_("Mute 10 min"), "10 min"),
    (N_("Mute 1 h"), "1 h"),
    (N_("Mute until tomorrow"), "until tomorrow"),
)
_LONGEST_TITLE = 60
_WORDS = "TextBlock"


def place_card(
    place: WatchedPlace,
    open_url: str | None,
    *,
    has_label: bool = True,
    to_confirm: EventId | None = None,
) -> Card:
    """Return the buttons for a camera or zone.

    open_url: of its event's page. has_label: without one, see `with_words`.
    to_confirm: what others are notified of unless somebody presses *Seen*.
    """
    body = [_text(place.label)] if has_label else []
    if place.serial is not None:  # a mute is of a camera of the Dashboard
        snoozes = [_button(_(text), Verb.SNOOZE, place, t) for text, t in _SNOOZES]
        body.append({"type": "ActionSet", "actions": snoozes})
    actions = []
    if to_confirm is not None:
        actions.append(_seen_button(to_confirm))
    if place.serial is not None:
        actions.append(_button(_("Picture now"), Verb.SNAPSHOT, place))
    if place.recorded_as is not None:
        actions.append(_button(_("Clip of the last 30 s"), Verb.CLIP, place, "30 s"))
    return _card(body, [*actions, *_opening(open_url)])


def seen_card(event_id: EventId, open_url: str | None) -> Card:
    """Return the button that confirms a message, for it: see `with_words`."""
    return _card([], [_seen_button(event_id), *_opening(open_url)])


def choice_card(
    question: str, verb: Verb, places: Sequence[WatchedPlace], time: str = ""
) -> Card:
    """Return a button for each of some places that a name may have meant."""
    titles = _titles(places)
    buttons = [
        _button(title, verb, place, time)
        for title, place in zip(titles, places, strict=True)
    ]
    return _card([_text(question)], buttons[:MOST_BUTTONS])


def undo_card(place: WatchedPlace) -> Card:
    """Return the button that ends a snooze, for a message: see `with_words`."""
    return _card([], [_button(_("Unmute"), Verb.UNSNOOZE, place)])


def with_words(card: Card, markdown: str) -> Card:
    """Return a card without words of its own with those of its message above.

    So what a message says late or again is on its card, too.
    """
    if any(part["type"] == _WORDS for part in card["body"]):
        return card
    lines = [line.strip() for line in markdown.splitlines()]
    words = [
        {"type": _WORDS, "text": line, "wrap": True, "spacing": "None"}
        for line in filter(None, lines)
    ]
    return {**card, "body": [*words, *card["body"]]}


def _titles(places: Sequence[WatchedPlace]) -> list[str]:
    """Return their names; of two that are called the same, with what differs."""
    labels = [place.label for place in places]
    return [
        f"{label} ({place.serial or place.recorded_as})"
        if labels.count(label) > 1
        else label
        for label, place in zip(labels, places, strict=True)
    ]


def _card(body: list[dict[str, Any]], actions: list[dict[str, Any]]) -> Card:
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.3",
        "body": body,
        "actions": actions,
    }


def _text(text: str) -> dict[str, Any]:
    # It takes markdown, too.
    return {"type": _WORDS, "text": neutralise(text), "wrap": True}


def _opening(url: str | None) -> list[dict[str, Any]]:
    if url is None:
        return []
    return [{"type": "Action.OpenUrl", "title": _("Open"), "url": url}]


def _seen_button(event_id: EventId) -> dict[str, Any]:
    return {
        "type": "Action.Submit",
        "title": _("Seen"),
        "style": "positive",
        "data": seen_data(event_id),
    }


def _button(
    title: str, verb: Verb, place: WatchedPlace, time: str = ""
) -> dict[str, Any]:
    return {
        "type": "Action.Submit",
        "title": title[:_LONGEST_TITLE],
        "data": press_data(verb, place, time),
    }
