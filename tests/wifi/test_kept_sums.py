"""Sums kept for the pages say what the visits say, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete, func, select, text, update

from mvsnap.core.days import day_span
from mvsnap.store import database
from mvsnap.values import replace
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.counts import days_of_visits, sums_of_visits, unfinished_count
from mvsnap.wifi.lists import WifiLists
from mvsnap.wifi.model import DayActivity, Radio, VisitOrder, VisitRow, WifiFilter
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.recount import Recount
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.tables import device_days, visit_count_rule, visit_counts
from mvsnap.wifi.visits import MINUTE_S, Observation
from tests.clients.fakes import FakeClock
from tests.wifi.build import RULE, SHOP, YARD, put

BERLIN = ZoneInfo("Europe/Berlin")
DAYS_RULE = replace(RULE, zone=BERLIN)
LONG_S = RULE.long_stay_s
# The second of these four days has 25 hours.
DAYS = [f"2026-10-{day}" for day in range(24, 28)]
FIRST, END = day_span(DAYS[0], BERLIN)[0], day_span(DAYS[-1], BERLIN)[1]
ALL = WifiFilter(FIRST, END)


@pytest.fixture
def reports(db: database.Database) -> WifiReports:
    return WifiReports(db, long_stay_s=LONG_S)


class Shop:
    """Devices that come, come again, stay too long, and are heard of late."""

    def __init__(self, db: database.Database, seed: int) -> None:
        self.db, self.store = db, WifiStore(db)
        self.chance = random.Random(seed)
        self._purged = int(FIRST.timestamp()) // MINUTE_S

    def hear(self) -> None:
        """Hear some stays of any time that is not purged, some of them long."""
        network_id = self.chance.choice([SHOP, YARD])
        heard = {}
        for _ in range(self.chance.randint(1, 8)):
            device = self.chance.randrange(6)
            last = int(END.timestamp()) // MINUTE_S - 100
            begin = self.chance.randrange(self._purged, last)
            many = self.chance.choice([1, 3, 12, 12, 12, 90])
            for minute in range(begin, begin + many, self.chance.choice([1, 4])):
                second = self.chance.randrange(60)
                one = Observation(device, minute, second, second, -80)
                heard[device, minute] = one
        put(self.store, heard.values(), network_id=network_id, rule=DAYS_RULE)

    def purge(self) -> None:
        before = FIRST + timedelta(minutes=self.chance.randrange(600, 2 * 24 * 60))
        self._purged = max(self._purged, int(before.timestamp()) // MINUTE_S)
        self.store.purge_observations(before)
        self.store.purge_visits(before)

    def rebuild(self) -> None:
        for _ in Rebuild(self.db, DAYS_RULE, FakeClock()).run():
            pass

    def start_again(self) -> None:
        self.store = WifiStore(self.db)


def some_days(chance: random.Random) -> WifiFilter:
    first, last = sorted(chance.choices(range(len(DAYS)), k=2))
    return WifiFilter(
        day_span(DAYS[first], BERLIN)[0],
        day_span(DAYS[last], BERLIN)[1],
        network_id=chance.choice([None, None, YARD]),
        long_stays=chance.random() < 0.3,
    )


def longest(db: database.Database, wanted: WifiFilter) -> list[VisitRow]:
    """Return all of them, page by page."""
    lists, found = WifiLists(db, long_stay_s=LONG_S), []
    after: str | None = None
    while page := lists.visits(wanted, VisitOrder.DWELL, after=after, limit=7):
        found += page
        after = page[-1].key
    return found


def answers(db: database.Database, wanted: WifiFilter) -> list[Any]:
    reports = WifiReports(db, long_stay_s=LONG_S)
    return [*reports.totals_and_days(wanted, BERLIN), longest(db, wanted)]


def without_sums(db: database.Database, wanted: WifiFilter) -> list[Any]:
    """Return the same, as of a process with another long_stay_s than was counted."""
    rule = update(visit_count_rule)
    with db.writing() as connection:
        connection.execute(rule.values(zone="UTC", long_stay_s=LONG_S + 1))
    found = answers(db, wanted)
    with db.writing() as connection:
        connection.execute(rule.values(zone=BERLIN.key, long_stay_s=LONG_S))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_equals_what_the_visits_say(
    db: database.Database, seed: int
) -> None:
    shop = Shop(db, seed)
    for happens in (shop.purge, shop.rebuild, shop.start_again):
        for _ in range(8):
            shop.hear()
        happens()
        for wanted in (some_days(shop.chance), ALL):
            assert answers(db, wanted) == without_sums(db, wanted)
    with db.reading() as connection:
        days = {
            tuple(row[:4]): row[4] for row in connection.execute(select(device_days))
        }
        made = days_of_visits(db, connection, DAYS_RULE)
        assert {key: many for key, many in days.items() if many} == made
        truth = sums_of_visits(LONG_S).subquery()
        too_short = (
            select(func.count())
            .select_from(truth.join(visit_counts, is_same(truth.c)))
            .where(visit_counts.c.longest_s < truth.c.longest_s)
        )
        assert connection.execute(too_short).scalar_one() == 0


def is_same(counts: Any) -> Any:
    keys = ("slot_s", "source_id", "dwell_class", "is_long")
    first, *others = (visit_counts.c[key] == counts[key] for key in keys)
    for other in others:
        first &= other
    return first


def of_days(reports: WifiReports) -> list[tuple[int, int]]:
    return [(day.visits, day.devices) for day in reports.by_day(ALL, BERLIN)]


def one_stay(db: database.Database, device: int, minutes: int) -> None:
    begin = int(FIRST.timestamp()) // MINUTE_S + 600
    stay = [Observation(device, begin + n, 0, 0, -80) for n in range(minutes)]
    put(WifiStore(db), stay, rule=DAYS_RULE)


def test_devices_of_a_day_are_read_from_what_is_kept(
    db: database.Database, reports: WifiReports
) -> None:
    one_stay(db, 1, 10)
    with db.writing() as connection:
        connection.execute(update(device_days).values(visits=5))
    assert of_days(reports)[0] == (1, 5)


def test_what_the_release_before_has_written_is_counted_from_the_visits(
    db: database.Database, reports: WifiReports
) -> None:
    one_stay(db, 1, 10)
    one_stay(db, 2, 20)
    with db.writing() as connection:
        # It does not know these: a visit of its own would be missing in them.
        connection.execute(update(device_days).values(visits=5))
        counts = visit_counts.c
        changed = {"measured_s": counts.measured_s - 60, "longest_s": 0}
        connection.execute(update(visit_counts).values(changed))
    assert of_days(reports)[0] == (2, 2)
    assert [row.dwell.seconds // 60 for row in longest(db, ALL)] == [19, 9]
    # The next start counts anew.
    WifiStore(db).process(DAYS_RULE, datetime.now(UTC))
    with db.reading() as connection:
        assert connection.execute(select(device_days.c.visits)).scalars().all() == [2]
        assert connection.execute(select(func.max(counts.longest_s))).scalar() == 1140


def test_a_visit_without_a_length_of_the_release_before_is_counted(
    db: database.Database, reports: WifiReports
) -> None:
    one_stay(db, 1, 1)
    measured_s = select(visit_counts.c.measured_s)
    with db.reading() as connection:
        before_s = connection.execute(measured_s).scalar_one()
    one_stay(db, 2, 1)
    with db.writing() as connection:
        # As if it had written the second: each visit begins like this.
        connection.execute(update(visit_counts).values(measured_s=before_s))
        connection.execute(update(device_days).values(visits=1))
    assert of_days(reports)[0] == (2, 2)
    WifiStore(db).process(DAYS_RULE, datetime.now(UTC))
    with db.reading() as connection:
        assert connection.execute(select(device_days.c.visits)).scalars().all() == [2]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_count_may_take_longer_than_other_statements(
    db: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    step = Recount.step

    def count(self: Recount, connection: Connection, most: int) -> bool:
        found.append(connection.execute(text("SHOW statement_timeout")).scalar_one())
        return step(self, connection, most)

    monkeypatch.setattr(Recount, "step", count)
    WifiStore(db).process(DAYS_RULE, datetime.now(UTC))
    for _ in Rebuild(db, DAYS_RULE, FakeClock()).run():
        pass
    assert found == ["10min", "10min"]


def of_the_release_before(db: database.Database) -> None:
    with db.writing() as connection:
        connection.execute(update(visit_counts).values(measured_s=None, longest_s=None))
        connection.execute(delete(device_days))
        connection.execute(update(visit_count_rule).values(zone=None))


def test_a_count_goes_in_steps_and_each_leaves_the_pages_right(
    db: database.Database,
) -> None:
    shop = Shop(db, 5)
    for _ in range(30):
        shop.hear()
    right = answers(db, ALL)
    of_the_release_before(db)
    assert answers(db, ALL) == right
    now, many = datetime.now(UTC), 0
    is_done = False
    while not is_done:
        with db.writing() as connection:  # a new one, as after a kill
            is_done = Recount(db, DAYS_RULE).step(connection, 20)
        many += 1
        assert answers(db, ALL) == right
    assert many > 3
    assert answers(db, ALL) == without_sums(db, ALL) == right
    assert shop.store.process(DAYS_RULE, now) == 0


def test_what_arrives_or_goes_while_visits_are_counted_is_counted(
    db: database.Database,
) -> None:
    shop = Shop(db, 6)
    for _ in range(30):
        shop.hear()
    of_the_release_before(db)
    with db.writing() as connection:
        assert not Recount(db, DAYS_RULE).step(connection, 40)
    one = Observation(1, int(END.timestamp()) // MINUTE_S - 30, 0, 0, -80)
    shop.store.accept(YARD, Radio.WIFI, [one], DAYS_RULE, datetime.now(UTC))
    assert shop.store.waiting() == 1  # it waits for the count, which may have died
    shop.purge()
    assert shop.store.process(DAYS_RULE, datetime.now(UTC)) == 0
    assert shop.store.process(DAYS_RULE, datetime.now(UTC)) == 1
    with db.reading() as connection:
        assert unfinished_count(connection) is None
        days = {tuple(r[:4]): r[4] for r in connection.execute(select(device_days))}
        made = days_of_visits(db, connection, DAYS_RULE)
    assert {key: many for key, many in days.items() if many} == made
    assert answers(db, ALL) == without_sums(db, ALL)


def test_two_processes_with_other_rules_do_not_count_for_ever(
    db: database.Database,
) -> None:
    shop = Shop(db, 7)
    for _ in range(20):
        shop.hear()
    other = replace(DAYS_RULE, long_stay_s=LONG_S + 60)
    first, second = Recount(db, replace(RULE, zone=None)), Recount(db, other)
    done = [False, False]
    for _ in range(100):
        for place, count in enumerate((first, second)):
            with db.writing() as connection:
                done[place] = count.step(connection, 20)
        if all(done):
            break
    assert all(done)
    with db.reading() as connection:
        row = connection.execute(select(visit_count_rule)).one()
    assert row.long_stay_s == LONG_S + 60


def test_another_zone_of_the_site_is_counted_at_the_next_start(
    db: database.Database, reports: WifiReports
) -> None:
    begin = int(FIRST.timestamp()) // MINUTE_S + 30
    put(WifiStore(db), [Observation(1, begin, 0, 0, -80)], rule=RULE)
    day = DayActivity(reports.by_day(ALL, BERLIN)[0].day, 1, 1, 1, 0.0)
    assert reports.by_day(ALL, BERLIN)[0] == day
    WifiStore(db).process(DAYS_RULE, datetime.now(UTC))
    with db.reading() as connection:
        kept = connection.execute(select(visit_count_rule.c.zone)).scalar_one()
    assert kept == BERLIN.key
    assert reports.by_day(ALL, BERLIN)[0] == day
