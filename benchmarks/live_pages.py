"""What fifty open live pages cost: the processor of the gateway while they poll.

Processor time is that of the kernel's own books, so it means something on a busy
machine, too. The pages are asked for by threads of this process, as browsers do.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from werkzeug.security import generate_password_hash

from benchmarks.idle import cpu_s
from benchmarks.line import Line
from mvsnap.core.users import put_change
from mvsnap.domain import EventId, EventKind, JobId, Role, User
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.users import UserStore
from tests.core.build import event
from tests.gateway import Gateway, clouds, write_config

PAGES = 50
EVENTS = 10_000
SETTLE_S, MEASURED_S = 10.0, 30.0
PASSWORD = "a password of the benchmark"
# The part that each page asks for, and how often.
KINDS = (
    ("crowd events", "/crowd-events", "/crowd-events/rows", 1.5),
    ("events", "/events", "/events/rows", 1.5),
    ("overview", "/", "/overview/part", 3.0),
    ("status", "/status", "/status/rows", 5.0),
)


def live_pages() -> list[Line]:
    with tempfile.TemporaryDirectory() as name, clouds() as cloud:
        folder = Path(name)
        _fill(folder / "data")
        server = {"rate_per_minute": 100_000, "max_connections_per_address": 200}
        settings = cloud.settings(server=server)
        served = Gateway(write_config(folder, settings))
        served.start()
        lines = [_measured(served, *kind) for kind in KINDS]
        served.stop()
    return lines


def _fill(data: Path) -> None:
    """Add a viewer, and events of the last week."""
    data.mkdir(parents=True)
    engine = database.open_database(database.sqlite_url(data / "mvsnap.db"))
    database.upgrade(engine)
    db, now = database.Database(engine), datetime.now(UTC)
    hashed = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    user = User("viewer", Role.VIEWER, hashed, now)
    UserStore(db).put(user, put_change(user, None, "bench"))
    store = Store(db)
    for number in range(EVENTS):
        at = now - timedelta(minutes=number)
        kind = EventKind.CROWD if number % 2 else EventKind.SNAPSHOT
        store.add_event(
            event(
                id=EventId(f"event-{number}"),
                job_id=JobId(f"job-{number}"),
                kind=kind,
                occurred_at=at,
                recorded_at=at,
            )
        )
    store.close()


def _measured(served: Gateway, name: str, page: str, part: str, every_s: float) -> Line:
    stop = threading.Event()
    waits_s: list[float] = []
    viewer = _log_in(served.url)
    first = viewer.get(served.url + page, headers={"Accept": "text/html"}, timeout=30)
    found = re.search(r'data-etag="([^"]+)"', first.text)
    assert found, first.text
    etag = f'"{found[1]}"'

    def poll(number: int) -> None:
        own, known = requests.Session(), etag
        own.cookies.update(viewer.cookies)
        stop.wait(every_s * number / PAGES)
        while not stop.is_set():
            began = time.monotonic()
            headers = {"If-None-Match": known}
            answer = own.get(served.url + part, headers=headers, timeout=30)
            assert answer.status_code in (200, 304), answer.text
            known = answer.headers["ETag"]
            waits_s.append(time.monotonic() - began)
            stop.wait(every_s)

    threads = [threading.Thread(target=poll, args=(n,)) for n in range(PAGES)]
    for thread in threads:
        thread.start()
    time.sleep(SETTLE_S)
    waits_s.clear()
    began, used_s = time.monotonic(), cpu_s(served.pid)
    time.sleep(MEASURED_S)
    share = (cpu_s(served.pid) - used_s) / (time.monotonic() - began)
    per_s = len(waits_s) / MEASURED_S
    stop.set()
    for thread in threads:
        thread.join()
    what = f"{PAGES} open live pages, {name}"
    text = f"{per_s:.0f} polls a second"
    return Line(what, "-", "<= 10 % of a core", share * 100, "% of a core", text)


def _log_in(url: str) -> requests.Session:
    session = requests.Session()
    form = session.get(f"{url}/login", headers={"Accept": "text/html"}, timeout=30)
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', form.text)
    assert token, form.text
    fields = {"csrf_token": token[1], "name": "viewer", "password": PASSWORD}
    answer = session.post(f"{url}/login", data=fields, timeout=30)
    assert answer.ok, answer.text
    return session
