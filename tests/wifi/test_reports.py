"""What the pages ask of visits: sums, lists, correlation, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from mvsnap.core.days import HoursOfDay
from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.errors import BadInput
from mvsnap.store import database
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.values import replace
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.correlation import WifiCorrelation
from mvsnap.wifi.devices import device_name
from mvsnap.wifi.lists import WifiLists
from mvsnap.wifi.model import (
    BusyHour,
    Correlation,
    DayActivity,
    PresenceMatch,
    Radio,
    Totals,
    TotalTime,
    VisitOrder,
    WifiFilter,
    ZoneMatch,
)
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.visits import Observation, Visit, visits
from tests.core.build import DOOR, GATE, NOON
from tests.wifi.build import RULE, SHOP, YARD, at, observed, put, stays

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
DAY = WifiFilter(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
FRAME = ZoneId("0")
LONG_S = RULE.long_stay_s


@pytest.fixture
def store(db: database.Database) -> WifiStore:
    return WifiStore(db)


@pytest.fixture
def reports(db: database.Database) -> WifiReports:
    return WifiReports(db, long_stay_s=LONG_S)


@pytest.fixture
def lists(db: database.Database) -> WifiLists:
    return WifiLists(db, long_stay_s=LONG_S)


@pytest.fixture
def correlation(db: database.Database) -> WifiCorrelation:
    return WifiCorrelation(db, long_stay_s=LONG_S, window_s=30)


PRINTER = stays(9, *range(0, 120, 4))


def test_totals_have_new_and_returning_devices_without_printers(
    store: WifiStore, reports: WifiReports
) -> None:
    put(store, stays(1, -1440))
    put(store, stays(1, 0, 4) + stays(2, 0) + stays(2, 60) + PRINTER)
    assert reports.totals(DAY) == Totals(3, 1, 2, 1, 80.0)
    assert reports.totals(DAY).returning_devices == 1
    with_all = reports.totals(replace(DAY, long_stays=True))
    assert (with_all.visits, with_all.devices, with_all.new_devices) == (4, 3, 2)


def test_without_visits_all_is_zero(
    reports: WifiReports, lists: WifiLists, correlation: WifiCorrelation
) -> None:
    assert reports.totals(DAY) == Totals(0, 0, 0, 0, 0.0)
    assert [hour.visits for hour in reports.by_hour(DAY, BERLIN)] == [0] * 24
    assert [day.day for day in reports.by_day(DAY, UTC_ZONE)] == [NOON.date()]
    assert reports.busiest(DAY, UTC_ZONE) is None
    assert sum(one.visits for one in reports.dwell(DAY)) == 0
    assert (reports.networks(), reports.latest()) == ([], None)
    assert (lists.visits(DAY), lists.observations(DAY)) == ([], [])
    assert correlation.summary(DAY) == Correlation(0, 0, ())
    assert correlation.presences(DAY) == []


def test_hours_and_days_are_those_of_the_site(
    store: WifiStore, reports: WifiReports
) -> None:
    put(store, stays(1, 0) + stays(2, 59) + stays(3, 60, 64) + stays(1, 690))
    by_hour = {h.hour: h.visits for h in reports.by_hour(DAY, BERLIN) if h.visits}
    assert by_hour == {13: 2, 14: 1, 0: 1}
    assert reports.by_hour(DAY, BERLIN)[14].dwell_mean_s == 240
    today = NOON.date()
    assert reports.by_day(DAY, BERLIN) == [
        DayActivity(today, 3, 3, 3, 80.0),
        DayActivity(today + timedelta(days=1), 1, 1, 0, 0.0),
    ]
    assert reports.busiest(DAY, BERLIN) == BusyHour(today, 13, 2)


def test_a_device_counts_once_a_day_and_every_day(
    store: WifiStore, reports: WifiReports
) -> None:
    put(store, stays(1, 0, 60, 120, 1440, 1500, 2880))
    span = replace(DAY, until=DAY.until + timedelta(days=2))
    days = reports.by_day(span, UTC_ZONE)
    assert [(d.visits, d.devices, d.new_devices) for d in days] == [
        (3, 1, 1),
        (2, 1, 0),
        (1, 1, 0),
    ]
    assert reports.totals(span).devices == 1


@pytest.mark.parametrize(
    ("month", "day", "hours"),
    [(3, 29, [0, 1, 3, 4]), (10, 25, [0, 1, 2, 2, 3])],
    ids=["clocks go forward", "clocks go back"],
)
def test_a_day_in_which_clocks_change_has_the_hours_it_has(
    store: WifiStore, reports: WifiReports, month: int, day: int, hours: list[int]
) -> None:
    begin = datetime(2026, month, day, tzinfo=BERLIN).astimezone(UTC)
    first = int((begin - NOON).total_seconds()) // 60
    put(store, [observed(n, first + 60 * n) for n in range(len(hours))])
    span = WifiFilter(begin - timedelta(days=1), begin + timedelta(days=2))
    found = reports.by_hour(span, BERLIN)
    assert [h.hour for h in found for _ in range(h.visits)] == hours
    by_day = {d.day: d.visits for d in reports.by_day(span, BERLIN)}
    assert by_day[date(2026, month, day)] == len(hours)
    assert sum(by_day.values()) == len(hours)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe"])
def test_zones_of_odd_minutes_have_their_own_hours(
    store: WifiStore, reports: WifiReports, zone: str
) -> None:
    put(store, [observed(n, 15 * n) for n in range(8)])
    place = ZoneInfo(zone)
    expected = [at(15 * n).astimezone(place).hour for n in range(8)]
    found = reports.by_hour(DAY, place)
    assert [h.hour for h in found for _ in range(h.visits)] == sorted(expected)


def test_lengths_of_visits_are_counted_in_classes(
    store: WifiStore, reports: WifiReports
) -> None:
    put(store, stays(1, 0) + stays(2, 0, 1) + stays(3, 0, 4, 8, 12, 16) + PRINTER)
    found = {c.from_s: c.visits for c in reports.dwell(DAY) if c.visits}
    assert found == {0: 1, 60: 1, 900: 1}
    assert reports.dwell(DAY)[0].to_s == 60
    assert reports.dwell(DAY)[-1].to_s is None


def test_networks_and_radios_can_be_filtered(
    store: WifiStore, reports: WifiReports, lists: WifiLists
) -> None:
    put(store, stays(1, 0))
    put(store, stays(2, 1), network_id=YARD)
    put(store, stays(3, 2), radio=Radio.BLUETOOTH)
    assert reports.networks() == [SHOP, YARD]
    assert reports.latest() == at(2)
    for wanted, devices in (
        (DAY, [3, 2, 1]),
        (replace(DAY, network_id=SHOP), [3, 1]),
        (replace(DAY, radio=Radio.WIFI), [2, 1]),
        (replace(DAY, network_id=YARD, radio=Radio.WIFI), [2]),
        (replace(DAY, network_id=YARD, radio=Radio.BLUETOOTH), []),
        (replace(DAY, network_id="nothing"), []),
    ):
        names = list(map(device_name, devices))
        assert [row.device for row in lists.visits(wanted)] == names
        assert [row.device for row in lists.observations(wanted)] == names
        assert reports.totals(wanted).visits == len(devices)
        assert reports.totals(wanted).devices == len(devices)


def test_a_list_of_visits_says_all_of_each(store: WifiStore, lists: WifiLists) -> None:
    put(store, stays(1, 0, 1) + [observed(1, 2, 30, rssi_dbm=-50)])
    put(store, stays(1, 60), network_id=SHOP)
    new, old = lists.visits(DAY)[::-1]
    assert (new.is_new, old.is_new) == (True, False)
    assert (new.device, new.network_id, new.radio) == (
        "00:00:00:00:00:01",
        SHOP,
        Radio.WIFI,
    )
    assert (new.time_in, new.time_out) == (at(0), at(2.5))
    assert (new.observations, new.rssi_dbm) == (3, -50)
    assert (new.near_in, new.near_out) == (at(2.5), at(2.5))
    assert new.dwell == timedelta(minutes=2.5)


def test_a_list_of_observations_says_all_of_each(
    store: WifiStore, lists: WifiLists
) -> None:
    put(store, [observed(1, 0, 7, last_s=50, ap=2, ssid="guests"), observed(2, 0)])
    row, other = lists.observations(DAY)  # the latest first
    assert (row.first_at, row.last_at) == (at(7 / 60), at(50 / 60))
    assert (row.access_point, row.ssid) == ("00:00:00:00:00:02", "guests")
    assert (other.access_point, other.ssid, other.rssi_dbm) == (None, None, -80)


def test_lists_can_be_filtered(store: WifiStore, lists: WifiLists) -> None:
    put(store, stays(1, 0) + stays(2, 0, 4) + stays(3, 0, rssi_dbm=-60) + PRINTER)

    def devices(wanted: WifiFilter) -> list[str]:
        return sorted(row.device[-1] for row in lists.visits(wanted))

    assert devices(DAY) == ["1", "2", "3"]
    assert devices(replace(DAY, long_stays=True)) == ["1", "2", "3", "9"]
    assert devices(replace(DAY, min_dwell_s=240)) == ["2"]
    assert devices(replace(DAY, min_rssi_dbm=-60)) == ["3"]
    assert devices(replace(DAY, device=2)) == ["2"]
    wanted = replace(DAY, device=3, min_rssi_dbm=-60)
    assert [row.device[-1] for row in lists.observations(wanted)] == ["3"]
    assert devices(replace(DAY, since=at(0.1))) == []


@pytest.mark.parametrize("order", VisitOrder)
def test_pages_of_visits_show_each_once_in_order(
    store: WifiStore, lists: WifiLists, order: VisitOrder
) -> None:
    chance = random.Random(5004)
    for device in range(40):
        begin, length = chance.randrange(60), chance.randrange(3)
        strength = chance.choice([-80, -70])
        minutes = range(begin, begin + length + 1)
        put(store, stays(device, *minutes, rssi_dbm=strength))
    rows, after = [], None
    while page := lists.visits(DAY, order, after=after, limit=7):
        rows += page
        after = page[-1].key
    assert len({row.device for row in rows}) == len(rows) == 40
    by: dict[VisitOrder, list[float]] = {
        VisitOrder.TIME: [row.time_in.timestamp() for row in rows],
        VisitOrder.DWELL: [row.dwell.total_seconds() for row in rows],
        VisitOrder.SIGNAL: [row.rssi_dbm for row in rows],
    }
    assert by[order] == sorted(by[order], reverse=True)


def test_pages_of_observations_show_each_once(
    store: WifiStore, lists: WifiLists
) -> None:
    put(store, [observed(device, minute) for device in range(5) for minute in range(5)])
    rows, after = [], None
    while page := lists.observations(DAY, after=after, limit=4):
        rows += page
        after = page[-1].key
    assert len({row.key for row in rows}) == len(rows) == 25
    times = [row.first_at for row in rows]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "after",
    ["", "x", "1.2", "1.2.3.4.5", "1.2.x", f"{2**63}.1.1", "1.1.1\n", "--1.1.1"],
)
def test_a_key_of_no_row_is_bad_input(lists: WifiLists, after: str) -> None:
    with pytest.raises(BadInput, match="after"):
        lists.visits(DAY, after=after)
    with pytest.raises(BadInput, match="after"):
        lists.observations(DAY, after=after)


@pytest.mark.parametrize("beyond", [2**63 - 1, 2**31, 2**15])
def test_a_key_beyond_all_rows_has_all_behind_it(
    store: WifiStore, lists: WifiLists, beyond: int
) -> None:
    put(store, stays(1, 0))
    rest = f"{beyond}.{beyond}"
    after = f"{beyond}.{beyond}.{rest}"
    assert len(lists.visits(DAY, VisitOrder.SIGNAL, after=after)) == 1
    assert len(lists.observations(DAY, after=f"{2**40}.{rest}")) == 1
    assert lists.visits(DAY, after=f"1.{rest}") == []


# --- correlation


def presence(begin: float, end: float, serial: Serial = GATE) -> Presence:
    return Presence(serial, FRAME, at(begin), at(end), 2)


def see(db: database.Database, *found: Presence) -> None:
    SenseStore(db).save(Findings(presences=found), NOON)


def near(device: int, *minutes: int) -> list[Observation]:
    return stays(device, *minutes, rssi_dbm=-60)


def test_visits_near_a_camera_are_matched_with_its_presences(
    store: WifiStore, db: database.Database, correlation: WifiCorrelation
) -> None:
    put(store, near(1, 0, 1, 2) + near(2, 2) + stays(3, 1) + near(4, 30) + PRINTER)
    first, later, other = presence(1, 3), presence(10, 11), presence(1, 1.5, DOOR)
    see(db, first, later, other)
    assert correlation.summary(DAY) == Correlation(
        3,
        2,
        (ZoneMatch(GATE, FRAME, 2, 1, 2), ZoneMatch(DOOR, FRAME, 1, 1, 2)),
    )
    assert correlation.summary(DAY).zones[0].visits_mean == 1.0
    assert correlation.presences(DAY, GATE) == [
        PresenceMatch(later, 0),
        PresenceMatch(first, 2),
    ]
    only = correlation.summary(DAY, DOOR, FRAME)
    assert (only.matched_visits, only.near_visits) == (2, 3)


@pytest.mark.parametrize(
    ("begin", "end", "matches"),
    [(-1, -0.5, 1), (-1, -0.52, 0), (0.5, 1, 1), (0.52, 1, 0), (-60, 60, 1)],
    ids=["just before", "too early", "just after", "too late", "all around"],
)
def test_the_window_reaches_as_far_as_it_says(
    store: WifiStore,
    db: database.Database,
    correlation: WifiCorrelation,
    begin: float,
    end: float,
    matches: int,
) -> None:
    put(store, near(1, 0))
    see(db, presence(begin, end))
    assert correlation.presences(DAY)[0].visits == matches
    assert correlation.summary(DAY).matched_visits == matches


def test_a_presence_before_the_span_matches_within_the_window(
    store: WifiStore, db: database.Database
) -> None:
    correlation = WifiCorrelation(db, long_stay_s=LONG_S, window_s=3600)
    put(store, near(1, 10))
    see(db, presence(-70, -25))
    assert correlation.summary(replace(DAY, since=at(0))).matched_visits == 1


def test_presences_far_apart_are_matched_with_what_lies_around_each(
    store: WifiStore,
    db: database.Database,
    correlation: WifiCorrelation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(store, stays(1, *range(0, 56, 4)) + near(1, 58) + near(2, 500))
    put(store, near(3, 300) + near(4, 361))
    see(db, presence(58.1, 58.2), presence(65, 66), presence(301, 361))
    spans, ask = [], correlation._many_near

    def asked(
        connection: Connection, wanted: WifiFilter, these: Sequence[Presence]
    ) -> list[int]:
        spans.append((wanted.since, wanted.until))
        return ask(connection, wanted, these)

    monkeypatch.setattr(correlation, "_many_near", asked)
    assert [one.visits for one in correlation.presences(DAY)] == [1, 0, 1]
    second = timedelta(seconds=1)
    assert spans == [(at(58.1), at(65) + second), (at(301), at(301) + second)]


def test_a_printer_is_near_all_the_time_and_matches_nothing(
    store: WifiStore, db: database.Database, correlation: WifiCorrelation
) -> None:
    put(store, near(9, *range(0, 120, 4)))
    see(db, presence(5, 6))
    assert correlation.summary(DAY).near_visits == 0
    assert correlation.presences(DAY) == [PresenceMatch(presence(5, 6), 0)]


def test_many_are_matched_as_one_by_one(
    store: WifiStore, db: database.Database, correlation: WifiCorrelation
) -> None:
    chance, dbm = random.Random(17), (-80, -60)
    found: list[Visit] = []
    for device in range(60):
        begin = chance.randrange(600)
        minutes = [
            observed(device, minute, chance.randrange(60), rssi_dbm=chance.choice(dbm))
            for minute in range(begin, begin + chance.randrange(1, 9))
        ]
        minutes = [m._replace(last_s=m.first_s) for m in minutes]
        put(store, minutes)
        found += visits(minutes, RULE)
    seen = [
        presence(begin, begin + chance.randrange(10), chance.choice([GATE, DOOR]))
        for begin in chance.sample(range(600), 50)
    ]
    see(db, *seen)

    def matches(visit: Visit, one: Presence) -> bool:
        if visit.near_in_s is None or visit.near_out_s is None:
            return False
        begin_s, end_s = one.time_in.timestamp() - 30, one.time_out.timestamp() + 30
        return visit.near_in_s <= end_s and visit.near_out_s >= begin_s

    rows, after = [], None
    while page := correlation.presences(DAY, after=after, limit=7):
        rows += page
        after = page[-1].presence
    assert len(rows) == 50
    for row in rows:
        expected = sum(matches(visit, row.presence) for visit in found)
        assert row.visits == expected, row
    summary = correlation.summary(DAY)
    assert summary.near_visits == sum(visit.near_in_s is not None for visit in found)
    assert summary.matched_visits == sum(
        any(matches(visit, one) for one in seen) for visit in found
    )
    assert sum(z.visits for z in summary.zones) == sum(row.visits for row in rows)


def test_hours_of_the_day_limit_sums_and_lists(
    store: WifiStore, reports: WifiReports, lists: WifiLists
) -> None:
    put(store, stays(1, 0, 4) + stays(1, 70, 74) + stays(2, -30, -26) + stays(3, 600))
    noon = replace(DAY, hours=HoursOfDay(12, 13, UTC_ZONE))
    # The device that came again at 13:10 counts once, by its visit at noon.
    assert reports.totals(noon) == Totals(1, 0, 1, 1, 240.0)
    assert {h.hour for h in reports.by_hour(noon, UTC_ZONE) if h.visits} == {12}
    assert [day.devices for day in reports.by_day(noon, UTC_ZONE)] == [1]
    assert reports.busiest(noon, UTC_ZONE) == BusyHour(NOON.date(), 12, 1)
    assert [row.time_in for row in lists.visits(noon)] == [at(0)]
    assert {row.first_at for row in lists.observations(noon)} == {at(0), at(4)}
    # 22:00 to 12:00 goes over midnight; in Berlin, 11:30 is 12:30.
    night = replace(DAY, hours=HoursOfDay(22, 12, UTC_ZONE))
    assert {row.time_in for row in lists.visits(night)} == {at(-30), at(600)}
    berlin = replace(DAY, hours=HoursOfDay(12, 13, BERLIN))
    assert [row.time_in for row in lists.visits(berlin)] == [at(-30)]


def test_later_visits_count_in_their_hours_though_an_earlier_one_was_first(
    store: WifiStore, reports: WifiReports
) -> None:
    put(store, stays(1, 0, 4) + stays(1, 70, 74))
    later = replace(DAY, hours=HoursOfDay(13, 14, UTC_ZONE))
    found = reports.totals(later)
    assert (found.visits, found.devices, found.new_devices) == (1, 1, 0)
    assert [day.devices for day in reports.by_day(later, UTC_ZONE)] == [1]


def test_the_total_time_of_a_device_limits_sums_and_lists(
    store: WifiStore, reports: WifiReports, lists: WifiLists
) -> None:
    # 4 min; twice 30 min; a printer.
    often = stays(2, *range(0, 31, 4), 30) + stays(2, *range(100, 131, 4), 130)
    put(store, stays(1, 0, 4) + often + PRINTER)
    total = TotalTime(DAY.since, DAY.until, most_s=3599)
    short = replace(DAY, total=total)
    assert reports.totals(short) == Totals(1, 0, 1, 1, 240.0)
    assert {row.device for row in lists.visits(short)} == {device_name(1)}
    assert {row.device for row in lists.observations(short)} == {device_name(1)}
    assert sum(hour.visits for hour in reports.by_hour(short, UTC_ZONE)) == 1
    assert sum(day.devices for day in reports.by_day(short, UTC_ZONE)) == 1
    assert sum(found.visits for found in reports.dwell(short)) == 1
    assert reports.busiest(short, UTC_ZONE) == BusyHour(NOON.date(), 12, 1)
    # No visit of the second is a long stay, but all of them are an hour.
    middle = replace(DAY, total=replace(total, least_s=3600, most_s=3600))
    assert reports.totals(middle) == Totals(2, 0, 1, 1, 1800.0)
    # A part of the span does not shorten the time of a device.
    part = replace(middle, since=at(90))
    assert [row.time_in for row in lists.visits(part)] == [at(100)]


def test_hours_limit_presences_and_visits_near_them(
    store: WifiStore, correlation: WifiCorrelation, db: database.Database
) -> None:
    put(store, near(1, -2, 1) + near(2, 90))
    seen = [Presence(GATE, FRAME, at(begin), at(begin + 1), 1) for begin in (0, 30, 90)]
    SenseStore(db).save(Findings(presences=seen), NOON)
    noon = replace(DAY, hours=HoursOfDay(12, 13, UTC_ZONE))
    # Whoever came before noon was still there.
    assert [(m.presence.time_in, m.visits) for m in correlation.presences(noon)] == [
        (at(30), 0),
        (at(0), 1),
    ]
    found = correlation.summary(noon)
    assert [(z.presences, z.accompanied) for z in found.zones] == [(2, 1)]
    assert (found.near_visits, found.matched_visits) == (0, 0)
