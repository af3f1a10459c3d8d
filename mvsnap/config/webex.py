"""Settings of Webex: the bot, and the default room."""

from __future__ import annotations

from pydantic import Field

from mvsnap.config.notify import NotifySection
from mvsnap.config.values import Destinations, Secret, Section, Text, Url


class WebexBot(Section):
    base_url: Url = Field(
        "https://webexapis.com/v1", description="URL of the Webex API"
    )
    bot_token: Secret | None = Field(None, description="access token of the bot")
    room: Destinations | None = Field(
        None,
        description="default room, for triggers that name none: title, id, space link, "
        "e-mail address or name of a person; or a channel; or a list",
    )
    message_prefix: Text = Field("", description="text at the start of every message")
    # Webex accepts files of up to 100 MB. Half of that is a minute of a 1080p camera,
    # and is uploaded at 5 Mbit/s before Webex times out.
    clip_upload_max_mb: float = Field(
        50,
        ge=0,
        le=100,
        description="larger clips are posted as a picture and a link; 0: all clips",
    )

    @property
    def configured(self) -> bool:
        return self.bot_token is not None


class WebexSection(NotifySection, WebexBot):
    """The bot, and when it notifies whom: of rooms that are no channel of their own."""
