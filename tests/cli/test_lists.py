"""What is listed can be read by people and by programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mvsnap.domain import EventId, EventKind, Serial
from mvsnap.store.database import Database, open_database, sqlite_url
from mvsnap.store.events import Store
from tests.cli.run import configure, mvsnap, settings
from tests.cli.test_commands import DOOR, GATE
from tests.conftest import Clouds
from tests.core import build

LONG_AGO = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)


def listed(folder: Path, *args: str) -> list[dict[str, Any]]:
    said = mvsnap(folder, *args, "--json")
    assert said.err == ""
    rows: list[dict[str, Any]] = json.loads(said.out)
    return rows


@pytest.fixture
def site(tmp_path: Path, clouds: Clouds) -> Path:
    configure(tmp_path, settings(clouds) | {"site": {"timezone": "Asia/Tokyo"}})
    return tmp_path


def test_cameras_for_programs(site: Path) -> None:
    rows = {row["serial"]: row for row in listed(site, "cameras")}
    assert len(rows) == 4
    assert rows[GATE]["used"] is True
    assert rows[DOOR]["used"] is False
    assert rows[GATE]["name"] == "Gate North"
    assert set(rows[GATE]["organization"]) == {"id", "name"}


def test_rooms_have_their_ids_if_asked(site: Path, clouds: Clouds) -> None:
    ids = [room.id for room in clouds.webex.rooms]
    assert not any(each in mvsnap(site, "rooms").out for each in ids)
    assert all(each in mvsnap(site, "rooms", "--ids").out for each in ids)
    assert [row["id"] for row in listed(site, "rooms")] == ids
    assert sum(row["used"] for row in listed(site, "rooms")) == 1


def test_events_for_programs(site: Path) -> None:
    assert listed(site, "events") == []
    url = sqlite_url(site / "data" / "mvsnap.db")
    store = Store(Database(open_database(url)))
    event = build.event(kind=EventKind.ALARM, title="Stop", occurred_at=LONG_AGO)
    store.add_event(event)
    store.close()
    (row,) = listed(site, "events")
    assert row["occurred_at"] == "2026-01-31T08:15:00.000Z"
    assert (row["kind"], row["title"], row["error"]) == ("alarm", "Stop", None)
    assert EventId(row["id"]) == event.id
    assert event.id in mvsnap(site, "events", "--ids").out
    assert event.id not in mvsnap(site, "events").out


def test_events_of_a_camera_have_the_time_where_it_is(
    tmp_path: Path, clouds: Clouds
) -> None:
    door, gate = Serial(DOOR), Serial(GATE)
    north = {"name": "North", "api_key": "k", "timezone": "Asia/Tokyo"}
    sections = {
        "site": {"timezone": "Europe/Berlin"},
        "organizations": [north | {"cameras": [DOOR]}],
    }
    configure(tmp_path, settings(clouds) | sections)
    assert mvsnap(tmp_path, "events").code == 0
    store = Store(Database(open_database(sqlite_url(tmp_path / "data" / "mvsnap.db"))))
    for serial, name in ((door, "Door"), (gate, "Gate")):
        store.add_event(
            build.event(serial=serial, camera_name=name, occurred_at=LONG_AGO)
        )
    store.close()
    every = mvsnap(tmp_path, "events").out
    assert "time (Europe/Berlin)" in every
    assert every.count("2026-01-31 09:15:00") == 2
    said = mvsnap(tmp_path, "events", "--camera", door.lower()).out
    assert "time (Asia/Tokyo)" in said
    assert "2026-01-31 17:15:00" in said
    assert "Gate" not in said
    # An hour that is entered is of the same zone.
    late = ("--since", "2026-01-31T17:16", "--camera", door)
    assert "17:15" not in mvsnap(tmp_path, "events", *late).out
    assert "time (Europe/Berlin)" in mvsnap(tmp_path, "events", "--camera", gate).out


def test_a_time_without_an_offset_is_of_the_site(site: Path) -> None:
    assert mvsnap(site, "events").code == 0
    store = Store(Database(open_database(sqlite_url(site / "data" / "mvsnap.db"))))
    store.add_event(build.event(occurred_at=LONG_AGO))
    store.close()
    # 17:15 in Tokyo.
    assert len(listed(site, "events", "--since", "2026-01-31T17:15:00")) == 1
    assert listed(site, "events", "--since", "2026-01-31T17:15:01") == []
    assert len(listed(site, "events", "--since", "2026-01-31T08:15:00Z")) == 1


def test_a_snapshot_of_a_time_of_the_site(site: Path, clouds: Clouds) -> None:
    said = mvsnap(site, "snapshot", GATE, "--no-post", "--at", "2026-01-31 17:15")
    assert said.code == 0, said.err
    asked = [call.json for call in clouds.dashboard.asked if call.json]
    assert [str(body["timestamp"])[:16] for body in asked] == ["2026-01-31T08:15"]


def test_users_and_keys_for_programs(site: Path) -> None:
    assert listed(site, "users", "list") == []
    password = "a long enough pass phrase\n"
    mvsnap(site, "users", "add", "ada", "--password-file", "-", stdin=password)
    (user,) = listed(site, "users", "list")
    assert (user["name"], user["role"], user["second_factor"]) == (
        "ada",
        "admin",
        False,
    )
    assert mvsnap(site, "keys", "add", "door", "--camera", GATE).code == 0
    stored, of_file = listed(site, "keys", "list")
    assert stored["name"] == "door"
    assert stored["limits"]["cameras"] == [GATE]
    assert stored["last_used_at"] is None
    assert of_file["state"] == "from the settings file"


def test_check_for_programs(site: Path, clouds: Clouds) -> None:
    rows = {row["name"]: row for row in listed(site, "check")}
    assert rows["Webex"]["ok"] is True
    clouds.webex.bot_token = "another"
    said = mvsnap(site, "check", "--json")
    assert said.code == 1
    (bad,) = [row for row in json.loads(said.out) if row["name"] == "Webex"]
    assert bad["ok"] is False


def test_the_last_admin_is_not_removed_without_asking(site: Path) -> None:
    for name in ("ada", "ben"):
        add = ("users", "add", name, "--role", "admin", "--password-file", "-")
        assert mvsnap(site, *add, stdin="a long enough pass phrase\n").code == 0
    assert mvsnap(site, "users", "remove", "ben").code == 0
    said = mvsnap(site, "users", "remove", "ada", stdin="n\n")
    assert said.code == 1
    assert "last admin" in said.out + said.err
    assert [user["name"] for user in listed(site, "users", "list")] == ["ada"]
    assert mvsnap(site, "users", "remove", "ada", "--yes").code == 0
    assert listed(site, "users", "list") == []
