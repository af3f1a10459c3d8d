"""A listener in a process of its own, one of several on a PostgreSQL.

Its jobs are files in a folder that all share.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import sys
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.domain import Job, JobId
from mvsnap.metrics import Metrics
from mvsnap.sense.listener import ListenerLoop
from mvsnap.sense.stores import Stores
from mvsnap.sense.zone_share import ZoneShare
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore


class SharedOffice:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def submit(self, job: Job) -> None:
        made = self._folder / f"{uuid.uuid4()}.new"
        made.write_bytes(pickle.dumps(job))
        with suppress(FileExistsError):  # a known id changes nothing
            os.link(made, self._folder / f"{job.id}.job")
        made.unlink()

    def known(self, job_id: JobId) -> Job | None:
        with suppress(FileNotFoundError):
            known: Job = pickle.loads((self._folder / f"{job_id}.job").read_bytes())
            return known
        return None

    def jobs(self) -> list[Job]:
        return [pickle.loads(file.read_bytes()) for file in self._folder.glob("*.job")]


def make_listener(
    settings: Settings,
    db: database.Database,
    jobs: SharedOffice,
    clock: SystemClock,
    lease_s: float,
) -> ListenerLoop:
    stores = Stores(Store(db), SenseStore(db), SiteStore(db))
    share = ZoneShare(db, clock, lease_s=lease_s)
    organizations = CameraOrganizations(settings, clock)
    return ListenerLoop(settings, stores, jobs, clock, Metrics(), organizations, share)


def main() -> None:
    given = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    engine = database.open_database(given["database_url"])
    clock, jobs = SystemClock(), SharedOffice(Path(given["jobs"]))
    settings = Settings.model_validate(given["settings"])
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    loop = make_listener(
        settings, database.Database(engine), jobs, clock, given["lease_s"]
    )
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    loop.start()
    while not over.wait(0.1):
        pass
    clock.stop()
    loop.stop()


if __name__ == "__main__":
    main()
