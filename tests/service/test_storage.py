"""A card that fails: read-only while the service runs, databases damaged."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests

from mvsnap.clip_model import ClipState
from mvsnap.config.model import Settings
from mvsnap.jobs.executors import data_id
from mvsnap.runtime.service import Roles
from mvsnap.runtime.start import open_service
from mvsnap.simulator.faults import Fault
from tests.cli.run import configure, mvsnap
from tests.gateway import ROOM, Gateway, clouds, gateway
from tests.servers.card import Card, card
from tests.servers.processes import wait_until
from tests.store.recordings import Recordings

__all__ = ["card"]  # a fixture
SETTINGS = {"api_keys": [{"name": "button", "key": "a-secret-of-24-characters"}]}


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garble(path: Path) -> None:
    path.write_bytes(b"\xff\x00no database\n" * 1000)


def damage_a_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xee" * 4096 * 2)


def test_a_card_that_turns_read_only_is_reported_at_once(card: Card) -> None:
    with (
        clouds() as simulated,
        gateway(card.folder, simulated.settings()) as served,
    ):
        assert served.get("/readyz").json()["parts"]["store"] == "ok"
        card.fail()
        answer = served.get("/readyz")
        assert answer.status_code == 503
        parts = answer.json()["parts"]
        for part in ("store", "disk"):
            assert parts[part] == (
                f"data_dir {card.folder / 'data'} cannot be written: "
                "Read-only file system"
            )
        assert served.snapshot().status_code == 503
        said = served.output()
    # Which reason depends on who writes first.
    assert re.search("the database is unavailable: .*read-only", said)
    assert "OperationalError" not in said


def test_a_full_card_is_waited_for_also_by_a_start(card: Card) -> None:
    with (
        clouds() as simulated,
        gateway(card.folder, simulated.settings(recorder={"min_free_mb": 1})) as served,
    ):
        others = card.fill()
        assert served.snapshot().status_code == 503
        served.kill()
        served.begin()
        why = "waiting for the database: the disk is full"
        wait_until(lambda: why in said_by(served), "it waits", limit_s=60)
        others.unlink()
        served.wait()
        assert served.snapshot().status_code == 200


def test_a_start_after_a_clean_end_waits_for_a_full_card_too(card: Card) -> None:
    """The end has removed the logs of the database: to open it takes room, too."""
    settings, roles = Settings(data_dir=card.folder), Roles(worker=False, sense=False)
    open_service(settings, roles).parts.store.close()
    others, said = card.fill(), list[str]()
    service = open_service(
        settings, roles, on_wait=said.append, pause=lambda _: others.unlink()
    )
    service.parts.store.close()
    assert said == ["the disk is full"]


@pytest.mark.parametrize(
    ("min_free_mb", "free_bytes"), [(0, 2_000_000), (1, 2_000_000), (2.5, 3_900_000)]
)
def test_a_start_makes_the_room_that_it_waits_for(
    card: Card, min_free_mb: float, free_bytes: int
) -> None:
    """Of clips, also where the running service would have enough already."""
    settings = Settings.model_validate(
        {"data_dir": card.folder, "recorder": {"min_free_mb": min_free_mb}}
    )
    roles = Roles(worker=False, sense=False)
    parts = open_service(settings, roles).parts
    videos = Recordings(parts.db)
    here = f"pi-{data_id(card.folder)}"
    clips = [videos.clip(n, recorder=here, size_bytes=2_000_000) for n in range(1, 9)]
    for clip in clips:
        path = card.folder / str(clip.path)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(2_000_000))
    parts.store.close()
    others = card.fill()
    os.truncate(others, others.stat().st_size - free_bytes)

    def waits(_pause_s: float) -> None:
        raise AssertionError("it waits for room that nobody makes")

    parts = open_service(settings, roles, pause=waits).parts
    videos = Recordings(parts.db)
    states = [videos.state(clip)[0] for clip in clips]
    parts.store.close()
    assert states[0] is ClipState.DELETED
    assert states[-1] is ClipState.READY
    assert (card.folder / str(clips[-1].path)).exists()


def test_what_waited_goes_on_without_the_file_of_jobs(tmp_path: Path) -> None:
    """A power cut has emptied it, or it was damaged and moved away."""
    with clouds() as simulated, gateway(tmp_path, simulated.settings()) as served:
        simulated.webex.faults.add(Fault("503-html", "POST /v1/messages", times=-1))
        assert served.snapshot(wait_s="0", prefix="#1").status_code == 202

        def waits_for() -> list[str]:
            answer = served.get("/api/v1.0/jobs", state="waiting")
            found = answer.json()["jobs"] if answer.ok else [{"waits_for": "?"}]
            return [job["waits_for"] for job in found]

        wait_until(lambda: waits_for() == [f"room {ROOM}"], "it waits for the room", 60)
        served.kill()
        for path in (tmp_path / "data").glob("jobs.db*"):
            path.unlink()
        simulated.webex.faults.clear()
        served.start()
        wait_until(lambda: waits_for() == [], "it has ended", 60)
        assert ["#1" in m.markdown for m in simulated.webex.messages] == [True]


def said_by(served: Gateway) -> str:
    try:
        return served.get("/readyz").text
    except requests.ConnectionError:
        return ""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose databases were both in use."""
    folder = tmp_path_factory.mktemp("stopped")
    with clouds() as simulated, gateway(folder, simulated.settings()) as served:
        assert served.snapshot(wait_s="30").status_code == 200
    for name in ("mvsnap.db", "jobs.db"):
        with closing(sqlite3.connect(folder / "data" / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    configure(folder, SETTINGS)
    return folder


@pytest.fixture
def used(tmp_path: Path, stopped: Path) -> Path:
    """A copy of it, for this test alone."""
    return Path(shutil.copytree(stopped, tmp_path / "used"))


def refused(folder: Path) -> str:
    said = mvsnap(folder, "serve", "--roles", "worker")
    assert said.code == 1
    return said.err


@pytest.mark.parametrize("harm", [zeros, garble])
def test_a_damaged_database_is_named_with_what_to_do(
    used: Path, harm: Callable[[Path], None]
) -> None:
    events, jobs = (used / "data" / name for name in ("mvsnap.db", "jobs.db"))
    kept = events.read_bytes()
    harm(events)
    harm(jobs)
    checked = mvsnap(used, "check")
    assert checked.code == 1
    for path in (events, jobs):
        assert f"{path} is damaged. Stop the service and move it away" in checked.out
    assert re.search(
        rf"^{re.escape(str(events))} is damaged\..* without events and users$",
        refused(used),
        re.M,
    )
    events.write_bytes(kept)
    assert re.search(
        rf"^{re.escape(str(jobs))} is damaged\..* jobs that had just come are lost$",
        refused(used),
        re.M,
    )


def test_check_finds_a_damaged_page(used: Path) -> None:
    damage_a_page(used / "data" / "mvsnap.db")
    said = mvsnap(used, "check")
    assert f"{used / 'data' / 'mvsnap.db'} is damaged" in said.out
    events = mvsnap(used, "events")
    assert (events.code, "damaged" in events.err) == (1, True)


def test_an_empty_file_is_reported_and_filled(tmp_path: Path) -> None:
    configure(tmp_path, SETTINGS)
    path = tmp_path / "data" / "mvsnap.db"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (0, 0))
    said = mvsnap(tmp_path, "users", "list")
    assert said.code == 0
    assert f"{path} is empty" in said.err
