"""Times for people are of the site's zone: everywhere, and in one form for each use."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core import keys, mutes
from mvsnap.core.site_time import foreign, to_minute, to_second
from mvsnap.logs.lines import JsonLine, TextLine
from mvsnap.runtime.clock_state import mistake
from mvsnap.web.pages import local_clock, local_day, local_time
from mvsnap.web.time_zone import show_zone_of
from tests.web.build import DOOR, GATE, Web

ROOT = Path(__file__).parent.parent
BERLIN = ZoneInfo("Europe/Berlin")
# An hour that the clocks of Berlin show twice.
SECOND = datetime(2026, 10, 25, 1, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "2026-10-25 02:30:07 CET"),
        ("UTC", "2026-10-25 01:30:07 UTC"),
        ("America/Sao_Paulo", "2026-10-24 22:30:07 -03"),
        ("Pacific/Auckland", "2026-10-25 14:30:07 NZDT"),
    ],
)
def test_a_time_names_its_zone(zone: str, shown: str) -> None:
    assert to_second(SECOND, ZoneInfo(zone)) == shown
    assert to_minute(SECOND, ZoneInfo(zone)) == shown[:16] + shown[19:]


def test_a_time_of_another_zone_than_the_sites_is_marked() -> None:
    assert foreign(SECOND, ZoneInfo("Asia/Tokyo"), BERLIN) == " JST"
    assert foreign(SECOND, ZoneInfo("America/Sao_Paulo"), BERLIN) == " -03"
    assert foreign(SECOND, ZoneInfo("Europe/Berlin"), BERLIN) == ""


def test_the_audit_log_and_the_status_speak_of_the_sites_time() -> None:
    mute, made = mutes.new_mute(None, None, "60", "anna", SECOND, BERLIN)
    assert made.after == "until 2026-10-25 03:30:07 CET"
    assert mutes.end_change(mute, "anna", SECOND, BERLIN).before == made.after
    assert keys.summary({}, SECOND, BERLIN) == "expires 2026-10-25 02:30 CET"
    later = keys.rotated(SECOND, datetime(2026, 1, 1, tzinfo=UTC), BERLIN)
    assert later == "new secret; the old one ends 2026-10-25 02:30 CET"
    early = datetime(2025, 6, 1, tzinfo=UTC)
    assert "it says 2025-06-01 02:00 CEST (" in mistake(early, BERLIN)


def test_a_line_of_the_log_is_of_the_site_and_one_for_programs_of_utc() -> None:
    record = logging.LogRecord("mvsnap", logging.INFO, "x", 1, "said", None, None)
    record.created = SECOND.timestamp()
    assert TextLine([], BERLIN).format(record).startswith("2026-10-25T02:30:07+0100 ")
    assert '"2026-10-25T01:30:07.000Z"' in JsonLine([], BERLIN).format(record)


class Standing:
    stopped = False

    def now(self) -> datetime:
        return datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 2027 in Berlin

    def monotonic(self) -> float:
        return 0.0

    def passed_since(self, moment: datetime) -> timedelta:
        return self.now() - moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"a page waits for {seconds} s")


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, clock=Standing(), site={"timezone": BERLIN.key})


def test_a_page_shows_the_year_where_it_is_another(web: Web) -> None:
    with web.app.test_request_context():
        assert local_time(SECOND) == "Sun 25 Oct 2026 02:30:07"
        new_year = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
        assert local_time(new_year) == "Fri 01 Jan 00:00:00"
        assert local_day(date(2026, 12, 31)) == "Thu 31 Dec 2026"
        assert local_day(date(2027, 1, 1)) == "Fri 01 Jan"


def test_a_page_about_a_camera_elsewhere_names_its_zone_with_each_time(
    tmp_path: Path,
) -> None:
    north = {"name": "N", "api_key": "k", "timezone": "Asia/Tokyo", "cameras": [DOOR]}
    site = {"timezone": BERLIN.key}
    made = Web(tmp_path, clock=Standing(), site=site, organizations=[north])
    with made.app.test_request_context():
        show_zone_of([GATE])
        assert local_time(SECOND) == "Sun 25 Oct 2026 02:30:07"
        show_zone_of([DOOR])
        assert local_time(SECOND) == "Sun 25 Oct 2026 10:30:07 JST"
        assert local_clock(SECOND) == "10:30 JST"
        show_zone_of([DOOR, GATE])
        assert local_clock(SECOND) == "02:30"


# --- the source

# Names of files and of keys, which are compared and not read.
NAMES = {"recorder/files.py", "runtime/restore.py", "webhooks/orders.py"}
# Hours as they are entered, and what the demo asks a gateway for.
ENTERED = {"cli/badges.py", "cli/demo_triggers.py", "config/notify.py"}
# Patterns by language, of times that are the site's already.
WRITTEN = {"texts/formats.py"}
HOUR = re.compile(r"%[HIM]:?%[MS]|%[cXT]\b")
# A time with a zone that is written and not asked for.
FIXED_ZONE = re.compile(r"%[MS]\}?['\"]?\s*(?:UTC|GMT|Z\b)")


def sources() -> list[tuple[str, str]]:
    package = ROOT / "mvsnap"
    found = sorted(package.rglob("*.py"))
    names = [(str(path.relative_to(package)), path) for path in found]
    return [
        (name, path.read_text("utf-8"))
        for name, path in names
        if not name.startswith(("simulator/", "store/migrations/"))
    ]


def foreign_times(name: str, text: str) -> list[str]:
    """Return what shows a time in a zone of its own, or without asking for one."""
    if name in NAMES | ENTERED | WRITTEN or not HOUR.search(text):
        return []
    found = [f"{name}: {one}" for one in FIXED_ZONE.findall(text)]
    asks = "astimezone(" in text or "ZoneInfo" in text
    return found if asks else [*found, f"{name}: of which zone?"]


def test_no_module_shows_times_of_another_zone() -> None:
    found = [wrong for name, text in sources() for wrong in foreign_times(name, text)]
    assert found == []


@pytest.mark.parametrize(
    "line", ['f"{now:%Y-%m-%d %H:%M} UTC"', 'now.strftime("%H:%M:%SZ")', 'f"{a:%H:%M}"']
)
def test_a_foreign_time_is_found(line: str) -> None:
    assert foreign_times("core/new.py", line)


def test_no_template_writes_a_time_itself() -> None:
    """The filters of pages do; what programs read stands in attributes."""
    wrong = []
    for path in sorted((ROOT / "templates").rglob("*.*")):
        text = re.sub(r'="[^"<>]*"', "", path.read_text("utf-8"))
        wrong += [
            f"{path.name}: {found}"
            for found in re.findall(r"%[HIMSZ]|astimezone|strftime", text)
        ]
    assert wrong == []
