"""Recipients on the settings page: unknown ones are refused, doubtful ones shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mvsnap.config.recipients import Named, flat
from mvsnap.config.sense import Sense
from mvsnap.texts import _
from mvsnap.web.context import gateway
from mvsnap.web.pages.settings_form import Entered
from mvsnap.web.recipients import RecipientProblem


@dataclass(frozen=True, slots=True)
class RecipientNote:
    """is_pending: nothing is wrong as far as known; it is being asked."""

    text: str
    is_pending: bool


def check_rooms(entered: Entered, before: Iterable[str]) -> list[RecipientNote]:
    """Refuse rooms that are new and unknown; return notes about doubtful ones.

    A room that was there before does not stop other changes: the page shows it anyway.
    """
    new = [name for name in entered.values.get("rooms", ()) if name not in set(before)]
    problems = gateway().recipients.ask(new)
    certain = [each.text for each in problems.values() if each.is_certain]
    if certain:
        del entered.values["rooms"]
        entered.mistakes["rooms"] = ". ".join(certain) + "."
        return []
    return [_note(name, each) for name, each in problems.items()]


def doubtful(sense: Sense, default: Named) -> list[RecipientNote]:
    """Return a note for each recipient in force that nothing may reach."""
    named: list[str] = list(sense.rooms) or list(filter(None, flat([default])))
    for override in sense.overrides:
        named += _rooms(override.rooms)
    problems = gateway().recipients.known(named)
    return [_note(name, each) for name, each in problems.items()]


def _rooms(rooms: Sequence[str] | None) -> Sequence[str]:
    return rooms or ()


def _note(name: str, problem: RecipientProblem) -> RecipientNote:
    if problem.is_pending:
        text = _("Checking whether %(name)s can be reached …")
    else:
        text = _("Messages to %(name)s may not arrive. %(reason)s.")
    said = text % {"name": name, "reason": problem.text}
    return RecipientNote(said, problem.is_pending)
