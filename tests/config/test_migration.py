"""Settings of older programs: what becomes of each, and that the rest is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.load import settings_of
from mvsnap.config.migration import Migration, migrate
from mvsnap.config.old_files import read_old_file
from mvsnap.config.old_places import PLACES
from mvsnap.errors import BadConfig

DOCS = Path(__file__).parents[2] / "docs"
INI = """\
; the camera at the gate
[meraki]
apikey: 40-characters-of-the-dashboard
orgId = 707512
mvserial = Q2SM-0000-0001,q2sm-0000-0003

[webex]
webexBotToken = "a-bot's-token"
roomname = Tor 3
   und Hof
msgprefix = 100%% sure

[apigw]
serverIP = 0.0.0.0
serverPort = 5005
apigwToken = a-token-of-24-characters
"""
YAML = """\
IXON_api: {api_key: a1B2c3D4e5F6, email: gateway@example.com, password: "12345678"}
camera:
  auth: {type: digest, username: viewer, password: of-the-camera}
  company_id: 1111-2222-3333-4444-5555
  webaccess_service_id: sErViCe00001
  webaccess_access_type: http
  stream_path: still.jpg
video: {duration: 400, framerate: auto, recode: false}
webhooks: {queue_size: 3}
"""
PYTHON = r"""
import nothing_that_exists
NETWORK_ID = "N_1"
MQTT_SERVER: str = "10.0.0.9"
MOTION_ALERT_PEOPLE_COUNT_THRESHOLD = 2
MOTION_ALERT_TRIGGER_PEOPLE_COUNT = 4
MOTION_ALERT_DWELL_TIME = 90500  # a path of Windows: \d
MOTION_ALERT_PAUSE_TIME = 30
TIMEOUT = 20
_RSSI_THRESHOLD = 15
_SESSION_TIME = 600
rssiThreshold = -40
BOT_ACCESS_TOKEN = open("token.txt").read()
"""


def moved(folder: Path, name: str, text: str) -> Migration:
    return migrate(read_old_file(write(folder, name, text)))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def why_not(made: Migration) -> dict[str, str]:
    return {each.old: each.why for each in made.not_moved}


def test_an_ini_file_becomes_settings(tmp_path: Path) -> None:
    made = moved(tmp_path, "config-sample.ini", INI)
    found = settings_of(made.tree)
    assert found.meraki.api_key is not None
    assert found.meraki.api_key.get_secret_value() == "40-characters-of-the-dashboard"
    assert found.meraki.organization_id == "707512"
    assert found.meraki.cameras == ("Q2SM-0000-0001", "Q2SM-0000-0003")
    assert found.webex.bot_token is not None
    assert found.webex.bot_token.get_secret_value() == "a-bot's-token"
    assert found.webex.message_prefix == "100% sure"
    assert (found.server.host, found.server.port) == ("0.0.0.0", 5005)
    (key,) = found.api_keys
    assert key.key.get_secret_value() == "a-token-of-24-characters"
    assert found.keys_without_scopes() == ""
    assert made.not_moved == []


def test_a_yaml_file_becomes_settings(tmp_path: Path) -> None:
    made = moved(tmp_path, "config.yml.template", YAML)
    found = settings_of(made.tree)
    camera = found.recorder.cameras["camera"]
    assert camera.ixon is not None
    assert (camera.pre_roll_s, camera.post_roll_s, camera.recode) == (0, 400, "false")
    assert (camera.auth.type, camera.auth.username) == ("digest", "viewer")
    assert (found.recorder.queue_size, found.recorder.max_clip_s) == (3, 400)
    assert (found.ixon.api_version, found.ixon.stream_path) == (2, "/still.jpg")
    assert found.ixon.password is not None
    assert found.ixon.password.get_secret_value() == "12345678"
    assert len(found.webhooks.tokens) == 1
    assert made.not_moved == []


def test_a_python_file_is_read_and_never_run(tmp_path: Path) -> None:
    made = moved(tmp_path, "config.py", PYTHON)
    found = settings_of(made.tree)
    sense = found.sense
    assert (sense.enabled, sense.host) == (True, "10.0.0.9")
    assert (sense.people_to_start, sense.people) == (2, 4)
    assert (sense.dwell_s, sense.cooldown_s) == (90.5, 30)
    assert found.scanning.min_rssi_dbm == -80
    assert found.scanning.correlation.min_rssi_dbm == -40
    assert found.scanning.visit_gap_s == 600
    assert why_not(made) == {
        "TIMEOUT": "it counts messages; here seconds: set sense.dropout_s",
        "BOT_ACCESS_TOKEN": "code computes it: set webex.bot_token yourself",
    }


@pytest.mark.parametrize(
    ("name", "text", "old", "said"),
    [
        ("a.py", "MQTT_PORT = 'many'", "MQTT_PORT", "sense.port: expected a number"),
        ("a.py", "MQTT_PORT = 1e999", "MQTT_PORT", "sense.port: expected a number"),
        ("a.py", "MQTT_PORT = 70000", "MQTT_PORT", "less than or equal to 65535"),
        ("a.py", "MQTT_PORT = [1]", "MQTT_PORT", "expected a number"),
        ("a.py", "MQTT_SERVER = ''", "MQTT_SERVER", "empty"),
        ("a.py", "BOT_ACCESS_TOKEN = 'XXXXX'", "BOT_ACCESS_TOKEN", "empty"),
        ("a.py", "NOTHING = 1", "NOTHING", "not known"),
        ("a.py", "secret_key = 'x1'", "secret_key", "mvsnap makes one by itself"),
        ("a.py", "validator = 'abc'", "validator", "a secret are needed"),
        ("a.ini", "[meraki]\nmvserial = gate", "meraki.mvserial", "Meraki serial"),
        ("a.ini", "[apigw]\napigwToken = 1234567", "apigw.apigwToken", "8 of a key"),
        ("a.py", "validator = 'abc'\nsecret = '1234567'", "secret", "8 characters"),
        (
            *("a.py", "validator = 'abc'\nsecret = '1234567'", "validator"),
            "of no use without scanning.endpoints.0.secret",
        ),
        ("a.yml", "IXON_api: {email: nobody}", "IXON_api.email", "expected an e-mail"),
        ("a.yml", "video: {duration: true}", "video.duration", "expected a number"),
        ("a.yml", "video: {duration: 5}", "video.duration", "ixon or meraki_serial"),
        ("a.yml", "camera: {auth: {type: basic}}", "camera.auth.type", "auth"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_is_valid(
    tmp_path: Path, name: str, text: str, old: str, said: str
) -> None:
    made = moved(tmp_path, name, text)
    assert said in why_not(made)[old]
    settings_of(made.tree)


def test_a_key_of_the_old_length_goes_on_working(tmp_path: Path) -> None:
    made = moved(tmp_path, "config.ini", "[apigw]\napigwToken = 12345678\n")
    (key,) = settings_of(made.tree).api_keys
    assert (key.key.get_secret_value(), key.is_short) == ("12345678", True)
    assert made.not_moved == []


def test_a_wrong_serial_does_not_cost_the_others(tmp_path: Path) -> None:
    text = "[meraki]\nmvserial = Q2SM-0000-0001,gate,Q2SM-0000-0003\n"
    made = moved(tmp_path, "config.ini", text)
    serials = settings_of(made.tree).meraki.cameras
    assert serials == ("Q2SM-0000-0001", "Q2SM-0000-0003")
    assert "meraki.cameras.1" in why_not(made)["meraki.mvserial"]


def test_ids_of_an_old_company_keep_version_1_of_ixon(tmp_path: Path) -> None:
    text = YAML.replace("a1B2c3D4e5F6", "an-older-key").replace(": http\n", ": https\n")
    found = settings_of(moved(tmp_path, "config.yml", text).tree)
    assert (found.ixon.api_version, found.ixon.access_type) == (1, "https")


def test_a_camera_without_login_has_none_here(tmp_path: Path) -> None:
    text = YAML.replace("type: digest", "type: none")
    found = settings_of(moved(tmp_path, "config.yml", text).tree)
    auth = found.recorder.cameras["camera"].auth
    assert (auth.type, auth.username, auth.password) == ("none", "", None)


def test_several_files_become_one_and_the_first_wins(tmp_path: Path) -> None:
    files = {
        "config.py": "NETWORK_ID = 'N_1'\nvalidator = 'v'",
        "cmxreceiver.py": "secret = 'of-the-dashboard'",
        "other.py": "NETWORK_ID = 'N_2'",
    }
    old = [
        each
        for name, text in files.items()
        for each in read_old_file(write(tmp_path, name, text))
    ]
    made = migrate(old)
    found = settings_of(made.tree)
    assert found.meraki.network_id == "N_1"
    (endpoint,) = found.scanning.endpoints
    assert endpoint.validator.get_secret_value() == "v"
    assert why_not(made) == {
        "NETWORK_ID": "meraki.network_id: already set by NETWORK_ID"
    }


def test_one_threshold_alone_is_that_of_the_rule(tmp_path: Path) -> None:
    text = "MOTION_ALERT_PEOPLE_COUNT_THRESHOLD = 3"
    sense = settings_of(moved(tmp_path, "config.py", text).tree).sense
    assert (sense.people, sense.people_to_start) == (3, None)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.txt", b"a = 1", "a file named .ini, .yml, .yaml or .py"),
        ("config.ini", b"[meraki]\nhello", "line 2: expected [SECTION] or KEY"),
        ("config.ini", b"[meraki]\n= secret-text", "line 2"),
        ("config.ini", "[webex]\nroomname = Süd".encode("latin-1"), "expected UTF-8"),
        ("config.ini", b"a = 1\n" * 20_000, "expected at most 64 kB"),
        ("config.ini", b"a\0 = 1", "expected a text file"),
        ("config.yml", b"a: [secret-text", "not YAML (line 1)"),
        ("config.yml", b"- secret-text", "expected names with values"),
        ("config.yml", b"a: &a [1]\nb: *a", "expected no aliases"),
        ("config.yml", b"a: 2020-99-99", "not understood"),
        ("config.yml", b"a: " + b"[" * 1500 + b"]" * 1500, "nested too deeply"),
        ("config.yml", b"a: !!python/object:os.system secret-text", "not YAML"),
        ("config.py", b"A = 'secret-text", "not Python (line 1)"),
        ("config.py", b"A = " + b"-" * 20_000 + b"1", "nested too deeply"),
        ("config.py", b"A = " + b"(" * 20_000 + b"1", "not Python"),
        ("config.py", b"".join(b"A%d = 1\n" % n for n in range(1001)), "at most 1000"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_without_its_content(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadConfig) as caught:
        read_old_file(path)
    assert said in caught.value.message
    assert "secret-text" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["", "# only words\n", "\ufeff\r\n; \r\n"])
def test_an_empty_ini_file_has_no_settings(tmp_path: Path, text: str) -> None:
    assert read_old_file(write(tmp_path, "config.ini", text)) == []


def test_every_old_setting_is_in_the_documentation() -> None:
    text = (DOCS / "migrate.md").read_text(encoding="utf-8")
    missing: list[Any] = []
    for name, place in PLACES.items():
        rows = [row for row in text.splitlines() if f"`{name}`" in row]
        here = place if isinstance(place, str) else place.path
        here = here.replace(".0.", "[].").replace("cameras.camera", "cameras.NAME")
        if not any(isinstance(place, str) or f"`{here}`" in row for row in rows):
            missing.append((name, here))
    assert missing == []
