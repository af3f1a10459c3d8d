"""Recipients in the settings: unknown ones are refused, doubtful ones shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mvsnap.config.recipients import Named, flat
from mvsnap.config.sense import Sense
from mvsnap.spelling import folded
from mvsnap.web.context import gateway
from mvsnap.web.pages.entry_form import EntryEntered
from mvsnap.web.pages.settings_form import Entered

# Where an entry of the settings names recipients.
_OF_ENTRIES = ("room", "escalation.to")


def check_rooms(entered: Entered, before: Iterable[str]) -> list[str]:
    """Refuse rooms that are new and unknown; return warnings about doubtful ones.

    A room that was there before does not stop other changes: the page shows it anyway.
    """
    new = [name for name in entered.values.get("rooms", ()) if name not in set(before)]
    certain, warnings = _ask(new)
    if certain:
        del entered.values["rooms"]
        entered.mistakes["rooms"] = certain
        return []
    return warnings


def check_entry(entered: EntryEntered, before: Mapping[str, str]) -> list[str]:
    """Refuse rooms of an entry that are new and unknown; return warnings.

    before: its texts by field, as saved.
    """
    if entered.entry.value.get("bot_token"):
        return []  # another bot is in other rooms
    channels = {folded(channel.name) for channel in entered.settings.channels}
    warnings: list[str] = []
    for field in _OF_ENTRIES:
        was = set(before.get(field, "").splitlines())
        names = map(str.strip, entered.texts.get(field, "").splitlines())
        new = [n for n in names if n and n not in was and folded(n) not in channels]
        certain, doubts = _ask(new)
        if certain:
            entered.mistakes[field] = certain
        warnings += doubts
    return [] if entered.mistakes else warnings


def _ask(names: Sequence[str]) -> tuple[str, list[str]]:
    """Return what refuses them, "" for nothing, and a warning for each doubt."""
    problems = gateway().recipients.ask(names) if names else {}
    certain = [each.text for each in problems.values() if each.is_certain]
    doubts = [_warning(n, each.text) for n, each in problems.items()]
    return ". ".join(certain) + "." if certain else "", doubts


def doubtful(sense: Sense, default: Named) -> list[str]:
    """Return a sentence for each recipient in force that nothing may reach."""
    named: list[str] = list(sense.rooms) or list(filter(None, flat([default])))
    for override in sense.overrides:
        named += _rooms(override.rooms)
    problems = gateway().recipients.known(named)
    return [_warning(name, each.text) for name, each in problems.items()]


def _rooms(rooms: Sequence[str] | None) -> Sequence[str]:
    return rooms or ()


def _warning(name: str, text: str) -> str:
    return f"Messages to {name} may not arrive. {text}."
