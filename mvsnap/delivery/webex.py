"""Webex as a channel: a bot that posts to rooms and people."""

from __future__ import annotations

from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.shared import WebexShared
from mvsnap.config.webex import WebexSection
from mvsnap.delivery.channel import ChannelKind, FileLimits, OutgoingMessage
from mvsnap.domain import MessageId, RoomId

# "File previews are only rendered for attachments of 1MB or less" (Webex, Messages).
_PREVIEW_BYTES = 1_000_000


class WebexChannel:
    """room: a title, a room id, an e-mail address or the name of a person."""

    def __init__(self, webex: Webex, *, clip_bytes: int) -> None:
        self._webex = webex
        self.limits = FileLimits(picture_bytes=_PREVIEW_BYTES, clip_bytes=clip_bytes)

    def share(self, shared: WebexShared) -> None:
        self._webex.share(shared)

    def post(self, message: OutgoingMessage) -> MessageId:
        self._webex.require_open()
        to, card = self._webex.resolve(message.room), message.card
        text = message.begin_sending()
        if card is not None:
            # Imported here: most gateways have none.
            from mvsnap.delivery.cards import with_words

            card = with_words(card, text)
        return self._webex.post(
            to, text, file=message.file, parent_id=message.parent_id, card=card
        )

    def room_id(self, room: str) -> RoomId | None:
        """Return the id of a room, None for a person; raises UpstreamError."""
        return self._webex.resolve(room).room_id

    def require_recipient(self, room: str) -> None:
        to = self._webex.resolve(room)
        if to.to_person_email is not None:
            self._webex.require_person(to.to_person_email)


def open_webex(settings: WebexSection) -> Webex | None:
    """Return the bot of the settings, None without one."""
    if settings.bot_token is None:
        return None
    return Webex(settings.base_url, settings.bot_token.get_secret_value())


def open_channel(settings: WebexSection) -> WebexChannel | None:
    webex = open_webex(settings)
    if webex is None:
        return None
    return WebexChannel(webex, clip_bytes=int(settings.clip_upload_max_mb * 1e6))


CHANNEL = ChannelKind("webex", WebexSection, open_channel)
