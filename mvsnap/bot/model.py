"""What is asked of the bot, and what it replies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.commands import Verb
from mvsnap.core.spoken_times import SpokenTime
from mvsnap.domain import JobId, MessageId, RoomId


class Asker(Struct, frozen=True):
    """Who asks, and where.

    who: the person's e-mail address. thread: what all replies go to.
    job_id: of what may come of it; always the same for one message or press.
    at: when it was written or pressed.
    """

    who: str
    room_id: RoomId
    is_direct: bool
    thread: MessageId
    job_id: JobId
    request_id: str
    at: datetime


class BotReply(Struct, frozen=True):
    """lines: the first one is in bold. card: buttons, in place of the lines."""

    lines: tuple[str, ...]
    card: Mapping[str, Any] | None = None


class PlaceOrder(Struct, frozen=True):
    """What to do at a camera or zone; time: None: not said."""

    verb: Verb
    place: WatchedPlace
    time: SpokenTime | None = None
