"""Cards, presses and webhooks of the simulated Webex, through both SDKs."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from mvsnap.simulator.webex.webex import PERSON_TOKEN, FakeWebex
from tests.servers.processes import wait_until
from tests.servers.receivers import Receiver, receiver
from tests.simulator.webex.test_sdks import ANN, World
from tests.simulator.webex.test_sdks import world as world

BUTTON = {"type": "Action.Submit", "title": "Go", "data": {"a": 1}}
CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.3",
    "body": [{"type": "TextBlock", "text": "Well?"}],
    "actions": [BUTTON],
}
KIND = "application/vnd.microsoft.card.adaptive"


def post(world: World, card: dict[str, Any], **more: Any) -> Any:
    given = {"roomId": world.webex.rooms[0].id, "text": "Well?"} | more
    return world.sdk.messages.create(
        attachments=[{"contentType": KIND, "content": card}], **given
    )


def test_a_press_has_the_data_of_its_button(world: World) -> None:
    card = post(world, CARD)
    assert card.attachments[0]["content"] == CARD
    person = type(world.sdk)(
        access_token=PERSON_TOKEN + ANN, base_url=f"{world.url}/v1/"
    )
    made = person.attachment_actions.create(
        type="submit", messageId=card.id, inputs={"a": 1, "note": "x"}
    )
    found = world.sdk.attachment_actions.get(made.id)
    assert (found.inputs, found.personId) == (
        {"a": 1, "note": "x"},
        world.webex.person_id(ANN),
    )


def test_nobody_presses_a_button_of_one_s_own_card(world: World) -> None:
    card = post(world, CARD)
    with pytest.raises(world.package.ApiError, match="Author of a card"):
        world.sdk.attachment_actions.create(type="submit", messageId=card.id, inputs={})


@pytest.mark.parametrize(
    ("card", "more"),
    [
        (CARD | {"version": "1.5"}, {}),
        (CARD | {"actions": [BUTTON] * 6}, {}),
        (CARD | {"type": "Image"}, {}),
        (CARD, {"text": None}),
        (CARD, {"files": ["http://127.0.0.1:9/x.jpg"]}),
    ],
    ids=["version", "buttons", "type", "no text", "file"],
)
def test_what_webex_refuses(
    world: World, card: dict[str, Any], more: dict[str, Any]
) -> None:
    with pytest.raises(world.package.ApiError, match="400"):
        post(world, card, **more)


def test_reports_are_signed_and_a_dead_receiver_is_given_up(world: World) -> None:
    with receiver() as made:
        _register(world, f"http://127.0.0.1:{made.port}/")
        _mention(world.webex)
        wait_until(lambda: len(made.kept) == 1, "a report")
    _check_signature(made)
    world.webex.failures_to_disable = 3
    for _ in range(3):
        _mention(world.webex)
    wait_until(lambda: not world.webex.webhooks[0].is_active, "the end of it")
    (hook,) = world.sdk.webhooks.list()
    assert hook.status == "inactive"


def _register(world: World, url: str) -> None:
    world.sdk.webhooks.create(
        name="x", targetUrl=url, resource="messages", event="created", secret="s"
    )


def _mention(webex: FakeWebex) -> None:
    webex.say(webex.rooms[0].id, ANN, "help", mentions_bot=True)
    webex.say(webex.rooms[0].id, ANN, "of no interest to a bot")


def _check_signature(made: Receiver) -> None:
    (report,) = made.kept
    signed = hmac.new(b"s", report.body, hashlib.sha1).hexdigest()
    assert report.headers["x-spark-signature"] == signed
    assert json.loads(report.body)["data"]["personEmail"] == ANN
