"""Webex cards: checked when they are posted; their buttons, when they are pressed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import SimFile, SimPress, as_time, new_id
from mvsnap.simulator.webex.webex import FakeWebex

_CARD = "application/vnd.microsoft.card.adaptive"
_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
_MOST_BUTTONS = 5
_NO_CARD = "MessageId should point to an activity with cards"
_OWN_CARD = (
    'Unable to post attachment action: "Author of a card cannot submit a cardAction on '
    'that card"'
)


def card_in(
    body: dict[str, Any], files: list[SimFile], *, has_text: bool
) -> dict[str, Any] | None:
    """Return the card of a new message.

    Raises:
        WebexError: there is more than one, beside a file, or it is none.
    """
    attachments = body.get("attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list) or len(attachments) != 1:
        raise WebexError(400, "Only one attachment is allowed.")
    if files or body.get("files"):
        raise WebexError(400, "Files and attachments cannot be in the same message.")
    if not has_text:
        raise WebexError(400, "Text or markdown is required with attachments.")
    card = attachments[0].get("content") if isinstance(attachments[0], dict) else None
    if not isinstance(card, dict) or attachments[0].get("contentType") != _CARD:
        raise WebexError(400, "The attachment is not an adaptive card.")
    if card.get("type") != "AdaptiveCard" or card.get("version") not in _VERSIONS:
        raise WebexError(400, "Unable to parse the adaptive card.")
    if any(len(row) > _MOST_BUTTONS for row in rows_of_buttons(card)):
        raise WebexError(400, f"A card has at most {_MOST_BUTTONS} buttons in a row.")
    return card


def rows_of_buttons(card: Any) -> Iterator[list[Any]]:
    """Yield each list of actions in a card, wherever it is."""
    if isinstance(card, dict):
        for name, value in card.items():
            if name == "actions" and isinstance(value, list):
                yield value
            yield from rows_of_buttons(value)
    elif isinstance(card, list):
        for value in card:
            yield from rows_of_buttons(value)


def titles_of_buttons(card: dict[str, Any]) -> list[str]:
    """Return those that can be pressed, in their order on the card."""
    return [
        str(button.get("title"))
        for row in rows_of_buttons(card)
        for button in row
        if button.get("type") == "Action.Submit"
    ]


def button_data(card: dict[str, Any], title: str) -> dict[str, Any]:
    """Return what the button with this title sends; KeyError: there is none."""
    for row in rows_of_buttons(card):
        for button in row:
            if button.get("title") == title and button.get("type") == "Action.Submit":
                data = button.get("data")
                return dict(data) if isinstance(data, dict) else {}
    raise KeyError(title)


def press(
    webex: FakeWebex, message_id: str, email: str, inputs: dict[str, Any]
) -> SimPress:
    """Press a button as a person of the card's room; its webhooks report it."""
    message = webex.message(message_id)
    if message.card is None:
        raise WebexError(400, _NO_CARD)
    author = message.sender_email or webex.bot_email
    if email == author:
        raise WebexError(400, _OWN_CARD)
    made = SimPress(
        id=new_id("ATTACHMENT_ACTION"),
        message_id=message_id,
        room_id=message.room_id,
        person_id=webex.person_id(email),
        inputs=inputs,
        created=datetime.now(UTC),
    )
    webex.add_press(made)
    return made


def add(app: Flask, webex: FakeWebex) -> None:
    @app.post("/v1/attachment/actions")
    def create_action() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or body.get("type") != "submit":
            raise WebexError(400, "type must be submit.")
        inputs = body.get("inputs")
        given = inputs if isinstance(inputs, dict) else {}
        made = press(webex, str(body.get("messageId")), g.person, given)
        # Documented is 202, which the SDK takes for an error.
        return jsonify(as_action(made))

    @app.get("/v1/attachment/actions/<action_id>")
    def action(action_id: str) -> ResponseReturnValue:
        return jsonify(as_action(webex.pressed(action_id)))


def as_action(made: SimPress) -> dict[str, Any]:
    return {
        "id": made.id,
        "type": "submit",
        "messageId": made.message_id,
        "inputs": made.inputs,
        "personId": made.person_id,
        "roomId": made.room_id,
        "created": as_time(made.created),
    }
