"""Scanning truth: the results a gateway should have, derived from the walks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.domain import Presence
from mvsnap.simulator.scanning.stays import presences
from mvsnap.simulator.scanning.world import (
    LONGEST_SILENCE_S,
    Phone,
    ScanningWorld,
    SimRadio,
    Stay,
    Walk,
    WalkerKind,
)

_HOUR = timedelta(hours=1)
# Begin, end and the access points above.
Near = tuple[datetime, datetime, set[str]]


class TrueVisit(Struct, frozen=True):
    """One stay of a phone in the shop, from its first to its last signal.

    walks: those that make up the visit, by time.
    """

    mac: str
    begin: datetime
    end: datetime
    walks: tuple[Walk, ...]

    @property
    def lasts_s(self) -> int:
        return int((self.end - self.begin).total_seconds())

    @property
    def kind(self) -> WalkerKind:
        return self.walks[0].kind

    @property
    def stays(self) -> list[Stay]:
        return [stay for walk in self.walks for stay in walk.stays]


class Match(Struct, frozen=True):
    """A presence and the visits whose phone was near a camera during it."""

    presence: Presence
    visits: tuple[TrueVisit, ...]

    @property
    def macs(self) -> frozenset[str]:
        return frozenset(visit.mac for visit in self.visits)


def visits(
    world: ScanningWorld,
    *,
    gap_s: int = 300,
    version: int = 2,
    radio: SimRadio | None = SimRadio.WIFI,
    with_passers: bool = False,
) -> list[TrueVisit]:
    """Return the visits by begin and address.

    gap_s: a phone that is silent for longer has left.
    version: of the bodies: v3 omits some phones. radio: None means both.
    with_passers: include those in the street, weaker than `INSIDE_DBM`.

    Raises:
        ValueError: phones of this world are silent for longer than `gap_s`.
    """
    if gap_s < LONGEST_SILENCE_S:
        raise ValueError(f"gap_s: {gap_s}, phones rest up to {LONGEST_SILENCE_S} s")
    by_phone: dict[Phone, list[Walk]] = {}
    for walk in world.walks:
        phone = walk.phone
        if phone is None or not phone.is_sent(version):
            continue
        if radio in (None, phone.radio) and (
            with_passers or walk.kind != WalkerKind.PASSER
        ):
            by_phone.setdefault(phone, []).append(walk)
    found = [
        TrueVisit(phone.mac, group[0].begin, group[-1].end, tuple(group))
        for phone, walks in by_phone.items()
        for group in _groups(walks, gap_s)
    ]
    return sorted(found, key=lambda visit: (visit.begin, visit.mac))


def _groups(walks: Sequence[Walk], gap_s: int) -> Iterator[list[Walk]]:
    group = [walks[0]]
    for walk in walks[1:]:
        if (walk.begin - group[-1].end).total_seconds() > gap_s:
            yield group
            group = []
        group.append(walk)
    yield group


def begun_per_hour(visits: Iterable[TrueVisit], zone: ZoneInfo) -> dict[datetime, int]:
    """Return visits by the UTC begin of the local hour in which they begin."""
    return dict(Counter(_hour_of(visit.begin, zone) for visit in visits))


def present_per_hour(
    visits: Iterable[TrueVisit], zone: ZoneInfo
) -> dict[datetime, int]:
    """Return visits by the UTC begin of each local hour that they touch."""
    found: Counter[datetime] = Counter()
    for visit in visits:
        hour = _hour_of(visit.begin, zone)
        while hour <= visit.end:
            found[hour] += 1
            hour += _HOUR
    return dict(found)


def begun_per_clock_hour(visits: Iterable[TrueVisit], zone: ZoneInfo) -> list[int]:
    """Return 24 counts of visits, index = local hour in which they begin."""
    found = Counter(visit.begin.astimezone(zone).hour for visit in visits)
    return [found[hour] for hour in range(24)]


def begun_per_day(visits: Iterable[TrueVisit], zone: ZoneInfo) -> dict[date, int]:
    """Return visits by the local day on which they begin."""
    return dict(Counter(visit.begin.astimezone(zone).date() for visit in visits))


def _hour_of(at: datetime, zone: ZoneInfo) -> datetime:
    # Not every zone is whole hours away from UTC.
    local = at.astimezone(zone)
    return at - timedelta(minutes=local.minute, seconds=local.second)


def matches(
    world: ScanningWorld,
    visits: Sequence[TrueVisit],
    *,
    same_place: bool = False,
    spanned: bool = False,
) -> list[Match]:
    """Return each presence with the visits that were near a camera during it.

    A phone is near if an access point receives it at `NEAR_DBM` or stronger. By the
    plan of the stays any window of up to half a minute around a presence finds the
    same.
    same_place: only below the access point of the presence's own zone.
    spanned: a visit counts as near from its first stay to its last, also between.
    """
    place = {(spot.serial, spot.zone_id): spot.ap_mac for spot in world.spots}
    near = [
        (visit, *span)
        for visit in visits
        for span in (_whole(visit.stays) if spanned else map(_span, visit.stays))
    ]
    found = []
    for presence in presences(world):
        ap_mac = place[presence.serial, presence.zone_id]
        here = {
            visit: None
            for visit, begin, end, ap_macs in near
            if begin <= presence.time_out
            and end >= presence.time_in
            and (not same_place or ap_mac in ap_macs)
        }
        found.append(Match(presence, tuple(here)))
    return found


def _span(stay: Stay) -> Near:
    return stay.begin, stay.end, {stay.spot.ap_mac}


def _whole(stays: Sequence[Stay]) -> list[Near]:
    if not stays:
        return []
    ap_macs = {stay.spot.ap_mac for stay in stays}
    return [(stays[0].begin, stays[-1].end, ap_macs)]


def near_visits(found: Iterable[Match]) -> list[TrueVisit]:
    """Return the visits of the matches, without duplicates, by begin and address."""
    met = {visit: None for match in found for visit in match.visits}
    return sorted(met, key=lambda visit: (visit.begin, visit.mac))


def visits_during(
    visits: Iterable[TrueVisit], presence: Presence, window_s: int = 0
) -> list[TrueVisit]:
    """Return the visits during a presence, however far from its camera.

    window_s: is added before and after the presence.
    """
    window = timedelta(seconds=window_s)
    begin, end = presence.time_in - window, presence.time_out + window
    return [visit for visit in visits if visit.begin <= end and visit.end >= begin]
