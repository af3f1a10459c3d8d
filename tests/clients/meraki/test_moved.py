"""A camera that was moved to another organization is asked for there at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.dashboards import Dashboards, asked
from mvsnap.domain import Serial
from mvsnap.errors import UpstreamError
from tests.clients.fakes import FakeClock, answering
from tests.clients.meraki.two_organizations import GATE, as_json, refused

SERIAL = Serial(GATE)
IDS = {"North": "101", "South": "202"}


@dataclass
class Cloud:
    """One organization, over real HTTP. asked: the paths."""

    refusal: Response | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, _method: str, path: str) -> Response:
        self.asked.append(path)
        if "/organizations/" in path:
            return as_json([] if self.refusal else [{"serial": GATE, "name": "Gate"}])
        return self.refusal or as_json({"serial": GATE, "name": "Gate"})


@dataclass
class Homes:
    """Says the same as long as the inventory has not been fetched again."""

    name: str = "North"
    learnt: list[str] = field(default_factory=list)

    def of(self, _serial: str) -> str:
        return self.name

    def learn(self, _serial: Serial, name: str) -> None:
        self.learnt.append(name)


@dataclass
class Site:
    dashboards: Dashboards
    homes: Homes
    clouds: dict[str, Cloud]
    clock: FakeClock

    def ask(self) -> str:
        who, _ = asked(self.dashboards, SERIAL, lambda one: one.camera(SERIAL))
        return who.name


@pytest.fixture
def site() -> Iterator[Site]:
    clouds, homes, clock = {name: Cloud() for name in IDS}, Homes(), FakeClock()
    with ExitStack() as stack:
        made = [
            stack.enter_context(
                closing(
                    Dashboard(
                        stack.enter_context(answering(clouds[name].answer)),
                        "key",
                        clock=clock,
                        name=name,
                        organization_id=id_,
                    )
                )
            )
            for name, id_ in IDS.items()
        ]
        yield Site(Dashboards(made, homes, clock), homes, clouds, clock)


@pytest.mark.parametrize("status", [403, 404])
def test_the_other_organization_is_asked_at_once(site: Site, status: int) -> None:
    assert site.ask() == "North"
    assert site.clouds["South"].asked == []
    site.clouds["North"].refusal = refused(status)
    assert site.ask() == "South"
    assert site.homes.learnt == ["South"]
    assert site.ask() == "South"  # also while the inventory says what it said


@pytest.mark.parametrize("status", [401, 400])
def test_other_refusals_say_nothing_of_where_a_camera_is(
    site: Site, status: int
) -> None:
    site.clouds["North"].refusal = refused(status)
    with pytest.raises(UpstreamError, match=f"{status}"):
        site.ask()
    assert site.clouds["South"].asked == []


def test_a_camera_that_nobody_has_is_not_looked_for_again_and_again(
    site: Site,
) -> None:
    for cloud in site.clouds.values():
        cloud.refusal = refused(404)
    for looked in (1, 1, 2):
        with pytest.raises(UpstreamError, match="404"):
            site.ask()
        assert len(site.clouds["South"].asked) == looked
        site.clock.pass_time(40)
