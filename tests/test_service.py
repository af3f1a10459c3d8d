"""The whole service in processes of its own: schedules, several workers, a stop."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mvsnap.jobs.executors import installation
from mvsnap.simulator.ports import free_port
from tests.gateway import KEY, Gateway, clouds, environment, gateway, write_config
from tests.servers.processes import Program, wait_until
from tests.servers.relay import Relay
from tests.test_signals import LINE


def test_a_schedule_takes_a_picture(tmp_path: Path) -> None:
    with clouds() as simulated:
        # The sixth field, in front, is the second.
        schedules = [{"cron": "*/5 * * * * *", "prefix": "Rounds"}]
        with gateway(tmp_path, simulated.settings(schedules=schedules)):
            wait_until(
                lambda: len(simulated.webex.messages) >= 2, "two pictures", limit_s=60
            )
        texts = [message.markdown for message in simulated.webex.messages]
    assert all("Rounds" in text and "schedule" in text for text in texts)


def test_a_stop_in_the_middle_of_a_job_loses_nothing(tmp_path: Path) -> None:
    with clouds(not_ready_s=600) as simulated:
        with gateway(tmp_path, simulated.settings()) as served:
            job = served.snapshot(wait_s="0").json()["job"]
            wait_until(
                lambda: bool(simulated.dashboard.picture_secrets), "a picture is asked"
            )
            assert served.stop() == 0
            simulated.dashboard.not_ready_s = 0
            served.start()
            wait_until(lambda: bool(simulated.webex.messages), "it is posted")
            path = job["url"].removeprefix(served.url)
            wait_until(
                lambda: served.get(path).json()["status"] == "done", "the job is done"
            )
        assert len(simulated.webex.messages) == 1


@pytest.mark.slow
def test_another_worker_takes_over_from_a_dead_one(
    tmp_path: Path, postgres_url: str
) -> None:
    with clouds(not_ready_s=600) as simulated:
        settings = simulated.settings(database_url=postgres_url)
        with (
            gateway(tmp_path, settings, roles="web") as web,
            gateway(tmp_path, settings, roles="worker") as first,
        ):
            assert web.snapshot(wait_s="0").status_code == 202
            wait_until(
                lambda: bool(simulated.dashboard.picture_secrets), "the first works"
            )
            with gateway(tmp_path, settings, roles="worker") as second:
                first.kill_after(0)
                simulated.dashboard.not_ready_s = 0
                wait_until(
                    lambda: bool(simulated.webex.messages), "it is posted", limit_s=150
                )
                wait_until(lambda: "is gone" in second.output(), "it says why")
            assert web.get("/api/v1.0/events").json()["events"][0]["snapshot_url"]
        assert len(simulated.webex.messages) == 1


def test_several_processes_share_one_postgresql(
    tmp_path: Path, postgres_url: str
) -> None:
    with clouds() as simulated:
        settings = simulated.settings(database_url=postgres_url)
        with (
            gateway(tmp_path, settings, roles="worker"),
            gateway(tmp_path, settings, roles="web") as served,
        ):
            answer = served.snapshot(wait_s="30")
            assert answer.status_code == 200, answer.text
            again = Gateway.session().get(
                answer.json()["job"]["url"], headers={"X-API-Key": KEY}
            )
            assert again.json()["status"] == "done"


def test_two_workers_made_from_one_image_have_ids_of_their_own(
    tmp_path: Path, postgres_url: str
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    installation(first / "data")
    shutil.copytree(first, second)
    with clouds() as simulated:
        settings = simulated.settings(database_url=postgres_url)
        with (
            gateway(first, settings, roles="worker") as one,
            gateway(second, settings) as other,
        ):
            parts = other.get("/readyz").json()["parts"]
            assert "another machine had the id" in parts["ids"]
            assert "running with the id of this one" in other.output()
            assert "of this one" not in one.output()
            assert other.snapshot(wait_s="30").status_code == 200
    assert installation(first / "data") != installation(second / "data")


def test_without_its_database_the_gateway_says_so_and_comes_back(
    tmp_path: Path, postgres_url: str
) -> None:
    with clouds() as simulated, Relay(make_url(postgres_url).port or 0) as relay:
        through = make_url(postgres_url).set(port=relay.port)
        url = through.render_as_string(hide_password=False)
        with gateway(tmp_path, simulated.settings(database_url=url)) as served:
            assert served.snapshot(wait_s="30").status_code == 200
            relay.cut()
            answer = served.snapshot()
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "storage_unavailable"
            assert served.get("/healthz").status_code == 200
            assert "does not answer" in served.get("/readyz").json()["parts"]["store"]
            relay.mend()
            wait_until(
                lambda: served.snapshot(wait_s="60").status_code == 200,
                "it works again",
                limit_s=60,
            )
            lines = served.output().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len("\n".join(lines)) < 30_000
    assert "[SQL" not in served.output()


def test_a_stop_answers_those_who_wait(tmp_path: Path) -> None:
    with clouds(not_ready_s=600) as simulated:
        with gateway(tmp_path, simulated.settings()) as served:
            statuses: list[int] = []
            waiting = threading.Thread(
                target=lambda: statuses.append(served.snapshot(wait_s="60").status_code)
            )
            waiting.start()
            wait_until(
                lambda: bool(simulated.dashboard.picture_secrets), "a picture is asked"
            )
            assert served.stop() == 0
            waiting.join(10)
        assert statuses == [202]


def test_proxies_are_trusted_only_as_configured(tmp_path: Path) -> None:
    forwarded = {
        "X-Forwarded-For": "198.51.100.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "cam.example",
    }
    with clouds() as simulated:
        settings = simulated.settings(
            server={"trusted_proxies": ["127.0.0.1"], "forwarded": ["host"]}
        )
        with gateway(tmp_path, settings) as served:
            answer = served.session().get(
                f"{served.url}/api/v1.0/getSnapshot",
                params={"apikey": KEY, "wait_s": "0"},
                headers=forwarded,
            )
            assert answer.json()["job"]["url"].startswith("https://cam.example/")


def test_strangers_cannot_use_up_the_rate_of_a_device(tmp_path: Path) -> None:
    with clouds() as simulated:
        settings = simulated.settings(server={"rate_per_minute": 30})
        with gateway(tmp_path, settings) as served:
            path = "/api/v1.0/events"
            assert served.get(path).status_code == 200
            for _ in range(60):
                served.session().get(served.url + path)
            assert served.session().get(served.url + path).status_code == 429
            assert served.get(path).status_code == 200


def test_a_huge_body_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    with (
        clouds() as simulated,
        gateway(tmp_path, simulated.settings()) as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=10) as client,
    ):
        head = "POST /api/v1.0/getSnapshot HTTP/1.1\r\nHost: gateway\r\n"
        client.sendall(f"{head}Content-Length: 300000000\r\n\r\n".encode())
        client.sendall(b"x" * 100_000)
        assert b" 413 " in client.recv(1000)


@pytest.mark.parametrize(
    ("roles", "signals"),
    [
        ("web,worker", [signal.SIGTERM] * 2),
        ("web,worker", [signal.SIGTERM] * 10),
        ("worker", [signal.SIGINT, signal.SIGTERM]),
        ("web", [signal.SIGINT] * 2),
    ],
    ids=["what `timeout` sends", "ten", "a worker alone", "Ctrl-C twice"],
)
def test_several_signals_end_it_like_one(
    tmp_path: Path, roles: str, signals: list[signal.Signals]
) -> None:
    with (
        clouds() as simulated,
        gateway(tmp_path, simulated.settings(), roles=roles) as served,
    ):
        with suppress(ProcessLookupError):  # it may have ended after the first one
            for each in signals[:-1]:
                os.killpg(served.pid, each)
        assert served.stop() == 0  # the last one
        assert "stopped; unfinished work continues" in served.output()
        assert "Traceback" not in served.output()


def test_a_signal_during_the_start_ends_it_too(tmp_path: Path) -> None:
    with clouds() as simulated:
        path = write_config(tmp_path, simulated.settings())
        port = str(free_port())
        program = Program(
            [sys.executable, "-m", "mvsnap", "serve", "--port", port],
            cwd=path.parent.parent,
            env=environment(),
        )
        program.wait_for((tmp_path / "data").exists, "it opens its folder")
        for _ in range(2):
            os.killpg(program.pid, signal.SIGTERM)
        assert program.stop() == 0, program.output()
        assert "Traceback" not in program.output()
