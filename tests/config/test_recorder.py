"""The settings of recording cameras: accepted as people write them, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.config.recorder import RecorderCameraSection
from mvsnap.errors import BadConfig

RTSP = "rtsp://192.0.2.7:554/stream1"
SERIAL = "Q2XX-ABCD-1234"
PASSWORD = "p@ss w/rd"
TOKEN = "a-token-in-the-address"
IXON = {
    "application_id": "a1B2c3D4e5F6",
    "company_id": "1111-2222-3333-4444-5555",
    "token": "very-secret-service-token",
}


def read(folder: Path, tree: dict[str, Any], **environ: str) -> Settings:
    path = folder / "mvsnap.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return load(path, {f"MVSNAP_{name}": value for name, value in environ.items()})


def mistakes(folder: Path, tree: dict[str, Any]) -> list[str]:
    with pytest.raises(BadConfig) as caught:
        read(folder, tree)
    return caught.value.mistakes


def camera(folder: Path, entry: Any, **sections: Any) -> RecorderCameraSection:
    settings = read(folder, {"recorder": {"cameras": {"gate": entry}}} | sections)
    return settings.recorder.cameras["gate"]


def mistake(folder: Path, entry: Any, **sections: Any) -> str:
    tree = {"recorder": {"cameras": {"gate": entry}}} | sections
    (found,) = mistakes(folder, tree)
    return found.removeprefix("recorder.cameras.gate")


def test_an_address_is_enough(tmp_path: Path) -> None:
    gate = camera(tmp_path, {"url": RTSP})
    assert (gate.is_ring, gate.pre_roll_s, gate.post_roll_s) == (True, 10, 20)
    assert (gate.framerate, gate.recode, gate.verify_tls) == ("auto", "auto", True)
    assert gate.auth.type is None
    assert (gate.transport, gate.audio) == ("auto", False)


@pytest.mark.parametrize("transport", ["tcp", "udp", "auto"])
def test_a_transport_is_chosen_for_rtsp(tmp_path: Path, transport: str) -> None:
    entry = {"url": RTSP, "transport": transport, "audio": True}
    gate = camera(tmp_path, entry)
    assert (gate.transport, gate.audio) == (transport, True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"url": RTSP, "transport": "multicast"}, "'auto', 'tcp' or 'udp'"),
        ({"url": "http://h/x.mjpg", "transport": "udp"}, "is for RTSP cameras"),
        ({"url": RTSP, "audio": "loud"}, ".audio"),
    ],
)
def test_a_transport_that_does_nothing_is_refused(
    tmp_path: Path, entry: dict[str, Any], words: str
) -> None:
    assert words in mistake(tmp_path, entry)


@pytest.mark.parametrize(
    ("given", "service", "path"),
    [
        pytest.param(True, None, None, id="true"),
        pytest.param("hTtPcAm00001", "hTtPcAm00001", None, id="an id"),
        pytest.param({"stream_path": "live"}, None, "/live", id="a path"),
        pytest.param({"agent_server_id": 12}, "12", None, id="a number"),
    ],
)
def test_a_camera_behind_ixon_can_be_written_in_short(
    tmp_path: Path, given: Any, service: str | None, path: str | None
) -> None:
    ixon = IXON | {"agent_server_id": "dEfAuLt00001"}
    gate = camera(tmp_path, {"ixon": given}, ixon=ixon)
    assert gate.ixon is not None
    assert (gate.ixon.agent_server_id, gate.ixon.stream_path) == (service, path)
    assert not gate.is_ring
    assert camera(tmp_path, {"ixon": given, "mode": "ring"}, ixon=ixon).is_ring


@pytest.mark.parametrize(
    ("given", "recode", "framerate"),
    [
        pytest.param({"recode": True, "framerate": 5}, "true", 5.0, id="YAML's own"),
        pytest.param({"recode": "False", "framerate": "2.5"}, "false", 2.5, id="text"),
        pytest.param(
            {"recode": "auto", "framerate": "Auto"}, "auto", "auto", id="auto"
        ),
    ],
)
def test_recode_and_framerate_are_auto_or_as_set(
    tmp_path: Path, given: dict[str, Any], recode: str, framerate: float | str
) -> None:
    gate = camera(tmp_path, {"url": RTSP} | given)
    assert (gate.recode, gate.framerate) == (recode, framerate)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param({}, ": url, ixon or meraki_serial is required", id="none"),
        pytest.param(
            {"url": RTSP, "ixon": True},
            ": ixon: cannot be combined with url or meraki_serial",
            id="two sources",
        ),
        pytest.param(
            RTSP,
            ": expected a section like {url: ...}, not just text, got (hidden)",
            id="no section",
        ),
        pytest.param(
            {"url": "ftp://me:secret-word@camera/"},
            ".url: expected an address like rtsp://HOST:554/PATH (or rtsps, http,"
            " https), got (hidden)",
            id="another protocol",
        ),
        pytest.param(
            {"url": "rtsp://me:secret#word@camera/"},
            ".url: expected an address like rtsp://HOST:554/PATH; write characters"
            " like # or / in a password as %23 or %2F, or use auth.password,"
            " got (hidden)",
            id="a password no URL can hold",
        ),
        pytest.param(
            {"url": RTSP, "auth": {"type": "digest", "password": "secret-word"}},
            ".auth: username: missing for type digest",
            id="a password without its user",
        ),
        pytest.param(
            {"url": RTSP, "auth": "me:secret-word"},
            ".auth: expected a section, not just CameraAuth, got (hidden)",
            id="auth as a text",
        ),
        pytest.param(
            {"url": RTSP, "auth": {"type": "none", "username": "me"}},
            ".auth: type: none, but username or password is set",
            id="none and a user",
        ),
        pytest.param(
            {"url": "rtsp://me:secret-word@camera/", "auth": {"username": "you"}},
            ": auth: set, but url also contains a user; keep one",
            id="two users",
        ),
        pytest.param(
            {"url": RTSP, "framerate": 0},
            ".framerate: expected auto or frames per second, up to 60, got 0",
            id="no picture a second",
        ),
        pytest.param(
            {"url": RTSP, "recode": "maybe"},
            ".recode: expected 'auto', 'true' or 'false', got 'maybe'",
            id="recode",
        ),
        pytest.param(
            {"url": RTSP, "pre_rol_s": 5},
            ".pre_rol_s: no such setting; did you mean"
            " recorder.cameras.gate.pre_roll_s?",
            id="misspelt",
        ),
        pytest.param(
            {"url": RTSP, "auth": {"usrname": "me"}},
            ".auth.usrname: no such setting; did you mean"
            " recorder.cameras.gate.auth.username?",
            id="misspelt, deeper",
        ),
        pytest.param(
            {"ixon": True}, ".ixon: the ixon section is empty", id="IXON unknown"
        ),
        pytest.param(
            {"meraki_serial": SERIAL},
            ".meraki_serial: meraki.api_key is missing",
            id="Meraki unknown",
        ),
    ],
)
def test_a_camera_that_cannot_work_says_why_and_shows_no_secret(
    tmp_path: Path, entry: Any, said: str
) -> None:
    found = mistake(tmp_path, entry)
    assert found == said
    assert "secret" not in found


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        pytest.param(
            {"a/b": {"url": RTSP}},
            "recorder.cameras.a/b: expected a name of up to 40 letters, digits, spaces"
            " and any of . _ -",
            id="a slash",
        ),
        pytest.param(
            {SERIAL.lower(): {"url": RTSP}},
            f"recorder.cameras.{SERIAL.lower()}: expected a name of "
            "your choice; put the"
            " Meraki serial in meraki_serial",
            id="a serial",
        ),
        pytest.param(
            {"Gate": {"url": RTSP}, "gate": {"url": RTSP}},
            "recorder: cameras: Gate and gate differ only in case",
            id="twice",
        ),
        pytest.param(
            {"a": {"url": RTSP, "post_roll_s": 500}},
            "recorder: cameras.a: pre_roll_s and post_roll_s add up to 510 s,"
            " but max_clip_s is 300",
            id="longer than a clip may be",
        ),
        pytest.param(
            {n: {"url": RTSP, "meraki_serial": SERIAL} for n in "ab"},
            f"recorder: cameras: two entries have the meraki_serial {SERIAL}",
            id="one Meraki camera twice",
        ),
    ],
)
def test_names_and_lengths_fit_together(
    tmp_path: Path, cameras: dict[str, Any], said: str
) -> None:
    assert mistakes(tmp_path, {"recorder": {"cameras": cameras}}) == [said]


@pytest.mark.parametrize("name", ["gate", "Tor 2", "Büro", "cam-1.a_b", 7, "x" * 40])
def test_a_name_is_what_people_call_it(tmp_path: Path, name: str | int) -> None:
    settings = read(tmp_path, {"recorder": {"cameras": {name: {"url": RTSP}}}})
    assert list(settings.recorder.cameras) == [str(name)]


def test_every_camera_with_a_mistake_is_named_at_once(tmp_path: Path) -> None:
    cameras = {"a": {}, "b": {"url": "x"}, "c": {"ixon": {"agent": 1}}}
    found = mistakes(tmp_path, {"recorder": {"cameras": cameras}})
    assert [line.split(":")[0] for line in found] == [
        "recorder.cameras.a",
        "recorder.cameras.b.url",
        "recorder.cameras.c.ixon.agent",
    ]
    unreachable = {"a": {"ixon": True}, "b": {"meraki_serial": SERIAL}}
    assert len(mistakes(tmp_path, {"recorder": {"cameras": unreachable}})) == 2


def test_every_text_that_opens_a_camera_is_a_secret(tmp_path: Path) -> None:
    cameras = {
        "a": {"url": "rtsp://me:p%40ss@192.0.2.7/s"},
        "b": {"url": f"http://192.0.2.7/jpg?user=me&pwd={TOKEN}"},
        "c": {"url": RTSP, "auth": {"username": "me", "password": PASSWORD}},
    }
    settings = read(tmp_path, {"recorder": {"cameras": cameras}})
    secrets = set(settings.secrets())
    assert {"p@ss", "p%40ss", TOKEN, PASSWORD, "p%40ss%20w%2Frd"} <= secrets
    assert "" not in secrets
    shown = f"{settings!r} {settings}"
    assert all(secret not in shown for secret in secrets)


def test_an_alarm_may_name_a_camera_by_its_name_or_its_serial(tmp_path: Path) -> None:
    tree = {
        "recorder": {"cameras": {"Gate": {"url": RTSP, "meraki_serial": SERIAL}}},
        "webhooks": {"rules": [{"name": "a", "cameras": ["gate", "q2xx-abcd-5678"]}]},
        "api_keys": [{"name": "k", "key": "k" * 16, "cameras": ["Gate", "*"]}],
    }
    settings = read(tmp_path, tree)
    assert settings.webhooks.rules[0].cameras == ("Gate", "Q2XX-ABCD-5678")
    assert settings.api_keys[0].cameras == ("Gate", "*")
    assert settings.recorder.named("Gate") == "Gate"
    assert settings.recorder.named(SERIAL) == "Gate"
    assert settings.recorder.named("Q2XX-ABCD-5678") is None
    assert settings.cameras_named() == ("Q2XX-ABCD-5678", SERIAL)


def test_an_unknown_camera_is_reported_with_the_nearest_name(tmp_path: Path) -> None:
    tree = {
        "recorder": {"cameras": {"Gate": {"url": RTSP}}},
        "webhooks": {"rules": [{"name": "a", "cameras": ["gaet", "hall"]}]},
        "site": {"timezone": "Moon/Crater"},
    }
    path = "webhooks.rules.0.cameras"
    expected = "expected a Meraki serial or a name from recorder.cameras"
    assert mistakes(tmp_path, tree)[1:] == [
        f"{path}.0: {expected} (did you mean Gate?), got 'gaet'",
        f"{path}.1: {expected}, got 'hall'",
    ]
    rules = [{"name": "a", "cameras": ["hall"]}]
    (found,) = mistakes(tmp_path, {"webhooks": {"rules": rules}})
    assert "expected a Meraki serial like" in found


def test_a_camera_can_come_from_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    settings = read(
        tmp_path,
        {"recorder": {"cameras": {"Gate": {"auth": {"username": "me"}}}}},
        RECORDER__CAMERAS__GATE__URL=RTSP,
        RECORDER__CAMERAS__GATE__AUTH__PASSWORD_FILE=str(secret),
        RECORDER__CAMERAS__DOCK__IXON="true",
        **{f"IXON__{k.upper()}": v for k, v in IXON.items()},
        IXON__AGENT_SERVER_ID="x",
    )
    gate = settings.recorder.cameras["Gate"]
    assert gate.url is not None
    assert gate.url.get_secret_value() == RTSP
    assert gate.auth.password is not None
    assert gate.auth.password.get_secret_value() == PASSWORD
    assert settings.recorder.cameras["dock"].ixon is not None


def test_headings_may_stand_alone(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text(
        "recorder:\n  cameras:\n    gate:\n      url: rtsp://a/\n      auth:\n"
    )
    assert list(load(path, {}).recorder.cameras) == ["gate"]
    path.write_text("recorder:\n  cameras:\nstorage:\n  s3:\n")
    assert load(path, {}).recorder.cameras == {}


S3 = {"bucket": "clips", "access_key": "an-id", "secret_key": "a-secret-key"}


def test_an_object_store_is_whole_or_not_there(tmp_path: Path) -> None:
    settings = read(tmp_path, {"storage": {"s3": S3}})
    assert settings.storage.s3.configured
    assert set(settings.secrets()) == {"an-id", "a-secret-key"}
    assert not Settings().storage.s3.configured
    half = {"endpoint_url": "https://s3.example", "secret_key": "a-secret-key"}
    assert mistakes(tmp_path, {"storage": {"s3": half}}) == [
        "storage.s3: missing: bucket, access_key"
    ]
    assert "a-secret-key" not in "".join(
        mistakes(tmp_path, {"storage": {"s3": "a-secret-key"}})
    )


def test_a_mistake_about_ixon_shows_no_secret(tmp_path: Path) -> None:
    assert mistakes(tmp_path, {"ixon": {"token": "very-secret-token"}}) == [
        "ixon: missing: application_id (request it from support@ixon.cloud); company_id"
    ]
    assert mistakes(tmp_path, {"ixon": "very-secret-token"})[0].endswith("(hidden)")
