"""Recipients on the settings page: unknown ones are refused, doubtful ones shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mvsnap.config.recipients import Named, flat
from mvsnap.config.sense import Sense
from mvsnap.texts.sentences import localized
from mvsnap.web.context import gateway
from mvsnap.web.pages.settings_form import Entered


def check_rooms(entered: Entered, before: Iterable[str]) -> list[str]:
    """Refuse rooms that are new and unknown; return warnings about doubtful ones.

    A room that was there before does not stop other changes: the page shows it anyway.
    """
    new = [name for name in entered.values.get("rooms", ()) if name not in set(before)]
    problems = gateway().recipients.ask(new)
    certain = [each.text for each in problems.values() if each.is_certain]
    if certain:
        del entered.values["rooms"]
        entered.mistakes["rooms"] = ". ".join(certain) + "."
        return []
    return [_warning(name, each.text) for name, each in problems.items()]


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
    return localized(f"Messages to {name} may not arrive. {text}.")
