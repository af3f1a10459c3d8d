"""A stuck button: equal triggers join the job that waits, and none is lost."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mvsnap.simulator.faults import Fault
from tests.gateway import KEY, Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until

PRESSES = 40


def slowly(simulated: Clouds, seconds: float = 3.0) -> None:
    """Let every picture take a while, so that jobs have to wait."""
    simulated.dashboard.faults.add(
        Fault("slow", path="generateSnapshot", times=-1, seconds=seconds)
    )


def press(running: Gateway, prefix: str = "Stuck", **headers: str) -> dict[str, Any]:
    answer = running.session().get(
        f"{running.url}/api/v1.0/getSnapshot",
        params={"prefix": prefix, "wait_s": "0"},
        headers={"X-API-Key": KEY, **headers},
        timeout=30,
    )
    assert answer.status_code in (200, 202), answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(simulated: Clouds, prefix: str = "Stuck") -> list[int]:
    """Return how many triggers each message speaks of."""
    texts = [message.markdown or "" for message in list(simulated.webex.messages)]
    counts = [re.search(r"triggered (\d+) times", t) for t in texts if prefix in t]
    return [int(count[1]) if count else 1 for count in counts]


def test_a_stuck_button_is_few_jobs_that_say_how_often_it_was_pressed(
    tmp_path: Path,
) -> None:
    with clouds() as simulated, gateway(tmp_path, simulated.settings()) as running:
        slowly(simulated)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: press(running), range(PRESSES)))
        ids = {answer["job"]["id"] for answer in answers}
        assert len(ids) <= PRESSES / 2  # a busy machine takes long to press
        wait_until(lambda: sum(told(simulated)) >= PRESSES, "all were told", 60)
        jobs = [running.get(f"/api/v1.0/jobs/{job_id}").json() for job_id in ids]
        assert sum(job["times"] for job in jobs) == PRESSES
        assert sum(told(simulated)) == PRESSES
        metrics = running.get("/metrics").text
        assert f'outcome="coalesced"}} {PRESSES - len(ids)}.0' in metrics


def test_other_triggers_do_not_join(tmp_path: Path) -> None:
    with clouds() as simulated, gateway(tmp_path, simulated.settings()) as running:
        slowly(simulated)
        for _ in range(3):
            press(running)
        ids = [press(running, f"Door {n}")["job"]["id"] for n in range(3)]
        keyed = {"Idempotency-Key": "1"}
        ids += [press(running, **keyed)["job"]["id"] for _ in range(2)]
        assert len(set(ids)) == 4  # the same Idempotency-Key is the same job
        wait_until(lambda: sum(told(simulated)) == 4, "stuck ones and the keyed", 60)
        wait_until(lambda: sum(told(simulated, "Door")) == 3, "the others", 60)


def test_what_joined_survives_a_power_cut(tmp_path: Path) -> None:
    with clouds() as simulated, gateway(tmp_path, simulated.settings()) as running:
        slowly(simulated, 15.0)  # a busy machine takes long to press
        answers = [press(running) for _ in range(12)]
        assert len({answer["job"]["id"] for answer in answers}) < 12
        running.kill_after(0)
        assert told(simulated) == []
        simulated.dashboard.faults.clear()
        running.start()
        wait_until(lambda: sum(told(simulated)) >= 12, "all were told", 60)
        wait_until(
            lambda: "mvsnap_jobs_waiting 0.0" in running.get("/metrics").text,
            "no job waits",
        )
        assert sum(told(simulated)) == 12


@pytest.mark.slow
def test_presses_at_several_processes_are_counted_together(
    tmp_path: Path, postgres_url: str
) -> None:
    with clouds() as simulated:
        settings = simulated.settings(database_url=postgres_url)
        slowly(simulated)
        with (
            gateway(tmp_path / "worker", settings, roles="worker"),
            gateway(tmp_path / "one", settings, roles="web") as one,
            gateway(tmp_path / "two", settings, roles="web") as two,
        ):
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(press, [one, two] * 10))
            assert len({answer["job"]["id"] for answer in answers}) <= 15
            wait_until(lambda: sum(told(simulated)) >= 20, "all were told", 60)
            assert sum(told(simulated)) == 20
