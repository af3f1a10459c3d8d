from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.config.reference import sample
from mvsnap.config.write import write_settings

ROOT = Path(__file__).parent.parent.parent
KEY = {"name": "first key", "key": "a-secret-of-24-characters"}
VALUES: dict[str, dict[str, Any]] = {
    "site": {"name": "Werk Süd: Tor #2", "timezone": "Europe/Berlin"},
    "meraki": {
        "api_key": "key: with # odd 'signs'",
        "organization_id": "707512",
        "cameras": ["Q2XX-ABCD-1234", "Q2XX-ABCD-5678"],
    },
    "webex": {"bot_token": "token", "room": "*Alarms*"},
}
OLD = """\
# our gateway
site:
  name: 'Old name'   # painted on the door
  timezone: UTC
# do not lower this
server: {port: 8080}
meraki:
  cameras:
    - Q2XX-ABCD-1234   # gate
"""


def read(path: Path) -> Settings:
    return load(path, {})


def check_values(settings: Settings) -> None:
    assert settings.site.name == "Werk Süd: Tor #2"
    assert settings.site.timezone == "Europe/Berlin"
    assert settings.meraki.organization_id == "707512"
    assert settings.meraki.cameras == ("Q2XX-ABCD-1234", "Q2XX-ABCD-5678")
    assert settings.webex.room == "*Alarms*"
    assert settings.secrets() == ["key: with # odd 'signs'", "token", KEY["key"]]


def test_a_new_file_holds_the_values_and_every_other_key_commented(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config" / "mvsnap.yaml"
    write_settings(path, VALUES, [KEY])
    check_values(read(path))
    text = path.read_text(encoding="utf-8")
    assert text.startswith(sample()[:60])
    assert "  #port: 5004  # port to listen on" in text
    assert "  timezone: Europe/Berlin  # time zone for displayed times" in text


def test_a_new_file_without_answers_is_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    write_settings(path, {"site": {}, "meraki": {}}, [])
    assert path.read_text(encoding="utf-8") == sample()


def test_an_existing_file_keeps_its_comments_and_other_values(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text(OLD)
    write_settings(path, VALUES, [KEY])
    check_values(read(path))
    assert read(path).server.port == 8080
    text = path.read_text(encoding="utf-8")
    for kept in ("# our gateway", "# painted on the door", "# do not lower this"):
        assert kept in text


def test_keys_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    write_settings(path, {}, [KEY])
    write_settings(path, {}, [{"name": "second", "key": "another-secret-of-24-chars"}])
    assert [key.name for key in read(path).api_keys] == ["first key", "second"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "meraki:\nwebex:\napi_keys:\n",
        "server: {}\napi_keys: []\n",
    ],
    ids=["empty", "only a comment", "empty sections", "an empty list"],
)
def test_a_file_that_sets_nothing_yet_takes_the_values(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text(text)
    write_settings(path, VALUES, [KEY])
    check_values(read(path))
    assert text.partition("\n")[0] in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("before", [None, 0o644], ids=["new", "readable by all"])
def test_others_cannot_read_the_file(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "mvsnap.yaml"
    if before is not None:
        path.write_text(OLD)
        path.chmod(before)
    write_settings(path, VALUES, [KEY])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["mvsnap.yaml"]


def test_a_leftover_of_a_crash_does_not_make_the_file_readable(tmp_path: Path) -> None:
    part = tmp_path / "mvsnap.part"
    part.write_text("half a fi")
    part.chmod(0o644)
    path = tmp_path / "mvsnap.yaml"
    write_settings(path, VALUES, [KEY])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_umlauts_survive_on_a_machine_with_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    script = (
        "from pathlib import Path; from mvsnap.config.write import write_settings\n"
        f"write_settings(Path({str(path)!r}), {{'site': {{'name': 'S\\xfcd'}}}}, [])"
    )
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    python = [sys.executable, "-c", script]
    done = subprocess.run(
        python,
        env=os.environ | plain,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read(path).site.name == "Süd"


CAMERAS = {
    "Tor 2": {"url": "rtsp://a/", "auth": {"username": "me", "password": "x: #"}}
}


@pytest.mark.parametrize(
    "before", [None, "recorder:\n  cameras:\n    a: {url: rtsp://b/}\n"]
)
def test_a_mapping_is_added_to_what_is_there(
    tmp_path: Path, before: str | None
) -> None:
    path = tmp_path / "mvsnap.yaml"
    if before is not None:
        path.write_text(before)
    write_settings(path, {"recorder": {"cameras": CAMERAS}, "ixon": {}}, [])
    cameras = read(path).recorder.cameras
    assert list(cameras) == (["Tor 2"] if before is None else ["a", "Tor 2"])
    password = cameras["Tor 2"].auth.password
    assert password is not None
    assert password.get_secret_value() == "x: #"


def test_none_removes_a_key_and_leaves_others_with_their_comments(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text("site:\n  name: a  # ours\n  timezone: UTC\n")
    write_settings(path, {"site": {"timezone": None, "public_url": None}}, [])
    assert path.read_text() == "site:\n  name: a  # ours\n"
    new = tmp_path / "new.yaml"
    write_settings(new, {"site": {"timezone": None}}, [])
    assert read(new).site.timezone == "UTC"
