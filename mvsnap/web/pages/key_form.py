"""The forms of API keys and webhook tokens: what was entered, or the mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from mvsnap.config.key_limits import (
    ACTIONS,
    SCOPES,
    USUAL_SCOPES,
    read_key_limits,
    read_token_limits,
)
from mvsnap.core.days import day_span
from mvsnap.core.keys import KeyKind, StoredKey, parse_name
from mvsnap.errors import BadInput
from mvsnap.texts import N_, first_upper
from mvsnap.values import replace

OVERLAPS = (
    ("0", N_("at once")),
    ("1", N_("in 1 hour")),
    ("24", N_("in 1 day")),
    ("168", N_("in 7 days")),
    ("720", N_("in 30 days")),
)
# What each of the choices allows, or has done.
_ABOUT: Mapping[KeyKind, Mapping[str, str]] = {
    KeyKind.KEY: {
        "snapshot": N_("take pictures, follow jobs and try them again"),
        "read": N_("see events, pictures, clips and metrics"),
        "webhook": N_("send alarms to /webhook"),
        "badges": N_("store badge events"),
        "mute": N_("list, make and end mutes"),
        "review": N_("see badge events, with names and verdicts"),
    },
    KeyKind.TOKEN: {
        "clip": N_("record a clip"),
        "snapshot": N_("take a picture"),
        "ignore": N_("do nothing"),
    },
}
_MOST_ENTRIES, _LONGEST_TEXT = 200, 10_000
# A limit's field on the page, where it has another name.
_FIELDS = {"room": "rooms", "scopes": "chosen", "actions": "chosen"}


class KeyEntered(Struct, frozen=True):
    """texts and chosen: as entered. The others count only without mistakes."""

    texts: Mapping[str, str] = {}
    chosen: frozenset[str] = frozenset()
    mistakes: Mapping[str, str] = {}
    name: str = ""
    limits: Mapping[str, Any] = {}
    expires_at: datetime | None = None

    def with_mistakes(self, mistakes: Mapping[str, str]) -> KeyEntered:
        return replace(self, mistakes=mistakes)


class KeyForm(Struct, frozen=True):
    """choices: the scopes of a key, or the actions of a token."""

    kind: KeyKind
    zone: ZoneInfo

    @property
    def choices(self) -> tuple[str, ...]:
        return SCOPES if self.kind is KeyKind.KEY else ACTIONS

    @property
    def about(self) -> Mapping[str, str]:
        """What each of them means."""
        return _ABOUT[self.kind]

    def empty(self) -> KeyEntered:
        """Return the form of a new key."""
        usual = USUAL_SCOPES if self.kind is KeyKind.KEY else ()
        return KeyEntered(chosen=frozenset(usual))

    def of(self, key: StoredKey) -> KeyEntered:
        """Return the form of a key as it is."""
        limits = key.limits
        rooms = limits.get("rooms", ()) or _several(limits.get("room"))
        return KeyEntered(
            texts={
                "cameras": _lines(limits["cameras"]),
                "rooms": _lines(rooms),
                "expires": self._last_day(key.expires_at),
            },
            chosen=frozenset(limits.get("scopes", limits.get("actions", ()))),
        )

    def read(
        self,
        form: MultiDict[str, str],
        recorder_cameras: Iterable[str],
        now: datetime,
        *,
        named: bool,
    ) -> KeyEntered:
        """named: the form has a name, that of a new key."""
        names = ("name", "cameras", "rooms", "expires")
        texts = {n: form.get(n, "")[:_LONGEST_TEXT].strip() for n in names}
        chosen = form.getlist("chosen")[: len(self.choices) + 1]
        limits, wrong = self._limits(texts, chosen, recorder_cameras)
        mistakes = {_FIELDS.get(name, name): text for name, text in wrong.items()}
        name, expires_at = "", None
        try:
            expires_at = self._expiry(texts["expires"], now)
        except BadInput as exc:
            mistakes["expires"] = _below_field(exc)
        try:
            name = parse_name(texts["name"]) if named else ""
        except BadInput as exc:
            mistakes["name"] = _below_field(exc)
        return KeyEntered(texts, frozenset(chosen), mistakes, name, limits, expires_at)

    def _limits(
        self,
        texts: Mapping[str, str],
        chosen: list[str],
        recorder_cameras: Iterable[str],
    ) -> tuple[dict[str, Any], dict[str, str]]:
        cameras, rooms = _entries(texts["cameras"]), _entries(texts["rooms"])
        if self.kind is KeyKind.KEY:
            given = {"cameras": cameras or ["*"], "rooms": rooms or ["*"]}
            return read_key_limits(given | {"scopes": chosen}, recorder_cameras)
        given = {"cameras": cameras, "actions": chosen}
        room = rooms[0] if len(rooms) == 1 else rooms
        return read_token_limits(given | {"room": room or None}, recorder_cameras)

    def _expiry(self, text: str, now: datetime) -> datetime | None:
        """Return the end of the day, "" for none."""
        if not text:
            return None
        end = day_span(text, self.zone)[1]
        if end <= now:
            raise BadInput("expires: This day is over.")
        return end

    def _last_day(self, expires_at: datetime | None) -> str:
        if expires_at is None:
            return ""
        last = expires_at.astimezone(self.zone) - timedelta(microseconds=1)
        return f"{last:%Y-%m-%d}"


def _entries(text: str) -> list[str]:
    """Return the entries of a field, one in each line."""
    found = [line.strip() for line in text.splitlines()]
    return list(dict.fromkeys(filter(None, found)))[:_MOST_ENTRIES]


def _several(room: str | list[str] | None) -> list[str]:
    if isinstance(room, list):
        return room
    return [room] if room else []


def _lines(entries: Iterable[str]) -> str:
    return "\n".join("" if entry == "*" else entry for entry in entries)


def _below_field(exc: BadInput) -> str:
    """Return a mistake without the name of its field, whose label names it already."""
    words = exc.message.partition(": ")[2]
    return first_upper(words)
