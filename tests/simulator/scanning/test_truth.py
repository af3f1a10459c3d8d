"""The contents of the bodies match what the world says of itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.presence import PresenceWatch
from mvsnap.domain import Presence
from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.counts import people_at
from mvsnap.simulator.scanning.people import CLEAN, LONGEST_PRESENCE_S, MIXED, Mix
from mvsnap.simulator.scanning.stays import (
    crowds,
    levels,
    people_counts,
    presences,
    seen_stays,
)
from mvsnap.simulator.scanning.truth import (
    begun_per_clock_hour,
    begun_per_day,
    begun_per_hour,
    matches,
    near_visits,
    present_per_hour,
    visits,
    visits_during,
)
from mvsnap.simulator.scanning.world import (
    INSIDE_DBM,
    NEAR_DBM,
    OUTSIDE_DBM,
    ScanningWorld,
    SimRadio,
    WalkerKind,
    minutes,
)
from tests.simulator.scanning.reader import (
    Stretch,
    a_world,
    bodies_of,
    near,
    read,
    visits_of,
)

# A week changes clocks and has a closed day; two days have who comes again.
CASES = [
    pytest.param(2, CLEAN, 2, id="v2"),
    pytest.param(3, CLEAN, 2, id="v3"),
    pytest.param(2, MIXED, 7, id="v2, some seen by one side only"),
    pytest.param(3, MIXED, 7, id="v3, some seen by one side only"),
]


@cache
def known_world(days: int = 7, mix: Mix = CLEAN) -> ScanningWorld:
    """The same for all tests: nothing changes a world."""
    return a_world(days, mix)


def stretches(world: ScanningWorld, **options: Any) -> list[Stretch]:
    return [Stretch(v.mac, v.begin, v.end) for v in visits(world, **options)]


@pytest.mark.parametrize(("version", "mix", "days"), CASES)
def test_visits_and_matches_of_days_are_those_of_the_bodies(
    version: int, mix: Mix, days: int
) -> None:
    world = known_world(days, mix)
    seen = read(bodies_of(world, version))
    for gap_s in (180, 300, 1200):
        expected = stretches(world, gap_s=gap_s, version=version)
        assert visits_of(seen, INSIDE_DBM, gap_s) == expected
    loud = [one for one in seen if one.rssi_dbm >= NEAR_DBM]
    for match in matches(world, visits(world, version=version)):
        for window_s in (0, 30):
            assert near(loud, match.presence, NEAR_DBM, window_s) == match.macs


def test_the_locations_of_v3_change_neither_visits_nor_matches() -> None:
    world = known_world(3)
    bodies = bodies_of(world, 3)
    seen = read(bodies, with_locations=True)
    assert len(seen) > 1.2 * len(read(bodies))
    assert visits_of(seen, INSIDE_DBM, 300) == stretches(world, version=3)
    for match in matches(world, visits(world, version=3)):
        assert near(seen, match.presence, NEAR_DBM, 30) == match.macs


def test_no_signal_strength_is_ambiguous() -> None:
    world = known_world(2)
    loudest: dict[str, set[int]] = {"near": set(), "inside": set(), "outside": set()}
    for minute in minutes(world.begin, world.end):
        for received in world.received(minute):
            at_camera = received.walk.stay_at(received.at) is not None
            inside = "near" if at_camera else "inside"
            where = "outside" if received.walk.kind == WalkerKind.PASSER else inside
            loudest[where].add(max(received.rssi_dbm.values()))
    assert min(loudest["outside"]) > OUTSIDE_DBM
    assert max(loudest["outside"]) < INSIDE_DBM - 1
    assert min(loudest["inside"]) > INSIDE_DBM + 1
    assert max(loudest["inside"]) < NEAR_DBM - 1
    assert min(loudest["near"]) > NEAR_DBM + 1


def test_who_stands_in_a_zone_is_loudest_below_its_camera() -> None:
    world = known_world(1)
    received = [
        h for minute in minutes(world.begin, world.end) for h in world.received(minute)
    ]
    stays = [(h, h.walk.stay_at(h.at)) for h in received]
    near_camera = [(h, stay) for h, stay in stays if stay]
    assert len(near_camera) > 50
    assert all(next(iter(h.rssi_dbm)) == s.spot.ap_mac for h, s in near_camera)


def test_any_two_stays_share_two_minutes_or_are_90_s_apart() -> None:
    world = known_world(7, MIXED)
    stays = {s for walk in world.walks for s in walk.stays}
    assert len(stays) > 100
    for one, other in combinations(stays, 2):
        shared_s = (
            min(one.end, other.end) - max(one.begin, other.begin)
        ).total_seconds()
        assert shared_s >= 120 or shared_s <= -90


def test_the_gateways_own_rule_finds_the_presences_in_the_counts() -> None:
    world = known_world(7, MIXED)
    watches = {(s.serial, s.zone_id): PresenceWatch() for s in world.spots}
    found = []
    for serial, zone_id, at, people in people_counts(world, world.begin, world.end):
        over = watches[serial, zone_id].see(int(at.timestamp() * 1000), people)
        if over:
            span = moment(over.in_ms), moment(over.out_ms)
            found.append(Presence(serial, zone_id, *span, over.peak_people))
    expected = presences(world)
    assert sorted(found, key=lambda one: (one.time_in, one.serial)) == expected
    assert len(expected) > 100
    assert max(p.peak_people for p in expected) > 1
    longest = max(p.time_out - p.time_in for p in expected)
    assert longest <= timedelta(seconds=LONGEST_PRESENCE_S)


def moment(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, UTC)


def test_counts_begin_and_end_with_the_asked_time() -> None:
    world = known_world(1)
    all_counts = list(people_counts(world, world.begin, world.end))
    middle = all_counts[len(all_counts) // 2][2]
    before = list(people_counts(world, world.begin, middle))
    assert before + list(people_counts(world, middle, world.end)) == all_counts
    assert all(one[2] <= other[2] for one, other in pairwise(all_counts))


def test_the_same_people_as_a_script_of_crowds() -> None:
    world = known_world(1)
    script = crowds(world, world.begin)
    for serial, zone_id, at, people in people_counts(world, world.begin, world.end):
        t_s = (at - world.begin).total_seconds()
        assert people_at(script, serial, zone_id, t_s) == people
    noon = world.begin + timedelta(hours=13)
    later = crowds(world, noon)
    assert 0 < len(later) < len(script)
    assert all(crowd.begins_s >= 0 for crowd in later)


def test_in_a_clean_world_cameras_and_access_points_count_the_same_people() -> None:
    world = known_world()
    for spot in world.spots:
        for stay in seen_stays(world, spot):
            people = [p for at, p in levels(world, spot) if at <= stay.begin][-1]
            received = {
                walk.phone
                for walk in world.walks
                for s in walk.stays
                if s.spot == spot and s.begin <= stay.begin <= s.end
            }
            assert None not in received
            assert len(received) == people
    assert all(match.visits for match in matches(world, visits(world)))


def test_in_a_mixed_world_some_are_seen_by_one_side_only() -> None:
    world = known_world(7, MIXED)
    found = visits(world)
    met = matches(world, found)
    alone = [match for match in met if not match.visits]
    assert 0.1 < len(alone) / len(met) < 0.5
    unseen = {visit for visit in found if visit.stays} - set(near_visits(met))
    assert len(unseen) > 20
    # And v3 does not include all phones.
    told = near_visits(matches(world, visits(world, version=3)))
    assert set(told) < set(near_visits(met))


def test_who_counts_as_near_from_first_to_last_stay_meets_more_presences() -> None:
    world = known_world()
    found = visits(world)
    exact, spanned = matches(world, found), matches(world, found, spanned=True)
    both = list(zip(exact, spanned, strict=True))
    assert all(set(one.visits) <= set(other.visits) for one, other in both)
    more = [(one, other) for one, other in both if one.visits != other.visits]
    assert more
    for one, other in more:
        for visit in set(other.visits) - set(one.visits):
            assert visit.stays[0].end < one.presence.time_in
            assert one.presence.time_out < visit.stays[-1].begin


def test_the_phones_below_the_own_camera_are_among_those_near_any() -> None:
    world = known_world()
    found = visits(world)
    own = matches(world, found, same_place=True)
    both = list(zip(matches(world, found), own, strict=True))
    assert all(here.macs <= anywhere.macs for anywhere, here in both)
    assert any(here.macs < anywhere.macs for anywhere, here in both)


def test_staff_stays_long_a_printer_always_and_nobody_else() -> None:
    world = known_world()
    found = visits(world)
    long = [visit for visit in found if visit.lasts_s > 3600]
    assert Counter(v.kind for v in long) == {
        WalkerKind.STAFF: 6 * 2 * 3,
        WalkerKind.FIXED: 1,
    }
    assert not [v for v in found if v.kind == WalkerKind.STAFF and v not in long]
    printer = next(visit for visit in found if visit.kind == WalkerKind.FIXED)
    ends = printer.begin, printer.end + timedelta(seconds=1)
    assert ends == (world.begin, world.end)
    assert WalkerKind.PASSER in {v.kind for v in visits(world, with_passers=True)}
    badges = visits(world, radio=SimRadio.BLE)
    assert len(badges) == 6 * 2 * 3 + 1
    assert len(visits(world, radio=None)) == len(found) + len(badges)


def test_some_come_back_soon_which_is_one_visit_and_some_later() -> None:
    found = visits(known_world())
    assert any(len(visit.walks) == 2 for visit in found)
    of_a_day = Counter((visit.mac, visit.begin.date()) for visit in found)
    assert set(of_a_day.values()) == {1, 2}
    days: dict[str, set[date]] = {}
    for visit in found:
        days.setdefault(visit.mac, set()).add(visit.begin.date())
    assert any(len(of_one) > 1 for of_one in days.values())


def test_a_gap_shorter_than_phones_rest_is_refused() -> None:
    with pytest.raises(ValueError, match="gap_s: 179"):
        visits(known_world(1), gap_s=179)


def test_a_shop_open_for_less_than_three_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="open_until: 11"):
        Mix(open_from=9, open_until=11)


def test_the_shop_opens_by_local_time_also_after_the_change_of_the_clock() -> None:
    world = a_world(8, Mix(staff=0, closed_weekdays=frozenset({5})))
    zone = world.zone_info
    people = [v for v in visits(world) if v.kind == WalkerKind.VISITOR]
    per_day = begun_per_day(people, zone)
    assert sorted(day.day for day in per_day) == [23, 24, 25, 26, 27, 29, 30]
    local_hours = {at.astimezone(zone).hour for at in begun_per_hour(people, zone)}
    assert local_hours <= set(range(9, 20))
    utc_hours = {v.begin.hour for v in people if v.begin.date() == date(2026, 3, 30)}
    assert min(utc_hours) == 7


def test_hours_count_each_visit_where_it_begins_or_where_it_is() -> None:
    found = visits(known_world(2))
    zone = ZoneInfo("Asia/Kolkata")
    begun, present = begun_per_hour(found, zone), present_per_hour(found, zone)
    assert sum(begun.values()) == len(found)
    assert {at.minute for at in begun} == {30}
    clock = begun_per_clock_hour(found, zone)
    assert sum(clock) == len(found)
    at_four = [number for at, number in begun.items() if at.astimezone(zone).hour == 16]
    assert clock[16] == sum(at_four) > 0
    for hour, number in present.items():
        after = hour + timedelta(hours=1)
        here = [v for v in found if v.begin < after and v.end >= hour]
        assert number == len(here)
        assert begun.get(hour, 0) == len([v for v in here if v.begin >= hour])
    assert set(begun) <= set(present)


def test_visits_during_a_presence_hold_those_that_were_near() -> None:
    world = known_world(2)
    found = visits(world)
    for match in matches(world, found):
        here = set(visits_during(found, match.presence))
        assert set(match.visits) <= here
        assert here <= set(visits_during(found, match.presence, 30))


def test_the_seed_and_the_day_decide_all() -> None:
    assert a_world(2).walks == a_world(2).walks
    assert a_world(2).walks != a_world(2, seed=2).walks
    monday = [walk for walk in a_world(1).walks if walk.kind != WalkerKind.FIXED]
    assert set(monday) < set(a_world(2).walks)
    assert bodies_of(a_world(1), 3) == bodies_of(a_world(1), 3)


def test_a_world_without_things_is_silent_at_night() -> None:
    world = a_world(1, Mix(things=False))
    silent = [
        minute
        for minute in minutes(world.begin, world.end)
        if not world.received(minute)
    ]
    assert {minute.astimezone(world.zone_info).hour for minute in silent} >= {
        0,
        3,
        7,
        23,
    }
    assert {visit.kind for visit in visits(world)} == {
        WalkerKind.STAFF,
        WalkerKind.VISITOR,
    }


def test_a_world_without_cameras_and_one_with_many() -> None:
    assert presences(a_world(1, cameras=[])) == []
    four = a_world(2, access_points=5, cameras=[new_camera(n) for n in range(1, 5)])
    assert {p.serial for p in presences(four)} == {spot.serial for spot in four.spots}
    assert {spot.serial for spot in four.spots} == {
        "Q2SM-0000-0001",
        "Q2SM-0000-0002",
        "Q2SM-0000-0003",
        "Q2SM-0000-0004",
    }
