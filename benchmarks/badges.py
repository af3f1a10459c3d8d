"""Badge review: do pages stay as fast with 100,000 badge events as with 10,000?"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.line import Line
from benchmarks.side_by_side import Comparison
from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState
from mvsnap.badges.model import BadgeEvent, Judgement, Readers, Swipe, Verdict, recorded
from mvsnap.clock import iso
from mvsnap.texts.wording import Reason
from tests.gateway import environment, write_config
from tests.web.build import Web

FEW, MANY = 10_000, 100_000
PEOPLE, READERS = 500, 20
# Of those: a small department, and badges that are in no directory.
SMALL, STRANGERS = 5, 5
SPACING = timedelta(seconds=20)
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


def badges() -> list[Line]:
    made = Comparison("badges", "badge events", FEW, MANY, fill, PAGES)
    with tempfile.TemporaryDirectory() as name:
        return [*made.lines(), imported(Path(name))]


def fill(web: Web, number: int) -> Mapping[str, str]:
    now = datetime.now(UTC)
    web.badges.add(events(number, now))
    people = [
        Cardholder(str(n), f"Cardholder {n}", "Security" if n < SMALL else "Sales")
        for n in range(PEOPLE - STRANGERS)
    ]
    state = DirectoryState("people.csv", "1", now, PEOPLE, 0, Reason(""))
    web.directory.replace(state, people)
    newest = web.badges.badges(BadgeFilter(), number // 2)
    for badge in newest[:200:3]:
        web.badges.judge(Judgement(badge.id, Verdict.MATCH, "", now, "anna"))
    return {
        "middle": newest[-1].id,
        "day": f"{newest[-1].swiped_at:%Y-%m-%d}",
        "ago": iso(newest[0].swiped_at - timedelta(minutes=5)),
    }


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
    return Line(what, "-", "-", took_s, "s", f"{MANY / took_s:,.0f} rows/s")
