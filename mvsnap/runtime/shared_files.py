"""Where the files of a site are: below data_dir, or in a bucket with a cache there."""

from __future__ import annotations

from functools import partial

from mvsnap.clients.s3.bucket import Bucket
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.jobs.executors import data_id
from mvsnap.runtime import clouds
from mvsnap.store.database import Database
from mvsnap.store.files import Files
from mvsnap.store.files.cache import FileCache
from mvsnap.store.files.evidence import EvidenceFolder
from mvsnap.store.files.evidence_bucket import EvidenceBucket
from mvsnap.store.files.tasks import FileTasks


def files(settings: Settings, db: Database, clock: SystemClock) -> Files:
    data_dir = settings.data_dir
    if not settings.files_in_bucket:
        alone = not settings.on_postgresql
        return Files(data_dir, EvidenceFolder(data_dir, alone=alone))
    tasks = file_tasks(settings, db)
    evidence = EvidenceBucket(
        data_dir,
        partial(open_bucket, settings, in_haste=True),
        tasks,
        file_cache(settings, tasks),
        clock,
    )
    return Files(data_dir, evidence)


def file_tasks(settings: Settings, db: Database) -> FileTasks:
    return FileTasks(db, data_id(settings.data_dir))


def file_cache(settings: Settings, tasks: FileTasks) -> FileCache:
    return FileCache(
        settings.data_dir,
        tasks.unstored,
        max_bytes=int(settings.storage.s3.cache_gb * 1e9),
        min_free_bytes=int(settings.recorder.min_free_mb * 1e6),
    )


def open_bucket(settings: Settings, *, in_haste: bool) -> Bucket:
    found = clouds.bucket(settings, in_haste=in_haste)
    assert found is not None
    return found
