"""`check`: whether people who may write to the bot in Webex are heard."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult

if TYPE_CHECKING:
    from mvsnap.clients.webex.client import Webex
    from mvsnap.config.model import Settings


def checks(settings: Settings) -> list[Check]:
    takes = settings.webex.takes_commands
    return [("answers", lambda: _answers(settings))] if takes else []


def _answers(settings: Settings) -> CheckResult:
    """Look, and change nothing: the service registers what is missing."""
    from mvsnap.delivery.webex import open_webex
    from mvsnap.runtime.extras import SOCKET_EXTRA

    url, commands = settings.site.public_url, settings.webex.commands
    if commands.uses_websocket(url):
        if find_spec("websockets") is None:
            return CheckResult(
                False, f"webex.commands: needs site.public_url, or {SOCKET_EXTRA}"
            )
        way = f"by a websocket from {commands.device_url}"
    elif url is None:
        return CheckResult(False, "webex.commands.way: webhooks need site.public_url")
    else:
        way = ""
    webex = open_webex(settings.webex)
    assert webex is not None
    try:
        for room in commands.rooms:
            if room != "*" and webex.resolve(room).room_id is None:
                return CheckResult(
                    False, f"webex.commands.rooms: {room!r} is a person, not a room"
                )
        return CheckResult(True, way or _registered(webex, f"{url}/webex"))
    finally:
        webex.close()


def _registered(webex: Webex, url: str) -> str:
    from mvsnap.clients.webex.webhooks import WebexWebhooks

    found = WebexWebhooks(webex, "", url, "").at_url()
    if not found:
        return f"webhooks to {url} are registered when the service starts"
    active = sum(one.is_active for one in found)
    return f"{active} of {len(found)} webhooks to {url} are active"
