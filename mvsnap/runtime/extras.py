"""Libraries that a gateway needs only with some settings."""

from __future__ import annotations

from importlib.util import find_spec

from mvsnap.config.model import Settings
from mvsnap.errors import BadConfig

SOCKET_EXTRA = "a library more: pip install 'websockets>=15'"
HOME_EXTRA = "a library more: pip install 'ha-mqtt-discoverable>=0.26'"


def require_libraries(settings: Settings, *, is_worker: bool) -> None:
    """Raise BadConfig if one that these settings need is not installed."""
    is_there = find_spec("ha_mqtt_discoverable") is not None
    if settings.home_assistant.enabled and not is_there:
        raise BadConfig([f"home_assistant.enabled: needs {HOME_EXTRA}"])
    webex, url = settings.webex, settings.site.public_url
    needs_socket = webex.takes_commands and webex.commands.uses_websocket(url)
    if needs_socket and is_worker and find_spec("websockets") is None:
        raise BadConfig([f"webex.commands: needs site.public_url, or {SOCKET_EXTRA}"])
