"""What the background fetches: from a simulated Dashboard, into a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.zones import ZoneKind
from mvsnap.clock import SystemClock
from mvsnap.domain import FULL_FRAME, Presence, Serial, ZoneId
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import ORGANIZATION_ID
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.store import database
from mvsnap.store.files import Files
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.values import replace
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.model import HourPicture
from mvsnap.visitors.pictures import VisitorPictures
from mvsnap.visitors.refresh import VisitorRefresh
from mvsnap.visitors.rules import HourCount, HourPictureState, last_days, last_hours
from mvsnap.visitors.store import VisitorStore

GATE, DOOR = Serial("Q2SM-0000-0001"), Serial("Q2SM-0000-0002")
ENTRANCE, AREA, LINE = (
    ZoneId(text)
    for text in ("20410000000000101", "a204100000000001", "l204100000000001")
)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


class MovedClock(SystemClock):
    """Twenty minutes past the last hour, plus what a test moves on.

    set_ahead: how far somebody has set it; that is no time that passed.

    The machine's own time would let an hour end in the middle of some test.
    """

    def __init__(self) -> None:
        super().__init__()
        now = datetime.now(UTC)
        past = now.replace(minute=20, second=0, microsecond=0)
        self._back = now - (past if past <= now else past - HOUR)
        self.ahead = timedelta()
        self.set_ahead = timedelta()

    def now(self) -> datetime:
        return super().now() - self._back + self.ahead + self.set_ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@dataclass
class Site:
    fake: FakeDashboard
    dashboard: Dashboard
    visitors: VisitorStore
    sense: SenseStore
    site: SiteStore
    files: Files
    clock: MovedClock
    engine: Engine
    worker: VisitorRefresh | None = None

    def take_pictures(self) -> VisitorPictures:
        return VisitorPictures(
            self.dashboard,
            self.visitors,
            self.sense,
            self.files,
            self.clock,
            zone=BERLIN,
        )

    def refresh(self, name: str = "worker") -> VisitorRefresh:
        counts = VisitorCounts(
            self.dashboard,
            self.visitors,
            self.clock,
            zone=BERLIN,
        )
        pictures = self.take_pictures()
        return VisitorRefresh(
            counts, pictures, self.visitors, self.site, self.clock, by=name
        )

    def run(self) -> list[str]:
        """Do what is due; return the paths that were asked for."""
        before = len(self.fake.asked)
        self.worker = self.worker or self.refresh()
        self.worker.run()
        return [call.path.removeprefix("/api/v1") for call in self.fake.asked[before:]]

    def look(self, serial: Serial = GATE, zone_id: ZoneId = ENTRANCE) -> None:
        self.visitors.add_page_view(serial, zone_id, self.clock.now())

    def pictures(self, zone_id: ZoneId = ENTRANCE) -> list[HourPictureState]:
        now = self.clock.now()
        found = self.visitors.pictures(GATE, zone_id, now - 15 * HOUR, now)
        return [found[begin].state for begin in sorted(found)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    fake = FakeDashboard(cameras=2)
    fake.rate_limit = None
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    db, clock = database.Database(engine), MovedClock()
    with serve(dashboard_app(fake)) as url:
        dashboard = Dashboard(
            f"{url}/api/v1",
            fake.api_key,
            clock=clock,
            organization_id=ORGANIZATION_ID,
        )
        made = Site(
            fake,
            dashboard,
            VisitorStore(db),
            SenseStore(db),
            SiteStore(db),
            Files(tmp_path),
            clock,
            engine,
        )
        made.site.keep_cameras(dashboard.cameras(ORGANIZATION_ID), clock.now())
        yield made
        dashboard.close()
    engine.dispose()


def test_the_first_round_brings_zones_days_and_hours(site: Site) -> None:
    site.run()
    kinds = {
        (known.zone.serial, known.zone.zone_id): known.zone.kind
        for known in site.visitors.zones()
    }
    assert {kind for (serial, _), kind in kinds.items() if serial == GATE} == {
        ZoneKind.ZONE,
        ZoneKind.LINE,
    }
    assert len(kinds) == 6
    now = site.clock.now()
    begin = last_hours(now, BERLIN, 14)[0][0]
    for zone_id in (FULL_FRAME, ENTRANCE, LINE):
        hours = site.visitors.hours(GATE, zone_id, begin, now)
        assert len(hours) == 14
        assert sum(hour.entrances for hour in hours) > 0
    days = site.visitors.entrances(now - timedelta(days=8), now, by_hour=False)
    assert {len(found) for found in days.values()} == {7}
    assert all(sum(found.values()) > 0 for found in days.values())


def test_what_is_fresh_is_not_asked_for_again(site: Site) -> None:
    site.run()
    assert site.run() == []
    site.clock.ahead = timedelta(minutes=16)
    asked = site.run()
    assert len(asked) == 6  # the hours of each zone, nothing else
    first = site.fake.asked[-6]
    begin = datetime.fromisoformat(
        first.query.get("t0") or first.query["ranges[]startTime"]
    )
    assert site.clock.now() - begin < 2 * HOUR


def test_hours_of_all_zones_are_one_transaction(site: Site) -> None:
    site.run()
    site.clock.ahead = timedelta(minutes=16)
    began: list[str] = []

    @event.listens_for(site.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        began.append(statement)

    assert len(site.run()) == 6
    # Those around it say who asks.
    assert began.count("BEGIN IMMEDIATE") == 3


def test_a_zone_on_screen_is_refreshed_more_often(site: Site) -> None:
    site.run()
    site.clock.ahead = timedelta(minutes=6)
    site.look()
    site.run()
    recent = {
        known.zone.zone_id: known.hours_asked_at
        for known in site.visitors.zones()
        if known.zone.serial == GATE
    }
    assert recent[ENTRANCE] != recent[FULL_FRAME]


def test_retired_zones_are_replaced_by_areas_and_lines(site: Site) -> None:
    site.fake.zones_retired = True
    site.run()
    zones = [known.zone for known in site.visitors.zones()]
    ids = {zone.zone_id: zone.kind for zone in zones if zone.serial == GATE}
    assert ids == {AREA: ZoneKind.AREA, LINE: ZoneKind.LINE}
    now = site.clock.now()
    assert site.visitors.hours(GATE, AREA, now - 14 * HOUR, now)
    days = last_days(now.astimezone(BERLIN).date(), BERLIN, 7)
    totals = site.visitors.totals(days)
    assert totals[GATE, AREA].entrances > 0


def test_areas_and_lines_survive_an_outage_after_a_restart(site: Site) -> None:
    site.run()
    before = {known.zone for known in site.visitors.zones()}
    site.worker = None  # a restart
    site.clock.ahead = HOUR
    site.fake.faults.add(Fault("429", "boundaries/areas"))
    site.run()
    site.clock.ahead += timedelta(minutes=2)
    site.run()
    assert {known.zone for known in site.visitors.zones()} == before
    site.clock.ahead += timedelta(minutes=12)
    asked = site.run()
    assert [path for path in asked if "boundaries/areas" in path]
    site.clock.ahead += timedelta(minutes=16)
    site.run()
    assert not [known.error for known in site.visitors.zones() if known.error]


def test_a_camera_without_sense_has_no_zones(site: Site) -> None:
    site.fake.cameras[GATE].sense = False
    site.run()
    assert {known.zone.serial for known in site.visitors.zones()} == {DOOR}
    assert site.visitors.cameras()[GATE].has_sense is False


def test_a_camera_that_is_gone_is_forgotten(site: Site) -> None:
    site.run()
    del site.fake.cameras[GATE]
    site.clock.ahead = HOUR
    site.site.keep_cameras(site.dashboard.cameras(ORGANIZATION_ID), site.clock.now())
    site.run()
    assert set(site.visitors.cameras()) == {DOOR}
    assert {known.zone.serial for known in site.visitors.zones()} == {DOOR}


@pytest.mark.parametrize("kind", ["429", "503-html", "reset"])
def test_an_error_ends_the_round_for_all_and_the_next_continues(
    site: Site, kind: str
) -> None:
    site.fake.faults.add(Fault(kind, seconds=3))
    first, other = site.refresh(), site.refresh("another worker")
    first.run()
    asked = len(site.fake.asked)
    first.run()
    other.run()
    assert len(site.fake.asked) == asked
    site.clock.ahead = timedelta(minutes=2)
    other.run()
    # The camera that had the trouble waits a little longer: it blocks no other.
    assert {known.zone.serial for known in site.visitors.zones()} == {DOOR}
    site.clock.ahead = timedelta(minutes=12)
    other.run()
    assert len(site.visitors.zones()) == 6


def test_two_workers_do_not_ask_for_the_same(site: Site) -> None:
    now = site.clock.now()
    assert site.visitors.claim("visitors", "another", now, now + HOUR)
    assert site.run() == []
    site.clock.ahead = HOUR
    assert site.run() != []


def test_a_refusal_of_one_zone_is_noted_with_its_words(site: Site) -> None:
    site.run()
    site.clock.ahead = timedelta(minutes=16)
    site.fake.faults.add(Fault("empty-404"))
    site.run()
    errors = [known.error for known in site.visitors.zones() if known.error]
    assert len(errors) == 1
    assert "404" in errors[0]


def test_pictures_are_fetched_for_the_zone_on_screen(site: Site) -> None:
    site.run()
    assert site.pictures() == []
    site.look()
    site.run()
    now = site.clock.now()
    found = site.visitors.pictures(GATE, ENTRANCE, now - 15 * HOUR, now)
    hours = site.visitors.hours(GATE, ENTRANCE, now - 15 * HOUR, now)
    busy = {hour.began_at: hour.busiest_at for hour in hours if hour.busiest_at}
    # The hour that goes on has none yet.
    busy.pop(last_hours(now, BERLIN, 1)[0][0], None)
    assert {begin: p.minute_at for begin, p in found.items()} == busy
    for picture in found.values():
        assert picture.state is HourPictureState.TAKEN
        assert site.files.picture(picture.snapshot_path)
        ts_ms = int(picture.minute_at.timestamp() * 1000)
        assert picture.video_link is not None
        assert picture.video_link.endswith(f"timestamp={ts_ms}")
    assert not snapshots(site.run())


def count(begin: datetime, minute: int) -> HourCount:
    busiest_at = begin + timedelta(minutes=minute)
    return HourCount(begin, 5, 1.0, busiest_at, 2.0, 1)


def test_a_busier_minute_that_was_counted_late_gets_its_picture(site: Site) -> None:
    site.run()
    site.look()
    now = site.clock.now()
    hour = begin, _ = last_hours(now, BERLIN, 2)[0]

    def picture_of(minute: int) -> HourPicture:
        counted = count(begin, minute)
        site.visitors.keep_hours(GATE, ENTRANCE, hour, [counted], now)
        site.run()
        taken = site.visitors.pictures(GATE, ENTRANCE, begin, now)[begin]
        assert (taken.state, taken.minute_at) == (
            HourPictureState.TAKEN,
            counted.busiest_at,
        )
        return taken

    before, after = picture_of(10), picture_of(57)
    assert after.video_link != before.video_link
    assert site.files.picture(after.snapshot_path)
    assert site.files.picture(before.snapshot_path) is None
    assert not snapshots(site.run())


def test_a_picture_that_another_process_has_taken_stays(site: Site) -> None:
    site.run()
    site.look()
    late, now = site.take_pictures(), site.clock.now()
    due = late.due(now)
    site.run()
    known = site.visitors.pictures(GATE, ENTRANCE, now - 15 * HOUR, now)
    for one in due:
        path = site.files.save_picture("visitors", "late", one.minute_at, b"late")
        state = HourPictureState.TAKEN
        late._keep(replace(one, state=state, snapshot_path=path), one)
        assert site.files.picture(path) is None
    assert site.visitors.pictures(GATE, ENTRANCE, now - 15 * HOUR, now) == known
    assert all(site.files.picture(one.snapshot_path) for one in known.values())


def test_an_hour_has_its_picture_when_it_is_counted_to_its_end(site: Site) -> None:
    site.run()
    site.look()
    hour = begin, end = last_hours(site.clock.now(), BERLIN, 1)[0]
    site.clock.ahead = end + timedelta(minutes=4) - site.clock.now()
    now = site.clock.now()
    for asked_at, is_due in ((end - timedelta(minutes=1), False), (now, True)):
        site.visitors.keep_hours(GATE, ENTRANCE, hour, [count(begin, 10)], asked_at)
        due = site.take_pictures().due(now)
        assert (begin in [picture.began_at for picture in due]) is is_due


def snapshots(paths: list[str]) -> list[str]:
    return [path for path in paths if "generateSnapshot" in path]


def test_no_picture_is_asked_for_nearer_than_three_minutes(site: Site) -> None:
    site.look()
    site.run()
    asked = [call for call in site.fake.asked if call.method == "POST"]
    moments = [datetime.fromisoformat(call.json["timestamp"]) for call in asked]
    assert moments
    assert max(moments) < site.clock.now() - timedelta(minutes=3)


def test_a_minute_without_video_is_a_state_and_stays_one(site: Site) -> None:
    site.fake.cameras[GATE].video_since = datetime.now(UTC)
    site.look()
    site.run()
    assert set(site.pictures()) <= {HourPictureState.NO_VIDEO, HourPictureState.WAITING}
    assert HourPictureState.NO_VIDEO in site.pictures()
    assert not snapshots(site.run())


def test_an_offline_camera_is_a_state_and_asked_again_later(site: Site) -> None:
    site.fake.cameras[GATE].status = "offline"
    site.look()
    site.run()
    assert set(site.pictures()) == {HourPictureState.OFFLINE}
    site.fake.cameras[GATE].status = "online"
    site.clock.ahead = timedelta(minutes=10)
    assert not snapshots(site.run())
    site.clock.ahead = timedelta(minutes=31)
    site.run()
    assert HourPictureState.TAKEN in site.pictures()


def test_a_failing_picture_does_not_block_the_others(site: Site) -> None:
    site.run()
    site.look()
    site.fake.faults.add(Fault("500-html", "generateSnapshot"))
    site.run()
    assert site.pictures() == [HourPictureState.WAITING]
    site.clock.ahead = timedelta(minutes=2)
    site.run()
    assert site.pictures().count(HourPictureState.WAITING) == 1
    site.clock.ahead = timedelta(minutes=12)
    site.run()
    assert set(site.pictures()) == {HourPictureState.TAKEN}


def test_what_mv_sense_saw_has_pictures_too(site: Site) -> None:
    zone_id = ZoneId("671599294431625455")
    now = site.clock.now()
    begin = last_hours(now, BERLIN, 3)[0][0] + timedelta(minutes=10)
    seen = Presence(GATE, zone_id, begin, begin + timedelta(minutes=4), 3)
    site.sense.save(Findings(presences=[seen]), now)
    site.look(zone_id=zone_id)
    site.run()
    assert site.pictures(zone_id) == [HourPictureState.TAKEN]


def test_a_busier_minute_that_mv_sense_saw_gets_its_picture(site: Site) -> None:
    zone_id = ZoneId("671599294431625455")
    now = site.clock.now()
    hour = last_hours(now, BERLIN, 3)[0][0]

    def see(minute: int, people: int) -> None:
        began_at = hour + timedelta(minutes=minute)
        ended_at = began_at + timedelta(minutes=2)
        seen = Presence(GATE, zone_id, began_at, ended_at, people)
        site.sense.save(Findings(presences=[seen]), now)
        site.run()

    site.look(zone_id=zone_id)
    see(10, 3)
    # A presence is stored when it is over, or after a quarter of an hour.
    see(40, 5)
    found = site.visitors.pictures(GATE, zone_id, hour, now)[hour]
    assert found.minute_at == hour + timedelta(minutes=41)
    assert found.state is HourPictureState.TAKEN


# --- a clock that was set back


def set_back(site: Site, by: timedelta = timedelta(days=365)) -> None:
    """Set the clock as NTP does; what passed goes on."""
    site.clock.set_ahead -= by


@pytest.fixture
def ahead(site: Site) -> Site:
    """A site that has asked for everything while its clock was a year ahead."""
    site.clock.set_ahead = timedelta(days=365)
    site.look()
    site.run()
    return site


def test_counts_of_a_clock_that_was_ahead_are_refreshed(ahead: Site) -> None:
    """Nothing was asked for until the year was over."""
    set_back(ahead)
    asked = ahead.run()
    assert f"/devices/{GATE}/camera/sense" in asked
    history = f"/devices/{GATE}/camera/analytics/zones/{ENTRANCE}/history"
    assert history in asked
    now = ahead.clock.now()
    hours = ahead.visitors.hours(GATE, ENTRANCE, now - 13 * HOUR, now)
    assert len(hours) > 10


def test_a_page_view_of_the_future_does_not_start_the_work_over(ahead: Site) -> None:
    """It was looked for what is due as fast as that goes, for two minutes each time."""
    set_back(ahead)
    looks = 0

    def count(*_: Any) -> None:
        nonlocal looks
        looks += 1
        assert looks < 2000

    event.listen(ahead.engine, "before_cursor_execute", count)
    ahead.run()


def test_another_process_takes_over_from_one_whose_clock_was_ahead(ahead: Site) -> None:
    now = ahead.clock.now()
    assert ahead.visitors.claim("visitors", "gone", now, now + HOUR)
    set_back(ahead)
    assert ahead.run()


def test_a_picture_put_off_by_a_clock_that_was_ahead_is_fetched(site: Site) -> None:
    site.clock.set_ahead = 3 * HOUR
    site.fake.cameras[GATE].status = "offline"
    site.look()
    site.run()
    set_back(site, 3 * HOUR)
    assert set(site.pictures()) == {HourPictureState.OFFLINE}
    site.fake.cameras[GATE].status = "online"
    site.look()
    site.run()
    assert HourPictureState.TAKEN in site.pictures()
