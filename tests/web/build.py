"""The web application over a real store, with an engine that only keeps jobs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, get_args

from flask import Flask, Response
from flask.testing import FlaskClient
from jinja2 import Undefined
from jinja2.utils import missing
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.near_queue import NearPictures
from mvsnap.badges.parts import BadgeParts
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.store import BadgeStore
from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import Clock, SystemClock
from mvsnap.config.entries import Entry
from mvsnap.config.model import Scope, Settings
from mvsnap.core.users import put_change
from mvsnap.domain import Job, JobId, Role, User
from mvsnap.errors import MvsnapError
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.service import JobService
from mvsnap.jobs.waiting import FailedRun, FirstRun
from mvsnap.metrics import Metrics
from mvsnap.runtime import store_url
from mvsnap.runtime.visitor_reports import wifi_lines
from mvsnap.runtime.web_app import create_app
from mvsnap.simulator.directory import portrait_of
from mvsnap.store import database
from mvsnap.store.audit import AuditLog
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.clips import ClipStore
from mvsnap.store.counts import RowCounts
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.keys import KeyStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.sense import SenseStore
from mvsnap.store.settings import LiveSettings
from mvsnap.store.settings.entries import EntryStore
from mvsnap.store.sharing.processes import ProcessStore
from mvsnap.store.site import SiteStore
from mvsnap.store.users import UserStore
from mvsnap.store.users.session_keys import SessionKeyStore
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.store import VisitorStore
from mvsnap.web.context import Gateway
from mvsnap.web.entry_trials import EntryTrials, TrialAnswer
from mvsnap.web.login import enter
from mvsnap.web.recipients import RecipientCheck
from mvsnap.web.shared_reads import SharedReads
from mvsnap.wifi import parts
from mvsnap.wifi.batches import WifiStore
from tests.closing import at_end_of_test
from tests.web.described import Described

KEY = "a-key-that-may-do-all-of-it"
READER = "a-key-that-may-only-read"
BUTTON = "a-key-that-only-triggers"
PASSWORD = "a password of a person"
# A real one takes a third of a second on purpose, at each login.
HASHED = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
GATE, DOOR = "Q2SM-0000-0001", "Q2SM-0000-0002"

KEYS: tuple[dict[str, Any], ...] = (
    {"name": "all", "key": KEY, "scopes": get_args(Scope)},
    {"name": "reader", "key": READER, "scopes": ["read"]},
    {"name": "button", "key": BUTTON, "scopes": ["snapshot"]},
)


class NoSuchAttribute(Undefined):
    """A template that asks a value for what it does not have is a mistake.

    Jinja would show nothing, as for a variable that is not set.
    """

    def __init__(
        self, hint: str | None = None, obj: Any = missing, *more: Any, **named: Any
    ) -> None:
        super().__init__(hint, obj, *more, **named)
        if obj is not missing and not isinstance(obj, Mapping):
            self._fail_with_undefined_error()


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


class LateIn2026(SystemClock):
    """A clock that goes on from there: a time of 2026 is shown without its year."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = datetime(2026, 11, 30, 12, tzinfo=UTC) - datetime.now(UTC)

    def now(self) -> datetime:
        return super().now() + self._ahead


class PatientEngine:
    """Accepts jobs and never runs one."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, Job] = {}
        self.went_on: list[str] = []
        self.again: dict[str, Job] = {}

    def submit(self, job: Job, equal: str = "") -> None:
        self.jobs.setdefault(job.id, job)

    def job(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)

    def waiting(self, at_most: int) -> Counter[str]:
        return Counter(job.counts_for for job in list(self.jobs.values())[:at_most])

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        found = sorted(
            self.jobs.values(), key=lambda job: job.accepted_at, reverse=True
        )
        return [
            FirstRun(job.id, has_begun=False)
            for job in found
            if (since is None or job.accepted_at >= since)
            and (until is None or job.accepted_at <= until)
        ][:at_most]

    def oldest_run(self) -> datetime | None:
        return min((job.accepted_at for job in self.jobs.values()), default=None)

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        return [self.jobs[known] for known in job_ids if known in self.jobs]

    def go_on(self, run_id: str) -> None:
        self.went_on.append(run_id)

    def has_failed(self, run_id: str) -> bool:
        return False

    def failed_runs(self) -> list[FailedRun]:
        return []

    def run_again(self, job: Job, run_id: str) -> None:
        self.again[run_id] = job

    def waiting_equal(self, equal: str) -> JobId | None:
        return None

    def close(self) -> None:
        pass


class Web:
    """An application with everything behind it, for a test to inspect.

    One of a test is closed at its end; one of a module closes itself.
    """

    def __init__(
        self, folder: Path, *, clock: Clock | None = None, **sections: Any
    ) -> None:
        plain = {
            "data_dir": folder,
            "api_keys": KEYS,
            "meraki": {"api_key": "a-dashboard-key", "cameras": [GATE]},
            "webex": {"bot_token": "a-bot-token", "room": "Alarms"},
        }
        self.settings = Settings.model_validate(plain | sections)
        self.engine = PatientEngine()
        db = database.open_database(store_url(self.settings))
        database.upgrade(db)
        shared = self.database = database.Database(db)
        self.store = Store(shared)
        self.clips = ClipStore(shared)
        self.repeats = RepeatStore(shared)
        self.job_states = JobStateStore(shared)
        self.videos = VideoStore(shared, f"-{data_id(folder)}")
        self.sense = SenseStore(shared)
        self.site = SiteStore(shared)
        self.entries = EntryStore(shared)
        self.visitors = VisitorStore(shared)
        self.users = UserStore(shared)
        self.keys = KeyStore(shared)
        self.session_keys = SessionKeyStore(shared)
        self.audit = AuditLog(shared)
        self.cleanings = CleaningStore(shared)
        self.processes = ProcessStore(shared)
        self.notices = NoticeStore(shared)
        self.badges = BadgeStore(shared)
        self.badge_pictures = BadgePictures(shared)
        self.directory = DirectoryStore(shared)
        self.near = NearPictures(shared)
        self.wifi = parts.build(self.settings, shared, WifiStore(shared))
        self.files = Files(folder)
        self.clock = clock or SystemClock()
        self.recipients = RecipientCheck()
        self.tried: list[Entry] = []
        self.refusal: MvsnapError | None = None  # of what is tried
        self.test_messages = RecipientCheck()
        # A test sees what it has just written; in service a read is used for a second.
        self.shared_reads = SharedReads(fresh_s=0)
        self.described: list[Described] = []
        self.app = self.fresh_app()
        at_end_of_test(self.close)

    def fresh_app(self) -> Flask:
        clock, metrics = self.clock, Metrics()
        server = self.settings.server
        jobs = JobService(
            self.engine,
            self.store,
            self.clips,
            self.repeats,
            self.job_states,
            clock,
            metrics,
            queue_size=server.queue_size,
            max_waiting=server.threads // 2,
        )
        app = create_app(
            Gateway(
                settings=self.settings,
                following=LiveSettings(self.settings, self.entries.all, clock),
                entries=self.entries,
                trials=EntryTrials(clock, self.try_entry),
                organizations=CameraOrganizations(
                    self.settings, clock, self.site.organization_of
                ),
                jobs=jobs,
                job_list=JobList(self.engine, self.job_states, clock),
                store=self.store,
                clips=self.clips,
                videos=self.videos,
                sense=self.sense,
                site=self.site,
                users=self.users,
                keys=self.keys,
                session_keys=self.session_keys,
                audit=self.audit,
                cleanings=self.cleanings,
                processes=self.processes,
                notices=self.notices,
                files=self.files,
                clock=clock,
                metrics=metrics,
                row_counts=RowCounts(self.database),
                recipients=self.recipients,
                test_messages=self.test_messages,
                shared_reads=self.shared_reads,
                features=(
                    BadgeParts(
                        self.badges, self.badge_pictures, self.directory, self.near
                    ),
                    VisitorParts(
                        self.visitors,
                        partial(wifi_lines, self.settings, self.database),
                    ),
                    self.wifi,
                ),
            )
        )
        app.jinja_env.undefined = NoSuchAttribute
        self.described.append(Described(app))
        return app

    def try_entry(self, _settings: Settings, entry: Entry) -> TrialAnswer:
        self.tried.append(entry)
        if self.refusal is not None:
            raise self.refusal
        is_camera = entry.section == "recording-cameras"
        picture = portrait_of(entry.name) if is_camera else b""
        return TrialAnswer(True, (f"{entry.name} works.",), picture)

    def client(self, key: str | None = KEY) -> FlaskClient:
        """Return a client that sends this key with every request."""
        client = self.app.test_client()
        if key is not None:
            client.environ_base["HTTP_X_API_KEY"] = key
        return client

    def browser(self) -> FlaskClient:
        """Return a client that asks for pages as a browser does."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT"] = HTML
        return client

    def add_user(self, name: str, role: Role = Role.ADMIN) -> User:
        """Add a person whose password is PASSWORD."""
        user = User(name, role, HASHED, self.clock.now())
        self.users.put(user, put_change(user, None, "tests"))
        return user

    def log_in(self, role: Role = Role.ADMIN) -> FlaskClient:
        """Return a browser in which a person of this role, and name, has logged in.

        As the login page does it once the password was right; two pages less.
        """
        user = self.add_user(role, role)
        client = self.browser()
        if self.users.second_factors.find(user.name) is not None:
            assert log_in(client, role).status_code == 303
            return client
        with self.app.test_request_context("/login", environ_base=client.environ_base):
            enter(user)
            answer = self.app.process_response(Response())
        (cookie,) = answer.headers.getlist("Set-Cookie")
        name, _, value = cookie.partition(";")[0].partition("=")
        client.set_cookie(name, value)
        return client

    @property
    def accepted(self) -> list[Job]:
        return list(self.engine.jobs.values())

    def close(self) -> None:
        self.store.close()
        # Whatever a test asked for was answered as the description of the API says.
        assert [wrong for one in self.described for wrong in one.wrong] == []


def log_in(
    client: FlaskClient, name: str, password: str = PASSWORD, *, url: str = "/login"
) -> TestResponse:
    """Fill in the login page and send it."""
    token = token_of(client.get(url))
    fields = {"csrf_token": token, "name": name, "password": password}
    return client.post(url, data=fields)


def send(client: FlaskClient, url: str, /, **fields: Any) -> TestResponse:
    """Send a form of a page with the token of the session."""
    token = token_of(client.get("/"))
    return client.post(url, data={"csrf_token": token} | fields)


def below_field(said: str) -> str:
    """Return a mistake as it stands below its field, whose label names it already.

    `after` has no field: its mistake stands alone, with its name.
    """
    name, _, words = said.partition(": ")
    return said if name == "after" else words[:1].upper() + words[1:]


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]
