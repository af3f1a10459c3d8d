"""A small run of what `python -m benchmarks.chaos` does: one dies, one freezes."""

from __future__ import annotations

import pytest

from tests.chaos.faults import Faults
from tests.chaos.run import run
from tests.chaos.site import site

TRIGGERS, CAMERAS, ROBOTS = 30, 3, 2
EVERYWHERE = (("web", "worker,record,sense"),) * 3


@pytest.mark.slow
def test_nothing_is_lost_or_told_twice_when_one_machine_dies_and_one_freezes() -> None:
    with site(cameras=CAMERAS, robots=ROBOTS, parts=EVERYWHERE) as made:

        def plan(faults: Faults) -> None:
            faults.rest(2)
            faults.kill(made.machines[0])
            faults.freeze(made.machines[1], 0)

        found = run(
            made,
            plan,
            triggers=TRIGGERS,
            per_s=1,
            alarm_every=10,
            crowd_every_s=4,
            limit_s=60,
        )
    assert found.wrong == []
    assert len(found.accepted.all) == TRIGGERS
    assert found.crowds > 0
    assert found.opened.pictures >= TRIGGERS
    assert {takeover.what.split()[1] for takeover in found.takeovers} == {
        "killed",
        "frozen",
    }
