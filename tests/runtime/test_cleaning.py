"""The cleaning table: it has everything, and a dry run tells what a purge then does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, LargeBinary, Table, Text, func, select

from mvsnap.clip_model import ClipState
from mvsnap.clock import iso
from mvsnap.config.model import Settings
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.finished import NoJobs
from mvsnap.runtime import Parts, cleaning
from mvsnap.store.events.published_tables import published_events
from mvsnap.store.purging import PurgeResult
from mvsnap.store.tables import Moment, metadata
from mvsnap.store.time_limits import CLEANING, with_limits
from mvsnap.values import replace
from tests.store.fixtures import url as url

DAY = timedelta(days=1)


class Record:
    """Two finished jobs, until they are forgotten."""

    def __init__(self) -> None:
        self.finished = 2

    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        found = self.finished
        if not dry_run:
            self.finished = 0
        return found


class Site:
    def __init__(self, folder: Path, url: str) -> None:
        plain = {
            "data_dir": folder / "data",
            "database_url": url,
            # Whatever else fills this disk, no clip goes for want of room.
            "recorder": {"min_free_mb": 0},
        }
        self.parts = Parts(Settings.model_validate(plain))
        self.folder = folder / "data"
        self.now = self.parts.clock.now()
        self.kinds = cleaning.kinds(self.parts, Record())
        self._rows = Counter[str]()

    def purge(self, *, dry_run: bool = False) -> list[PurgeResult]:
        """Return the results without paths, whose order is nobody's business."""
        with with_limits(CLEANING):  # as the worker does, also on a busy machine
            results = [kind.purge(dry_run=dry_run) for kind in self.kinds]
        return [replace(result, paths=()) for result in results]

    def add(self, name: str, /, at: datetime, **given: Any) -> str:
        """Write a row whose moments are all the same; return what tells it apart."""
        table = metadata.tables[name]
        self._rows[name] += 1
        key = f"{name}-{self._rows[name]}"
        row = {
            column.name: value(table, column.name, key, self._rows[name], at)
            for column in table.columns
            if not column.nullable
        }
        with self.parts.db.writing() as connection:
            connection.execute(table.insert(), row | given)
        return key

    def file(self, path: str, at: datetime | None = None) -> str:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(b"ten bytes.")
        at_s = (at or self.now - 400 * DAY).timestamp()
        os.utime(whole, (at_s, at_s))
        return path

    def clip(self, at: datetime, **given: Any) -> None:
        """Write a clip with its event, its alarm and its files."""
        alarm = self.add("events", at)
        key = self.add("events", at, snapshot_path=self.file(f"snapshots/{at:%j}.jpg"))
        fields = {
            "state": ClipState.READY,
            "recorder_id": f"pi-{data_id(self.folder)}",
            "path": self.file(f"videos/{at:%j}.mp4"),
            "thumbnail_path": self.file(f"videos/{at:%j}.jpg"),
            "size_bytes": 10,
            "about": alarm,
        }
        self.add("clips", at, id=key, **(fields | given))

    def rows(self) -> dict[str, int]:
        with self.parts.db.reading() as connection:
            return {
                name: connection.execute(
                    select(func.count()).select_from(table)
                ).scalar_one()
                for name, table in metadata.tables.items()
            }

    def files(self) -> list[str]:
        found = self.folder.rglob("*")
        names = (str(path.relative_to(self.folder)) for path in found if path.is_file())
        return sorted(n for n in names if n.startswith(("videos", "snap", "photos")))


def value(table: Table, name: str, key: str, number: int, at: datetime) -> Any:
    """Return something a column takes; columns of seconds or minutes get the moment."""
    kind = table.columns[name].type
    at_s = int(at.timestamp())
    if isinstance(kind, Moment):
        return at
    if isinstance(kind, JSON):
        return {}
    if isinstance(kind, LargeBinary):
        return b""
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Text):
        return key
    if name in ("time_in_s", "time_out_s", "slot_s"):
        return at_s - at_s % 900
    if name == "day":
        return at_s // 86_400
    return at_s // 60 if name == "minute" else number


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, url)
    yield made
    made.parts.store.close()


# Tables whose rows have no file and need no other row.
PLAIN = (
    "deliveries",
    "repeats",
    "bot_requests",
    "presences",
    "watches",
    "camera_last_seen",
    "listeners",
    "visitor_hours",
    "visitor_days",
    "visitor_cameras",
    "zone_page_views",
    "mutes",
    "sessions",
    "audit",
    "observations",
    "visits",
    "visit_counts",
    "device_days",
    "notices",
    "seen_jobs",
    "alarm_messages",
)


def fill(site: Site, at: datetime) -> None:
    """Write one of everything at this time, with its files."""
    name = f"{at:%Y%j}"
    for table in PLAIN:
        site.add(table, at)
    site.add("notice_groups", at, handed_over=True)
    site.add("secrets", at, name=f"key:{name}")
    site.add("secrets", at, name=f"used once {name}", value=iso(at))
    site.add("secrets", at, name=f"session until {iso(at)} {name}")
    site.add("key_secrets", at, ends_at=at)
    picture = site.file(f"snapshots/{name}-busy.jpg")
    site.add("visitor_pictures", at, snapshot_path=picture)
    badge = site.add("badges", at, picture_path=site.file(f"snapshots/{name}-b.jpg"))
    site.add("judgements", at, badge_id=badge)
    near = site.file(f"snapshots/{name}-near.jpg")
    site.add("near_pictures", at, badge_id=badge, picture_path=near)
    site.add("job_states", at)
    trouble = site.add("troubles", at, ended_at=at)
    site.add("reported_ends", at, trouble_id=trouble)
    site.clip(at)
    site.add("clips", at, state=ClipState.FAILED)
    site.file(f"photos/{name}.jpg", at)
    site.file("badges/2020/01/02/stray.jpg")
    site.file(f"videos/{name}_stray.mp4", at)


def test_a_dry_run_removes_nothing_and_tells_what_a_purge_then_removes(
    site: Site,
) -> None:
    fill(site, site.now - 400 * DAY)
    fill(site, site.now + DAY)
    lost = site.now + 2 * DAY
    site.clip(lost)
    (site.folder / f"videos/{lost:%j}.mp4").unlink()
    rows, files = site.rows(), site.files()

    told = site.purge(dry_run=True)
    assert (site.rows(), site.files()) == (rows, files)
    assert [one.name for one in told if not one.removed] == []

    assert site.purge() == told
    left = site.rows()
    emptied = {name for kind in site.kinds for name in kind.tables}
    assert {name for name in rows if left[name] < rows[name]} == emptied
    # The thumbnail of the lost clip belongs to no clip any more.
    assert [one.name for one in site.purge() if one.removed] == [told[-1].name]
    (clips, events, *_), stray = told, told[-1]
    assert (clips.removed, clips.size_bytes, clips.left_bytes) == (1, 10, 20)
    assert (events.removed, events.files) == (2, 1)
    assert (stray.removed, stray.lost) == (1, 1)


def test_a_dry_run_knows_which_clips_will_go_for_their_size(
    tmp_path: Path, url: str
) -> None:
    site = Site(tmp_path, url)
    site.parts.settings = Settings.model_validate(
        {
            "data_dir": site.folder,
            "storage": {"max_gb": 15e-9, "retention_days": 1},
            "recorder": {"min_free_mb": 0},
        }
    )
    site.kinds = cleaning.kinds(site.parts, NoJobs())
    site.clip(site.now - 20 * DAY, kept=True)
    site.clip(site.now - 10 * DAY, received_at=site.now)
    site.clip(site.now, notified=True)
    told = site.purge(dry_run=True)
    assert site.purge() == told
    assert told[0].removed == 2
    site.parts.store.close()


def test_every_table_is_cleaned_or_kept_for_a_reason(tmp_path: Path) -> None:
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    kinds = cleaning.kinds(parts, NoJobs())
    parts.store.close()
    cleaned = {name for kind in kinds for name in kind.tables}
    assert published_events.name in cleaning.KEPT  # imported where used alone
    assert cleaned | cleaning.KEPT.keys() == metadata.tables.keys()
    assert cleaned & cleaning.KEPT.keys() == set()
    assert all(kind.kept for kind in kinds)
