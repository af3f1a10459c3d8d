"""`badges import`: what a person sees who has a file of another system."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.model import BadgeEvent
from mvsnap.badges.store import BadgeStore
from mvsnap.store import database
from tests.cli.run import KEY, configure, mvsnap

SETTINGS: dict[str, Any] = {
    "site": {"timezone": "Europe/Berlin"},
    "api_keys": [{"name": "button", "key": KEY}],
}


@contextmanager
def opened(folder: Path) -> Iterator[BadgeStore]:
    engine = database.open_database(database.sqlite_url(folder / "data" / "mvsnap.db"))
    yield BadgeStore(database.Database(engine))
    engine.dispose()


def stored(folder: Path) -> list[BadgeEvent]:
    with opened(folder) as badges:
        return badges.badges(BadgeFilter(), 5000)


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    configure(folder, SETTINGS)
    path = folder / "badges.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_a_file_is_imported_and_again_changes_nothing(tmp_path: Path) -> None:
    begin = datetime.now(UTC) - timedelta(days=1)
    lines = [
        f"{begin + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ};{n % 50};Gate;granted"
        for n in range(1000)
    ]
    file = write(tmp_path, "Time stamp;Badge;Door;Result", *lines)
    said = mvsnap(tmp_path, "badges", "import", str(file))
    assert (said.code, said.err) == (0, "")
    assert "1000 new badge events, 0 duplicates." in said.out
    assert "Times without an offset are read as Europe/Berlin." in said.out
    assert "Pictures cannot be fetched: meraki.api_key is not set." in said.out
    again = mvsnap(tmp_path, "badges", "import", str(file))
    assert "0 new badge events, 1000 duplicates." in again.out
    assert len(stored(tmp_path)) == 1000


@pytest.mark.parametrize("form", ["%d/%d/%Y", "%Q", "%d/%m/%Y"])
def test_a_format_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, form: str
) -> None:
    file = write(tmp_path, "time,badge,door", "05/01/2026,1,Gate")
    said = mvsnap(tmp_path, "badges", "import", str(file), "--time-format", form)
    assert (said.code, f"--time-format: {form!r}" in said.err) == (2, True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_of_other_systems_are_read(tmp_path: Path, encoding: str) -> None:
    file = write(
        tmp_path, "time,badge,door", "2026-01-05 08:15,1,Tür", encoding=encoding
    )
    assert mvsnap(tmp_path, "badges", "import", str(file)).code == 0
    (found,) = stored(tmp_path)
    assert found.reader == "Tür"
    assert found.swiped_at == datetime(2026, 1, 5, 7, 15, tzinfo=UTC)


def test_an_encoding_that_cannot_be_known_is_asked_for(tmp_path: Path) -> None:
    lines = ("time;badge;door", "2026-01-05 08:15;1;Вход")
    file = write(tmp_path, *lines, encoding="cp1251")
    said = mvsnap(tmp_path, "badges", "import", str(file))
    assert said.code == 1
    assert "the encoding cannot be known: say which with --encoding NAME" in said.err
    assert "cp1251: Вход; cp1253: Βυξδ" in " ".join(said.err.split())
    assert stored(tmp_path) == []
    again = mvsnap(tmp_path, "badges", "import", str(file), "--encoding", "cp1251")
    assert (again.code, "The text is read as cp1251." in again.out) == (0, True)
    assert [badge.reader for badge in stored(tmp_path)] == ["Вход"]


def test_an_encoding_that_does_not_fit_refuses_the_lines_it_cannot_read(
    tmp_path: Path,
) -> None:
    lines = ("time,badge,door", "2026-01-05 08:15,1,Gate", "2026-01-05 08:15,1,Tür")
    file = write(tmp_path, *lines, encoding="cp1252")
    said = mvsnap(tmp_path, "badges", "import", str(file), "--encoding", "utf-8")
    assert said.code == 1
    assert "line 3: reader: 'T\ufffdr' has a character that cannot be read" in said.err
    assert [badge.reader for badge in stored(tmp_path)] == ["Gate"]
    wrong = mvsnap(tmp_path, "badges", "import", str(file), "--encoding", "excel")
    assert (wrong.code, "--encoding: 'excel' is unknown" in wrong.err) == (2, True)


def test_bad_lines_are_listed_with_the_reason_and_the_others_are_kept(
    tmp_path: Path,
) -> None:
    file = write(
        tmp_path,
        "time,badge,door",
        "2026-01-05 08:15,1,Gate",
        "soon,[red]2,Gate",
        f"2026-01-05 08:16,3,{'x' * 12_000_000}",
        "=1+1,4,Gate",
        "2026-01-05 08:17,5,Gate",
    )
    rejects = tmp_path / "bad.csv"
    said = mvsnap(tmp_path, "badges", "import", str(file), "--rejects", str(rejects))
    assert said.code == 1
    assert "2 new badge events" in said.out
    assert "3 lines of" in said.err
    assert "line 3: timestamp: 'soon' (expected a time like" in said.err
    with rejects.open(newline="") as opened_file:
        rows = list(csv.DictReader(opened_file))
    assert [row["line"] for row in rows] == ["3", "4", "5"]
    assert "a cell with more than" in rows[1]["reason"]
    assert [badge.user_id for badge in stored(tmp_path)] == ["5", "1"]


def test_columns_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path, "Wann,Wer,Wo", "2026-01-05 08:15,1,Gate")
    said = mvsnap(tmp_path, "badges", "import", str(file))
    assert said.code == 1
    assert "no column for user_id, reader and timestamp" in said.err
    assert "(the file has Wann, Wer, Wo" in said.err
    assert "not understood:\n  Wann\n  Wer\n  Wo\nSay which is meant" in said.err
    columns = ("timestamp=Wann", "user_id=Wer", "reader=Wo")
    args = [part for column in columns for part in ("--column", column)]
    assert mvsnap(tmp_path, "badges", "import", str(file), *args).code == 0
    assert len(stored(tmp_path)) == 1


def test_headings_that_are_not_understood_are_listed(tmp_path: Path) -> None:
    file = write(tmp_path, "time,badge,door,Wer,Floor", "2026-01-05 08:15,1,Gate,2,3")
    said = mvsnap(tmp_path, "badges", "import", str(file))
    assert "Kept as details, as their headings are not known: Wer, Floor." in said.out
    file = write(tmp_path, "time,badge,door", "2026-01-05 08:15,1,Gate")
    assert "details" not in mvsnap(tmp_path, "badges", "import", str(file)).out


def test_several_wrong_columns_are_named_together(tmp_path: Path) -> None:
    file = write(tmp_path, "Wann,Wer,Wo")
    wrong = ("--column", "person=Wer", "--column", "Wo")
    said = mvsnap(tmp_path, "badges", "import", str(file), *wrong)
    assert said.code == 2
    assert "--column person=Wer: 'person' is none of" in said.err
    assert "--column Wo: expected one like user_id=Badge" in said.err


ONE_TWICE = ["badges.csv", "--column", "user_id=a", "--column", "user_id=b"]


@pytest.mark.parametrize(
    "args", [["nothing.csv"], ["badges.csv", "--column", "user_id"], [], ONE_TWICE]
)
def test_wrong_use_is_2(tmp_path: Path, args: list[str]) -> None:
    write(tmp_path, "time,badge,door")
    assert mvsnap(tmp_path, "badges", "import", *args).code == 2


def test_check_shows_what_is_wrong_with_the_directory(tmp_path: Path) -> None:
    reader = {"camera_of_reader": {"Gate": "Q2SM-0000-0001"}}
    configure(tmp_path, SETTINGS | {"badges": reader | {"directory": "people.csv"}})
    said = mvsnap(tmp_path, "check")
    assert f"bad  badges    {tmp_path}/people.csv: cannot be read" in said.out
    (tmp_path / "people.csv").write_text("id,name\n1,Anna\n,Bert\n")
    said = mvsnap(tmp_path, "check")
    assert "bad  badges    badges.directory: 1 entry left out; line 3" in said.out
    (tmp_path / "people.csv").write_text("id,name\n1,Anna\n")
    said = mvsnap(tmp_path, "check")
    assert "bad  badges    readers with a camera: 1, people: 1, but" in said.out
    assert "pictures cannot be fetched: meraki.api_key is not set" in said.out


def test_purge_removes_old_badge_events_with_their_pictures(tmp_path: Path) -> None:
    file = write(tmp_path, "time,badge,door", "2026-01-05 08:15,1,Gate")
    mvsnap(tmp_path, "badges", "import", str(file))
    picture = tmp_path / "data" / "badges" / "a.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"a picture")
    assert "Badge events" not in mvsnap(tmp_path, "purge").out
    with closing(sqlite3.connect(tmp_path / "data" / "mvsnap.db")) as db, db:
        old = "recorded_at = '2020-01-01 00:00:00', picture_path = 'badges/a.jpg'"
        db.execute(f"update badges set {old}")
    said = mvsnap(tmp_path, "purge")
    assert "Badge events: 1 removed, with 1 picture.\n" in said.out
    assert (stored(tmp_path), picture.exists()) == ([], False)


def test_rejects_never_overwrite_the_file_itself(tmp_path: Path) -> None:
    file = write(tmp_path, "time,badge,door", "2026-01-05 08:15,1,Gate")
    before = file.read_bytes()
    said = mvsnap(tmp_path, "badges", "import", str(file), "--rejects", str(file))
    assert (said.code, file.read_bytes()) == (2, before)
    assert "--rejects: same as FILE" in said.err
