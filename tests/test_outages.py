"""Databases that are away, silent or locked: nobody waits long, nothing is lost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import requests
from sqlalchemy import create_engine, make_url, text

from mvsnap.simulator.faults import Fault
from tests.cli.run import mvsnap
from tests.gateway import KEY, Clouds, Gateway, clouds, gateway, write_config
from tests.servers.processes import answers, wait_until
from tests.servers.relay import Relay

HOOK = "hook-token-of-24-characters"


def through(relay: Relay, url: str) -> str:
    return make_url(url).set(port=relay.port).render_as_string(hide_password=False)


@contextmanager
def behind_a_relay(
    folder: Path, postgres_url: str
) -> Iterator[tuple[Clouds, Relay, Gateway]]:
    with (
        clouds(sense=False) as simulated,
        Relay(make_url(postgres_url).port or 0) as relay,
    ):
        settings = simulated.settings(database_url=through(relay, postgres_url))
        with gateway(folder, settings) as served:
            yield simulated, relay, served


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def timed(ask: Callable[[], requests.Response]) -> tuple[int, float, str]:
    began = time.monotonic()
    answer = ask()
    spent_s = time.monotonic() - began
    return answer.status_code, spent_s, answer.headers.get("Retry-After", "")


def asks(served: Gateway) -> list[Callable[[], requests.Response]]:
    """Triggers of every kind; equal ones take turns."""
    session, device = served.session(), served.url

    def hook(number: int) -> requests.Response:
        return session.post(f"{device}/webhook/{HOOK}", data={"title": f"{number}"})

    return [
        *(lambda: served.snapshot(wait_s="0") for _ in range(5)),
        *(lambda n=n: served.snapshot(prefix=f"{n}", wait_s="0") for n in range(2)),
        lambda: hook(1),
    ]


def test_a_locked_file_costs_a_trigger_two_seconds(tmp_path: Path) -> None:
    hooks = {"tokens": [{"name": "plc", "token": HOOK}]}
    with clouds(sense=False) as simulated:
        settings = simulated.settings(webhooks=hooks)
        with gateway(tmp_path, settings) as served:
            assert served.snapshot(wait_s="30").status_code == 200
            for name in ("jobs.db", "mvsnap.db"):
                with locked(tmp_path / "data" / name), ThreadPoolExecutor(8) as pool:
                    answers = list(pool.map(timed, asks(served)))
                    assert served.get("/healthz").status_code == 200
                    _, ready_s, _ = timed(lambda: served.get("/readyz"))
                    parts = served.get("/readyz").json()["parts"]
                part = "queue" if name == "jobs.db" else "store"
                assert parts[part].endswith("another program keeps it locked")
                for status, spent_s, again in answers:
                    # The file of events is not needed to accept a job.
                    is_taken = status == 202 and name == "mvsnap.db"
                    assert is_taken or (status, again) == (503, "30"), answers
                    # Two turns; one behind the other they would take ten.
                    assert spent_s < 8, answers
                assert ready_s < 6
            assert served.snapshot(wait_s="60").status_code == 200
            said = served.output()
    assert "another program keeps it locked" in said
    assert "Traceback" not in said


def test_a_silent_database_holds_nobody_and_loses_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    with behind_a_relay(tmp_path, postgres_url) as (_, relay, served):
        assert served.snapshot(wait_s="30").status_code == 200
        accepted = served.snapshot(prefix="before", wait_s="0")
        relay.fall_silent()
        with ThreadPoolExecutor(20) as pool:
            asked = [
                lambda n=n: served.snapshot(prefix=f"{n}", wait_s="0")
                for n in range(20)
            ]
            answers = list(pool.map(timed, asked))
            _, ready_s, _ = timed(lambda: served.get("/readyz"))
            status, page_s, _ = timed(lambda: served.get("/api/v1.0/events"))
        assert all((code, wait) == (503, "30") for code, _, wait in answers)
        # 8.5 at the most, and a busy machine; a worker's call would take 15.
        assert max(spent_s for _, spent_s, _ in answers) < 14, answers
        # Who only looks waits for 1.5, and not as long as a trigger.
        assert (ready_s < 6, page_s < 6, status) == (True, True, 503)
        assert served.get("/healthz").elapsed.total_seconds() < 5
        store = served.get("/readyz").json()["parts"]["store"]
        assert store.endswith("the server does not answer in time")
        relay.mend()
        job = accepted.json()["job"]["url"]
        wait_until(lambda: _is_done(job), "what was accepted is done", 60)
        wait_until(
            lambda: served.snapshot(wait_s="60").status_code == 200, "it works", 60
        )
        said = served.output()
    assert "unexpected" not in said
    # The engine waits where it connects: what it says are statements under way.
    assert said.count("(dbos:") < 30, said
    assert "Pool" not in said


def test_a_database_that_is_lost_while_a_request_waits_takes_nothing_back(
    tmp_path: Path, postgres_url: str
) -> None:
    """What was accepted is answered as such: whoever reads 503 sends it again."""
    with (
        behind_a_relay(tmp_path, postgres_url) as (simulated, relay, served),
        ThreadPoolExecutor(1) as pool,
    ):
        simulated.webex.faults.add(Fault("slow", times=1, seconds=15))
        asked = pool.submit(served.snapshot, prefix="held", wait_s="5")
        wait_until(lambda: bool(simulated.webex.asked), "its message is sent")
        relay.fall_silent()
        answer = asked.result()
        relay.mend()
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "pending"
        job = answer.json()["job"]["url"]
        wait_until(lambda: _is_done(job), "it is done", 60)


def _is_done(job: str) -> bool:
    answer = Gateway.session().get(job, headers={"X-API-Key": KEY})
    return answer.status_code == 200 and answer.json()["status"] == "done"


def begin(waiting: Gateway) -> None:
    """Start one whose database is away, until it says so."""
    waiting.begin()
    wait_until(lambda: answers(f"{waiting.url}/healthz"), "it answers", 60)


def test_a_start_waits_for_its_database(tmp_path: Path, postgres_url: str) -> None:
    with (
        clouds(sense=False) as simulated,
        Relay(make_url(postgres_url).port or 0) as relay,
    ):
        relay.cut()
        settings = simulated.settings(database_url=through(relay, postgres_url))
        served = Gateway(write_config(tmp_path, settings))
        try:
            begin(served)
            ready, trigger = served.get("/readyz"), served.snapshot()
            assert ready.status_code == trigger.status_code == 503
            assert ready.json()["parts"]["store"].startswith("waiting for the database")
            assert trigger.headers["Retry-After"]
            assert served.stop(limit_s=15) == 0
            assert served.output().count("waiting for the database: ") == 1
            begin(served)
            relay.mend()
            served.wait()
            assert served.snapshot().status_code == 200
            assert "the database is there" in served.output()
        finally:
            served.kill()


def test_a_start_ends_where_an_admin_is_needed(
    tmp_path: Path, postgres_url: str
) -> None:
    url = make_url(postgres_url).set(database="nothing")
    write_config(tmp_path, {"database_url": url.render_as_string(hide_password=False)})
    said = mvsnap(tmp_path, "serve", "--roles", "worker")
    assert said.code == 1
    assert "database_url: the database does not exist" in said.err


def test_commands_say_within_seconds_that_the_database_is_away(
    tmp_path: Path, postgres_url: str
) -> None:
    with Relay(make_url(postgres_url).port or 0) as relay:
        relay.fall_silent()
        write_config(tmp_path, {"database_url": through(relay, postgres_url)})
        began = time.monotonic()
        said = mvsnap(tmp_path, "events")
        assert time.monotonic() - began < 30, "3 s of it for the database"
    assert said.code == 1
    assert said.err.strip().endswith(
        "(database_url): the server does not answer in time"
    )


def test_a_process_of_each_role_takes_few_connections(
    tmp_path: Path, postgres_url: str
) -> None:
    counted = create_engine(postgres_url)
    mine = text("select count(*) from pg_stat_activity where application_name='mvsnap'")

    def connections() -> int:
        with counted.connect() as connection:
            return int(connection.scalar(mine) or 0)

    with clouds(sense=False) as simulated:
        settings = simulated.settings(database_url=postgres_url)
        with gateway(tmp_path, settings, roles="worker"):
            # Two, and one that hears of notifications.
            wait_until(lambda: 1 <= connections() <= 3, "few of the worker")
            with gateway(tmp_path, settings, roles="web") as web:
                with ThreadPoolExecutor(8) as pool:
                    list(pool.map(lambda _: web.snapshot(wait_s="20"), range(8)))
                wait_until(lambda: connections() <= 5, "few of web and worker")
    counted.dispose()
