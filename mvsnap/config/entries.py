"""Entries that people add on the pages to lists of the settings file.

The file's own entries stay as they are: what is made on a page comes beside them, and
is judged by the same models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from pydantic import ValidationError

from mvsnap.config.channels import models
from mvsnap.config.entry_fields import FormField, fields_of
from mvsnap.config.mistakes import describe
from mvsnap.config.model import Schedule, Settings
from mvsnap.config.recorder import RecorderCameraSection
from mvsnap.config.values import KnownCameras, Section
from mvsnap.config.webhooks import WebhookRule
from mvsnap.errors import BadConfig, BadInput
from mvsnap.texts import N_, first_upper

# The longest name of an entry.
LONGEST_NAME = 60
# Of each section.
MOST_ENTRIES = 200


class EntrySection(Struct, frozen=True):
    """A list of the settings that the pages add to.

    path: where it is. title, noun: of all and of one of its entries, in words.
    has_name: whether the model has the name, too. follows: when a change holds.
    at_start: what runs has those of its start.
    """

    name: str
    path: tuple[str, ...]
    title: str
    noun: str
    about: str
    follows: str
    has_name: bool = True
    at_start: bool = False

    def kinds(self) -> tuple[str, ...]:
        """Return what there is to choose from for a new entry, nothing without."""
        return tuple(models()) if self.name == "channels" else ()

    def fields(self, kind: str) -> tuple[FormField, ...]:
        """Return those of a form, what is required first.

        Raises:
            KeyError: there is no such kind.
        """
        model = models()[kind] if self.name == "channels" else _MODELS[self.name]
        found = fields_of(model, without=("name", "kind"))
        return tuple(sorted(found, key=lambda each: not each.is_required))


SECTIONS = {
    section.name: section
    for section in (
        EntrySection(
            "recording-cameras",
            ("recorder", "cameras"),
            N_("Recording cameras"),
            N_("camera"),
            N_("Cameras whose streams are recorded as clips."),
            N_("after a restart"),
            has_name=False,
            at_start=True,
        ),
        EntrySection(
            "channels",
            ("channels",),
            N_("Channels"),
            N_("channel"),
            N_(
                "Ways to people and programs. A channel's name can be used wherever a"
                " room can be."
            ),
            N_("within two seconds"),
        ),
        EntrySection(
            "schedules",
            ("schedules",),
            N_("Schedules"),
            N_("schedule"),
            N_("Snapshots at fixed times."),
            N_("within 20 seconds"),
            has_name=False,
        ),
        EntrySection(
            "webhook-rules",
            ("webhooks", "rules"),
            N_("Webhook rules"),
            N_("rule"),
            N_("What to do with alarms. Every rule that matches a message acts."),
            N_("within two seconds"),
        ),
    )
}
_MODELS: Mapping[str, type[Section]] = {
    "recording-cameras": RecorderCameraSection,
    "schedules": Schedule,
    "webhook-rules": WebhookRule,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """value: as it would be in the file, with its secrets; without its name."""

    section: str
    name: str
    value: Mapping[str, Any] = field(repr=False)
    changed_at: datetime = datetime.min.replace(tzinfo=UTC)
    changed_by: str = ""


class WithEntries(Struct, frozen=True):
    """holding: in the order in which they follow the file's own.

    unusable: why an entry does not hold, by section and name.
    """

    settings: Settings
    holding: tuple[Entry, ...] = ()
    unusable: Mapping[tuple[str, str], str] = {}


def with_entries(settings: Settings, entries: Iterable[Entry]) -> WithEntries:
    """Return the settings of the file with the entries; without those that are wrong.

    The file may have changed since an entry was made: a name that it has now, too.
    """
    known = [entry for entry in entries if entry.section in SECTIONS]
    if not known:
        return WithEntries(settings)
    # What others may name comes first.
    known.sort(key=lambda entry: [*SECTIONS].index(entry.section))
    try:
        return WithEntries(_merged(settings, known), tuple(known))
    except BadConfig:
        holding, unusable = [], {}
    for entry in known:
        try:
            settings = _merged(settings, [entry])
        except BadConfig as exc:
            unusable[entry.section, entry.name] = "; ".join(exc.mistakes)
        else:
            holding.append(entry)
    return WithEntries(settings, tuple(holding), unusable)


def judge(settings: Settings, entry: Entry) -> tuple[Settings, dict[str, str]]:
    """Return the settings with the entry, and what is wrong with it, by field.

    settings: with all other entries. "" is the field of what is about the whole.
    """
    try:
        return _merged(settings, [entry]), {}
    except BadConfig as exc:
        return settings, _by_field(entry, settings, exc.mistakes)


def parse_entry_name(text: str) -> str:
    """Raises BadInput."""
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or "/" in name:
        raise BadInput(f"Enter 1 to {LONGEST_NAME} characters, without a slash.")
    # A browser takes one or two for a folder of the address of the page.
    if not name.strip("."):
        raise BadInput("Enter a name that is not only dots.")
    return name


def names_in_file(settings: Settings, section: EntrySection) -> list[str]:
    """Return the names of the file's own entries; of a schedule, when it is due."""
    found: Any = settings
    for part in section.path:
        found = getattr(found, part)
    if isinstance(found, dict):
        return list(found)
    return [e.cron if isinstance(e, Schedule) else str(e.name) for e in found]


def _merged(settings: Settings, entries: Iterable[Entry]) -> Settings:
    """Raises BadConfig: every mistake."""
    tree, cameras = _tree(settings), [*settings.recorder.cameras]
    for entry in entries:
        _add(tree, settings, entry)
        if SECTIONS[entry.section].path == ("recorder", "cameras"):
            cameras.append(entry.name)
    known = KnownCameras(tuple(cameras))
    try:
        return Settings.model_validate(tree, context=known)
    except ValidationError as exc:
        mistakes = describe(exc, tree)
    # Not inside `except`: the library's exception contains the secrets.
    raise BadConfig(mistakes)


def _tree(section: Section) -> dict[str, Any]:
    """Return what was set, as it is: the sections in it are not judged again."""
    return {name: getattr(section, name) for name in section.model_fields_set}


def _add(tree: dict[str, Any], settings: Settings, entry: Entry) -> None:
    section, parent = SECTIONS[entry.section], settings
    for part in section.path[:-1]:
        inner = getattr(parent, part)
        if not isinstance(tree.get(part), dict):
            tree[part] = _tree(inner)
        tree, parent = tree[part], inner
    last, value = section.path[-1], dict(entry.value)
    there = tree.get(last, getattr(parent, last))
    if isinstance(there, dict):
        if entry.name in there:
            raise BadConfig(
                [f"{'.'.join(section.path)}.{entry.name}.name: is another one's, too"]
            )
        tree[last] = {**there, entry.name: value}
    else:
        named = {"name": entry.name} if section.has_name else {}
        tree[last] = [*there, named | value]


def _by_field(
    entry: Entry, settings: Settings, mistakes: Iterable[str]
) -> dict[str, str]:
    section, there = SECTIONS[entry.section], settings
    for part in section.path:
        there = getattr(there, part)
    key = entry.name if isinstance(there, dict) else str(len(list(there)))
    above = ".".join((*section.path, key))
    found: dict[str, str] = {}
    for line in mistakes:
        where, _, words = line.partition(": ")
        name = where.removeprefix(above).lstrip(".")
        if not where.startswith(above):
            name, words = "", line
        # Shown below the field, which has it; a secret one is empty again.
        words = words.partition(", got (")[0]
        said = f"{first_upper(words)}."
        found[name] = f"{found[name]} {said}" if name in found else said
    return found
