"""The web application over a real store, with an engine that only keeps jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.domain import Job, JobId
from mvsnap.jobs.service import JobService
from mvsnap.metrics import Metrics
from mvsnap.runtime import store_url
from mvsnap.store import database
from mvsnap.store.files import Files
from mvsnap.store.store import Store
from mvsnap.web.app import create_app
from mvsnap.web.context import Gateway

KEY = "a-key-that-may-do-all-of-it"
READER = "a-key-that-may-only-read"
BUTTON = "a-key-that-only-triggers"
GATE, DOOR = "Q2SM-0000-0001", "Q2SM-0000-0002"

KEYS: tuple[dict[str, Any], ...] = (
    {"name": "all", "key": KEY},
    {"name": "reader", "key": READER, "scopes": ["read"]},
    {"name": "button", "key": BUTTON, "scopes": ["snapshot"]},
)


class PatientEngine:
    """Accepts jobs and never runs one."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, Job] = {}

    def submit(self, job: Job) -> None:
        self.jobs.setdefault(job.id, job)

    def job(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def waiting(self, at_most: int) -> int:
        return min(len(self.jobs), at_most)

    def close(self) -> None:
        pass


class Web:
    """An application with what stands behind it, for a test to look at."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        plain = {
            "data_dir": folder,
            "api_keys": KEYS,
            "meraki": {"cameras": [GATE]},
            "webex": {"bot_token": "a-bot-token", "room": "Alarms"},
        }
        self.settings = Settings.model_validate(plain | sections)
        self.engine = PatientEngine()
        db = database.open_database(store_url(self.settings))
        database.upgrade(db)
        self.store = Store(db)
        self.files = Files(folder)
        self.app = self._app()

    def _app(self) -> Flask:
        clock, metrics = SystemClock(), Metrics()
        server = self.settings.server
        jobs = JobService(
            self.engine,
            self.store,
            clock,
            metrics,
            queue_size=server.queue_size,
            max_waiting=server.threads // 2,
        )
        return create_app(
            Gateway(self.settings, jobs, self.store, self.files, clock, metrics)
        )

    def client(self, key: str | None = KEY) -> FlaskClient:
        """Return a client that sends this key with every request."""
        client = self.app.test_client()
        if key is not None:
            client.environ_base["HTTP_X_API_KEY"] = key
        return client

    @property
    def accepted(self) -> list[Job]:
        return list(self.engine.jobs.values())

    def close(self) -> None:
        self.store.close()
