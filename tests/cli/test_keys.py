"""`keys`, `db rotate-session-key` and `analytics rotate-salt`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mvsnap.core.keys import digest_of, lookup_of
from mvsnap.domain import Camera, Serial
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.keys import KeyStore
from mvsnap.store.site import SiteStore
from tests.cli.run import Said, configure, mvsnap

FILE = {
    "api_keys": [{"name": "button", "key": "a-key-of-the-settings-file"}],
    "webhooks": {"tokens": [{"name": "IXON", "token": "a-token-of-the-file"}]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path, FILE)
    return tmp_path


def db(folder: Path) -> database.Database:
    url = database.sqlite_url(folder / "data" / "mvsnap.db")
    return database.Database(database.open_database(url))


def keys(folder: Path, *args: str) -> Said:
    return mvsnap(folder, "keys", *args)


def test_a_key_is_made_listed_rotated_and_removed(folder: Path) -> None:
    made = keys(folder, "add", "plc", "--scope", "read", "--expires", "2099-12-31")
    assert made.code == 0, made.err
    first = made.out.strip()  # alone, for a program to read
    assert "The API key plc, shown only this once:" in made.err
    (kept,) = KeyStore(db(folder)).all()
    assert kept.limits == {"cameras": ["*"], "rooms": ["*"], "scopes": ["read"]}
    assert kept.secrets[0].digest == digest_of(first)
    rotated = keys(folder, "rotate", "PLC", "--overlap", "24")
    assert (rotated.code, "The old one works until" in rotated.err) == (0, True)
    secrets = KeyStore(db(folder)).all()[0].secrets
    assert [s.lookup for s in secrets] == [
        lookup_of(rotated.out.strip()),
        lookup_of(first),
    ]
    listed = keys(folder, "list")
    for word in ("plc", "active", first[:7], "never", "scopes read", "button", "IXON"):
        assert word in listed.out
    assert first not in listed.out
    assert keys(folder, "remove", "plc").out == "Removed the API key plc.\n"
    assert KeyStore(db(folder)).all() == []
    lines = [line.change for line in AuditLog(db(folder)).lines(AuditFilter(), 9)]
    assert [(line.who, line.what) for line in lines] == [
        ("command line", "API key plc")
    ] * 3


def test_a_webhook_token_has_cameras_actions_and_a_room(folder: Path) -> None:
    given = ("--camera", "q2sm-0000-0001", "--action", "snapshot", "--room", "Yard")
    assert keys(folder, "add", "machines", "--webhook", *given).code == 0
    (kept,) = KeyStore(db(folder)).all()
    wanted = {"cameras": ["Q2SM-0000-0001"], "actions": ["snapshot"], "room": "Yard"}
    assert (kept.kind, kept.limits) == ("token", wanted)


def test_a_camera_of_a_key_may_be_called_by_its_name(folder: Path) -> None:
    keys(folder, "list")  # makes the store
    gate = Camera(Serial("Q2SM-0000-0001"), "Gate North", "MV12W", "N_1")
    SiteStore(db(folder)).keep_cameras([gate], datetime.now(UTC))
    near = keys(folder, "add", "plc", "--camera", "Gate Nort")
    assert (near.code, near.out) == (2, "")
    assert "No camera 'Gate Nort'. Did you mean Gate North?" in near.err
    assert keys(folder, "add", "plc", "--camera", "gate north").code == 0
    (kept,) = KeyStore(db(folder)).all()
    assert kept.limits["cameras"] == ["Q2SM-0000-0001"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("add", "Button"), 1, "taken by an entry of the settings file"),
        (("add", "a\nb"), 1, "Enter 1 to 64 characters."),
        (("add", "x", "--camera", "Gate"), 1, "cameras: 'Gate': expected a Meraki"),
        (("add", "x", "--scope", "fly"), 2, "'fly' is not one of"),
        (("add", "x", "--expires", "2020-01-31"), 1, "--expires: 2020-01-31 is over"),
        (("add", "x", "--expires", "soon"), 1, "--expires: not a date: 'soon' (expec"),
        (("add", "x", "--action", "clip"), 2, "add --webhook"),
        (("add", "x", "--webhook", "--scope", "read"), 2, "has no --scope"),
        (("rotate", "nobody"), 1, "No key nobody"),
        (("rotate", "button"), 1, "is in the settings file; change it there"),
        (("rotate", "x", "--overlap", "many"), 2, "expected 0 to 720 hours"),
        (("remove", "ixon"), 1, "is in the settings file; change it there"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_use_changes_nothing_and_says_why(
    folder: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    answer = keys(folder, *args)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_check_names_keys_of_both_and_a_name_that_is_there_twice(folder: Path) -> None:
    keys(folder, "add", "plc")
    assert "ok   api keys  button, plc" in mvsnap(folder, "check").out
    configure(folder, FILE | {"api_keys": [{"name": "PLC", "key": "k" * 20}]})
    said = mvsnap(folder, "check").out
    assert "bad  api keys  PLC, plc; plc: in the settings file and in the store" in said


def test_the_session_key_is_rotated(folder: Path) -> None:
    said = mvsnap(folder, "db", "rotate-session-key", "--overlap", "2")
    assert said.code == 0
    assert "The session key was replaced: sessions of before end" in said.out
    said = mvsnap(folder, "db", "rotate-session-key")
    assert said.out == "The session key was replaced: all sessions ended.\n"
    (last, *_) = AuditLog(db(folder)).lines(AuditFilter(), 9)
    assert (last.change.what, last.change.after) == (
        "session key",
        "rotated; all sessions ended",
    )


def test_the_salt_is_replaced_after_a_question(folder: Path) -> None:
    salt = folder / "data" / "scanning-salt"
    declined = mvsnap(folder, "analytics", "rotate-salt", stdin="n\n")
    assert (declined.code, salt.exists()) == (1, False)
    assert "Every device will count as new" in declined.out
    for _ in range(2):
        before = salt.read_text() if salt.exists() else ""
        said = mvsnap(folder, "analytics", "rotate-salt", "--yes")
        assert said.code == 0, said.err
        assert "Backups may still have the old one" in said.out
        assert salt.read_text() != before
    assert salt.stat().st_mode & 0o777 == 0o600
    assert salt.read_text() not in said.out + said.err
    configure(folder, FILE | {"scanning": {"hash_macs": False}})
    assert (
        "addresses are not hashed"
        in mvsnap(folder, "analytics", "rotate-salt", "--yes").err
    )
