"""Settings of what the site reports of itself."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from mvsnap.config.values import OneOrMore, Section

AlertKind = Literal[
    "meraki",
    "webex",
    "ixon",
    "broker",
    "s3",
    "provider",
    "directory",
    "heartbeat",
    "channel",
    "camera",
    "recorder",
    "listener",
    "process",
    "disk",
    "clock",
    "certificate",
    "folders",
    "cleaning",
    "queue",
    "jobs",
    "occupancy",
]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


class AlertSection(Section):
    """Without a channel nothing is reported."""

    channel: OneOrMore = Field(
        (),
        max_length=20,
        description="rooms, e-mail addresses or channels, one or a list, to notify "
        "when a part of the site is in trouble, and when that is over; default: none",
    )
    after_s: float = Field(
        300,
        ge=1,
        le=86_400,
        description="seconds that a trouble lasts before it is reported; its end is "
        "reported after as long without trouble",
    )
    kinds: tuple[AlertKind, ...] = Field(
        ALERT_KINDS, description="what is reported; shorten the list to leave some out"
    )

    @property
    def configured(self) -> bool:
        return bool(self.channel)
