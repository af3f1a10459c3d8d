"""One organization that refuses hides no camera of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.organizations import ask_each
from mvsnap.domain import Organization, Serial
from mvsnap.errors import UpstreamError
from mvsnap.inventory import Inventory
from mvsnap.photographer import CameraNames
from mvsnap.store import database
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.visitors.counts import VisitorCounts
from mvsnap.visitors.store import VisitorStore
from tests.clients.fakes import FakeClock
from tests.clients.meraki.two_organizations import (
    ACME,
    DOOR,
    GATE,
    OTHER,
    TwoOrganizations,
    as_json,
    refused,
)

REFUSALS = [
    pytest.param(refused(401), id="401"),
    pytest.param(refused(403), id="403"),
    pytest.param(refused(404), id="404"),
    pytest.param(Response("", 404), id="404 without a body"),
    pytest.param(refused(500), id="500"),
    pytest.param(Response("<h1>Log in</h1>", 200), id="a login page"),
]


@contextmanager
def dashboard(cloud: TwoOrganizations) -> Iterator[Dashboard]:
    with (
        cloud.served() as origin,
        closing(Dashboard(origin, "key", clock=FakeClock())) as made,
    ):
        yield made


class Kept:
    """An inventory with its stores."""

    def __init__(self, folder: Path, made: Dashboard) -> None:
        engine = database.open_database(f"sqlite:///{folder / 'mvsnap.db'}")
        database.upgrade(engine)
        self.db = database.Database(engine)
        self.site, self.clock = SiteStore(self.db), FakeClock()
        self.names = CameraNames(made, self.clock)
        self.inventory = Inventory(
            made,
            self.names,
            self.site,
            SenseStore(self.db),
            self.clock,
            wanted=(),
        )

    def serials(self) -> set[str]:
        return {camera.serial for camera in self.site.cameras()}

    def since(self) -> datetime | None:
        (found,) = [one for one in self.site.cameras() if one.serial == GATE]
        return found.status_since

    def refresh_later(self) -> None:
        self.clock.pass_time(301)
        self.inventory.refresh()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_names_of_the_others_are_known(refusal: Response) -> None:
    cloud = TwoOrganizations({f"/organizations/{OTHER}/": refusal})
    with dashboard(cloud) as made:
        names = CameraNames(made, FakeClock())
        assert names.name(Serial(GATE)) == "Gate North"


def test_since_when_a_camera_is_offline_is_known_if_somebody_looked(
    tmp_path: Path,
) -> None:
    status, cloud = f"/organizations/{ACME}/devices/availabilities", TwoOrganizations()
    offline = {status: as_json([{"serial": GATE, "status": "offline"}])}
    with dashboard(cloud) as made:
        kept = Kept(tmp_path, made)
        kept.inventory.refresh()
        assert kept.since() is None  # it may have been online for years
        cloud.refusals = dict(offline)
        kept.refresh_later()
        began = kept.clock.now()
        assert kept.since() == began
        cloud.refusals = {status: refused(403)}
        kept.refresh_later()
        assert kept.since() is None
        cloud.refusals = dict(offline)
        kept.refresh_later()
        assert kept.since() == began
        cloud.refusals = {"/organizations": refused(500)}
        for _ in range(4):
            kept.refresh_later()
        cloud.refusals.clear()
        kept.refresh_later()
        assert kept.since() is None  # back at some time of this outage
        cloud.refusals = dict(offline)
        kept.refresh_later()
        assert kept.since() == kept.clock.now()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_cameras_of_the_others_are_kept_and_the_refusal_is_logged_once(
    refusal: Response, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = TwoOrganizations({f"/organizations/{OTHER}/": refusal})
    with dashboard(cloud) as made:
        kept = Kept(tmp_path, made)
        kept.inventory.refresh()
        kept.refresh_later()
        assert kept.serials() == {GATE}
        cloud.refusals.clear()
        kept.refresh_later()
        assert kept.serials() == {GATE, DOOR}
    lines = [r.getMessage() for r in caplog.records if "Old trial" in r.getMessage()]
    assert len(lines) == 1


def test_cameras_of_an_organization_that_is_away_for_a_while_stay(
    tmp_path: Path,
) -> None:
    cloud = TwoOrganizations()
    with dashboard(cloud) as made:
        kept = Kept(tmp_path, made)
        kept.inventory.refresh()
        cloud.refusals[f"/organizations/{OTHER}/"] = refused(502)
        kept.refresh_later()
        assert kept.serials() == {GATE, DOOR}
        cloud.refusals[f"/organizations/{OTHER}/"] = refused(404)
        kept.refresh_later()
        assert kept.serials() == {GATE}


def test_the_list_is_fetched_again_soon_after_a_failure(tmp_path: Path) -> None:
    cloud = TwoOrganizations({"/organizations": refused(503)})
    with dashboard(cloud) as made:
        kept = Kept(tmp_path, made)
        kept.inventory.refresh()
        cloud.refusals.clear()
        kept.clock.pass_time(31)
        kept.inventory.refresh()
        assert kept.serials() == {GATE, DOOR}


def test_cameras_without_a_status_are_listed(caplog: pytest.LogCaptureFixture) -> None:
    with dashboard(TwoOrganizations({"availabilities": refused(403)})) as made:
        found = [made.cameras(OTHER) for _ in range(2)]
    assert [(c.serial, c.status) for c in found[1]] == [(DOOR, "unknown")]
    assert len([r for r in caplog.records if OTHER in r.getMessage()]) == 1


def test_visitor_areas_of_the_others_are_known(tmp_path: Path) -> None:
    cloud = TwoOrganizations({f"/organizations/{OTHER}/": refused(503)})
    with dashboard(cloud) as made:
        kept = Kept(tmp_path, made)
        visitors = VisitorStore(kept.db)
        counts = VisitorCounts(made, visitors, kept.clock, zone=ZoneInfo("UTC"))
        cloud.refusals |= {"/analytics/zones": refused(404)}
        known = counts._known_boundaries()
        assert known is not None
        assert set(known.zones) == {GATE}
        cloud.refusals.clear()
        kept.clock.pass_time(timedelta(minutes=11).total_seconds())
        known = counts._known_boundaries()
        assert known is not None
        assert set(known.zones) == {GATE, DOOR}


def test_the_refusal_of_all_is_an_error_that_names_one() -> None:
    def ask(organization: Organization) -> None:
        raise UpstreamError("no", retry=organization.id == "2")

    found = ask_each([Organization("1", "Acme"), Organization("2", "")], ask)
    with pytest.raises(UpstreamError, match=r"Acme \(1\): no") as caught:
        found.require_one()
    assert caught.value.retry
    assert "organization 2 is left out" in found.refusals()[1]
    ask_each([], ask).require_one()
