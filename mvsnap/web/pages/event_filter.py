"""Event filter: the filter of the list of events, with what was entered wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.clock import iso
from mvsnap.domain import EventId, EventKind
from mvsnap.errors import BadInput
from mvsnap.store.events import EventFilter
from mvsnap.store.events.search import EventSearch, find_event
from mvsnap.values import replace
from mvsnap.web.context import gateway
from mvsnap.web.event_terms import (
    of_camera,
    parse_camera,
    parse_severity,
    parse_state,
    parse_words,
    with_state,
)
from mvsnap.web.filters import ListFilter, event_id, one_of, typed

EventsAsked = ListFilter[EventSearch]

# In the form, below "More": it is open where one of them was entered.
MORE = ("hour_from", "hour_to", "severity", "state")
_FIELDS = ("text", "kind", "camera", "day", *MORE, "after")


def read_filter(given: Mapping[str, str], zone: ZoneInfo, now: datetime) -> EventsAsked:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, _FIELDS)
    kind = texts.parsed("kind", lambda text: EventKind(one_of(text, tuple(EventKind))))
    since, until = texts.period(zone, now)
    place = EventFilter(since=since, until=until, after=texts.parsed("after", _known))
    camera = texts.parsed("camera", parse_camera)
    search = of_camera(EventSearch(place), camera)
    if kind is not None:
        # The index of a camera, or that of a kind: with both, it is looked for.
        kinds = (kind,)
        place = search.place if camera else replace(search.place, kinds=kinds)
        search = replace(search, place=place, kinds=kinds if camera else None)
    search = replace(
        search,
        words=texts.parsed("text", parse_words) or (),
        severity=texts.parsed("severity", parse_severity),
    )
    search = with_state(search, texts.parsed("state", parse_state))
    return ListFilter(texts.entered, texts.mistakes, search)


def api_query(asked: EventsAsked) -> dict[str, Any]:
    """Return the parameters of the API for the same events."""
    names = ("text", "kind", "camera", "severity", "state")
    query: dict[str, Any] = {
        name: asked.entered[name] for name in names if name in asked.entered
    }
    place = asked.wanted.place
    if place.since is not None and place.until is not None:
        query |= {"since": iso(place.since), "until": iso(place.until)}
    return query


def _known(text: str) -> EventId:
    found = event_id(text)
    if find_event(gateway().store, found) is None:
        raise BadInput(f"{text[:40]!r} (expected the id of an event)")
    return found
