"""The rooms of a Webex bot, listed by one process for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

from mvsnap.domain import Room, RoomId
from mvsnap.store.database import OUTAGES
from mvsnap.store.fetches import StoredFetches

# How long another process may take for the list before this one asks, too.
_OTHERS_S, _LOOK_S = 10.0, 0.25


class StoredRooms:
    """name: tells the bot from others."""

    def __init__(self, fetches: StoredFetches, name: str) -> None:
        self._fetches = fetches
        self._name = f"rooms {name}"

    def get(
        self, ask: Callable[[], list[Room]], within_s: float
    ) -> tuple[list[Room], float]:
        began, passed_s = time.monotonic(), 0.0
        while passed_s < _OTHERS_S:
            try:
                known = self._known(within_s + passed_s) or self._fetched(ask)
            except OUTAGES:
                break
            if known is not None:
                return known
            time.sleep(_LOOK_S)
            passed_s = time.monotonic() - began
        return ask(), 0.0

    def _known(self, within_s: float) -> tuple[list[Room], float] | None:
        last = self._fetches.last(self._name)
        if last is None or last.age_s > within_s:
            return None
        rooms = [
            Room(RoomId(row["id"]), row["title"], row["type"]) for row in last.content
        ]
        return rooms, last.age_s

    def _fetched(
        self, ask: Callable[[], list[Room]]
    ) -> tuple[list[Room], float] | None:
        """Return the list, None while another process is asking for it."""
        with self._fetches.turn() as goes_on:
            if goes_on is None:
                return None
            rooms = ask()
            self._fetches.note(self._name, [asdict(room) for room in rooms])
        return rooms, 0.0
