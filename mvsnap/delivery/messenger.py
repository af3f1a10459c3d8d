"""Apprise: e-mail, Teams, Slack, Telegram, ntfy, Signal, Pushover and many more."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from mvsnap.clients.messengers.messenger import Manner, Messenger
from mvsnap.clients.webex.text import MAX_MARKDOWN_BYTES, fit
from mvsnap.config.channels import ChannelEntry
from mvsnap.config.values import Secret
from mvsnap.delivery.channel import ChannelKind, FileLimits, OutgoingMessage
from mvsnap.delivery.plain_text import first_line, plain
from mvsnap.domain import MessageId
from mvsnap.errors import UpstreamError
from mvsnap.texts.channel_wordings import THE_CHANNEL

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,40}://\S{1,4000}")
# Scaled down to this, a picture is shown at once everywhere.
_PICTURE_BYTES = 1_000_000
_TITLE_BYTES = 200
_LEAST_BYTES = 300
# Between the id of a thread and its subject; no subject has one.
_BETWEEN = "\n"
_NOTHING = FileLimits(picture_bytes=0, clip_bytes=0)


def _address(url: SecretStr) -> SecretStr:
    if not _ADDRESS.fullmatch(url.get_secret_value()):
        raise ValueError("expected an address of Apprise, like mailto://... or ntfy://")
    return url


class AppriseEntry(ChannelEntry):
    kind: Literal["apprise"] = Field(
        "apprise", description="a service that Apprise knows, like e-mail or Teams"
    )
    url: Annotated[Secret, AfterValidator(_address)] = Field(
        description="address in the notation of Apprise; a secret"
    )
    attachment_max_mb: float = Field(
        10,
        ge=0,
        le=100,
        description="larger clips are a link; 0: no pictures and clips at all",
    )


class MessengerChannel:
    def __init__(self, entry: AppriseEntry) -> None:
        url = entry.url.get_secret_value()
        self._messenger = Messenger(THE_CHANNEL(name=entry.name), url)
        self._most_bytes = int(entry.attachment_max_mb * 1e6)

    @property
    def limits(self) -> FileLimits:
        try:
            manner = self._messenger.manner()
        except UpstreamError:  # `post` says why
            return _NOTHING
        if not (manner.takes_files and self._most_bytes):
            return _NOTHING
        clip_bytes = self._most_bytes if manner.takes_clips else 0
        return FileLimits(min(_PICTURE_BYTES, self._most_bytes), clip_bytes)

    def post(self, message: OutgoingMessage) -> MessageId:
        """Return `ID, line break, subject` of the thread."""
        manner = self._messenger.manner()
        text = message.begin_sending(_text_bytes(manner))
        first = first_line(text)
        thread, _, subject = (message.parent_id or "").partition(_BETWEEN)
        is_reply = bool(subject)
        if not is_reply:
            thread, subject = message.key, fit(first, _TITLE_BYTES)
        title = f"Re: {subject}" if is_reply else subject
        shown = text if manner.shows_markdown else plain(text)
        # The title is the first line; a message of one line alone says it twice.
        rest = shown.partition("\n")[2].strip()
        body = shown if is_reply or not rest or len(subject) < len(first) else rest
        self._messenger.send(
            body,
            title,
            file=message.file,
            headers={"References": f"<{thread}@mvsnap.invalid>"},
        )
        return MessageId(f"{thread}{_BETWEEN}{subject}")

    def check(self) -> str:
        return self._messenger.check()


def _text_bytes(manner: Manner) -> int:
    """Return how long a text may be: as HTML or with escapes it grows."""
    return max(_LEAST_BYTES, min(MAX_MARKDOWN_BYTES, manner.most_bytes * 3 // 4))


CHANNEL = ChannelKind("apprise", AppriseEntry, MessengerChannel)
