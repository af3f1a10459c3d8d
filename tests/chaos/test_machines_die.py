"""A small run of what `python -m benchmarks.chaos` does: one dies, one freezes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import Faults
from tests.chaos.run import run
from tests.chaos.site import site

TRIGGERS, CAMERAS, ROBOTS = 16, 3, 3
# The one that dies runs no jobs: others take them over only after a minute.
MACHINES = (
    ("web,record,sense",),
    ("web,worker,record,sense",),
    ("web,worker,record,sense",),
)


@pytest.mark.slow
def test_nothing_is_lost_or_posted_twice_when_one_machine_dies_and_one_freezes(
    films: Path,
) -> None:
    with site(cameras=CAMERAS, robots=ROBOTS, parts=MACHINES, films=films) as made:

        def plan(faults: Faults) -> None:
            faults.await_shares()
            with faults.frozen(made.machines[1]):
                faults.kill(made.machines[0])

        found = run(
            made,
            plan,
            triggers=TRIGGERS,
            per_s=1,
            alarm_every=8,
            crowd_every_s=5,
            limit_s=60,
        )
    assert found.wrong == []
    assert len(found.accepted.all) == TRIGGERS
    assert found.crowds > 0
    assert found.opened.pictures >= TRIGGERS
    hows = {(takeover.what.split()[1], takeover.kind) for takeover in found.takeovers}
    assert {how for how, _ in hows} == {"killed", "frozen"}
