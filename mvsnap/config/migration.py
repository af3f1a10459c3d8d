"""Migration: settings of older programs become settings of this one.

What cannot be used is left out and named, so what remains always loads.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from mvsnap.config.load import settings_of
from mvsnap.config.old_files import OldSetting
from mvsnap.config.old_places import CAMERA, ENDPOINT, KEY, SECRETS, NewPlace, place_of
from mvsnap.errors import BadConfig

_COMPANY = re.compile(r"(\d{4}-){4}\d{4}")
_APPLICATION = re.compile(r"[0-9A-Za-z]{12}")
_TOKEN = "webhooks.tokens.0"
_MAX_SHOWN = 60


class Moved(Struct, frozen=True):
    """shown: the new value, unless it is a secret."""

    old: str
    path: str
    shown: str
    note: str


class NotMoved(Struct, frozen=True):
    old: str
    why: str


@dataclass(slots=True)
class Migration:
    """values: new settings by path; origins: the old names of some of them."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    not_moved: list[NotMoved] = field(default_factory=list)

    @property
    def moved(self) -> list[Moved]:
        return [
            Moved(old, path, _shown(path, self.values[path]), self.notes.get(path, ""))
            for path, old in self.origins.items()
        ]

    @property
    def added(self) -> list[str]:
        """The settings that no old one asked for."""
        return [path for path in self.values if path not in self.origins]

    @property
    def tree(self) -> dict[str, Any]:
        """The settings as nested as in a file."""
        tree: dict[str, Any] = {}
        for path, value in self.values.items():
            *above, name = path.split(".")
            here = tree
            for step in above:
                here = here.setdefault(step, {})
            here[name] = value
        return {name: _with_lists(value) for name, value in tree.items()}

    def place(self, old: OldSetting) -> None:
        found = place_of(old.name)
        if isinstance(found, str):
            self._leave(old.name, found)
        elif old.computed:
            self._leave(old.name, f"code computes it: set {found.path} yourself")
        elif _is_empty(old.value):
            self._leave(old.name, "empty")
        else:
            self._convert(old, found)

    def drop(self, path: str, why: str) -> None:
        """Leave out what was placed there."""
        del self.values[path]
        if (old := self.origins.pop(path, None)) is not None:
            self._leave(old, f"{path}: {why}")

    def drop_entry(self, where: str, why: str) -> bool:
        """Leave out one of several entries; return whether `where` is one."""
        path, _, index = where.rpartition(".")
        entries = self.values.get(path)
        if not isinstance(entries, list) or len(entries) < 2:
            return False
        del entries[int(index)]
        self._leave(self.origins[path], f"{where}: {why}")
        return True

    def _convert(self, old: OldSetting, place: NewPlace) -> None:
        try:
            value = place.convert(old.value)
        except ValueError as exc:
            self._leave(old.name, f"{place.path}: {exc}")
            return
        if place.path in self.values and self.values[place.path] != value:
            other = self.origins[place.path]
            self._leave(old.name, f"{place.path}: already set by {other}")
            return
        self.values[place.path] = value
        self.origins[place.path] = old.name
        if place.note:
            self.notes[place.path] = place.note

    def _leave(self, old: str, why: str) -> None:
        self.not_moved.append(NotMoved(old, why))


def migrate(old_settings: Iterable[OldSetting]) -> Migration:
    """Return what these settings become; it is valid as a whole."""
    made = Migration()
    for old in old_settings:
        made.place(old)
    _complete_crowds(made)
    _complete_ixon(made)
    _complete_scanning(made)
    if f"{KEY}.key" in made.values:
        made.values[f"{KEY}.name"] = "old key"
        made.values[f"{KEY}.scopes"] = ["snapshot"]
    _validate(made)
    return made


def _complete_crowds(made: Migration) -> None:
    values = made.values
    if "sense.host" in values:
        values["sense.enabled"] = True
    if "sense.people_to_start" in values and "sense.people" not in values:
        # One threshold alone is that of the whole rule.
        values["sense.people"] = values.pop("sense.people_to_start")
        made.origins["sense.people"] = made.origins.pop("sense.people_to_start")


def _complete_ixon(made: Migration) -> None:
    values = made.values
    if "ixon.agent_server_id" not in values:
        return
    values[f"{CAMERA}.ixon"] = True
    application_id, company_id = (
        str(values.get(f"ixon.{name}", "")) for name in ("application_id", "company_id")
    )
    is_2 = _APPLICATION.fullmatch(application_id) and _COMPANY.fullmatch(company_id)
    if not is_2:
        values["ixon.api_version"] = 1
    if values.get("ixon.access_type") and is_2:
        note = "only with ixon.api_version: 1; now an option of the service in IXON"
        made.notes["ixon.access_type"] = note
    _complete_auth(made)
    length_s = values.get(f"{CAMERA}.post_roll_s")
    if isinstance(length_s, int | float):
        values[f"{CAMERA}.pre_roll_s"] = 0
        if length_s > 300:
            values["recorder.max_clip_s"] = length_s
    values[f"{_TOKEN}.name"] = "IXON Cloud Notify"
    values[f"{_TOKEN}.token"] = secrets.token_urlsafe(24)


def _complete_auth(made: Migration) -> None:
    """A kind without a user, or a user without a kind, is no login."""
    kind = made.values.get(f"{CAMERA}.auth.type")
    has_user = f"{CAMERA}.auth.username" in made.values
    why = "the old file uses no login" if kind == "none" else "without a user name"
    for name in ("type", "username", "password"):
        path = f"{CAMERA}.auth.{name}"
        is_left = kind == "none" and name != "type"
        if path in made.values and (is_left or (not has_user and kind != "none")):
            made.drop(path, why)


def _complete_scanning(made: Migration) -> None:
    here = {name: f"{ENDPOINT}.{name}" for name in ("validator", "secret")}
    found = [path for path in here.values() if path in made.values]
    if len(found) == len(here):
        made.values[f"{ENDPOINT}.token"] = secrets.token_urlsafe(24)
        return
    for path in found:
        made.drop(path, "a validator and a secret are needed, see docs/wifi.md")


def _validate(made: Migration) -> None:
    """Leave out what the settings refuse, one after the other.

    Raises:
        BadConfig: nothing that was placed is at fault.
    """
    while True:
        try:
            settings_of(made.tree)
        except BadConfig as exc:
            where, _, why = exc.mistakes[0].partition(": ")
            wrong = _placed_at(made, where)
            mistakes = exc.mistakes
        else:
            return
        if not wrong:
            wrong, why = _placed_beside(made, where), f"of no use without {where}"
        if not wrong:
            raise BadConfig(mistakes)
        if made.drop_entry(where, why):
            continue
        for path in wrong:
            made.drop(path, why)


def _placed_at(made: Migration, where: str) -> list[str]:
    return [
        path
        for path in made.values
        if f"{path}.".startswith(f"{where}.") or f"{where}.".startswith(f"{path}.")
    ]


def _placed_beside(made: Migration, where: str) -> list[str]:
    """Return what cannot stay without one that was left out, such as a key."""
    while where := where.rpartition(".")[0]:
        if found := _placed_at(made, where):
            return found
    return []


def _with_lists(tree: Any) -> Any:
    """Return the same with a list for each mapping by numbers."""
    if not isinstance(tree, dict):
        return tree
    # An entry begins with its name, as people write them.
    names = sorted(tree, key=lambda name: name != "name")
    inner = {name: _with_lists(tree[name]) for name in names}
    return list(inner.values()) if "0" in inner else inner


def _is_empty(value: Any) -> bool:
    """Return whether nobody filled it in: old samples have XXXX there."""
    if value is None:
        return True
    text = value.strip() if isinstance(value, str) else "-"
    return not text or (len(text) > 2 and not text.strip("xX"))


def _shown(path: str, value: Any) -> str:
    if path in SECRETS:
        return "(hidden)"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    if "://" in text:
        return "(hidden)"  # an address may contain a password
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
