"""The rooms of a Webex bot, listed by one process for all."""

from __future__ import annotations

from collections.abc import Callable

from mvsnap.clock import Clock, poll
from mvsnap.domain import Room, RoomId
from mvsnap.store.database import OUTAGES
from mvsnap.store.sharing.fetches import StoredFetches
from mvsnap.values import asdict

# How long another process may take for the list before this one asks, too.
_OTHERS_S, _LOOK_S = 10.0, 0.25


class StoredRooms:
    """name: another one for each bot."""

    def __init__(self, fetches: StoredFetches, name: str, clock: Clock) -> None:
        self._fetches = fetches
        self._clock = clock
        self._name = f"rooms {name}"

    def get(
        self, ask: Callable[[], list[Room]], within_s: float
    ) -> tuple[list[Room], float]:
        began = self._clock.monotonic()

        def look() -> tuple[list[Room], float] | None:
            passed_s = self._clock.monotonic() - began
            return self._known(within_s + passed_s) or self._fetched(ask)

        try:
            found = poll(look, self._clock, every_s=_LOOK_S, limit_s=_OTHERS_S)
        except OUTAGES:
            found = None
        return found or (ask(), 0.0)

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
        with self._fetches.claim() as goes_on:
            if goes_on is None:
                return None
            rooms = ask()
            self._fetches.note(self._name, [asdict(room) for room in rooms])
        return rooms, 0.0
