"""Occupancy: how many people are in the places of the settings now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mvsnap.config.visitors import OccupancySection
from mvsnap.core.amounts import amount
from mvsnap.core.people_now import is_heard, people_now
from mvsnap.core.troubles import Sight
from mvsnap.store.sense import SenseStore

KIND = "occupancy"


@dataclass(frozen=True, slots=True)
class Occupancy:
    """One place; people: those that are seen, None where no camera can say.

    is_whole: every zone of it is known.
    """

    name: str
    people: int | None
    limit: int
    is_whole: bool

    @property
    def is_over(self) -> bool | None:
        """None: nobody can say."""
        if self.people is not None and self.people > self.limit:
            return True
        return False if self.is_whole else None


def occupancies(
    places: Iterable[OccupancySection], sense: SenseStore, now: datetime
) -> list[Occupancy]:
    """Return the people in view of each place, as MV Sense counts them."""
    several = list(places)
    if not several:
        return []
    seen_at = sense.last_seen()
    serials = {serial for place in several for serial, _ in place.keys}
    states = {serial: sense.zone_states(serial) for serial in serials}
    return [
        _together(
            place,
            [
                people_now(
                    states[serial].get(zone_id),
                    now,
                    heard=is_heard(seen_at.get(serial), now),
                )
                for serial, zone_id in place.keys
            ],
        )
        for place in several
    ]


def _together(place: OccupancySection, people: Sequence[int | None]) -> Occupancy:
    known = [many for many in people if many is not None]
    total = sum(known) if known else None
    return Occupancy(place.name, total, place.limit, len(known) == len(people))


def occupancy_sights(
    places: Sequence[OccupancySection], sense: SenseStore
) -> Callable[[datetime], Iterator[Sight]]:
    """Return what looks for places with too many people, for alerts."""

    def look(now: datetime) -> Iterator[Sight]:
        for one in occupancies(places, sense, now):
            people = "unknown"
            if one.people is not None:
                people = amount(one.people, "person", "people")
            text = f"{people}, limit {one.limit}"
            yield Sight(f"Occupancy of {one.name}", KIND, one.is_over, text)

    return look
