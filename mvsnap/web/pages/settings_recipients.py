"""Recipients in the settings: unknown ones are refused, doubtful ones shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from mvsnap.config.recipients import Named, flat
from mvsnap.config.sense import Sense
from mvsnap.spelling import folded
from mvsnap.texts import _
from mvsnap.texts.sentences import localized
from mvsnap.web.context import gateway
from mvsnap.web.pages.entry_form import EntryEntered
from mvsnap.web.pages.settings_form import Entered
from mvsnap.web.recipients import RecipientProblem

# Where an entry of the settings names recipients.
_OF_ENTRIES = ("room", "escalation.to")


class RecipientNote(Struct, frozen=True):
    """is_pending: nothing is wrong as far as known; it is being asked."""

    text: str
    is_pending: bool


def check_rooms(entered: Entered, before: Iterable[str]) -> list[RecipientNote]:
    """Refuse rooms that are new and unknown; return notes about doubtful ones.

    A room that was there before does not stop other changes: the page shows it anyway.
    """
    new = [name for name in entered.values.get("rooms", ()) if name not in set(before)]
    certain, notes = _said(new, _problems(new))
    if certain:
        del entered.values["rooms"]
        entered.mistakes["rooms"] = certain
        return []
    return notes


def check_entry(
    entered: EntryEntered, before: Mapping[str, str]
) -> list[RecipientNote]:
    """Refuse rooms of an entry that are new and unknown; return notes.

    before: its texts by field, as saved.
    """
    if entered.entry.value.get("bot_token"):
        return []  # another bot is in other rooms
    channels = {folded(channel.name) for channel in entered.settings.channels}
    new: dict[str, list[str]] = {}
    for field in _OF_ENTRIES:
        was = set(before.get(field, "").splitlines())
        typed = map(str.strip, entered.texts.get(field, "").splitlines())
        new[field] = [
            n for n in typed if n and n not in was and folded(n) not in channels
        ]
    # All at once: a request waits for them once.
    problems = _problems({name for names in new.values() for name in names})
    notes: list[RecipientNote] = []
    for field, names in new.items():
        certain, doubts = _said(names, problems)
        if certain:
            entered.mistakes[field] = certain
        notes += doubts
    return [] if entered.mistakes else notes


def _problems(names: Collection[str]) -> Mapping[str, RecipientProblem]:
    return gateway().recipients.ask(names) if names else {}


def _said(
    names: Iterable[str], problems: Mapping[str, RecipientProblem]
) -> tuple[str, list[RecipientNote]]:
    """Return what refuses them, "" for nothing, and a note for each doubt."""
    found = {name: problems[name] for name in names if name in problems}
    certain = [each.text for each in found.values() if each.is_certain]
    doubts = [_note(name, each) for name, each in found.items()]
    return ". ".join(certain) + "." if certain else "", doubts


def doubtful(sense: Sense, default: Named) -> list[RecipientNote]:
    """Return a note for each recipient in force that nothing may reach."""
    named: list[str] = list(sense.rooms) or list(filter(None, flat([default])))
    for override in sense.overrides:
        named += override.rooms or ()
    problems = gateway().recipients.known(named)
    return [_note(name, each) for name, each in problems.items()]


def _note(name: str, problem: RecipientProblem) -> RecipientNote:
    if problem.is_pending:
        text = _("Checking whether %(name)s can be reached …")
    else:
        text = _("Messages to %(name)s may not arrive. %(why)s.")
    said = text % {"name": name, "why": localized(problem.text)}
    return RecipientNote(said, problem.is_pending)
