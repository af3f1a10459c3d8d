"""Badge events from webhooks: parses an access system's message by a rule's paths.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from msgspec import Struct

from mvsnap.badges.json_body import detail, detail_name, swipe
from mvsnap.badges.model import MAX_DETAILS, Detail, Swipe
from mvsnap.errors import BadInput
from mvsnap.webhooks.rules import values_at

_FIELDS = ("timestamp", "user_id", "reader")


class BadgePaths(Struct, frozen=True):
    """Where a message has the time, person and reader; dotted paths, as in rules."""

    timestamp: str
    user_id: str
    reader: str


def swipe_of(paths: BadgePaths, payload: Mapping[str, Any], now: datetime) -> Swipe:
    """Return the badge event of a message; its plain values become details.

    Raises:
        BadInput: names the field and its path.
    """
    row = dict(islice(_details(payload), MAX_DETAILS - len(_FIELDS)))
    found = {name: _first(payload, getattr(paths, name)) for name in _FIELDS}
    try:
        return swipe("badge", row | found, now)
    except BadInput as exc:
        expected = ", ".join(f"{name} at {getattr(paths, name)}" for name in _FIELDS)
        raise BadInput(f"{exc.message}; the rule expects {expected}") from exc


def _first(payload: Mapping[str, Any], path: str) -> Any:
    return next(values_at(payload, path), None)


def _details(payload: Mapping[str, Any]) -> Iterator[tuple[str, Detail]]:
    """Yield the valid details: an invalid one must not cost the badge event."""
    for name, value in payload.items():
        if value is None or isinstance(value, dict | list):
            continue
        with suppress(BadInput):
            yield detail_name("", name), detail(name, value)
