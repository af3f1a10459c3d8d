"""Settings of channels: what all kinds share.

What one kind needs more is declared beside the channel itself, in a module of
`mvsnap/delivery/`. Those modules know the settings, not the settings them: they are
looked for when a settings file has a channel, see decision 71.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import ConfigDict, Field, SecretStr, WrapValidator
from pydantic.functional_validators import ModelWrapValidatorHandler

from mvsnap.config.notify import NotifySection
from mvsnap.config.values import LEAST_SECRET, ChannelName, Section, Text
from mvsnap.spelling import folded

_REGISTRY = "mvsnap.delivery.channels"


class NamedEntry(Section):
    name: ChannelName = Field(
        description="name, which can be used wherever a room can be"
    )
    kind: Text = Field(description="kind of channel")


class ChannelEntry(NotifySection, NamedEntry):
    """What every entry has; a kind of channel derives its own from this."""

    # An editor's schema must not refuse what a kind adds.
    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    def lacks(self, *, has_bot: bool) -> str:
        """Return `field: what is missing`, "" if nothing is.

        has_bot: the section `webex` has one.
        """
        return ""

    def secrets(self) -> Iterator[str]:
        for name in type(self).model_fields:
            if not isinstance(value := getattr(self, name), SecretStr):
                continue
            # A shorter one would redact half of every log line.
            if len(text := value.get_secret_value()) >= LEAST_SECRET:
                yield text


def models() -> dict[str, type[ChannelEntry]]:
    """Return the settings of each kind of channel."""
    registry = importlib.import_module(_REGISTRY)
    kinds: Iterable[Any] = registry.entry_kinds().values()
    return {kind.name: kind.settings for kind in kinds}


def _of_its_kind(
    value: Any, handler: ModelWrapValidatorHandler[ChannelEntry]
) -> ChannelEntry:
    """Read an entry by the model of its kind."""
    if not isinstance(value, dict) or "kind" not in value:
        return handler(value)
    known, kind = models(), str(value["kind"])[:40]
    if kind not in known:
        near = get_close_matches(kind, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"kind: expected one of {', '.join(known)}{hint}")
    return known[kind].model_validate(value)


AnyChannel = Annotated[ChannelEntry, WrapValidator(_of_its_kind)]


def mistakes_of(entries: Iterable[ChannelEntry], *, has_bot: bool) -> list[str]:
    """Return what is wrong with the entries together, with the path of each."""
    found, names = [], set[str]()
    for index, entry in enumerate(entries):
        if folded(entry.name) in names:
            found.append(f"channels.{index}.name: {entry.name!r} is another one's, too")
        names.add(folded(entry.name))
        if lack := entry.lacks(has_bot=has_bot):
            found.append(f"channels.{index}.{lack}")
    return found


def secrets_of(entries: Iterable[ChannelEntry]) -> list[str]:
    return [secret for entry in entries for secret in entry.secrets()]
