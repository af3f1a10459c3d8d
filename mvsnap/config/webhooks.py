"""Settings of webhooks: who may send alarms, and what an alarm leads to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from mvsnap.config.values import (
    AddressToken,
    CameraText,
    Section,
    SharedSecret,
    Text,
)

Action = Literal["clip", "snapshot"]


class WebhookToken(Section):
    name: Text = Field(min_length=1, description="who sends; shown with each event")
    token: AddressToken = Field(
        description="last part of the address /webhook/TOKEN, 16 characters or more"
    )
    cameras: tuple[CameraText, ...] = Field(
        (),
        description="serials or names of recorder.cameras, for an alarm that no rule "
        "matches; default: meraki.cameras",
    )
    actions: tuple[Action, ...] = Field(
        (),
        description="any of clip, snapshot; default: snapshot, and clip where "
        "recorder.cameras has any",
    )
    room: Text | None = Field(None, description="default: webex.room")


class BadgePaths(Section):
    """Empty, or complete."""

    timestamp: Text = Field("", description="path of the time, like data.time")
    user_id: Text = Field("", description="path of the badge's number")
    reader: Text = Field("", description="path of the reader's name")

    @property
    def configured(self) -> bool:
        return bool(self.timestamp)

    @model_validator(mode="after")
    def _complete(self) -> BadgePaths:
        missing = [name for name in type(self).model_fields if not getattr(self, name)]
        if 0 < len(missing) < len(type(self).model_fields):
            raise ValueError(f"missing: {', '.join(missing)}")
        return self


class WebhookRule(Section):
    """What the alarms it matches lead to; every rule that matches acts."""

    name: Text = Field(min_length=1, description="shown with each event")
    match: dict[
        str, bool | int | float | str | tuple[bool | int | float | str, ...]
    ] = Field(
        {},
        description="what the message must say, like {systemLabel: [alarm-high, x], "
        "extraInfo.Device name: Robot *}; default: anything",
    )
    cameras: tuple[CameraText, ...] = Field(
        (),
        description="serials or names of recorder.cameras; default: as if no rule "
        "matched",
    )
    room: Text | None = Field(None, description="default: that of the token")
    title: Text = Field("", description="default: what the message says")
    actions: tuple[Action, ...] = Field(
        (), description="any of clip, snapshot; default: those of the token"
    )
    badge: BadgePaths = Field(
        BadgePaths(), description="the message is a badge event, and no alarm"
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> WebhookRule:
        others = [
            n for n in ("cameras", "room", "title", "actions") if getattr(self, n)
        ]
        if self.badge.configured and others:
            raise ValueError(f"badge: such a rule has no {', '.join(others)}")
        return self


class Webhooks(Section):
    tokens: tuple[WebhookToken, ...] = Field(
        (), description="who may send alarms to /webhook/TOKEN"
    )
    meraki_shared_secret: SharedSecret | None = Field(
        None,
        description="opens /webhook to Meraki's alerts, 8 characters or more; "
        "the same as in the Dashboard",
    )
    rules: tuple[WebhookRule, ...] = Field(
        (), description="what alarms lead to; all that match act"
    )

    @model_validator(mode="after")
    def _entries_differ(self) -> Webhooks:
        tokens = [entry.token.get_secret_value() for entry in self.tokens]
        if len(set(tokens)) < len(tokens):
            raise ValueError("tokens: two entries have the same token")
        for field, names in (
            ("tokens", [entry.name for entry in self.tokens]),
            ("rules", [rule.name for rule in self.rules]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: two entries have the same name")
        return self

    def secrets(self) -> list[SecretStr]:
        """Return every secret of this section."""
        shared = self.meraki_shared_secret
        return [entry.token for entry in self.tokens] + ([shared] if shared else [])
