"""Pictures of badge events: once by two workers, and none lost by a kill -9."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.model import BadgePictureState
from mvsnap.badges.store import BadgeStore
from mvsnap.clock import iso
from mvsnap.store import database
from tests.gateway import KEY, Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until

EVENTS, KILLS = 40, 5


def settings(made: Clouds, **sections: Any) -> dict[str, Any]:
    made.dashboard.rate_limit = None
    badges = {"camera_of_reader": {"Gate": made.serials[0]}}
    return made.settings(badges=badges, **sections)


def tell(served: Gateway) -> None:
    begin = datetime.now(UTC) - timedelta(hours=2)
    events = [
        {
            "timestamp": iso(begin + timedelta(seconds=n)),
            "user_id": str(n),
            "reader": "Gate",
        }
        for n in range(EVENTS)
    ]
    answer = served.session().post(
        f"{served.url}/api/v1.0/badges?apikey={KEY}", json=events, timeout=20
    )
    assert answer.json() == {"new": EVENTS, "known": 0}


def wait_for_all(url: str) -> None:
    engine = database.open_database(url)
    store = BadgeStore(database.Database(engine))

    def fetched() -> int:
        found = store.badges(BadgeFilter(), EVENTS)
        return sum(badge.picture is BadgePictureState.FETCHED for badge in found)

    wait_until(lambda: fetched() == EVENTS, "every picture is there", limit_s=120)
    engine.dispose()


def moments_asked(made: Clouds) -> list[str]:
    calls = [a for a in made.dashboard.asked if "generateSnapshot" in a.path]
    return [str(call.json["timestamp"]) for call in calls]


@pytest.mark.slow
def test_two_workers_on_one_postgresql_fetch_each_picture_once(
    tmp_path: Path, postgres_url: str
) -> None:
    with clouds(not_ready_s=0.5) as made:
        shared = settings(made, database_url=postgres_url)
        one, two = tmp_path / "one", tmp_path / "two"
        with gateway(one, shared) as served, gateway(two, shared, roles="worker"):
            tell(served)
            wait_for_all(postgres_url)
        moments = moments_asked(made)
    assert (len(moments), len(set(moments))) == (EVENTS, EVENTS)


@pytest.mark.slow
def test_no_picture_is_lost_when_the_worker_is_killed(tmp_path: Path) -> None:
    rng = random.Random(5004)
    with clouds(not_ready_s=1.0) as made:
        with gateway(tmp_path, settings(made)) as served:
            tell(served)
            for _ in range(KILLS):
                served.kill_after(rng.uniform(0.5, 3.0))
                served.start()
            wait_for_all(database.sqlite_url(tmp_path / "data" / "mvsnap.db"))
        moments = moments_asked(made)
    assert len(set(moments)) == EVENTS
    # Only what was under way when it was killed is asked for again.
    assert len(moments) <= EVENTS + KILLS * 6
