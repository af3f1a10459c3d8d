"""Settings of Webex: the bot, and the default room."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from mvsnap.config.notify import NotifySection
from mvsnap.config.values import (
    Destinations,
    OneOrMore,
    Secret,
    Section,
    Text,
    Url,
)

_PERSON = re.compile(r"[^@\s]{0,200}@[^@\s]{1,250}")


class CommandSection(Section):
    """Who may write to the bot and press its buttons; without either, nobody."""

    people: OneOrMore = Field(
        (),
        max_length=500,
        description="e-mail addresses of those who may write to the bot and press its "
        'buttons, like guard@example.com; @example.com: all with such an address; "*": '
        "everybody",
    )
    rooms: OneOrMore = Field(
        (),
        max_length=100,
        description="group rooms in which that is possible: title, id or space link; "
        '"*": all, and direct messages. Without people, everybody in them may; '
        "without rooms, those people may everywhere; with both, both have to fit. "
        'Direct messages need people, or "*"',
    )

    way: Literal["auto", "webhooks", "websocket"] = Field(
        "auto",
        description="how Webex reports what people write: webhooks to site.public_url, "
        "or a websocket that this gateway opens (behind NAT; extra webex-websocket); "
        "auto: webhooks if there is a public_url",
    )
    device_url: Url = Field(
        "https://wdm-a.wbx2.com/wdm/api/v1",
        description="URL where Webex gives out websockets",
    )

    @field_validator("people")
    @classmethod
    def _addresses(cls, people: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(person.strip().casefold() for person in people)
        for person in found:
            if person != "*" and not _PERSON.fullmatch(person):
                raise ValueError(
                    f'{person[:80]!r} (expected guard@example.com, @example.com or "*")'
                )
        return found

    @property
    def configured(self) -> bool:
        return bool(self.people or self.rooms)

    def uses_websocket(self, public_url: str | None) -> bool:
        return self.way == "websocket" or (self.way == "auto" and public_url is None)


class WebexBot(Section):
    """What Webex alone has; apart, so that docs/configuration.md has it first."""

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

    commands: CommandSection = CommandSection()

    @property
    def configured(self) -> bool:
        return self.bot_token is not None

    @property
    def takes_commands(self) -> bool:
        return self.configured and self.commands.configured


class WebexSection(NotifySection, WebexBot):
    """The bot, and when it notifies whom: of rooms that are no channel of their own."""
