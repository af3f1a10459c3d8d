"""A clock that is wrong does not empty the store, and a right one still cleans it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from mvsnap.badges.model import NEAR_S
from mvsnap.cli import main
from mvsnap.config.model import Settings
from mvsnap.domain import JobId, Presence, ZoneId
from mvsnap.jobs.finished import NoJobs
from mvsnap.runtime import Parts, cleaning
from mvsnap.runtime.purge_guard import (
    FORCE,
    PurgeGuard,
    purge_guard,
    put_times_right,
)
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.events import EventFilter
from mvsnap.store.sense import Findings
from mvsnap.store.tables import audit, presences
from tests.badges.build import badge
from tests.changes import log_line
from tests.core.build import GATE, event
from tests.store.fixtures import url as url
from tests.test_clock import DAY, HOUR, SetClock

KEPT_DAYS = 30


class Site:
    """An event a day for as long as they are kept, and the clock of a Pi."""

    def __init__(self, folder: Path, url: str) -> None:
        settings = Settings.model_validate(
            {
                "data_dir": folder,
                "database_url": url,
                "storage": {"retention_days": KEPT_DAYS},
            }
        )
        self.parts = Parts(settings)
        self.clock = self.parts.clock = SetClock()
        for day in range(KEPT_DAYS):
            at = self.clock.now() - day * DAY - HOUR
            self.parts.store.add_event(event(recorded_at=at, occurred_at=at))
        self.guard = purge_guard(self.parts)
        self.cleanings = CleaningStore(self.parts.db)

    def clean(self, guard: PurgeGuard | None = None, *, force: bool = False) -> str:
        """Clean the events; return why it was held."""
        kinds = cleaning.kinds(self.parts, NoJobs())
        kind = next(kind for kind in kinds if kind.name == "Events")
        return (guard or self.guard).clean(kind, force=force).held

    @property
    def events(self) -> int:
        return len(self.parts.store.events(EventFilter(), 100))


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, url)
    yield made
    made.parts.store.close()


def test_day_by_day_the_oldest_goes(site: Site) -> None:
    for _ in range(3):
        assert site.clean() == ""
        site.clock.go(DAY)
    assert site.clean() == ""
    assert site.events == KEPT_DAYS - 3


def test_a_start_a_year_ahead_removes_nothing_and_then_goes_on(site: Site) -> None:
    site.clock.set(365 * DAY)
    early = purge_guard(site.parts)  # of a process that never saw the right time
    assert "waiting" in site.clean(early)
    site.clock.set(-365 * DAY)  # NTP
    assert site.clean(early) == ""
    assert site.cleanings.held() == {}
    assert site.events == KEPT_DAYS


def test_what_a_start_a_year_ahead_stores_is_no_evidence(site: Site) -> None:
    site.clock.set(365 * DAY)
    early = purge_guard(site.parts)
    now = site.clock.now()
    site.parts.store.add_event(event(recorded_at=now, occurred_at=now))
    assert "waiting" in site.clean(early)
    restarted = purge_guard(site.parts)
    assert "waiting" in site.clean(restarted)
    site.clock.go(2 * HOUR)  # and NTP does not answer
    assert f"{KEPT_DAYS} of {KEPT_DAYS + 1} would go at once" in site.clean(restarted)
    assert site.events == KEPT_DAYS + 1
    site.clock.set(-365 * DAY)
    assert site.clean(purge_guard(site.parts)) == ""
    assert site.cleanings.held() == {}


def test_without_an_event_what_would_go_waits_for_ntp(site: Site) -> None:
    site.clock.set(365 * DAY)
    guard = PurgeGuard(site.cleanings, None, site.clock)
    assert "waiting" in site.clean(guard)
    site.clock.go(2 * HOUR)
    assert site.clean(guard) == ""


def test_a_step_while_it_runs_waits_then_asks(site: Site) -> None:
    assert site.clean() == ""
    site.clock.set(365 * DAY)
    assert "waiting" in site.clean()
    site.clock.go(2 * HOUR)
    held = site.clean()
    assert held.startswith(f"{KEPT_DAYS} of {KEPT_DAYS} would go at once")
    assert held.endswith(FORCE)
    assert site.cleanings.held() == {"Events": held}
    assert site.events == KEPT_DAYS
    assert site.clean(force=True) == ""
    assert site.events == 0
    assert site.cleanings.held() == {}


def test_a_fortnight_without_power_needs_nobody(site: Site) -> None:
    assert site.clean() == ""
    site.clock.go(14 * DAY)
    assert site.clean() == ""
    assert site.events == KEPT_DAYS - 14


def test_a_day_too_much_is_no_reason_to_ask(site: Site) -> None:
    assert site.clean() == ""
    site.clock.set(timedelta(hours=25))
    assert site.clean() == ""
    assert site.events == KEPT_DAYS - 1


def test_a_machine_that_starts_in_1970_every_day_cleans_by_age(site: Site) -> None:
    """For two months, some days: an event before NTP comes and one an hour later."""
    start, parts = site.clock.now(), site.parts
    days = range(0, 2 * KEPT_DAYS, 3)
    for day in days:
        morning = start + day * DAY
        clock = parts.clock = SetClock(datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC))
        guard = purge_guard(parts)
        clock.go(HOUR / 60)
        early = event(recorded_at=clock.now(), occurred_at=clock.now())
        parts.store.add_event(early)
        clock.set(morning - clock.now())
        assert site.clean(guard) == ""  # before it was put right
        put_times_right(parts)
        put_times_right(parts)
        assert site.clean(guard) == ""
        found = parts.store.event(early.id)
        assert found is not None
        assert (found.recorded_at, found.occurred_at) == (morning, early.occurred_at)
        clock.go(HOUR)
        parts.store.add_event(event(recorded_at=clock.now(), occurred_at=clock.now()))
    assert site.clean(guard) == ""
    # And one is of thirty days ago to the second.
    assert site.events == len(days) + 1


def test_what_was_written_in_1970_is_put_right_in_every_table(site: Site) -> None:
    parts = site.parts
    clock = parts.clock = SetClock(datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC))
    seen = Presence(GATE, ZoneId("7"), clock.now(), clock.now() + HOUR / 60, 4)
    parts.sense.save(Findings([], [seen], {}), clock.now())
    # It is over when the clock is right again.
    longer = Presence(GATE, ZoneId("8"), clock.now(), site.clock.now(), 2)
    parts.sense.save(Findings([], [longer], {}), clock.now())
    parts.audit.add(log_line(clock.now(), "anna", "sense.people", "3", "4"))
    parts.notices.see(event(job_id=JobId("one")), "anna", clock.now())
    swiped = badge(now=clock.now())
    parts.badges.store.add([swiped])
    parts.badges.near.ask(swiped, "anna", clock.now())
    clock.go(HOUR / 30)
    clock.set(site.clock.now() - clock.now())
    put_times_right(parts)
    with parts.db.reading() as connection:
        rows = select(presences.c.time_in, presences.c.time_out)
        spans = connection.execute(rows.order_by(presences.c.zone_id)).all()
        changes = connection.execute(select(audit.c.at)).scalars().all()
    right = site.clock.now() - HOUR / 30
    assert [tuple(span) for span in spans] == [
        (right, right + HOUR / 60),
        (right, site.clock.now()),
    ]
    assert changes == [right, right]  # the setting, and Seen
    for kind in cleaning.kinds(parts, NoJobs()):
        assert site.guard.clean(kind).removed == 0
    # What goes with others is not counted.
    assert parts.notices.seen(JobId("one")) is not None
    assert len(parts.badges.near.of(swiped.id)) == len(NEAR_S)


def test_the_command_asks_and_may_be_forced(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", f"sqlite:///{tmp_path}/data/mvsnap.db")
    site.clock.set(-400 * DAY)
    with site.parts.db.writing() as connection:
        connection.exec_driver_sql(
            "update events set recorded_at = '2025-01-01 00:00:00.000000'"
        )
    site.parts.store.close()
    config = tmp_path / "mvsnap.yaml"
    config.write_text(f"data_dir: {tmp_path}/data\n")
    run = CliRunner().invoke(main, ["--config", str(config), "purge"])
    assert run.exit_code == 1, run.output
    assert f"{KEPT_DAYS} of {KEPT_DAYS} would go at once" in run.output
    run = CliRunner().invoke(main, ["--config", str(config), "purge", "--force"])
    assert run.exit_code == 0, run.output
    assert f"Events: {KEPT_DAYS} removed" in run.output


def pictures(folder: Path, *names: str, at_s: float = 1_700_000_000) -> Path:
    (day := folder / "snapshots/2026/01/02").mkdir(parents=True, exist_ok=True)
    for name in names:
        (day / f"{name}.jpg").write_bytes(b"jpeg")
        os.utime(day / f"{name}.jpg", (at_s, at_s))
    return day


def strays_of(site: Site) -> cleaning.DataKind:
    kinds = cleaning.kinds(site.parts, NoJobs())
    return next(kind for kind in kinds if kind.name == "Stray pictures")


def test_a_young_one_does_not_hold_for_ever_what_a_person_has_let_go(
    site: Site, tmp_path: Path
) -> None:
    day = pictures(tmp_path, *map(str, range(25)))
    pictures(tmp_path, "young", at_s=(site.clock.now() - 3 * DAY).timestamp())
    service = strays_of(site)
    for _ in range(4):
        site.guard.clean(service)
    assert "26 of 26 pictures" in site.cleanings.held()["Stray pictures"]
    by_hand = purge_guard(site.parts, waits=False)
    by_hand.clean(strays_of(site).as_asked_for(force=True), force=True)
    assert [path.stem for path in day.iterdir()] == ["young"]
    # At once, however many folders there are to look at.
    site.guard.clean(service)
    assert site.cleanings.held() == {}


def test_a_look_that_takes_days_is_a_cleaning_all_the_same(
    site: Site, tmp_path: Path
) -> None:
    """Else a long start would seem a leap of the clock, and stay one."""
    site.guard.clean(strays_of(site))
    first = site.cleanings.last("Stray pictures")
    assert first is not None
    site.clock.set(4 * DAY)
    assert "waiting" in site.guard.clean(strays_of(site)).held
    site.clock.go(2 * HOUR)
    site.guard.clean(strays_of(site))  # the first step of many
    assert site.cleanings.held() == {}
    last = site.cleanings.last("Stray pictures")
    assert last is not None
    assert last - first > 4 * DAY


def test_pictures_that_are_held_are_on_the_status_until_somebody_removed_them(
    site: Site, tmp_path: Path
) -> None:
    day = pictures(tmp_path, *map(str, range(25)))

    def said(kind: cleaning.DataKind) -> str:
        for _ in range(4):
            site.guard.clean(kind)
        return site.cleanings.held().get(kind.name, "")

    service = strays_of(site)
    assert "25 of 25 pictures" in said(service)
    # A service that starts says nothing else before it has looked at all.
    site.guard.clean(strays_of(site))
    assert "25 of 25 pictures" in site.cleanings.held()["Stray pictures"]
    site.guard.clean(strays_of(site).as_asked_for(force=True), force=True)
    assert list(day.iterdir()) == []
    assert said(service) == ""
