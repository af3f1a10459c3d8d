"""Badge review: do pages stay as fast with 100,000 badge events as with 10,000?

The whole of a request is measured, in the process of the application: login, queries,
template. Both stores take turns, because the machine is never the same for long.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.line import Line
from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState
from mvsnap.badges.model import BadgeEvent, Judgement, Readers, Swipe, Verdict, recorded
from mvsnap.clock import iso
from mvsnap.domain import Role
from tests.gateway import environment, write_config
from tests.web.build import Web

FEW, MANY = 10_000, 100_000
PEOPLE, READERS = 500, 20
# Of those: a small department, and badges that are in no directory.
SMALL, STRANGERS = 5, 5
ROUNDS = 30
SPACING = timedelta(seconds=20)
REFERENCE = f"the same with {FEW:,} badge events"
GOAL = "<= 1.5"


@dataclass(frozen=True)
class Review:
    """A gateway with badge events and somebody who is logged in."""

    client: FlaskClient
    newest: BadgeEvent
    middle: BadgeEvent

    def seconds(self, address: str) -> float:
        began = time.perf_counter()
        answer = self.client.get(address)
        spent = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
        return spent


def badges() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        homes = [folder / str(number) for number in (FEW, MANY)]
        for home in homes:
            home.mkdir()
        webs = [Web(home) for home in homes]
        few, many = (
            fill(web, number) for web, number in zip(webs, (FEW, MANY), strict=True)
        )
        lines = [compare(what, few, many) for what in PAGES]
        for web in webs:
            web.close()
        return [*lines, imported(folder)]


PAGES = {
    "the list": "/badges",
    "its filter by reader and verdict": "/badges?reader=Door+7&verdict=match",
    "its filter by a day": "/badges?day={day}",
    "its filter by a name": "/badges?person=Cardholder+17",
    "its filter by a department of all": "/badges?department=Sales",
    "its filter by a small department": "/badges?department=Security",
    "its filter by unknown badges": "/badges?only=unknown",
    "its filter by missing pictures": "/badges?only=no_picture",
    "its report of a day": "/badges/report?day={day}",
    "its end": "/badges/end",
    "the API since a verdict": "/api/v1.0/badges?judged_since={ago}",
    "a page in the middle": "/badges?after={middle}",
    "one badge event": "/badges/{middle}?verdict=open",
}


def compare(what: str, few: Review, many: Review) -> Line:
    spans_s: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(ROUNDS):
        for number, review in ((FEW, few), (MANY, many)):
            day = f"{review.middle.swiped_at:%Y-%m-%d}"
            ago = iso(review.newest.swiped_at - timedelta(minutes=5))
            names = {"day": day, "middle": review.middle.id, "ago": ago}
            address = PAGES[what].format(**names)
            spans_s[number].append(review.seconds(address))
    small, large = (statistics.median(spans_s[number]) for number in (FEW, MANY))
    text = f"{large / small:.2f} ({large * 1000:.0f} ms)"
    return Line(f"badges, {what}, {MANY:,} badge events", REFERENCE, GOAL, text)


def fill(web: Web, number: int) -> Review:
    now = datetime.now(UTC)
    web.badges.add(events(number, now))
    people = [
        Cardholder(str(n), f"Cardholder {n}", "Security" if n < SMALL else "Sales")
        for n in range(PEOPLE - STRANGERS)
    ]
    state = DirectoryState("people.csv", "1", now, PEOPLE, 0, "")
    web.directory.replace(state, people)
    newest = web.badges.badges(BadgeFilter(), number // 2)
    for badge in newest[:200:3]:
        web.badges.judge(Judgement(badge.id, Verdict.MATCH, "", now, "anna"))
    return Review(web.log_in(Role.REVIEWER), newest[0], newest[-1])


def events(number: int, now: datetime) -> Sequence[BadgeEvent]:
    nowhere = Readers({})
    return [
        recorded(swipe, nowhere, "bench", now)
        for swipe in (
            Swipe(now - SPACING * n, str(n % PEOPLE), f"Door {n % READERS}")
            for n in range(number)
        )
    ]


def imported(folder: Path) -> Line:
    """A file through the command, beside reading it alone."""
    path = folder / "badges.csv"
    now = datetime.now(UTC)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("timestamp", "user_id", "reader"))
        for n in range(MANY):
            moment = (now - SPACING * n).isoformat()
            writer.writerow((moment, n % PEOPLE, f"Door {n % READERS}"))
    write_config(folder, {})
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "mvsnap", "badges", "import", str(path)],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
    )
    took_s = time.perf_counter() - began
    what = f"badges, a file of {MANY:,} imported durably"
    return Line(what, "-", "-", f"{took_s:.0f} s, {MANY / took_s:,.0f} rows/s")
