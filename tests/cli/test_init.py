"""The wizard, answered by keyboard."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result

from mvsnap import durable_file
from mvsnap.cli import main
from mvsnap.config.load import load
from mvsnap.simulator.faults import Fault
from mvsnap.values import replace
from tests.cli.run import KEY, configure, settings
from tests.clients.meraki.two_organizations import (
    ACME,
    GATE,
    OTHER,
    TwoOrganizations,
    refused,
)
from tests.conftest import Clouds


def answered(
    folder: Path,
    clouds: Clouds,
    *answers: str,
    ixon_url: str = "",
    more: str = "\n\n",
    options: tuple[str, ...] = (),
) -> Result:
    """Run `init` with one answer for each question.

    more: the last answers; by default neither IXON nor cameras that record.
    """
    path = folder / "config" / "mvsnap.yaml"
    return CliRunner().invoke(
        main,
        ["--config", str(path), "init", *options],
        input="".join(f"{answer}\n" for answer in answers) + more,
        env={
            "MVSNAP_MERAKI__BASE_URL": clouds.dashboard_url,
            "MVSNAP_WEBEX__BASE_URL": clouds.webex_url,
            "MVSNAP_IXON__BASE_URL": ixon_url or "http://127.0.0.1:9",
            "COLUMNS": "200",
        },
    )


@pytest.fixture
def keys(clouds: Clouds) -> tuple[str, str]:
    return clouds.dashboard.api_key, clouds.webex.bot_token


def test_answers_become_settings_only_their_owner_can_read(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    meraki, webex = keys
    # Name, zone, key, network, cameras, no other organization, token, room; the only
    # organization is chosen.
    done = answered(
        tmp_path,
        clouds,
        "Werk Süd",
        "Europe/Berlin",
        meraki,
        "1",
        "all",
        "",
        webex,
        "2",
    )
    assert done.exit_code == 0, done.output
    path = tmp_path / "config" / "mvsnap.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = load(path, {})
    assert (made.site.name, made.site.timezone) == ("Werk Süd", "Europe/Berlin")
    assert made.meraki.organization_id == "707512"
    assert made.meraki.network_id == "N_70751201"
    assert made.meraki.cameras == ("Q2SM-0000-0001", "Q2SM-0000-0003")
    assert made.webex.room == "Site B - Alarms"
    own = made.api_keys[0].key.get_secret_value()
    assert "scopes" in made.api_keys[0].model_fields_set
    assert made.api_keys[0].scopes == ("snapshot",)
    assert set(made.secrets()) == {meraki, webex, own}
    assert own in done.output
    assert meraki not in done.output
    assert webex not in done.output
    assert "mvsnap snapshot " in done.output
    assert f"'X-API-Key: {own}' http://127.0.0.1:5004/api" in done.output
    assert "make run " in done.output
    assert "/webhook/" not in done.output
    assert made.webhooks.tokens == ()


def test_a_wrong_key_is_reported_at_once_and_asked_for_again(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    meraki, webex = keys
    answers = ["", "UTC", "wrong", meraki, "", "1", "", "wrong", webex, "1"]
    done = answered(tmp_path, clouds, *answers)
    assert done.exit_code == 0, done.output
    assert "bad  Meraki refused this API key (401): check" in done.output
    assert "bad  Webex refused this token (401): check" in done.output
    # No setting is to be corrected: what was typed is in none.
    assert ("meraki.api_key" in done.output, "bot_token" in done.output) == (False,) * 2
    made = load(tmp_path / "config" / "mvsnap.yaml", {})
    assert made.meraki.network_id is None


def test_a_service_can_be_skipped(tmp_path: Path, clouds: Clouds) -> None:
    done = answered(tmp_path, clouds, "", "UTC", "", "")
    assert done.exit_code == 0, done.output
    made = load(tmp_path / "config" / "mvsnap.yaml", {})
    assert (made.meraki.api_key, made.webex.bot_token) == (None, None)
    assert len(made.api_keys) == 1
    assert clouds.dashboard.asked == []
    assert "meraki was skipped" in done.output
    assert "mvsnap snapshot " not in done.output
    assert "getSnapshot" not in done.output


def test_of_a_service_the_next_commands_run_as_its_account(
    tmp_path: Path, clouds: Clouds
) -> None:
    as_mvsnap = ("--service-of", "mvsnap")
    done = answered(tmp_path, clouds, "", "UTC", "", "", options=as_mvsnap)
    assert done.exit_code == 0, done.output
    _, following = done.output.split("Next:\n")
    assert "  sudo -u mvsnap python -m mvsnap users add YOUR-NAME  to log" in following
    assert "make run" not in following  # `make install` starts it


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works for another account")
def test_root_may_go_on_with_the_settings_of_a_service(
    tmp_path: Path, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = configure(tmp_path, f"api_keys: [{{name: a, key: {KEY}}}]\n")
    (tmp_path / "data").mkdir()
    for of_service in (path, tmp_path / "data"):
        os.chown(of_service, 65534, 65534)
    done = answered(tmp_path, clouds, "", "UTC", "", "")
    assert done.exit_code == 0, done.output
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)
    assert "no snapshots until you run sudo python -m mvsnap init" in done.output
    assert "  sudo -u nobody python -m mvsnap check  " in done.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_whoever_may_not_change_the_settings_is_asked_nothing(
    tmp_path: Path, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configure(tmp_path, f"api_keys: [{{name: a, key: {KEY}}}]\n")
    (tmp_path / "hidden").mkdir()
    hidden = configure(tmp_path / "hidden", "")
    hidden.parent.chmod(0o700)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(gettempdir()) and folder != Path(gettempdir()):
            folder.chmod(0o755)  # or whoever asks does not get here
    monkeypatch.setattr(sys, "argv", [".venv/bin/mvsnap"])
    locked = tmp_path / "locked.yaml"
    locked.touch(0o000)
    os.chown(locked, 65534, 65534)
    os.seteuid(65534)
    try:
        done = answered(tmp_path, clouds)
        read, unseen, own = (
            CliRunner().invoke(main, ["--config", str(each), "events"])
            for each in (path, hidden, locked)
        )
    finally:
        os.seteuid(0)
    assert {each.exit_code for each in (done, read, unseen, own)} == {1}
    assert own.output == f"{locked} cannot be read\n"  # nobody else would do better
    assert unseen.output == f"{hidden}: Permission denied\n"
    whose = "it belongs to root. Run it as root: sudo .venv/bin/mvsnap"
    assert done.output == f"{path.parent} cannot be written: {whose} init\n"
    assert read.output == f"{path} cannot be read: {whose} ...\n"


def test_a_file_that_cannot_be_written_is_one_line(
    tmp_path: Path, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_given: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable_file, "write", full)
    done = answered(tmp_path, clouds, "", "UTC", "", "")
    assert done.exit_code == 1
    last = done.output.splitlines()[-1]
    assert last.endswith("mvsnap.yaml cannot be written: No space left on device")


def test_a_wrong_answer_is_asked_for_again(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    meraki, webex = keys
    done = answered(
        tmp_path,
        clouds,
        *("", "Mars/Crater", "Europe/Berlin"),
        *(meraki, "9", "one", "2", "7", "gate", "1,2", ""),
        *(webex, "0", "1"),
    )
    assert done.exit_code == 0, done.output
    made = load(tmp_path / "config" / "mvsnap.yaml", {})
    assert made.site.timezone == "Europe/Berlin"
    assert made.meraki.network_id == "N_70751202"
    assert made.meraki.cameras == ("Q2SM-0000-0002", "Q2SM-0000-0004")


def test_an_existing_file_keeps_its_comments_and_its_keys(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    text = "# ours\nserver: {port: 8080}  # do not change\napi_keys:\n"
    path = configure(tmp_path, f"{text}  - {{name: a, key: {KEY}}}\n")
    done = answered(tmp_path, clouds, "", "UTC", keys[0], "", "1", "", keys[1], "1")
    assert done.exit_code == 0, done.output
    after = path.read_text(encoding="utf-8")
    assert ("# ours" in after, "# do not change" in after) == (True, True)
    made = load(path, {})
    assert made.server.port == 8080
    assert [key.name for key in made.api_keys] == ["a"]
    assert KEY not in done.output


def test_skipping_a_service_keeps_what_is_there(tmp_path: Path, clouds: Clouds) -> None:
    path = configure(tmp_path, settings(clouds) | {"data_dir": str(tmp_path)})
    done = answered(tmp_path, clouds, "", "UTC", "", "", "")
    assert "make run" in done.output  # it has never run
    (tmp_path / "mvsnap.db").touch()
    done = answered(tmp_path, clouds, "", "UTC", "", "", "")
    assert done.exit_code == 0, done.output
    made = load(path, {})
    assert made.meraki.api_key is not None
    assert made.webex.room == "Site A - Alarms"
    assert "mvsnap snapshot " in done.output
    assert "restart the service" in done.output
    assert "make run" not in done.output


def test_a_room_whose_title_is_not_unique_is_kept_by_its_id(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    clouds.webex.add_room("site a - alarms")
    done = answered(tmp_path, clouds, "", "UTC", keys[0], "", "1", "", keys[1], "1")
    assert done.exit_code == 0, done.output
    made = load(tmp_path / "config" / "mvsnap.yaml", {})
    assert made.webex.room in {room.id for room in clouds.webex.rooms}


def test_a_bot_in_no_room_gets_instructions(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    clouds.webex.rooms.clear()
    done = answered(tmp_path, clouds, "", "UTC", "", keys[1])
    assert done.exit_code == 0, done.output
    assert "add it to one" in done.output


def test_after_leaving_in_the_middle_init_goes_on(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    left = answered(tmp_path, clouds, "Plant 7", "UTC", keys[0], more="")
    assert left.exit_code == 1
    assert "To go on: python -m mvsnap init" in left.output
    path = tmp_path / "config" / "mvsnap.yaml"
    assert load(path, {}).site.name == "Plant 7"
    assert not load(path, {}).meraki.configured  # its section was not complete
    done = answered(tmp_path, clouds, "", "", keys[0], "1", "all", "n", keys[1], "2")
    assert done.exit_code == 0, done.output
    made = load(path, {})
    assert (made.site.name, made.meraki.configured) == ("Plant 7", True)
    assert made.webex.room == "Site B - Alarms"
    assert len(made.api_keys) == 1
    for step in ("users add YOUR-NAME", "make run", "http://127.0.0.1:5004/ "):
        assert step in done.output


def test_leaving_at_once_writes_nothing(tmp_path: Path, clouds: Clouds) -> None:
    assert answered(tmp_path, clouds, "Plant 7", more="").exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_fails_after_the_key_is_an_error_message_not_a_traceback(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    away = Fault("503-html", "GET /api/v1/organizations", times=-1)
    clouds.dashboard.faults.add(away)
    done = answered(tmp_path, clouds, "", "UTC", keys[0], "", "")
    assert isinstance(done.exception, SystemExit | None)
    assert "Meraki reports an error (503)" in done.output


def test_another_organization_can_be_chosen_when_one_refuses(
    tmp_path: Path, clouds: Clouds
) -> None:
    cloud = TwoOrganizations(
        {
            f"/organizations/{OTHER}/devices": refused(404),
            f"/organizations/{ACME}/networks": refused(403),
        }
    )
    with cloud.served() as origin:
        meraki = replace(clouds, dashboard_url=origin)
        # Name, zone, key, the second organization, its networks; then only the first
        # is left, whose networks are unknown; cameras, no token.
        answers = ["A", "UTC", "key", "2", "0", "0", "all", "", ""]
        done = answered(tmp_path, meraki, *answers)
    assert done.exit_code == 0, done.output
    assert "Old trial (202)" in done.output
    made = load(tmp_path / "config" / "mvsnap.yaml", {})
    assert made.meraki.organization_id == ACME
    assert made.meraki.cameras == (GATE,)


def test_what_is_wrong_in_the_file_is_asked_again(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    text = f"""# ours
site: {{timezone: Europe/Berln}}  # in the north
meraki:
  api_key: {keys[0]}
  cameras: [Q2SM-1, Q2SM-0000-0001]  # the gate
webex: {{room: [Site A]}}
"""
    path = configure(tmp_path, text)
    # The key is kept; then network, cameras, token, room.
    done = answered(
        tmp_path, clouds, "", "Europe/Berlin", "", "1", "1", "", keys[1], "1"
    )
    assert done.exit_code == 0, done.output
    assert "site.timezone: expected a time zone" in done.output
    assert "meraki.cameras.0: expected a Meraki serial" in done.output
    assert keys[0] not in done.output
    made = load(path, {})
    assert made.site.timezone == "Europe/Berlin"
    assert made.meraki.cameras == ("Q2SM-0000-0001",)
    assert made.webex.room == "Site A - Alarms"
    after = path.read_text(encoding="utf-8")
    for comment in ("# ours", "# in the north"):
        assert comment in after


def test_what_is_not_asked_is_left_to_the_person(
    tmp_path: Path, clouds: Clouds, keys: tuple[str, str]
) -> None:
    path = configure(tmp_path, "server: {port: many}  # which one?\nmeraki: {}\n")
    done = answered(tmp_path, clouds, "Hall", "UTC", "", "")
    assert done.exit_code == 1
    assert done.output.count("server.port: expected a valid integer") == 2
    assert "Correct the rest in the file" in done.output
    after = path.read_text(encoding="utf-8")
    assert "port: many}  # which one?" in after
    assert "name: Hall" in after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("meraki:\n\tapi_key: x\n", "line 2: not YAML: "),
        ("meraki: [\n", "line 2: not YAML: "),
        ("site: {name: 2026-13-45}\n", "date that does not exist"),
        ("meraki: {}\nmeraki: {}\n", "line 2: duplicate key `meraki`"),
        ("\x00\x01", "not YAML: unexpected characters"),
        ("- a\n", "expected sections like `meraki:`"),
    ],
)
def test_a_file_that_is_no_yaml_is_left_alone(
    tmp_path: Path, clouds: Clouds, text: str, words: str
) -> None:
    path = configure(tmp_path, text)
    done = answered(tmp_path, clouds)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert words in done.output
    assert "move it away: init then writes a new one" in done.output
    assert path.read_text(encoding="utf-8") == text
