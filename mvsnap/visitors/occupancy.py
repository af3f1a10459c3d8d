"""Occupancy: how many people are in the places of the settings now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.config.visitors import OccupancySection
from mvsnap.core.amounts import amount
from mvsnap.core.people_now import is_heard, people_now
from mvsnap.core.troubles import Sight
from mvsnap.domain import Serial, ZoneId
from mvsnap.sense.rules import SenseRules, listed_zones
from mvsnap.sense.site_settings import read_sense
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore

KIND = "occupancy"


class Occupancy(Struct, frozen=True):
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


class ZoneSources(Struct, frozen=True):
    """What says how many people are in a zone, and whether anybody counts there."""

    sense: SenseStore
    site: SiteStore
    settings: Settings


def occupancies(
    places: Iterable[OccupancySection], sources: ZoneSources, now: datetime
) -> list[Occupancy]:
    """Return the people in view of each place, as MV Sense counts them."""
    several = list(places)
    if not several:
        return []
    sense, seen_at = sources.sense, sources.sense.last_seen()
    serials = {serial for place in several for serial, _ in place.keys}
    states = {serial: sense.zone_states(serial) for serial in serials}
    settings, _ = read_sense(sources.site, sources.settings.sense)
    rules = SenseRules(settings, sources.settings.recipients)
    zones, is_whole = sources.site.zones(), sense.watches_all()

    def people(serial: Serial, zone_id: ZoneId) -> int | None:
        """Return those of a zone, as for *People now*."""
        written, listed = states[serial], listed_zones(zones.get(serial))
        if not rules.counts(serial, zone_id) or rules.has_stepped_back(
            serial, zone_id, written, listed
        ):
            return None
        return people_now(
            written.get(zone_id),
            now,
            heard=is_heard(seen_at.get(serial), now),
            watched=is_whole and rules.surely_watches(serial, zone_id, listed),
        )

    return [
        _together(place, [people(serial, zone_id) for serial, zone_id in place.keys])
        for place in several
    ]


def _together(place: OccupancySection, people: Sequence[int | None]) -> Occupancy:
    known = [many for many in people if many is not None]
    total = sum(known) if known else None
    return Occupancy(place.name, total, place.limit, len(known) == len(people))


def occupancy_sights(
    places: Sequence[OccupancySection], sources: ZoneSources
) -> Callable[[datetime], Iterator[Sight]]:
    """Return what looks for places with too many people, for alerts."""

    def look(now: datetime) -> Iterator[Sight]:
        for one in occupancies(places, sources, now):
            people = "unknown"
            if one.people is not None:
                people = amount(one.people, "person", "people")
            text = f"{people}, limit {one.limit:,}"
            yield Sight(f"Occupancy of {one.name}", KIND, one.is_over, text)

    return look
