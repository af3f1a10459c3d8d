"""Machines with folders of their own share pictures and clips in a real bucket."""

from __future__ import annotations

import shutil
import time
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from mvsnap.badges.alerts import MismatchNotifier
from mvsnap.cli import check_recorder
from mvsnap.domain import DeliveryState, Event, EventId
from mvsnap.jobs.clip_results import notification_job
from mvsnap.recorder.files import clip_path
from mvsnap.runtime import worker
from mvsnap.store.clips import ClipStore
from mvsnap.store.files import evidence_bucket
from mvsnap.store.sharing.tables import data_folders
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.gateway import KEY, ROOM, Clouds
from tests.runtime.shared_site import ROBOT, VIDEO, Machine, Site, dies
from tests.runtime.shared_site import shared_site as shared_site
from tests.runtime.shared_site import site as site
from tests.runtime.shared_site import sky as sky
from tests.servers.s3 import SECRET_KEY


def test_a_picture_of_one_machine_is_served_by_another(site: Site, sky: Clouds) -> None:
    job = site.a.job(sky.serials[0])
    assert site.a.parts.runner().run(job) is None
    (event,) = site.b.parts.store.events_of_job(job.id)
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    there = site.a.get(f"/api/v1.0/events/{event.id}/snapshot.jpg").data
    for kind in ("snapshot", "thumbnail"):
        answer = site.b.get(f"/api/v1.0/events/{event.id}/{kind}.jpg")
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert len(answer.data) > 1000
    assert (site.b.data_dir / str(event.snapshot_path)).read_bytes() == there


def test_a_clip_of_one_machine_is_streamed_by_another_with_ranges(site: Site) -> None:
    clip = site.a.record()
    address = f"/api/v1.0/events/{clip.id}/clip.mp4"
    early = site.b.get(address)
    assert early.status_code == 503
    assert int(early.headers["Retry-After"]) > 0
    assert "still on" in early.get_json()["error"]["message"]
    assert site.a.hand_over.step() is None
    for machine in (site.a, site.b):
        whole = machine.get(address)
        assert (whole.status_code, whole.data) == (200, VIDEO)
        assert whole.headers["Accept-Ranges"] == "bytes"
        part = machine.get(address, Range="bytes=100-199")
        assert (part.status_code, part.data) == (206, VIDEO[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(VIDEO)}"
        tail = machine.get(address, Range="bytes=-50")
        assert (tail.status_code, tail.data) == (206, VIDEO[-50:])
        beyond = machine.get(address, Range=f"bytes={len(VIDEO)}-")
        assert beyond.status_code == 416
        head = machine.get(address, "HEAD")
        assert (head.status_code, head.content_length) == (200, len(VIDEO))
        known = machine.get(address, If_None_Match=whole.headers["ETag"])
        assert known.status_code == 304
    assert site.b.get(f"/api/v1.0/events/{clip.id}/thumbnail.jpg").data
    assert "Location" not in whole.headers


def test_a_clip_that_breaks_off_is_no_whole_answer(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    clip = site.a.record(content=bytes(20_000_000))
    site.a.hand_over.step()
    with site.b.app.test_client() as client:
        answer = client.get(
            f"/api/v1.0/events/{clip.id}/clip.mp4", headers={"X-API-Key": KEY}
        )
        parts = iter(cast(Any, answer.response))
        assert len(next(parts)) > 0
        site.away()
        with pytest.raises(TimeoutError):
            list(parts)
        answer.close()
    assert "a clip broke off while it was sent" in caplog.text


def test_an_outage_of_the_bucket_stops_no_alarm_and_loses_nothing(
    site: Site, sky: Clouds
) -> None:
    site.away()
    job = site.a.job(sky.serials[0])
    assert site.a.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert len(message.files) == 1
    (event,) = site.a.parts.store.events_of_job(job.id)
    address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
    assert site.a.get(address).status_code == 200
    answer = site.b.get(address)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "evidence_away"
    assert "wait for the bucket: 1" in site.b.get("/readyz").text
    assert site.a.hand_over.step() is not None
    site.back()
    assert "still on" in site.b.get(address).text
    assert site.a.hand_over.step() is None
    assert site.b.get(address).status_code == 200
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    assert site.b.get("/readyz").get_json()["parts"]["files"] == "ok"


def test_another_machine_resumes_a_job_with_its_picture(
    site: Site, sky: Clouds
) -> None:
    job = site.a.job(sky.serials[0])
    event = site.a.picture(job)
    jpeg = (site.a.data_dir / str(event.snapshot_path)).read_bytes()
    shutil.rmtree(site.a.data_dir / "snapshots")
    assert site.b.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert [file.data for file in message.files] == [jpeg]
    assert "not attached" not in message.markdown


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("away", "Picture not attached: the bucket"),
        ("silent", "Picture not attached: it is on"),
        ("unstored", "Picture not attached: it is still on"),
        ("gone", "Picture not attached: it was lost with its machine"),
    ],
)
def test_a_message_says_why_its_picture_is_not_there(
    site: Site, sky: Clouds, way: str, words: str
) -> None:
    job = site.a.job(sky.serials[0])
    if way in ("silent", "unstored"):
        site.away()
    event = site.a.picture(job)
    if way == "silent":
        with site.a.parts.db.writing() as connection:
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            connection.execute(data_folders.update().values(seen_at=long_ago))
    site.back()
    if way == "away":
        site.away()
    if way == "gone":
        key = f"site-a/{event.snapshot_path}"
        site.server.client.delete_object(Bucket=site.bucket, Key=key)
    assert site.b.parts.runner().run(job) is None
    (message,) = sky.webex.messages
    assert message.files == []
    assert words in message.markdown
    if way == "gone":
        address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
        assert site.b.get(address).status_code == 404


def test_the_message_of_a_clip_waits_until_the_clip_is_handed_over(
    site: Site, sky: Clouds
) -> None:
    clip = site.a.record()
    job = notification_job(clip, site.b.parts.clock.now())
    old = replace(job, accepted_at=job.accepted_at - timedelta(minutes=2))
    # The message that it replies to was given up.
    store, failed = site.b.parts.store, DeliveryState.FAILED
    store.set_delivery(
        clip.job_id, "", ROOM, failed, job.accepted_at, error=Reason("refused")
    )
    wait = site.b.parts.runner().run(job)
    assert wait is not None
    assert wait.delay_s == 5
    assert sky.webex.messages == []
    assert site.a.hand_over.step() is None
    assert site.b.parts.runner().run(old) is None
    (message,) = sky.webex.messages
    assert [file.data for file in message.files] == [VIDEO]


def test_a_machine_thatdies_before_the_bucket_has_it_stores_it_at_its_next_start(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = site.a.job(sky.serials[0])

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evidence_bucket, "store", dies)
    with pytest.raises(KeyboardInterrupt):
        site.a.picture(job)
    monkeypatch.undo()
    # Nobody has called it stored: whoever resumes the job takes a picture of its own.
    assert site.b.parts.store.events_of_job(job.id) == []
    assert site.b.parts.runner().run(job) is None
    (event,) = site.a.parts.store.events_of_job(job.id)
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    clip = site.a.record()
    assert site.a.hand_over.step() is None
    assert f"site-a/robot/{clip.id}.mp4" in site.objects()


def test_a_person_gets_a_page_with_the_reason(site: Site, sky: Clouds) -> None:
    event = site.a.picture(site.a.job(sky.serials[0]))
    site.away()
    address = f"/api/v1.0/events/{event.id}/snapshot.jpg"
    answer = site.b.get(address, Accept="text/html")
    assert answer.status_code == 503
    assert "cannot be reached now" in answer.text
    assert SECRET_KEY not in answer.text
    # Nobody waits for the bucket again for some seconds.
    begun = time.monotonic()
    for _ in range(20):
        assert site.b.get(address).status_code == 503
    assert time.monotonic() - begun < 5


def test_a_mismatch_is_posted_though_its_picture_cannot_be_copied(site: Site) -> None:
    at = datetime.now(UTC)
    path = site.a.parts.files.save_picture("badges", "one", at, b"jpeg")
    alerts = MismatchNotifier(
        *(cast(Any, None), site.b.parts.store, site.b.parts.files),
        *(cast(Any, None), cast(Any, None), site.b.parts.clock),
        rooms=(ROOM,),
    )
    badge = cast(Any, SimpleNamespace(picture_path=path, swiped_at=at, error=None))
    site.away()
    copy, why = alerts._copy(badge, EventId(str(uuid4())))
    assert copy is None
    assert "cannot be reached" in str(why)
    site.back()
    copy, why = alerts._copy(badge, EventId(str(uuid4())))
    assert why is None
    assert f"site-a/{copy}" in site.objects()


@pytest.mark.parametrize(("names", "is_problem"), [("xy", True), ("xx", False)])
def test_different_folders_without_a_bucket_are_reported(
    tmp_path: Path, site: Site, names: str, is_problem: bool
) -> None:
    with site.a.parts.db.writing() as connection:
        connection.execute(data_folders.delete())
    settings = site.settings | {"storage": {}}
    machines = [Machine(tmp_path / name, settings) for name in names]
    for machine in machines:
        told = machine.get("/readyz").get_json()["parts"]["files"]
        assert ("Set storage.s3" in told) == is_problem
        (line,) = [
            check()
            for name, check in check_recorder.checks(machine.parts.settings)
            if name == "files"
        ]
        assert line.ok is not is_problem
        machine.parts.store.close()


@pytest.mark.parametrize("is_away", [False, True])
def test_a_picture_whose_event_was_not_stored_is_shown_by_no_machine(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """It dies in between; another takes the picture anew, and the first returns."""
    job = site.a.job(sky.serials[0])
    if is_away:
        site.away()
    with monkeypatch.context() as patch:
        patch.setattr(site.a.parts.store, "add_event", dies)
        with pytest.raises(OperationalError):
            site.a.picture(job)
    site.back()
    event = site.b.picture(job)
    before = (site.b.data_dir / str(event.snapshot_path)).read_bytes()
    for machine in (site.a, site.b):
        machine.hand_over.step()
    assert _shown(site.a, event) == _shown(site.b, event) == before
    shutil.rmtree(site.b.data_dir / "snapshots")
    assert _shown(site.b, event) == before


@pytest.mark.parametrize("frozen_at", ["take_snapshot", "save_snapshot"])
def test_a_machine_that_was_frozen_leaves_the_picture_of_another_alone(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch, frozen_at: str
) -> None:
    job = site.a.job(sky.serials[0])
    parts = site.a.parts
    photographer = parts.runner()._snapshots._cameras.photographer
    of = parts.files if frozen_at == "save_snapshot" else type(photographer)
    do, others = getattr(of, frozen_at), list[Event]()

    def is_frozen(*args: Any, **given: Any) -> Any:
        done = do(*args, **given)
        monkeypatch.setattr(of, frozen_at, do)
        others.append(site.b.picture(job))
        return done

    monkeypatch.setattr(of, frozen_at, is_frozen)
    event = site.a.picture(job)
    assert event == others[0]
    before = (site.b.data_dir / str(event.snapshot_path)).read_bytes()
    site.a.hand_over.step()
    assert _shown(site.a, event) == _shown(site.b, event) == before
    assert site.objects() == {f"site-a/{event.snapshot_path}"}
    assert len(list((site.a.data_dir / "snapshots").rglob("*.jpg"))) == 1


def test_a_late_copy_of_a_mismatch_does_not_stay(site: Site) -> None:
    at, event_id = datetime.now(UTC), EventId(str(uuid4()))
    paths = {}
    for machine, jpeg in ((site.b, b"first"), (site.a, b"late")):
        files = machine.parts.files
        paths[jpeg] = path = files.save_snapshot(event_id, at, jpeg)
        alerts = MismatchNotifier(
            *(cast(Any, None), machine.parts.store, files),
            *(cast(Any, None), cast(Any, None), machine.parts.clock),
            rooms=(ROOM,),
        )
        alerts._add(build.event(id=event_id, snapshot_path=path))
    site.a.hand_over.step()
    assert site.objects() == {f"site-a/{paths[b'first']}"}
    event = site.a.parts.store.event(event_id)
    assert event is not None
    assert _shown(site.a, event) == _shown(site.b, event) == b"first"


def test_a_recorder_that_was_frozen_leaves_the_clip_of_another_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = {"cameras": {ROBOT: {"url": "rtsp://127.0.0.1:1/none"}}}
    wanted = site.b.wanted_clip()
    # It looked just before it froze.
    monkeypatch.setattr(ClipStore, "is_still_of", lambda *_: True)
    for machine, content in ((site.b, b"B" * 999), (site.a, b"A" * 999)):
        settings = machine.parts.settings
        section = type(settings.recorder).model_validate(camera)
        parts = copy(machine.parts)
        parts.settings = settings.model_copy(update={"recorder": section})
        clips = worker.clip_worker(parts, cast(Any, None))
        by = clips._recorder._settings.made_by
        videos = machine.data_dir / "videos"
        path = clip_path(videos, ROBOT, wanted.id, wanted.at, by)
        machine.store_clip(wanted, path, content, clips._clip_results)
        machine.hand_over.step()
    for machine in (site.a, site.b):
        answer = machine.get(f"/api/v1.0/events/{wanted.id}/clip.mp4")
        assert (answer.status_code, answer.data) == (200, b"B" * 999)


def _shown(machine: Machine, event: Event) -> bytes:
    answer = machine.get(f"/api/v1.0/events/{event.id}/snapshot.jpg")
    assert answer.status_code == 200
    return answer.get_data()
