"""What is old, deleted or nobody's goes from the bucket and from every machine."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from mvsnap.clip_model import ClipState
from mvsnap.clock import SystemClock
from mvsnap.jobs.finished import NoJobs
from mvsnap.runtime import cleaning
from mvsnap.store.clips.deletion import finish_deletes
from tests.cli.run import mvsnap
from tests.core import build
from tests.gateway import Clouds
from tests.runtime.shared_site import VIDEO, Site, dies
from tests.runtime.shared_site import shared_site as shared_site
from tests.runtime.shared_site import site as site
from tests.runtime.shared_site import sky as sky


def test_what_is_old_goes_from_the_bucket_and_from_every_machine(
    site: Site, sky: Clouds
) -> None:
    job = site.a.job(sky.serials[0])
    event = site.a.picture(job)
    clip = site.a.record()
    site.a.hand_over.step()
    site.b.get(f"/api/v1.0/events/{event.id}/thumbnail.jpg")
    site.b.get(f"/api/v1.0/events/{clip.id}/thumbnail.jpg")
    assert len(site.objects()) == 3
    assert len(site.b.files()) == 3
    later = datetime.now(UTC) + timedelta(days=31)
    for machine in (site.a, site.b):
        machine.parts.clock = _Later(later)
    said = [site.b.clean(name, dry_run=True) for name in ("Clips", "Events")]
    assert [(one.removed, one.files) for one in said] == [(1, 0), (2, 1)]
    site.away()
    done = [site.b.clean(name) for name in ("Clips", "Events")]
    assert [(one.removed, one.files) for one in done] == [(1, 0), (2, 1)]
    site.b.hand_over.step()
    assert len(site.objects()) == 3
    site.back()
    for machine in (site.a, site.b):
        machine.hand_over.step()
    assert site.objects() == set()
    assert site.a.files() == site.b.files() == set()


class _Later(SystemClock):
    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._shown = now

    def now(self) -> datetime:
        return self._shown


def test_a_clip_deleted_on_the_page_goes_everywhere_also_while_it_is_handed_over(
    site: Site,
) -> None:
    clip, other = site.a.record(), site.a.record()
    site.a.hand_over.step()
    late = site.a.record()
    for one in (clip, late):
        assert site.b.parts.clips.delete(one.id, [])
    assert finish_deletes(site.b.parts.videos(), site.b.parts.files) == 2
    for machine in (site.b, site.a, site.b):
        machine.hand_over.step()
    left = {f"site-a/robot/{other.id}.{kind}" for kind in ("mp4", "jpg")}
    assert site.objects() == left
    assert site.a.files() == {f"videos/robot/{other.id}.{k}" for k in ("mp4", "jpg")}
    assert site.b.get(f"/api/v1.0/events/{clip.id}/clip.mp4").status_code == 404


def test_a_clip_that_is_missing_from_the_bucket_is_marked(site: Site) -> None:
    lost, kept, waiting = site.a.record(), site.a.record(), site.a.record()
    site.away()
    site.a.hand_over.step()
    site.back()
    assert site.b.clean("Files without a clip", dry_run=True).lost == 0
    site.a.hand_over.step()
    key = f"site-a/robot/{lost.id}.mp4"
    site.server.client.delete_object(Bucket=site.bucket, Key=key)
    site.away()
    assert site.b.clean("Files without a clip").lost == 0
    site.back()
    assert site.b.clean("Files without a clip", dry_run=True).lost == 1
    assert site.b.clean("Files without a clip").lost == 1
    states = [site.a.parts.clips.clip(c.id) for c in (lost, kept, waiting)]
    assert [c.state for c in states if c] == [
        ClipState.DELETED,
        ClipState.READY,
        ClipState.READY,
    ]


def test_the_size_of_all_clips_counts_whoever_recorded_them(site: Site) -> None:
    old, new = site.a.record(hours_ago=60), site.b.record(hours_ago=50)
    for machine in (site.a, site.b):
        machine.hand_over.step()
    settings = site.b.parts.settings
    smaller = settings.storage.model_copy(update={"max_gb": 0.0004})
    site.b.parts.settings = settings.model_copy(update={"storage": smaller})
    assert site.b.clean("Clips", dry_run=True).removed == 1
    assert site.b.clean("Clips").removed == 1
    site.b.parts.settings = settings
    site.b.hand_over.step()
    assert f"site-a/robot/{old.id}.mp4" not in site.objects()
    assert f"site-a/robot/{new.id}.mp4" in site.objects()


def test_the_cache_is_bounded_and_keeps_what_the_bucket_has_not(site: Site) -> None:
    cache = cast(Any, site.a.hand_over)._cache
    cache._max_bytes = 700_000
    stored = [site.a.record() for _ in range(3)]
    site.a.hand_over.step()
    waiting = site.a.record()
    for age, clip in enumerate([waiting, *stored]):
        used_at = time.time() - 4000 + age
        for path in (clip.path, clip.thumbnail_path):
            os.utime(site.a.data_dir / str(path), (used_at, used_at))
    assert cache.prune() == 2
    kept = {str(clip.path) for clip in (waiting, stored[-1])}
    assert {path for path in site.a.files() if path.endswith(".mp4")} == kept
    address = f"/api/v1.0/events/{stored[0].id}/clip.mp4"
    assert site.a.get(address).data == VIDEO


def test_files_from_before_the_bucket_are_handed_over_and_strays_go(
    site: Site, sky: Clouds
) -> None:
    at = datetime.now(UTC)
    old = build.event(snapshot_path="snapshots/2026/01/01/old.jpg", recorded_at=at)
    site.a.parts.store.add_event(old)
    folder = site.a.data_dir / "snapshots/2026/01/01"
    folder.mkdir(parents=True)
    for name in ("old.jpg", "old.thumbnail.jpg", "stray.jpg", "new.jpg"):
        (folder / name).write_bytes(b"jpeg")
        if name != "new.jpg":
            os.utime(folder / name, (1, 1))
    # Stored by a process that died before its row was there, or for another database.
    elsewhere = "snapshots/2026/01/02/stray.jpg"
    for path in ("snapshots/2026/01/01/stray.jpg", elsewhere):
        site.a.parts.files._evidence.put(path, b"jpeg")
        os.utime(site.a.data_dir / path, (1, 1))
    site.a.hand_over.step()
    assert site.objects() == {
        "site-a/snapshots/2026/01/01/old.jpg",
        f"site-a/{elsewhere}",
    }
    assert {path.name for path in folder.iterdir()} == {
        "old.jpg",
        "old.thumbnail.jpg",
        "new.jpg",
    }


class InAWeek(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=8)


def test_what_a_machine_left_in_the_bucket_and_died_goes_after_a_week(
    site: Site, sky: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = site.a.job(sky.serials[0])
    with monkeypatch.context() as patch:
        patch.setattr(site.a.parts.store, "add_event", dies)
        with pytest.raises(OperationalError):
            site.a.picture(job)
    (stray,) = site.objects()
    shutil.rmtree(site.a.data_dir / "snapshots")  # and never returns
    event = site.b.picture(job)
    other = "site-a/snapshots/readme.jpg"
    site.server.client.put_object(Bucket=site.bucket, Key=other, Body=b"not ours")
    kept = {other, f"site-a/{event.snapshot_path}"}
    for is_old, left in ((False, {stray}), (True, set[str]())):
        if is_old:
            site.b.parts.clock = InAWeek()
        kinds = {kind.name: kind for kind in cleaning.kinds(site.b.parts, NoJobs())}
        cleaner = kinds["Stray pictures"]
        assert cleaner.purge(dry_run=True).removed == 0  # badges are looked at first
        results = [cleaner.purge() for _ in range(3)]
        assert sum(result.removed for result in results) == is_old
        site.b.hand_over.step()
        assert site.objects() == kept | left


def test_a_purge_that_could_not_look_into_the_bucket_says_so_and_fails(
    site: Site,
) -> None:
    site.a.record()
    site.a.hand_over.step()
    for args in ([], ["--force"], ["--dry-run"]):
        site.away()
        said = mvsnap(site.a.data_dir.parent, "purge", *args)
        assert said.code == 1, said.out
        for name in ("Stray pictures", "Files without a clip"):
            assert f"{name}: nobody could look: The bucket" in said.err
    site.back()
    said = mvsnap(site.a.data_dir.parent, "purge", "--force")
    assert (said.code, "nobody could look" in said.err) == (0, False)
