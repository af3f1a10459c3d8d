from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mvsnap import __version__
from mvsnap.domain import EventKind, Serial
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.store.database import HEAD, Database, open_database, sqlite_url
from mvsnap.store.events import Store
from tests.cli.run import KEY, ROOM, configure, mvsnap, settings
from tests.clients.meraki.two_organizations import GATE as GATE_OF_ACME
from tests.clients.meraki.two_organizations import OTHER, TwoOrganizations, refused
from tests.conftest import Clouds
from tests.core import build

COMMANDS = (
    "init",
    "check",
    "snapshot",
    "record",
    "serve",
    "cameras",
    "rooms",
    "events",
    "db",
)
GATE, DOOR = "Q2SM-0000-0001", "Q2SM-0000-0002"
GONE = "Q2XX-ABCD-1234"


@pytest.fixture
def site(tmp_path: Path, clouds: Clouds) -> Path:
    """A folder with settings for the simulated clouds."""
    configure(tmp_path, settings(clouds))
    return tmp_path


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    said = mvsnap(tmp_path, "--help")
    assert said.code == 0
    assert "0 success, 1 failure, 2 usage error" in said.out
    assert [name for name in COMMANDS if f"  {name} " not in said.out] == []


@pytest.mark.parametrize("command", [*COMMANDS, "demo", "completion"])
def test_every_command_has_help_and_needs_no_settings_for_it(
    tmp_path: Path, command: str
) -> None:
    said = mvsnap(tmp_path, command, "--help")
    assert (said.code, said.err) == (0, "")
    assert f"mvsnap {command}" in said.out


@pytest.mark.parametrize("group", ["badges", "users", "analytics", "db", "jobs"])
def test_no_line_of_help_is_cut(tmp_path: Path, group: str) -> None:
    listed = mvsnap(tmp_path, group, "--help", COLUMNS="80").out
    assert "..." not in listed.partition("Commands:")[2]


def test_the_version_is_shown(tmp_path: Path) -> None:
    said = mvsnap(tmp_path, "--version")
    assert (said.code, __version__ in said.out) == (0, True)


@pytest.mark.parametrize(
    "args",
    [
        ["fly"],
        ["--fly"],
        ["check", "--fly"],
        ["check", "extra"],
        ["serve", "--port", "70000"],
        ["serve", "--roles", "web,cook"],
        ["events", "--kind", "crowds"],
        ["db", "downgrade"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2_and_says_how(site: Path, args: list[str]) -> None:
    said = mvsnap(site, *args)
    assert said.code == 2
    assert said.err.startswith("Usage: ")
    assert "Error: " in said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["events", "--limit", "0"], "'--limit': '0' (expected a whole number, 1 or"),
        (["jobs", "--limit", "all"], "'all' (expected a whole number from 1 to 10000)"),
        (["serve", "--port", "x"], "'--port': 'x' (expected a whole number from 1 to"),
        (["record", "Robot", "--duration", "long"], "'long' (expected a number abov"),
    ],
    ids=str,
)
def test_what_is_no_number_is_answered_with_what_is_expected(
    site: Path, args: list[str], words: str
) -> None:
    said = mvsnap(site, *args)
    assert (said.code, words in said.err) == (2, True), said.err


@pytest.mark.parametrize("args", [["snapshot", "--at", "noon"]], ids=" ".join)
def test_an_invalid_value_is_reported_in_one_line(
    site: Path, args: list[str], clouds: Clouds
) -> None:
    said = mvsnap(site, *args)
    assert said.code in (1, 2)
    assert "expected" in said.err
    assert clouds.dashboard.asked == []


@pytest.mark.parametrize(
    "command", ["check", "snapshot", "serve", "cameras", "rooms", "events"]
)
def test_without_settings_a_command_names_the_way_to_make_them(
    tmp_path: Path, command: str
) -> None:
    said = mvsnap(tmp_path, command)
    assert said.code == 1
    assert "python -m mvsnap init" in said.err
    assert list(tmp_path.iterdir()) == []


BAD = "server: {port: 0}\nmeraki: {api_key: short, apikey: x}\nsite: {timezone: Mars}\n"


@pytest.mark.parametrize("command", ["check", "serve", "events"])
def test_bad_settings_are_1_and_every_mistake_is_listed(
    tmp_path: Path, command: str
) -> None:
    configure(tmp_path, BAD)
    said = mvsnap(tmp_path, command)
    assert said.code == 1
    for path in ("server.port", "meraki.apikey", "site.timezone"):
        assert path in said.err


def test_settings_may_lie_anywhere(tmp_path: Path, clouds: Clouds) -> None:
    path = configure(tmp_path, settings(clouds))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for args in (["--config", str(path), "rooms"], ["rooms", "--config", str(path)]):
        assert mvsnap(elsewhere, *args).code == 0
    assert mvsnap(elsewhere, "rooms", MVSNAP_CONFIG=str(path)).code == 0
    assert list(elsewhere.iterdir()) == []


def test_settings_others_can_read_are_complained_about(site: Path) -> None:
    (site / "config/mvsnap.yaml").chmod(0o644)
    said = mvsnap(site, "db", "upgrade")
    assert said.code == 0
    assert "chmod 600" in said.err


def test_check_is_green_where_everything_works(site: Path) -> None:
    said = mvsnap(site, "check")
    assert said.code == 0, said.out + said.err
    lines = said.out.splitlines()
    is_ok = [line.startswith("ok") for line in lines]
    # The rest is not set up, which is no mistake.
    assert is_ok == [True] * 8 + [False] * (len(lines) - 8)
    assert all(line.startswith("--") for line in lines[8:])
    for what in ("button", "sqlite", "Gate North", "mvsnap@webex.bot", ROOM):
        assert what in said.out
    assert KEY not in said.out


@pytest.mark.parametrize(
    ("section", "key", "value", "line"),
    [
        ("meraki", "api_key", "wrong-dashboard-key", "Meraki"),
        ("webex", "bot_token", "wrong-bot-token", "Webex"),
        ("webex", "room", "No such room", "rooms"),
        ("meraki", "cameras", ["Q2XX-ABCD-1234"], "cameras"),
        ("meraki", "base_url", "http://127.0.0.1:9/api/v1", "Meraki"),
        ("webex", "base_url", "http://127.0.0.1:9/v1", "Webex"),
    ],
    ids=["key", "token", "room", "camera", "no Dashboard", "no Webex"],
)
def test_check_is_red_where_a_service_refuses_and_goes_on(
    tmp_path: Path, clouds: Clouds, section: str, key: str, value: object, line: str
) -> None:
    tree = settings(clouds)
    tree[section][key] = value
    configure(tmp_path, tree)
    said = mvsnap(tmp_path, "check")
    assert said.code == 1
    names = {text[5:14].strip() for text in said.out.splitlines() if "bad" in text[:4]}
    assert line in names
    assert said.out.splitlines()[-1][5:10] == "pages"
    assert "wrong-" not in said.out


def test_check_of_a_database_that_does_not_answer_hides_its_password(
    tmp_path: Path, clouds: Clouds
) -> None:
    url = "postgresql+psycopg://me:secret-of-the-db@127.0.0.1:9/x"
    configure(tmp_path, settings(clouds) | {"database_url": url})
    said = mvsnap(tmp_path, "check")
    assert said.code == 1
    assert "no database" in said.out
    assert "secret-of-the-db" not in said.out + said.err


def test_a_database_that_is_lost_under_a_command_is_one_line(tmp_path: Path) -> None:
    configure(tmp_path, {"api_keys": []})
    assert mvsnap(tmp_path, "events").code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "mvsnap.db")) as database:
        database.execute("drop table events")
    said = mvsnap(tmp_path, "events")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("The database cannot be used: ")


def test_what_is_not_configured_is_no_mistake(tmp_path: Path, clouds: Clouds) -> None:
    tree = settings(clouds)
    del tree["webex"]
    configure(tmp_path, tree)
    said = mvsnap(tmp_path, "check")
    assert said.code == 0
    assert "not configured" in said.out


def test_check_is_green_without_api_keys_and_meraki_where_others_come_in(
    tmp_path: Path, clouds: Clouds
) -> None:
    token = {"name": "line", "token": "a-token-of-the-line-3"}
    scanning = {"token": "a-token-of-the-net-1", "validator": "v", "secret": KEY}
    tree = {"webhooks": {"tokens": [token]}, "scanning": {"endpoints": [scanning]}}
    configure(tmp_path, tree)
    said = mvsnap(tmp_path, "check")
    assert said.code == 0, said.out
    assert "--   api keys  none" in said.out
    assert "--   Meraki    no meraki.api_key" in said.out


def test_an_old_short_key_works_and_is_reported(tmp_path: Path) -> None:
    keys = [{"name": "button", "key": "old-key-1"}, {"name": "plc", "key": KEY}]
    configure(tmp_path, {"api_keys": keys})
    said = mvsnap(tmp_path, "check")
    assert "button, plc; fewer than 16 characters, easy to guess: button" in said.out
    assert "old-key-1" not in said.out + said.err


def test_a_key_without_scopes_is_reported(tmp_path: Path) -> None:
    plain = {"name": "plc", "key": KEY}
    named = {"name": "button", "key": f"{KEY}-2", "scopes": ["snapshot"]}
    configure(tmp_path, {"api_keys": [plain, named]})
    said = " ".join(mvsnap(tmp_path, "check").out.split())
    assert (
        "no scopes, so snapshot alone (it was snapshot and read before): plc;" in said
    )


def test_check_is_red_where_nobody_can_call(tmp_path: Path, clouds: Clouds) -> None:
    configure(tmp_path, settings(clouds) | {"api_keys": []})
    said = mvsnap(tmp_path, "check")
    assert said.code == 1
    assert "nobody can call" in said.out


def test_cameras_lists_them_with_status_and_use(site: Path, clouds: Clouds) -> None:
    clouds.dashboard.cameras[DOOR].status = "offline"
    said = mvsnap(site, "cameras")
    assert said.code == 0
    found = [line for line in said.out.splitlines() if "Q2SM" in line]
    rows = {line[line.index("Q2SM") :].split()[0]: line for line in found}
    assert len(rows) == 4
    assert ("Gate North" in rows[GATE], "yes" in rows[GATE]) == (True, True)
    assert ("offline" in rows[DOOR], "yes" in rows[DOOR]) == (True, False)


def test_rooms_lists_them(site: Path, clouds: Clouds) -> None:
    said = mvsnap(site, "rooms")
    assert said.code == 0
    assert all(room.title in said.out for room in clouds.webex.rooms)
    assert said.out.count("yes") == 1


def test_a_list_can_be_read_by_a_program(site: Path, clouds: Clouds) -> None:
    """In a pipe the terminal has no width: nothing may be cut off."""
    said = mvsnap(site, "rooms", "--ids", COLUMNS="80")
    assert all(room.id in said.out for room in clouds.webex.rooms)


@pytest.mark.parametrize(
    ("command", "section"), [("cameras", "meraki"), ("rooms", "webex")]
)
def test_a_list_without_its_key_is_1(
    tmp_path: Path, clouds: Clouds, command: str, section: str
) -> None:
    tree = settings(clouds)
    del tree[section]
    configure(tmp_path, tree)
    said = mvsnap(tmp_path, command)
    assert (said.code, said.out) == (1, "")
    assert f"{section}." in said.err


def test_snapshot_posts_and_prints_where_the_picture_is(
    site: Path, clouds: Clouds
) -> None:
    said = mvsnap(site, "snapshot")
    assert said.code == 0, said.err
    (message,) = clouds.webex.messages
    (picture,) = (site / "data").rglob("*.jpg")
    assert message.files[0].data == picture.read_bytes()
    assert str(picture) in said.out
    for what in ("Gate North", "video link  https://", f"posted to   {ROOM}"):
        assert what in said.out


def test_a_camera_has_its_name_before_the_service_ever_ran(
    site: Path, clouds: Clouds
) -> None:
    said = mvsnap(site, "snapshot", "gate north", "--no-post")
    assert said.code == 0, said.err
    assert f"Gate North ({GATE})" in said.out
    near = mvsnap(site, "snapshot", "Gate", "--no-post")
    assert (near.code, near.out) == (2, "")
    assert "No camera 'Gate'. Did you mean Gate North?" in near.err
    wrong = {"MVSNAP_MERAKI__API_KEY": "no-such-key"}
    away = mvsnap(site, "snapshot", "Hall", "--no-post", **wrong)
    assert (away.code, away.out) == (1, "")
    assert "Meraki refused the API key" in away.err


def test_snapshot_of_several_in_another_room(site: Path, clouds: Clouds) -> None:
    said = mvsnap(site, "snapshot", GATE, DOOR.lower(), "--room", "Site B - Alarms")
    assert said.code == 0, said.err
    assert len(clouds.webex.messages) == 3
    assert {m.room_id for m in clouds.webex.messages} == {clouds.webex.rooms[1].id}


def test_snapshot_can_keep_the_pictures_and_post_nothing(
    site: Path, clouds: Clouds
) -> None:
    said = mvsnap(site, "snapshot", GATE, DOOR, "--no-post", "--out", "pictures")
    assert said.code == 0, said.err
    assert clouds.webex.asked == []
    copies = sorted(path.name[:14] for path in (site / "pictures").iterdir())
    assert copies == [GATE, DOOR]
    assert all(p.read_bytes()[:2] == b"\xff\xd8" for p in (site / "pictures").iterdir())


def test_snapshot_of_an_offline_camera_is_1_and_says_why(
    site: Path, clouds: Clouds
) -> None:
    clouds.dashboard.cameras[DOOR].status = "offline"
    said = mvsnap(site, "snapshot", GATE, DOOR, "--no-post")
    assert said.code == 1
    assert "The camera is offline" in said.out
    assert "video link" in said.out


def test_snapshot_to_a_room_nobody_knows_is_1_and_keeps_the_picture(
    site: Path,
) -> None:
    said = mvsnap(site, "snapshot", "--room", "Site A - Alarm")
    assert said.code == 1
    assert len(list((site / "data").rglob("*.jpg"))) == 1
    assert "posted to" not in said.out
    assert "Site A - Alarms" in said.out  # the near one


def test_events_are_a_table_and_a_csv(site: Path) -> None:
    assert mvsnap(site, "events").code == 0
    mvsnap(site, "snapshot", GATE, DOOR, "--no-post")
    table = mvsnap(site, "events")
    assert table.code == 0
    assert ("Gate North" in table.out, "Reception door" in table.out) == (True, True)
    text = mvsnap(site, "events", "--csv").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["serial"] for row in rows} == {GATE, DOOR}
    assert {row["trigger_kind"] for row in rows} == {"command"}
    assert mvsnap(site, "events", "--csv", "--since", "2999-01-01").out.count("\n") == 1
    limited = mvsnap(site, "events", "--limit", "1").out
    assert ("Gate North" in limited) != ("Reception door" in limited)
    wrong = mvsnap(site, "events", "--since", "noon")
    assert (wrong.code in (1, 2), "--since" in wrong.err) == (True, True)


def test_a_crowd_has_the_link_that_comes_with_its_picture(site: Path) -> None:
    assert mvsnap(site, "events").code == 0  # makes the database
    url = sqlite_url(site / "data" / "mvsnap.db")
    store, link = Store(Database(open_database(url))), "https://n1.meraki.com/v"
    store.add_event(build.event(kind=EventKind.CROWD))
    store.add_event(build.event(snapshot_path="a.jpg", video_link=link))
    store.close()
    table = mvsnap(site, "events", "--csv").out
    rows: list[Any] = list(csv.DictReader(io.StringIO(table, newline="")))
    rows += json.loads(mvsnap(site, "events", "--json").out)
    assert [row["video_link"] for row in rows] == [link] * 4


def test_events_name_alarms_and_clips_by_their_title(site: Path) -> None:
    assert mvsnap(site, "events").code == 0  # makes the database
    url = sqlite_url(site / "data" / "mvsnap.db")
    store = Store(Database(open_database(url)))
    plain: dict[str, Any] = {"serial": Serial(""), "title": "Stop [3]"}
    store.add_event(build.event(kind=EventKind.ALARM, **plain))
    store.add_event(build.event(kind=EventKind.CLIP, error="offline", **plain))
    store.close()
    said = " ".join(mvsnap(site, "events").out.split())
    assert "alarm: Stop [3]" in said
    assert "offline" in said


def test_purge_removes_old_events_and_their_pictures(site: Path) -> None:
    assert mvsnap(site, "snapshot").code == 0
    assert "Events" not in mvsnap(site, "purge").out
    with sqlite3.connect(site / "data" / "mvsnap.db") as database:
        database.execute("update events set recorded_at = '2020-01-01 00:00:00'")
    database.close()
    said = mvsnap(site, "purge", "--dry-run").out
    assert "Events: 1 would be removed, with 1 picture.\n" in said
    assert said.endswith("Dry run: nothing was removed.\n")
    said = mvsnap(site, "purge").out
    assert "Events: 1 removed, with 1 picture.\n" in said
    assert "Clips: 0 removed (0 GB freed), 0 GB left.\n" in said
    assert list((site / "data" / "snapshots").rglob("*.jpg")) == []


def test_purge_force_names_pictures_that_are_held_and_removes_them(site: Path) -> None:
    assert mvsnap(site, "purge").code == 0
    day = site / "data" / "snapshots" / "2026" / "01" / "02"
    day.mkdir(parents=True)
    for number in range(25):
        (day / f"{number}.jpg").write_bytes(b"jpeg")
        os.utime(day / f"{number}.jpg", (1_700_000_000, 1_700_000_000))
    said = mvsnap(site, "purge")
    assert said.code == 1
    assert "25 of 25 pictures in snapshots/ are named by no row" in said.err
    assert len(list(day.iterdir())) == 25
    said = mvsnap(site, "purge", "--force")
    assert said.code == 0
    assert "Stray pictures: 25 would be removed.\n" in said.err
    assert "  snapshots/2026/01/02/0.jpg\n" in said.err
    assert "  and 5 more\n" in said.err
    assert "Stray pictures: 25 removed.\n" in said.out
    assert list(day.iterdir()) == []


def test_db_upgrade_reports_what_it_did(site: Path) -> None:
    first, second = mvsnap(site, "db", "upgrade"), mvsnap(site, "db", "upgrade")
    assert (first.code, second.code) == (0, 0)
    assert f"from version none to {HEAD}" in first.out
    assert f"already at version {HEAD}" in second.out


@pytest.mark.parametrize(
    "args", [["check"], ["db", "upgrade"], ["events"], ["snapshot"]], ids=" ".join
)
def test_a_data_dir_that_cannot_be_created_is_an_error_message_not_a_traceback(
    tmp_path: Path, clouds: Clouds, args: list[str]
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    configure(tmp_path, settings(clouds))
    said = mvsnap(tmp_path, *args)
    assert said.code == 1


def test_cameras_lists_what_other_organizations_have(
    site: Path, clouds: Clouds
) -> None:
    cloud = TwoOrganizations({f"/organizations/{OTHER}/": refused(404)})
    with cloud.served() as origin:
        tree = settings(clouds)
        tree["meraki"] |= {"base_url": origin, "cameras": [GATE_OF_ACME, GONE]}
        configure(site, tree)
        said = mvsnap(site, "cameras")
        assert said.code == 0
        assert "Gate North" in said.out
        assert "Old trial (202)" in said.err
        cloud.refusals[f"/devices/{GONE}"] = refused(404)
        checked = mvsnap(site, "check")
    (meraki,) = [x for x in checked.out.splitlines() if x[5:12] == "Meraki "]
    assert "ok" in meraki
    assert "Old trial (202) is left out" in meraki
    (cameras,) = [x for x in checked.out.splitlines() if x[5:13] == "cameras "]
    assert f"{GONE}: " in cameras
    assert "Gate North" in cameras


def test_each_organization_is_checked_with_its_own_key(
    tmp_path: Path, clouds: Clouds
) -> None:
    north = FakeDashboard(api_key="north-key", cameras=0, organization_id="202")
    north.cameras["Q2SM-0000-0051"] = new_camera(51)
    clouds.dashboard.faults.add(Fault("401", times=-1))
    with serve(dashboard_app(north)) as url:
        tree = settings(clouds)
        entry = {"name": "North", "api_key": "north-key", "base_url": f"{url}/api/v1"}
        tree["organizations"] = [entry | {"cameras": ["Q2SM-0000-0051"]}]
        configure(tmp_path, tree)
        checked, listed = mvsnap(tmp_path, "check"), mvsnap(tmp_path, "cameras")
    assert checked.code == 1
    assert "bad  Meraki" in checked.out
    assert "ok   Meraki North  signed in as" in checked.out
    assert "Q2SM-0000-0051, North" in checked.out
    assert listed.code == 0
    assert "North" in listed.out
    assert "meraki is left out" in listed.err
