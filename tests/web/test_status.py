"""The status: its rows, the page, the address for programs, the overview's banner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap import __version__, texts
from mvsnap.clip_model import RecorderCameraState
from mvsnap.domain import CameraName, Listener, Role, Serial
from mvsnap.status.machines import folder_rows, machine_rows, process_rows
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.status.services import service_rows
from mvsnap.status.summary import without_trouble
from mvsnap.status.work import (
    camera_rows,
    cleaning_row,
    given_up_row,
    queue_row,
    sense_rows,
)
from mvsnap.store.files.stray_pictures import STRAY_PICTURES
from mvsnap.store.sharing.processes import KnownProcess, ProcessReport, UpstreamState
from mvsnap.texts.broker_wordings import NOT_CONNECTED
from mvsnap.texts.camera_wordings import (
    CONNECTION_REFUSED,
    IN_DETAIL,
    NO_ROUTE,
    OFFLINE,
)
from mvsnap.texts.reasons import code_of
from mvsnap.texts.sentences import localized
from mvsnap.texts.service_wordings import ERROR
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Upstream
from mvsnap.values import replace
from mvsnap.web.pages import age
from tests.core.build import job
from tests.web.build import GATE, READER, Web
from tests.web.clip_build import ROBOT, SETTINGS

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SILENT = timedelta(seconds=50)
GB = 10**9


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def process(
    machine: str = "pi-1", *, seen_s: float = 5, stopped: bool = False, **given: Any
) -> KnownProcess:
    ahead_s = given.pop("clock_ahead_s", 0.0)
    started_at = ago(given.pop("started_s", 3600))
    report = ProcessReport(
        id=f"{machine}-web-0",
        machine=machine,
        roles="web",
        version=given.pop("version", __version__),
        data_id=given.pop("data_id", "0a1b"),
        disk_free_bytes=given.pop("disk_free_bytes", 50 * GB),
        disk_total_bytes=100 * GB,
        **given,
    )
    return KnownProcess(report, started_at, ago(seen_s), stopped, ahead_s)


def webex(machine: str = "pi-1", error: str = "", **given: Any) -> UpstreamState:
    fields: dict[str, Any] = {
        "worked_at": ago(600 if error else 30),
        "failed_at": ago(10) if error else None,
        "failing_since": ago(300) if error else None,
    }
    return UpstreamState(
        process_id=f"{machine}-web-0",
        name=Upstream.WEBEX,
        error=Reason(error),
        **fields | given,
    )


def service(
    *states: UpstreamState, processes: tuple[KnownProcess, ...] = (process(),)
) -> StatusRow:
    (row,) = service_rows([Upstream.WEBEX], states, processes, NOW, SILENT)
    return row


# --- services outside


def test_a_service_that_answers_says_when_it_did_last() -> None:
    row = service(webex())
    assert (row.health, row.text, row.advice) == (Condition.OK, "", "")
    assert (row.worked_at, row.failed_at, row.since) == (ago(30), None, None)


def test_a_service_that_fails_says_since_when_why_and_what_to_do() -> None:
    row = service(webex(error="no answer within 20 s"))
    assert (row.health, row.text) == (Condition.TROUBLE, "no answer within 20 s")
    assert (row.since, row.worked_at, row.failed_at) == (ago(300), ago(600), ago(10))
    assert "webex.bot_token" in row.advice


def test_a_service_that_fails_from_one_machine_alone_names_it() -> None:
    both = process(), process("pi-2")
    states = webex(), webex("pi-2", "no route to the host")
    row = service(*states, processes=both)
    assert row.text == "no route to the host (from pi-2 only)"
    assert (row.worked_at, row.failed_at) == (ago(30), ago(10))


@pytest.mark.parametrize(
    ("error", "german"),
    [
        (
            NOT_CONNECTED(why=CONNECTION_REFUSED()),
            "nicht verbunden: Verbindung abgelehnt (nur von pi-2 aus)",
        ),
        (
            Reason("what the release before wrote"),
            "what the release before wrote (nur von pi-2 aus)",
        ),
        (ERROR(status=503), "Fehler des Dienstes (503) (nur von pi-2 aus)"),
    ],
)
def test_what_one_machine_alone_sees_is_in_german(error: Reason, german: str) -> None:
    state = replace(webex("pi-2", "x"), error=error)
    row = service(webex(), state, processes=(process(), process("pi-2")))
    texts.use("de")
    assert localized(row.text) == german


@pytest.mark.parametrize("gone", [{"seen_s": 51}, {"stopped": True}])
def test_what_a_process_that_is_gone_saw_is_no_trouble(gone: dict[str, Any]) -> None:
    both = process(), process("pi-2", **gone)
    row = service(webex(), webex("pi-2", "no route"), processes=both)
    assert (row.health, row.text) == (Condition.OK, "")


def test_a_web_server_without_requests_still_counts() -> None:
    idle = process(seen_s=3000, by_itself=False)
    assert service(webex(error="no answer"), processes=(idle,)).text == "no answer"


def test_nobody_knows_of_a_service_that_nobody_has_called() -> None:
    assert service().text == "not called yet"
    old = webex(error="no answer", failed_at=ago(1801), failing_since=ago(1801))
    row = service(old)
    assert (row.health, row.since) == (Condition.UNKNOWN, None)
    assert row.text == "not called since the last call failed"


def test_what_failed_before_a_restart_is_known_for_no_more_than_that() -> None:
    old = webex(error="no answer", failed_at=ago(70), failing_since=ago(600))
    begun = process(started_s=60)
    row = service(old, processes=(begun,))
    assert (row.health, row.since, row.failed_at) == (Condition.UNKNOWN, None, ago(70))
    assert row.text == "failed before the start, and was not called since"
    again = replace(old, failed_at=ago(5), failing_since=ago(5))
    assert service(again, processes=(begun,)).health is Condition.TROUBLE
    # Another one that runs on knows more.
    both = begun, process("pi-2")
    row = service(old, webex("pi-2", "no answer"), processes=both)
    assert (row.health, row.text) == (Condition.TROUBLE, "no answer")


# --- jobs, cameras, listeners, cleaning


@pytest.mark.parametrize(
    ("waiting", "oldest_s", "health"),
    [
        (0, None, Condition.OK),
        (1, 10, Condition.OK),
        (999, 901, Condition.TROUBLE),
        (1000, 10, Condition.TROUBLE),
    ],
)
def test_a_queue_is_in_trouble_when_it_is_full_or_old(
    waiting: int, oldest_s: float | None, health: Condition
) -> None:
    oldest_at = None if oldest_s is None else ago(oldest_s)
    row = queue_row(waiting, 1000, oldest_at, NOW)
    assert (row.health, row.since) == (health, oldest_at)


@pytest.mark.parametrize(
    ("state", "seen_s", "health", "text"),
    [
        ("recording", 12, Condition.OK, "recording"),
        ("stalled", 12, Condition.TROUBLE, "stalled: no video for 20 s"),
        ("starting", 12, Condition.UNKNOWN, "connecting: no video for 20 s"),
        ("recording", 200, Condition.UNKNOWN, "unknown"),
    ],
)
def test_a_camera_says_how_old_its_state_is(
    state: str, seen_s: float, health: Condition, text: str
) -> None:
    words = state if state == "recording" else "no video for 20 s"
    seen = RecorderCameraState(ROBOT, state, Reason(words), ago(60), ago(seen_s))
    rows = list(camera_rows(recorder_summary([ROBOT], {ROBOT: seen}, NOW)))
    assert (rows[-1].health, rows[-1].text) == (health, text)
    assert rows[-1].seen_at == ago(seen_s)
    assert (rows[0].name == "Recorder") is (seen_s > 180)


def test_a_recorder_that_never_ran_is_named() -> None:
    rows = list(camera_rows(recorder_summary([CameraName("a")], {}, NOW)))
    assert [row.text for row in rows] == ["has not run yet", "not seen yet"]


def test_a_listener_without_its_broker_is_in_trouble() -> None:
    lost = Listener("a", ago(5), False, Reason("not connected: refused"), 0, 0)
    silent = replace(lost, listener_id="b", seen_at=ago(60))
    rows = list(sense_rows([lost, silent], True, NOW))
    assert [row.health for row in rows] == [Condition.TROUBLE, Condition.UNKNOWN]
    assert [row.health for row in sense_rows([lost], False, NOW)] == [Condition.OK]
    (none,) = sense_rows([], True, NOW)
    assert "--roles sense" in none.advice


def test_cleaning_that_is_held_says_what_to_do() -> None:
    row = cleaning_row({"Events": "900 of 1000 would go at once"})
    assert row.health is Condition.TROUBLE
    assert row.advice.startswith("If the clock is right:")
    row = cleaning_row({STRAY_PICTURES: "25 of 25 pictures are named by no row"})
    assert row.advice.startswith("If they belong to nobody:")
    assert row.advice.endswith("purge --force")
    assert cleaning_row({}).health is Condition.OK


# --- processes and machines


def test_a_process_that_is_silent_is_in_trouble_and_one_that_stopped_is_not() -> None:
    known = process(), process("pi-2", seen_s=51), process("pi-3", stopped=True)
    other = process("pi-4", version="0.0.1")
    rows = list(process_rows([*known, other], NOW, SILENT, __version__))
    assert [row.health for row in rows] == [
        Condition.OK,
        Condition.TROUBLE,
        Condition.UNKNOWN,
        Condition.UNKNOWN,
    ]
    assert rows[1].text.startswith("silent")
    idle = process(seen_s=3000, by_itself=False)
    (row,) = process_rows([idle], NOW, SILENT, __version__)
    assert (row.health, row.text[:16]) == (Condition.UNKNOWN, "not asked lately")
    assert "versions differ" in rows[3].advice


def machine(**given: Any) -> dict[str, StatusRow]:
    return {row.name: row for row in machine_rows([process(**given)], NOW, SILENT)}


@pytest.mark.parametrize(
    ("free", "health"),
    [(50 * GB, Condition.OK), (2 * GB, Condition.OK), (GB - 1, Condition.TROUBLE)],
)
def test_a_disk_that_is_nearly_full_is_in_trouble(free: int, health: Condition) -> None:
    row = machine(disk_free_bytes=free, evidence_bytes=12 * GB)["Disk"]
    assert row.health is health
    assert row.text.endswith("of 100.0 GB free, pictures and clips use 12.0 GB")


@pytest.mark.parametrize(
    ("given", "health", "text"),
    [
        ({}, Condition.OK, "right"),
        ({"clock_ahead_s": -3600.0}, Condition.TROUBLE, "1 h behind the database's"),
        (
            {"clock_error": "wrong: it says 1970"},
            Condition.TROUBLE,
            "wrong: it says 1970",
        ),
        (
            {"clock_error": "set ahead by 1 day"},
            Condition.UNKNOWN,
            "set ahead by 1 day",
        ),
    ],
)
def test_a_clock_is_held_against_the_databases(
    given: dict[str, Any], health: Condition, text: str
) -> None:
    row = machine(**given)["Clock"]
    assert (row.health, row.text) == (health, text)


def test_a_certificate_that_ends_soon_is_in_trouble() -> None:
    assert "Certificate" not in machine()
    for days, health in ((30, Condition.OK), (13, Condition.TROUBLE)):
        ends = NOW + timedelta(days=days)
        assert machine(certificate_ends_at=ends)["Certificate"].health is health
    expired = machine(certificate_error="has expired")["Certificate"]
    assert (expired.health, expired.text) == (Condition.TROUBLE, "has expired")


def test_machines_with_folders_of_their_own_need_a_bucket() -> None:
    both = process(), process("pi-2", data_id="ffff")
    (row,) = folder_rows(both, NOW, SILENT, shares_bucket=False)
    assert row.health is Condition.TROUBLE
    assert list(folder_rows(both, NOW, SILENT, shares_bucket=True)) == []
    assert list(folder_rows(both[:1], NOW, SILENT, shares_bucket=False)) == []
    names = [row.name for row in machine_rows(both, NOW, SILENT)]
    assert names == ["Disk of pi-1", "Clock of pi-1", "Disk of pi-2", "Clock of pi-2"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12, "12 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7200, "2 h"),
        (172_800, "2 days"),
    ],
)
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


# --- the page, the address, the banner


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, **SETTINGS)


def beat(web: Web, outcomes: Mapping[Upstream, Outcome], **given: Any) -> None:
    report = process(**given).report
    web.processes.beat(
        report,
        {str(name): outcome for name, outcome in outcomes.items()},
        monotonic_s=1000,
        clock=datetime.now(UTC),
        is_first=False,
        began_s=0,
    )


LOST = {Upstream.WEBEX: Outcome(400, 995, 700, Reason("no answer within 20 s"))}


def test_the_page_shows_trouble_first_and_the_same_to_programs(web: Web) -> None:
    beat(web, LOST)
    page = web.log_in(Role.VIEWER).get("/status").text
    assert page.index("In trouble") < page.index("no answer within 20 s")
    assert page.index("no answer within 20 s") < page.index('id="group-1"')
    answer: Any = web.client(READER).get("/api/v1.0/status").get_json()
    assert answer["health"] == "trouble"
    (row,) = [row for row in answer["rows"] if row["name"] == "Webex"]
    assert (row["group"], row["health"]) == ("Services", "trouble")
    assert row["since"] < row["failed_at"] < answer["at"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "Everything works"),
        ([(Group.PROCESSES, "stopped, version 1")], "Everything works"),
        (
            [(Group.SERVICES, "not called yet")],
            "Nothing is in trouble; part 0 was not called yet",
        ),
        (
            [(Group.SERVICES, "not called yet")] * 6,
            "Nothing is in trouble; not called yet: "
            "part 0, part 1, part 2, part 3, and 2 more",
        ),
        (
            [(Group.SERVICES, "not called yet"), (Group.CAMERAS, "no recorder yet")],
            "Nothing is in trouble; not known: part 0, part 1",
        ),
    ],
)
def test_what_nobody_has_tried_does_not_work_yet(
    rows: list[tuple[Group, str]], said: str
) -> None:
    found = [
        StatusRow(group, f"part {number}", Condition.UNKNOWN, text)
        for number, (group, text) in enumerate(rows)
    ]
    fine = StatusRow(Group.SITE, "Version", Condition.OK)
    assert without_trouble([fine, *found]) == said


def test_the_page_says_what_was_not_called_yet(web: Web) -> None:
    page = web.log_in(Role.VIEWER).get("/status").text
    assert "Everything works" not in page
    assert "Nothing is in trouble; not known: " in page
    assert "alert-success" not in page


def test_a_page_that_polls_gets_nothing_while_nothing_changes(web: Web) -> None:
    beat(web, {Upstream.WEBEX: Outcome(worked_s=999)})
    client = web.log_in(Role.VIEWER)
    first = client.get("/status/rows")
    etag = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/status/rows", headers=etag).status_code == 304
    beat(web, LOST)
    assert client.get("/status/rows", headers=etag).status_code == 200


def test_the_overview_says_that_an_outage_is_on(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    web.engine.submit(job(Serial(GATE)))  # what waits is counted once a second
    beat(web, {Upstream.WEBEX: Outcome(worked_s=999)})
    assert "has not answered" not in client.get("/").text
    beat(web, LOST)
    page = client.get("/").text
    assert "Webex has not answered since" in page
    assert ">1 job waits</a>" in page
    assert 'href="/status"' in page


def test_readiness_names_an_outage_and_stays_ready(web: Web) -> None:
    web.store.heartbeat("tests", web.store.now())
    beat(web, LOST)
    assert services(web).startswith("Webex has not answered since 20")
    beat(web, {Upstream.WEBEX: Outcome(999, 995, None, Reason(""))})
    assert services(web) == "ok"


def services(web: Web) -> str:
    answer = web.client(None).get("/readyz")
    assert answer.status_code == 200
    parts: dict[str, str] = (answer.get_json() or {})["parts"]
    return parts["services"]


def test_a_camera_on_the_overview_says_how_old_its_state_is(web: Web) -> None:
    seen_at = web.store.now() - timedelta(seconds=12)
    web.clips.see(
        [RecorderCameraState(ROBOT, "recording", Reason(""), seen_at, seen_at)]
    )
    page = web.log_in(Role.VIEWER).get("/").text
    ages = [int(age) for age in re.findall(r'data-age="(\d+)"', page)]
    assert any(12 <= age < 60 for age in ages), ages  # 12, and what this page took


def test_the_state_of_a_camera_is_said_in_german() -> None:
    text = IN_DETAIL(what=OFFLINE(), detail=NO_ROUTE())
    seen = RecorderCameraState(ROBOT, "offline", text, ago(60), ago(1))
    (row,) = camera_rows(recorder_summary([ROBOT], {ROBOT: seen}, NOW))
    assert row.text == "offline: the camera cannot be reached (no route to host)"
    texts.use("de")
    assert localized(row.text) == (
        "offline: die Kamera ist nicht erreichbar (kein Weg zum Host)"
    )


def test_what_alerts_store_is_a_code_and_said_in_german() -> None:
    silent = process(seen_s=86400, version="1.2")
    found = [
        machine(disk_free_bytes=999 * 10**6, evidence_bytes=12_500_000_000)["Disk"],
        machine(clock_ahead_s=-3600.0)["Clock"],
        next(iter(process_rows([silent], NOW, SILENT, "9.9"))),
        queue_row(1, 9, None, NOW),
        queue_row(1200, 9, None, NOW),
        given_up_row(2),
    ]
    assert all(code_of(row.text) for row in found)
    texts.use("de")
    assert [localized(row.text) for row in found] == [
        "999 MB von 100,0 GB frei, Bilder und Clips belegen 12,5 GB",
        "geht gegenüber der Datenbank 1 h nach",
        "meldet sich nicht, Version 1.2",
        "1 Auftrag",
        "1.200 Aufträge",
        "2 Nachrichten",
    ]
