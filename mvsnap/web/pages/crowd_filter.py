"""Crowd filter: what a person asks of the list of crowds, with what was typed wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from mvsnap.core.days import day_span
from mvsnap.domain import RAISED, EventKind, ZoneId, parse_serial
from mvsnap.errors import BadInput
from mvsnap.store.store import EventFilter
from mvsnap.web.pages.filters import ListFilter, event_id, typed

CrowdFilter = ListFilter[EventFilter]

_MAX_ID = 64


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> CrowdFilter:
    """Return the filter; a value that cannot be used is left out of `wanted`."""
    texts = typed(given, ("serial", "zone_id", "day", "kind"))
    serial = texts.parsed("serial", parse_serial)
    if serial is not None:
        texts.entered["serial"] = serial  # in Meraki's own spelling
    span = texts.parsed("day", lambda text: day_span(text, zone))
    kind = texts.parsed("kind", _kind)
    wanted = EventFilter(
        kinds=RAISED if kind is None else (kind,),
        serials=None if serial is None else (serial,),
        zone_id=texts.parsed("zone_id", _zone_id),
        after=texts.parsed("after", event_id),
    )
    if span is not None:
        wanted = replace(wanted, since=span[0], until=span[1])
    return ListFilter(texts.entered, texts.mistakes, wanted)


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
