"""A Webex room or person with a name of its own, of the usual bot or of another."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mvsnap.config.channels import ChannelEntry
from mvsnap.config.values import Secret, Text, Url
from mvsnap.config.webex import WebexSection
from mvsnap.delivery.channel import ChannelKind
from mvsnap.delivery.webex import WebexChannel, open_channel


class WebexEntry(ChannelEntry):
    kind: Literal["webex"] = Field("webex", description="a room or person in Webex")
    room: Text = Field(
        min_length=1,
        description="title, id, space link, e-mail address or name of a person",
    )
    bot_token: Secret | None = Field(
        None, description="access token of another bot; default: webex.bot_token"
    )
    base_url: Url = Field(
        "https://webexapis.com/v1", description="of that bot: URL of the Webex API"
    )

    def lacks(self, *, has_bot: bool) -> str:
        if has_bot or self.bot_token is not None:
            return ""
        return "bot_token: missing, here and in the section webex"


def _open(entry: WebexEntry) -> WebexChannel | None:
    if entry.bot_token is None:
        return None
    return open_channel(
        WebexSection(base_url=entry.base_url, bot_token=entry.bot_token)
    )


CHANNEL = ChannelKind("webex", WebexEntry, _open)
