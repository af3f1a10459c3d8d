"""What comes through a websocket of Webex: activities, of which two are of use. Pure.

Source: the open websocket clients of Webex (webex-bot, the JavaScript SDK).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

# What was written or pressed, as `core.webex_reports` calls it.
ActivityKind = Literal["message", "press"]
_VERBS: dict[str, ActivityKind] = {"post": "message", "cardAction": "press"}
_PATHS = {"message": "messages", "press": "attachment/actions"}
_UUID = re.compile(r"[0-9A-Fa-f-]{8,64}", re.ASCII)
_LONGEST_URL = 500
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]{1,255}/[A-Za-z0-9._~/-]*", re.ASCII)
# Where Webex keeps conversations; the bot's token goes nowhere else.
_HOSTS = (".wbx2.com", ".webex.com", ".ciscospark.com")


class WebexActivity(Struct, frozen=True):
    """envelope_id: to be acknowledged. url: says the id that the API knows it by."""

    envelope_id: str
    kind: ActivityKind
    url: str


def read_activity(frame: str | bytes, own_origin: str) -> WebexActivity | None:
    """Return what somebody wrote or pressed, None for anything else.

    own_origin: of the service that gave out the websocket.
    """
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    data = _part({"message": message}, "message", "data")
    activity = _part(data, "activity")
    kind = _VERBS.get(str(activity.get("verb"))[:40])
    if data.get("eventType") != "conversation.activity" or kind is None:
        return None
    envelope_id, activity_id = message.get("id"), activity.get("id")
    if not (_is_id(envelope_id) and _is_id(activity_id)):
        return None
    base = _base(_part(activity, "target"), own_origin)
    if base is None:
        return None
    return WebexActivity(str(envelope_id), kind, f"{base}{_PATHS[kind]}/{activity_id}")


def _part(message: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the object at the end of these names, an empty one without it."""
    for name in names:
        found = message.get(name)
        message = found if isinstance(found, dict) else {}
    return message


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _base(target: Mapping[str, Any], own_origin: str) -> str | None:
    """Return the address of the conversation service, with a slash at its end."""
    url = target.get("url")
    if not isinstance(url, str) or len(url) > _LONGEST_URL:
        return None
    base, found, _ = url.partition("conversations/")
    try:
        parts = urlsplit(base)
        host, origin = parts.hostname or "", f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return None
    is_webex = parts.scheme == "https" and host.endswith(_HOSTS) and not parts.username
    # Readers of addresses differ about where a host with other signs ends.
    is_plain = _ADDRESS.fullmatch(base) is not None
    is_ours = is_webex or origin == own_origin
    return base if found and is_plain and is_ours else None
