"""Visits: sightings of a device, minute by minute, joined into stays. Pure.

A visit is a chain of minutes of one device, each beginning at most `gap_s` after the
end of those before. Joining only takes minima, maxima and sums, so the order and
grouping in which minutes arrive do not matter: a late observation extends a visit, or
joins two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

MINUTE_S = 60
# Visits are counted by the quarter of an hour in which they begin.
SLOT_S = 900
# Lower ends of the classes in which lengths of visits are counted.
DWELL_CLASSES_S = (0, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800)


class VisitRule(Struct, frozen=True):
    """gap_s: silence that ends a visit; near_dbm: a signal this strong is near;

    long_stay_s: whoever stays longer is not a visitor, but staff or a printer;
    zone: whose days are counted, None: those of no zone.
    """

    gap_s: int = 300
    near_dbm: int = -65
    long_stay_s: int = 3600
    zone: ZoneInfo | None = ZoneInfo("UTC")


# Both are tuples: they come by the million and are inserted as they are.
class Observation(NamedTuple):
    """One observation: a device in one minute, across all access points.

    minute: since 1970; first_s, last_s: seconds in it, 0 to 59; rssi_dbm: the
    strongest; ap: the access point of that, 0 if unknown; ssid: None if not
    associated.
    """

    device: int
    minute: int
    first_s: int
    last_s: int
    rssi_dbm: int
    ap: int = 0
    ssid: str | None = None


class Visit(NamedTuple):
    """One stay; times are seconds since 1970.

    observations: minutes with sightings; rssi_dbm: the strongest; near_in_s,
    near_out_s: first and last time it was near, None if it never was.
    """

    time_in_s: int
    time_out_s: int
    observations: int
    rssi_dbm: int
    near_in_s: int | None = None
    near_out_s: int | None = None


def merged(one: Observation, other: Observation) -> Observation:
    """Merge two reports of the same device and minute."""
    strong = max(one, other, key=lambda observed: (observed.rssi_dbm, observed.ap))
    return Observation(
        one.device,
        one.minute,
        min(one.first_s, other.first_s),
        max(one.last_s, other.last_s),
        strong.rssi_dbm,
        strong.ap,
        max(one.ssid or "", other.ssid or "") or None,
    )


def visits(minutes: Iterable[Observation], rule: VisitRule) -> list[Visit]:
    """Return the visits of one device; each of its minutes occurs once."""
    return chained([stay(observed, rule) for observed in minutes], rule.gap_s)


def stay(observed: Observation, rule: VisitRule, *, is_known: bool = False) -> Visit:
    """Return a visit of one minute, to be chained with others.

    is_known: the minute is part of a visit already; only its values have changed.
    """
    begin_s = observed.minute * MINUTE_S
    first_s, last_s = begin_s + observed.first_s, begin_s + observed.last_s
    count = 0 if is_known else 1
    if observed.rssi_dbm >= rule.near_dbm:
        return Visit(first_s, last_s, count, observed.rssi_dbm, first_s, last_s)
    return Visit(first_s, last_s, count, observed.rssi_dbm)


def chained(stays: Iterable[Visit], gap_s: int) -> list[Visit]:
    """Join stays of one device that are at most `gap_s` apart; by time."""
    found: list[Visit] = []
    for this in sorted(stays, key=itemgetter(0)):
        if found and this.time_in_s - found[-1].time_out_s <= gap_s:
            found[-1] = _joined(found[-1], this)
        else:
            found.append(this)
    return found


def dwell_class(dwell_s: int) -> int:
    """Return the index in DWELL_CLASSES_S."""
    return bisect_right(DWELL_CLASSES_S, dwell_s) - 1


def _joined(one: Visit, later: Visit) -> Visit:
    near_in_s, near_out_s = one.near_in_s, one.near_out_s
    if near_in_s is None or near_out_s is None:
        near_in_s, near_out_s = later.near_in_s, later.near_out_s
    elif later.near_in_s is not None and later.near_out_s is not None:
        near_in_s = min(near_in_s, later.near_in_s)
        near_out_s = max(near_out_s, later.near_out_s)
    return Visit(
        one.time_in_s,
        max(one.time_out_s, later.time_out_s),
        one.observations + later.observations,
        max(one.rssi_dbm, later.rssi_dbm),
        near_in_s,
        near_out_s,
    )
