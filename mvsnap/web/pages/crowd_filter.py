"""Crowd filter: the filter of the list of crowds, with what was entered wrong."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from mvsnap.domain import RAISED, EventKind, ZoneId
from mvsnap.errors import BadInput
from mvsnap.store.events import EventFilter
from mvsnap.web.filters import ListFilter, event_id, one_of, typed

CrowdFilter = ListFilter[EventFilter]

_MAX_ID = 64


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> CrowdFilter:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, ("serial", "zone_id", "day", "kind", "after"))
    serial = texts.serial()
    since, until = texts.day(zone)
    kind = texts.parsed("kind", _kind)
    wanted = EventFilter(
        kinds=RAISED if kind is None else (kind,),
        serials=None if serial is None else (serial,),
        zone_id=texts.parsed("zone_id", _zone_id),
        since=since,
        until=until,
        after=texts.parsed("after", event_id),
    )
    return ListFilter(texts.entered, texts.mistakes, wanted)


def _kind(text: str) -> EventKind:
    return EventKind(one_of(text, RAISED))


def _zone_id(text: str) -> ZoneId:
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_ID:
        raise BadInput(f"{text[:40]!r} (expected digits, 0: whole frame)")
    return ZoneId(text)
