"""A second channel is a new file and nothing else, and keeps all promises.

The file, `dropped/pager.py`, is laid beside the package's own; mvsnap has no line about
it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap import delivery
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import channel_kinds, open_channels
from mvsnap.domain import CameraName, DeliveryState, EventKind, JobState
from mvsnap.values import replace
from tests.conftest import Clouds
from tests.core.build import DOOR, GATE
from tests.gateway import Gateway, Installation, gateway
from tests.gateway import clouds as served_clouds
from tests.jobs import test_clips, test_crowds
from tests.jobs.fakes import Crew, crew
from tests.servers.processes import wait_until

DROPPED = Path(__file__).parent / "dropped"
ROOM = "pager:night shift"
REPEAT = "This message may be a duplicate."

# `mvsnap`, with the file where a user's own checkout would have it.
START = f"""
from mvsnap import delivery
delivery.__path__.append({str(DROPPED)!r})
from mvsnap.cli import main
main()
"""


@pytest.fixture
def pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lay the file into the package; give the folder that its pages go to."""
    folder = tmp_path / "pager"
    folder.mkdir()
    monkeypatch.setenv("PAGER_FOLDER", str(folder))
    delivery.__path__.append(str(DROPPED))
    yield folder
    delivery.__path__.remove(str(DROPPED))
    sys.modules.pop("mvsnap.delivery.pager", None)


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds, pager: Path) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        made.channels = open_channels(Settings())
        yield made


def pages(folder: Path) -> list[dict[str, Any]]:
    path = folder / "pages"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def trouble(folder: Path, kind: str) -> None:
    (folder / "trouble").write_text(kind)


def test_the_file_is_found(pager: Path) -> None:
    assert set(channel_kinds()) == {"pager", "webex"}


def test_without_the_file_there_is_no_such_channel() -> None:
    assert set(channel_kinds()) == {"webex"}


def test_a_picture_goes_through_it_once_as_small_as_it_needs(
    team: Crew, pager: Path
) -> None:
    job = team.job(GATE, rooms=(ROOM,), prefix="Door open")
    assert team.run(job) is None
    assert team.run(job) is None
    (page,) = pages(pager)
    assert (page["room"], page["kind"]) == ("night shift", "snapshot")
    assert page["text"].startswith("**mvsnap: Door open** · **Gate North**")
    assert 0 < page["file"] <= 50_000
    assert REPEAT not in page["text"]
    assert team.progress(job).state is JobState.DONE
    assert team.messages == []


def test_an_outage_is_waited_for_and_leaves_no_doubt(team: Crew, pager: Path) -> None:
    trouble(pager, "away")
    assert team.run(team.job(GATE, rooms=(ROOM,))) is None
    assert [REPEAT in page["text"] for page in pages(pager)] == [False]


def test_an_answer_that_never_came_makes_a_repeat_that_says_so(
    team: Crew, pager: Path
) -> None:
    trouble(pager, "silent")
    assert team.run(team.job(GATE, rooms=(ROOM,))) is None
    assert [REPEAT in page["text"] for page in pages(pager)] == [False, True]


def test_a_refusal_is_final_and_says_why(team: Crew, pager: Path) -> None:
    trouble(pager, "refused")
    job = team.job(GATE, rooms=(ROOM,))
    assert team.run(job) is None
    note = team.store.deliveries_of_job(job.id)[GATE, ROOM]
    assert note.state is DeliveryState.FAILED
    assert note.error == "The pager takes no such page"
    assert pages(pager) == []


def test_what_comes_late_says_so(team: Crew, pager: Path) -> None:
    accepted_at = team.clock.now() - timedelta(minutes=30)
    team.run(team.job(GATE, rooms=(ROOM,), accepted_at=accepted_at))
    assert "Delivered late:" in pages(pager)[0]["text"]


def test_several_cameras_are_one_thread(team: Crew, pager: Path) -> None:
    assert team.run(team.job(GATE, DOOR, rooms=(ROOM,))) is None
    head, *replies = pages(pager)
    assert (head["kind"], head["parent"]) == ("head", None)
    assert [reply["parent"] for reply in replies] == [head["id"]] * 2


def test_the_end_of_a_crowd_follows_in_its_thread(team: Crew, pager: Path) -> None:
    crowd = test_crowds.raised(team)
    team.run(test_crowds.job_about(team, crowd, (ROOM,)))
    assert team.run(replace(test_crowds.ended(team, crowd), rooms=(ROOM,))) is None
    told, over = pages(pager)
    assert (told["kind"], over["kind"]) == (EventKind.CROWD, EventKind.END)
    assert over["parent"] == told["id"]


@pytest.mark.parametrize(
    ("size_bytes", "kind", "goes_along"),
    [(5_000, "", True), (10_001, "", False), (5_000, "file", False)],
    ids=["small", "too large", "refused"],
)
def test_a_clip_follows_in_the_thread_with_its_video_or_without(
    team: Crew, pager: Path, size_bytes: int, kind: str, goes_along: bool
) -> None:
    job = test_clips.alarmed(team, clips=(CameraName("Robot"),), rooms=(ROOM,))
    team.run(job)
    reply = test_clips.recorded(team, job, size_bytes=size_bytes)
    if kind:
        trouble(pager, kind)
    assert team.run(reply) is None
    head, clip = pages(pager)
    assert clip["parent"] == head["id"]
    assert (clip["file"] is not None) is goes_along
    assert ("on the gateway's Clips page" in clip["text"]) is not goes_along
    assert team.progress(job).state is JobState.DONE


def test_the_service_killed_while_it_sends_sends_again_and_says_so(
    tmp_path: Path, pager: Path
) -> None:
    """A real service, a real SIGKILL; trigger, queue and store know of no pager."""
    script = tmp_path / "mvsnap_with_pager.py"
    script.write_text(START)
    with served_clouds() as simulated:
        trouble(pager, "kill")
        settings = simulated.settings()
        with gateway(
            tmp_path, settings, of=Installation((sys.executable, script))
        ) as served:
            answer = served.snapshot(webexRoom=ROOM, wait_s="0")
            assert answer.status_code == 202
            wait_until(lambda: served.has_ended, "the service is killed")
            assert [REPEAT in page["text"] for page in pages(pager)] == [False]
            served.stop()
            served.start()
            wait_until(lambda: len(pages(pager)) == 2, "the page comes again")
            wait_until(lambda: _state(served, answer.json()) == "done", "it is done")
        assert [REPEAT in page["text"] for page in pages(pager)] == [False, True]
        assert simulated.webex.messages == []


def _state(served: Gateway, accepted: dict[str, Any]) -> str:
    url = f"/api/v1.0/jobs/{accepted['job']['id']}"
    return str(served.get(url).json()["status"])
