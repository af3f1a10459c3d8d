"""Crowd filter: what a person asks of the list of crowds, with what was typed wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mvsnap.core.days import day_span
from mvsnap.domain import RAISED, EventId, EventKind, ZoneId, parse_serial
from mvsnap.errors import BadInput
from mvsnap.store.store import EventFilter

T = TypeVar("T")

NAMES = ("serial", "zone_id", "day", "kind")
_MAX_ID = 64


@dataclass(frozen=True, slots=True)
class CrowdFilter:
    """entered: the texts that are not empty; mistakes: what is wrong with them."""

    entered: dict[str, str]
    mistakes: dict[str, str]
    wanted: EventFilter

    @property
    def first_page(self) -> bool:
        return self.wanted.after is None

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without the page, for an address."""
        return {name: text for name, text in self.entered.items() if name in NAMES}

    def must_fit(self) -> None:
        """Raise BadInput for the first mistake."""
        for message in self.mistakes.values():
            raise BadInput(message)


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> CrowdFilter:
    """Return the filter; a value that cannot be used is left out of `wanted`."""
    texts = {name: given.get(name, "").strip() for name in (*NAMES, "after")}
    entered = {name: text for name, text in texts.items() if text}
    mistakes: dict[str, str] = {}

    def parsed(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(entered[name]) if name in entered else None
        except BadInput as exc:
            mistakes[name] = _named(name, exc.message)
            return None

    serial = parsed("serial", parse_serial)
    if serial is not None:
        entered["serial"] = serial  # in Meraki's own spelling
    span = parsed("day", lambda text: day_span(text, zone))
    kind = parsed("kind", _kind)
    wanted = EventFilter(
        kinds=RAISED if kind is None else (kind,),
        serials=None if serial is None else (serial,),
        zone_id=parsed("zone_id", _zone_id),
        after=parsed("after", _event_id),
    )
    if span is not None:
        wanted = replace(wanted, since=span[0], until=span[1])
    return CrowdFilter(entered, mistakes, wanted)


def _named(name: str, message: str) -> str:
    return message if message.startswith(f"{name}:") else f"{name}: {message}"


def _kind(text: str) -> EventKind:
    for kind in RAISED:
        if kind == text:
            return kind
    known = ", ".join(RAISED)
    raise BadInput(f"kind: {text[:40]!r} (expected one of: {known})")


def _zone_id(text: str) -> ZoneId:
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_ID:
        raise BadInput(f"zone_id: {text[:40]!r} (expected digits, 0: whole frame)")
    return ZoneId(text)


def _event_id(text: str) -> EventId:
    # No id holds a NUL, and PostgreSQL refuses to look for one.
    if not text.isprintable() or len(text) > _MAX_ID:
        raise BadInput(f"after: {text[:40]!r} (expected an event id)")
    return EventId(text)
