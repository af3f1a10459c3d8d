"""What a process says of itself, and what its calls to the outside did."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask, Response
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from mvsnap import upstreams as calls
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_sync import DirectoryReader
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.errors import UpstreamError
from mvsnap.runtime import Parts, Roles, Service
from mvsnap.runtime.process_beat import ProcessBeat, beat_on_requests
from mvsnap.sense.heartbeat import Heartbeat
from mvsnap.simulator.ports import free_port
from mvsnap.store.sharing.process_tables import processes, upstreams
from mvsnap.store.sharing.processes import ProcessReport
from mvsnap.texts.broker_wordings import (
    CONNECTED,
    NOT_CONNECTED,
    NOT_STARTED,
    NOT_TRIED,
    OFF,
)
from mvsnap.texts.camera_wordings import CONNECTION_REFUSED
from mvsnap.texts.reasons import code_of
from mvsnap.upstreams import OUTCOMES, Outcomes, Upstream
from tests.clients.fakes import SECRET_KEY, answering
from tests.servers.processes import wait_until


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(Settings.model_validate({"data_dir": tmp_path}))
    yield made
    made.store.close()


def reports(parts: Parts) -> list[ProcessReport]:
    return [known.report for known in parts.processes.all()]


def count_writes(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    write = parts.processes.beat

    def beat(report: ProcessReport, *args: Any, **named: Any) -> None:
        found.append(report.id)
        write(report, *args, **named)

    monkeypatch.setattr(parts.processes, "beat", beat)
    return found


def test_a_process_says_what_it_is(parts: Parts) -> None:
    beat = ProcessBeat(parts, ["web", "worker"], outcomes=Outcomes())
    beat.step()
    (report,) = reports(parts)
    assert (report.roles, report.by_itself) == ("web, worker", True)
    assert 0 < report.disk_free_bytes <= report.disk_total_bytes
    assert (report.clock_error, report.certificate_error) == ("", "")
    beat.stop()
    assert parts.processes.all()[0].stopped


def test_nothing_is_written_twice_in_a_minute_unless_a_service_changes(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, outcomes = count_writes(parts, monkeypatch), Outcomes()
    beat = ProcessBeat(parts, ["web"], outcomes=outcomes)
    for _ in range(5):
        beat.step()
    assert len(writes) == 1
    outcomes.failed(Upstream.WEBEX, "no answer")
    beat.step()
    outcomes.failed(Upstream.WEBEX, "no route to the host")
    beat.step()
    assert len(writes) == 2
    outcomes.worked(Upstream.WEBEX)
    beat.step()
    assert len(writes) == 3
    (state,) = parts.processes.upstreams()
    assert (state.name, state.error) == (Upstream.WEBEX, "")
    beat.stop()


def test_while_nothing_happens_little_is_written_and_it_seems_young(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, outcomes, now_s = count_writes(parts, monkeypatch), Outcomes(), 1e6
    monkeypatch.setattr(parts.clock, "monotonic", lambda: now_s)
    disk = shutil.disk_usage(parts.settings.data_dir)._replace(free=10**10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    beat = ProcessBeat(parts, ["web"], outcomes=outcomes)

    def minute(number: int) -> int:
        nonlocal now_s
        now_s = 1e6 + number * 60
        outcomes.worked(Upstream.BROKER)  # as a listener says all the time
        beat.step()
        return len(writes)

    assert [minute(number) for number in range(17)] == [1] * 15 + [2, 2]
    with parts.db.writing() as connection:  # as if that had been long ago
        long_ago = parts.store.now() - timedelta(minutes=14)
        connection.execute(update(processes).values(seen_at=long_ago))
        connection.execute(update(upstreams).values(worked_at=long_ago))
    beat.step()
    recent = parts.store.now() - timedelta(minutes=1)
    assert parts.processes.all()[0].seen_at > recent
    (broker,) = parts.processes.upstreams()
    assert broker.worked_at is not None
    assert broker.worked_at > recent
    # What calls have made is there a minute later, and so is a disk that fills up.
    outcomes.worked(Upstream.WEBEX)
    assert [minute(number) for number in (17, 18)] == [3, 3]
    disk = disk._replace(free=9 * 10**9)
    assert [minute(number) for number in (19, 20)] == [4, 4]
    beat.stop()


def test_of_a_service_that_goes_on_working_few_calls_are_written(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, outcomes, now_s = count_writes(parts, monkeypatch), Outcomes(), 1e6
    monkeypatch.setattr(calls, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(parts.clock, "monotonic", lambda: now_s)
    disk = shutil.disk_usage(parts.settings.data_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    beat = ProcessBeat(parts, ["web"], outcomes=outcomes)

    def written(minute: int) -> int:
        nonlocal now_s
        now_s = 1e6 + minute * 60
        beat.step()
        return len(writes)

    outcomes.worked(Upstream.MERAKI)
    found = [written(0)]
    for minute in range(5, 65, 5):  # as an idle service asks
        outcomes.worked(Upstream.MERAKI)
        found += [written(minute), written(minute + 1)]
    # One for each row that is due in any case, and none between those.
    assert found[-1] == 5
    before = len(writes)
    outcomes.worked(Upstream.WEBEX)
    assert [written(65), written(66)] == [before + 1] * 2
    # One failure in between is, though it is over.
    outcomes.failed(Upstream.WEBEX, "no answer")
    outcomes.worked(Upstream.WEBEX)
    assert written(68) == before + 2
    beat.stop()


def test_two_processes_of_one_folder_have_two_rows_and_keep_them(
    parts: Parts,
) -> None:
    first, second = (ProcessBeat(parts, ["web"]) for _ in range(2))
    first.step()
    second.step()
    ids = {report.id for report in reports(parts)}
    assert len(ids) == 2
    first.stop()
    after = ProcessBeat(parts, ["web"])
    after.step()
    assert {report.id for report in reports(parts)} == ids
    second.stop()
    after.stop()


def test_evidence_is_measured_and_written_with_the_next_beat(parts: Parts) -> None:
    folder = parts.settings.data_dir / "snapshots" / "2026"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"x" * 1000)
    for name in ("visitors", "photos", "badges", "videos"):
        (parts.settings.data_dir / name).mkdir(exist_ok=True)
        (parts.settings.data_dir / name / "a.jpg").write_bytes(b"x" * 100)
    beat = ProcessBeat(parts, ["worker"])
    beat.step()
    beat._written_s = None
    beat.step()
    assert reports(parts)[0].evidence_bytes == 1400
    beat.stop()


def test_a_server_without_our_threads_writes_after_its_answers(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Flask("tests")
    app.add_url_rule("/", "index", lambda: "hello")
    beat = ProcessBeat(parts, ["web"], by_itself=False)
    beat_on_requests(app, beat)
    assert reports(parts) == []
    app.test_client().get("/").close()
    assert [report.by_itself for report in reports(parts)] == [False]

    def locked(*_args: Any, **_named: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(parts.processes, "beat", locked)
    beat._written_s = None
    app.test_client().get("/").close()
    beat.stop()


def test_a_service_is_seen_until_it_stops(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "server": {"port": free_port()}}
    )
    service = Service(settings, Roles(worker=False, sense=False, record=False))
    service.start()
    reader = Parts(settings)
    wait_until(lambda: reports(reader) != [], "the process is noted")
    assert reports(reader)[0].roles == "web"
    service.stop()
    assert reader.processes.all()[0].stopped
    reader.store.close()


# --- what the calls note


def noted(upstream: Upstream) -> str:
    return OUTCOMES.all()[upstream].error


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (200, "application/json", ""),
        (404, "application/json", ""),
        (403, "application/json", ""),
        (401, "application/json", "it refused the key or password (401)"),
        (429, "application/json", "it received too many requests (429)"),
        (503, "text/html", "it reports an error (503)"),
        (200, "text/html; charset=utf-8", "it sent a web page: is there a proxy"),
    ],
)
def test_an_answer_shows_whether_the_service_works(
    status: int, kind: str, error: str
) -> None:
    def answer(_method: str, _path: str) -> Response:
        return Response("{}", status, content_type=kind)

    with answering(answer) as url:
        session = guard(requests.Session(), url, upstream=Upstream.IXON)
        session.get(url, timeout=5)
        session.close()
    assert noted(Upstream.IXON).startswith(error)
    assert bool(noted(Upstream.IXON)) is bool(error)
    assert bool(code_of(noted(Upstream.IXON))) is bool(error)


def test_a_call_without_an_answer_says_why_without_secrets() -> None:
    url = f"http://127.0.0.1:{free_port()}/{SECRET_KEY}"
    session = guard(requests.Session(), url, upstream=Upstream.IXON)
    with pytest.raises(ExchangeFailed):
        session.get(url, timeout=5)
    assert noted(Upstream.IXON) == "connection refused, or no route to the host"


def test_the_dashboard_is_noted_and_a_camera_that_is_unknown_is_no_trouble() -> None:
    dashboard = Dashboard(
        f"http://127.0.0.1:{free_port()}", SECRET_KEY, clock=SystemClock()
    )
    with pytest.raises(UpstreamError):
        dashboard.whoami()
    assert noted(Upstream.MERAKI).startswith("connection refused")

    def unknown(_method: str, _path: str) -> Response:
        return Response('{"errors": ["Not found"]}', 404, content_type="text/json")

    with answering(unknown) as url:
        dashboard = Dashboard(url, SECRET_KEY, clock=SystemClock())
        with pytest.raises(UpstreamError):
            dashboard.whoami()
    assert noted(Upstream.MERAKI) == ""


def test_a_listener_notes_its_broker_once_it_was_asked(parts: Parts) -> None:
    heartbeat = Heartbeat(parts.sense, parts.store, parts.clock)
    heartbeat.beat("a", (False, NOT_CONNECTED(why=CONNECTION_REFUSED())), (0, 0), {})
    assert noted(Upstream.BROKER) == "not connected: connection refused"
    heartbeat.beat("a", (True, CONNECTED(place="broker:1883")), (0, 0), {})
    assert noted(Upstream.BROKER) == ""
    for state in (OFF(), NOT_STARTED(), NOT_CONNECTED(why=NOT_TRIED())):
        heartbeat.beat("a", (False, state), (0, 0), {})
        assert noted(Upstream.BROKER) == ""


def test_a_bucket_that_refuses_to_be_written_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")

    def nothing(_method: str, _path: str) -> Response:
        return Response(status=404)

    with answering(nothing) as url:  # which takes no PUT
        bucket = Bucket("clips", "key", SECRET_KEY, endpoint_url=url, region="x")
        with pytest.raises(UpstreamError):
            bucket.upload(tmp_path / "a.mp4", "a.mp4", "video/mp4")
    assert noted(Upstream.S3) == "bucket clips at 127.0.0.1 answered 405"


def test_a_directory_that_cannot_be_read_is_noted(parts: Parts) -> None:
    path = parts.settings.data_dir / "people.csv"

    def read() -> None:
        badges = parts.badges
        client = DirectoryClient(())
        reader = DirectoryReader(
            badges.directory, parts.files, client, parts.clock, place=str(path)
        )
        for _ in range(2):  # it may be half written at first
            reader.step()

    read()
    assert "cannot be read" in noted(Upstream.DIRECTORY)
    path.write_text("user_id,name\n1,Anna\n")
    read()
    assert noted(Upstream.DIRECTORY) == ""
