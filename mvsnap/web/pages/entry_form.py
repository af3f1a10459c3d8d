"""The form of an entry of the settings: what was entered, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from mvsnap.config.entries import Entry, EntrySection, judge, parse_entry_name
from mvsnap.config.entry_fields import (
    LONGEST_TEXT,
    FormField,
    shown,
    texts_of,
    value_at,
    value_of,
)
from mvsnap.config.model import Settings
from mvsnap.domain import Change
from mvsnap.errors import BadInput, NotFound
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.texts.wording import Reason

# The kind is chosen before the form, and not a field of it.
_KIND = "kind"
_KIND_WORDS = {
    "apprise": N_("Apprise (e-mail, Teams, Slack and others)"),
    "webex": N_("Webex"),
    "webhook": N_("Webhook"),
}
# As on the page of MV Sense; names of protocols and modes stay as they are.
_CHOICE_WORDS = {
    "later": N_("Notify when the hours begin"),
    "never": N_("Nobody is notified"),
    "true": N_("yes"),
    "false": N_("no"),
}
# A secret that a form does not show, and where it would be sent.
_SENT_TO = {"bot_token": "base_url", "auth.password": "url"}


def kind_words(kind: str) -> str:
    """Return how people call it, in the site's language."""
    return _(_KIND_WORDS.get(kind, kind))


def choice_words(choice: str) -> str:
    """Return how a form calls a value, in the site's language."""
    return _(_CHOICE_WORDS.get(choice, choice))


class EntryForm(Struct, frozen=True):
    """section, kind: what it is of; kind: "" where there are none."""

    section: EntrySection
    kind: str

    @classmethod
    def of(cls, section: EntrySection, kind: str) -> EntryForm:
        """Raises NotFound."""
        kinds = section.kinds()
        if (kind or kinds) and kind not in kinds:
            raise NotFound(N_("No such kind"))
        return cls(section, kind)

    @property
    def fields(self) -> tuple[FormField, ...]:
        return self.section.fields(self.kind)

    def texts(self, value: Mapping[str, Any]) -> dict[str, str]:
        return texts_of(self.fields, value)

    def secrets_in(self, value: Mapping[str, Any]) -> set[str]:
        """Return the fields of secrets that are set."""
        return {f.name for f in self.fields if f.is_secret and shown(f, value)}

    def has_empty_secret(self, given: MultiDict[str, str]) -> bool:
        return any(f.is_secret and not _given(f, given) for f in self.fields)


@dataclass(slots=True)
class EntryEntered:
    """What was entered.

    texts: as entered, by field; without secrets. entry: what it means.
    settings: with the entry. mistakes: by field, "" is about the whole.
    """

    texts: Mapping[str, str]
    entry: Entry
    settings: Settings
    mistakes: dict[str, str] = field(default_factory=dict)


def read_entry(
    form: EntryForm,
    given: MultiDict[str, str],
    others: Settings,
    known: Mapping[str, Any],
    *,
    who: str,
    now: datetime,
) -> EntryEntered:
    """Return what was entered.

    others: the settings with all other entries. known: the value before, which has the
    secrets that a form does not show.
    """
    fields = form.fields
    texts = {f.name: _given(f, given) for f in fields}
    value = value_of(fields, texts, known, given.getlist("clear")[: len(fields)])
    if form.kind:
        value[_KIND] = form.kind
    name, mistakes = given.get("name", "")[:LONGEST_TEXT], dict[str, str]()
    try:
        name = parse_entry_name(name)
    except BadInput as exc:
        mistakes["name"] = exc.message
    entry = Entry(form.section.name, name, value, now, who)
    settings, wrong = judge(others, entry)
    for place, words in wrong.items():
        at = _field_of(place, fields)
        mistakes.setdefault(at, words)
    for secret in _kept_for_elsewhere(fields, texts, value, known):
        mistakes[secret] = N_("Enter it again: it would be sent to another address.")
    texts |= {f.name: "" for f in fields if f.is_secret}
    for each in fields:
        if each.asked == "pairs" and not all(
            map(_is_pair, texts[each.name].splitlines())
        ):
            mistakes[each.name] = N_('Write each line as "path: value".')
    return EntryEntered(texts, entry, settings, mistakes)


def changes_of(
    form: EntryForm, before: Mapping[str, Any], entry: Entry
) -> Iterable[Change]:
    """Yield an audit log line for each field that is another one."""
    at, who, above = entry.changed_at, entry.changed_by, f"{entry.section}.{entry.name}"
    if not before:
        added = audit_wordings.ADDED()
        if form.kind:
            added = audit_wordings.ADDED_AS(kind=form.kind)
        yield Change(at, who, Reason(above), Reason(""), added)
    for each in form.fields:
        was, is_now = shown(each, before), shown(each, entry.value)
        is_new_secret = each.is_secret and _secret(each, before) != _secret(
            each, entry.value
        )
        if was != is_now or is_new_secret:
            is_other = is_new_secret and was and is_now
            after = audit_wordings.NEW_VALUE(value=is_now) if is_other else is_now
            path = f"{above}.{each.name}"
            yield Change(at, who, Reason(path), was, after)


def removed_change(section: EntrySection, name: str, who: str, now: datetime) -> Change:
    """Return the audit log line of an entry that is removed."""
    path, noun = f"{section.name}.{name[:80]}", audit_wordings.ENTRIES[section.name]
    return Change(now, who, Reason(path), noun(), audit_wordings.REMOVED())


def _is_pair(line: str) -> bool:
    path, colon, _ = line.strip().partition(":")
    return bool(path.strip() and colon) or not line.strip()


def _kept_for_elsewhere(
    fields: Iterable[FormField],
    texts: Mapping[str, str],
    value: Mapping[str, Any],
    known: Mapping[str, Any],
) -> Iterable[str]:
    """Yield secrets that stay, but whose address does not: who changes it gets them."""
    by_name = {field.name: field for field in fields}
    for name, address in _SENT_TO.items():
        if name not in by_name or address not in by_name or texts[name]:
            continue
        place = by_name[address]
        is_kept = value_at(value, by_name[name]) is not None
        if is_kept and value_at(value, place) != value_at(known, place):
            yield name


def _secret(each: FormField, value: Mapping[str, Any]) -> Any:
    return value_of([each], {}, value)


def _given(each: FormField, given: MultiDict[str, str]) -> str:
    if each.asked == "several":
        chosen = given.getlist(each.name)[: len(each.choices) + 1]
        return "\n".join(text[:LONGEST_TEXT] for text in chosen)
    return given.get(each.name, "")[:LONGEST_TEXT].strip()


def _field_of(place: str, fields: Iterable[FormField]) -> str:
    """Return the field that a mistake is about, "" for the whole."""
    if place in ("", "name"):
        return place
    for each in fields:
        if place == each.name or place.startswith(f"{each.name}."):
            return each.name
    return ""
