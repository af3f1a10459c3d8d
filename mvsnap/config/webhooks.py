"""Settings of webhooks: who may send alarms, and what they lead to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from mvsnap.config.notify import Outside, When, rule_outside, rule_when
from mvsnap.config.values import (
    AddressToken,
    CameraText,
    Destinations,
    Section,
    SharedSecret,
    Text,
)

Action = Literal["clip", "snapshot", "ignore"]


def _alone(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    if "ignore" in actions and len(actions) > 1:
        raise ValueError("ignore: cannot be combined with other actions")
    return actions


Actions = Annotated[tuple[Action, ...], AfterValidator(_alone)]


class WebhookToken(Section):
    name: Text = Field(
        min_length=1, description="name of the sender, shown with each event"
    )
    token: AddressToken = Field(
        description="last part of the URL /webhook/TOKEN, 16 characters or more"
    )
    cameras: tuple[CameraText, ...] = Field(
        (),
        description="cameras for alarms that match no rule: serials or names from "
        "recorder.cameras; default: meraki.cameras",
    )
    actions: Actions = Field(
        (),
        description="any of clip, snapshot; or ignore, for alarms that match no rule; "
        "default: webhooks.actions",
    )
    room: Destinations | None = Field(None, description="default: webex.room")
    when: When = rule_when()
    outside: Outside = rule_outside()


class BadgePathsSection(Section):
    """Empty, or complete."""

    timestamp: Text = Field("", description="path of the time, like data.time")
    user_id: Text = Field("", description="path of the badge number")
    reader: Text = Field("", description="path of the reader name")

    @property
    def configured(self) -> bool:
        return bool(self.timestamp)

    @model_validator(mode="after")
    def _complete(self) -> BadgePathsSection:
        missing = [name for name in type(self).model_fields if not getattr(self, name)]
        if 0 < len(missing) < len(type(self).model_fields):
            raise ValueError(f"missing: {', '.join(missing)}")
        return self


class WebhookRule(Section):
    """The effect of the alarms it matches; every matching rule acts."""

    name: Text = Field(
        min_length=1, description="name of the rule, shown with each event"
    )
    match: dict[
        str, bool | int | float | str | tuple[bool | int | float | str, ...]
    ] = Field(
        {},
        description="values the message must have, like {systemLabel: [alarm-high, x], "
        "extraInfo.Device name: Robot *}; default: any",
    )
    cameras: tuple[CameraText, ...] = Field(
        (),
        description="serials or names from recorder.cameras; default: as if no rule "
        "matched",
    )
    room: Destinations | None = Field(None, description="default: as for the token")
    title: Text = Field("", description="default: from the message")
    actions: Actions = Field(
        (),
        description="any of clip, snapshot; or ignore, whatever other rules match; "
        "default: as for the token",
    )
    when: When = rule_when()
    outside: Outside = rule_outside()
    badge: BadgePathsSection = Field(
        BadgePathsSection(),
        description="set if the message is a badge event, not an alarm",
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> WebhookRule:
        others = [
            n
            for n in ("cameras", "room", "title", "actions", "when")
            if getattr(self, n)
        ]
        if self.badge.configured and others:
            raise ValueError(f"badge: cannot be combined with {', '.join(others)}")
        if "ignore" in self.actions and len(others) > 1:
            useless = ", ".join(name for name in others if name != "actions")
            raise ValueError(f"actions: ignore cannot be combined with {useless}")
        return self


class Webhooks(Section):
    tokens: tuple[WebhookToken, ...] = Field(
        (), description="senders that may post alarms to /webhook/TOKEN"
    )
    meraki_shared_secret: SharedSecret | None = Field(
        None,
        description="lets Meraki send alerts to /webhook; same secret as in the "
        "Dashboard, 8 characters or more",
    )
    actions: Actions = Field(
        (),
        description="for alarms that match no rule, where the token has none: any of "
        "clip, snapshot; or ignore; default: snapshot, plus clip if recorder.cameras "
        "has any",
    )
    rules: tuple[WebhookRule, ...] = Field(
        (), description="what to do with alarms; all matching rules apply"
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
