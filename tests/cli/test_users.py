from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mvsnap.domain import User
from mvsnap.store import database
from mvsnap.store.site import SiteStore
from mvsnap.store.users import UserStore
from mvsnap.web import passwords
from tests.changes import log_line
from tests.cli.run import ROOT, Said, configure, mvsnap

PASSWORD = "a long enough password"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path, {})
    return tmp_path


def add(folder: Path, name: str, *options: str, password: str = PASSWORD) -> Said:
    return mvsnap(
        folder, "users", "add", name, "--password-file", "-", *options, stdin=password
    )


@dataclass(frozen=True)
class Kept:
    """What the commands left in the database."""

    users: dict[str, User]
    changes: Sequence[tuple[str, ...]]


def kept(folder: Path) -> Kept:
    path = folder / "data" / "mvsnap.db"
    path.parent.mkdir(exist_ok=True)
    engine = database.open_database(database.sqlite_url(path))
    database.upgrade(engine)
    db = database.Database(engine)
    users = {user.name: user for user in UserStore(db).users()}
    lines = [(c.who, c.what, c.before, c.after) for c in SiteStore(db).changes(9)]
    engine.dispose()
    return Kept(users, lines)


def roles(folder: Path) -> dict[str, str]:
    return {name: user.role.value for name, user in kept(folder).users.items()}


def test_the_first_user_is_admin_and_the_others_are_viewers(folder: Path) -> None:
    assert add(folder, "Anna").out == "anna can log in as admin.\n"
    assert add(folder, "ben").code == 0
    assert add(folder, "cleo@site", "--role", "reviewer").code == 0
    expected = {"anna": "admin", "ben": "viewer", "cleo@site": "reviewer"}
    assert roles(folder) == expected
    listed = mvsnap(folder, "users", "list")
    assert listed.code == 0
    assert all(
        name in listed.out and role in listed.out for name, role in expected.items()
    )
    assert "changed (UTC)" in listed.out
    assert "scrypt" not in listed.out


def test_the_password_is_the_first_line_of_the_file(folder: Path) -> None:
    file = folder / "password"
    file.write_text(f"{PASSWORD}\r\nanother line\n")
    assert (
        mvsnap(folder, "users", "add", "anna", "--password-file", str(file)).code == 0
    )
    user = kept(folder).users["anna"]
    assert passwords.fits(user.password_hash, PASSWORD)
    assert PASSWORD not in user.password_hash


def test_a_new_password_keeps_the_role_and_is_confirmed(folder: Path) -> None:
    add(folder, "anna")
    file = folder / "password"
    file.write_text("another long password")
    options = ("users", "add", "anna", "--password-file", str(file))
    refused = mvsnap(folder, *options, stdin="n\n")
    assert refused.code == 1
    assert "anna exists" in refused.out
    assert mvsnap(folder, *options, stdin="y\n").code == 0
    assert add(folder, "anna", "--yes", "--role", "viewer").code == 0
    assert roles(folder) == {"anna": "viewer"}
    who = "command line"
    assert kept(folder).changes == [
        (who, "user anna", "role admin", "role viewer, new password"),
        (who, "user anna", "role admin", "role admin, new password"),
        (who, "user anna", "", "role admin"),
    ]


@pytest.mark.parametrize(
    ("name", "password", "code", "says"),
    [
        ("anna", "too short", 1, "too short (expected at least 10 characters)"),
        ("anna", "", 1, "0 characters"),
        ("anna", "password1234", 1, "too easy to guess: a common password"),
        ("anna", "anna-2026-anna", 1, "little more than the name of the user"),
        ("anna", "x" * 300, 1, "too long (expected at most 256 characters)"),
        ("an na", PASSWORD, 2, "Enter 1 to 64 of a-z"),
        ("", PASSWORD, 2, "Enter 1 to 64 of a-z"),
        ("a" * 65, PASSWORD, 2, "Enter 1 to 64 of a-z"),
        ("änna", PASSWORD, 2, "Enter 1 to 64 of a-z"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    folder: Path, name: str, password: str, code: int, says: str
) -> None:
    said = add(folder, name, password=password)
    assert said.code == code
    assert says in said.err
    assert roles(folder) == {}


def test_a_second_factor_is_listed_and_reset(folder: Path) -> None:
    add(folder, "anna")
    without = mvsnap(folder, "users", "reset-second-factor", "anna")
    assert (without.code, "anna has no second factor." in without.err) == (1, True)
    unknown = mvsnap(folder, "users", "reset-second-factor", "ben")
    assert (unknown.code, "No user ben" in unknown.err) == (1, True)
    engine = database.open_database(database.sqlite_url(folder / "data/mvsnap.db"))
    people = UserStore(database.Database(engine))
    now = datetime.now(UTC)
    people.second_factors.begin("anna", "SECRET")
    change = log_line(now, "tests", "user anna", "", "app")
    people.second_factors.enrol("anna", 1, ["hash"], change)
    assert " app " in mvsnap(folder, "users", "list").out
    said = mvsnap(folder, "users", "reset-second-factor", "Anna")
    assert said.code == 0
    assert said.out.startswith("anna can log in with the password alone, and can set")
    assert people.second_factors.find("anna") is None
    engine.dispose()
    line = ("command line", "user anna", "authenticator app", "removed")
    assert kept(folder).changes[0] == line


def test_an_unknown_role_is_wrong_use(folder: Path) -> None:
    said = add(folder, "anna", "--role", "king")
    assert said.code == 2
    assert "reviewer" in said.err


def test_a_user_is_removed_once(folder: Path) -> None:
    add(folder, "anna")
    said = mvsnap(folder, "users", "remove", "Anna", "--yes")
    assert said.code == 0
    assert said.out.startswith("Removed anna.\nNo admin is left: ")
    again = mvsnap(folder, "users", "remove", "anna")
    assert again.code == 1
    assert "No user anna" in again.err
    assert kept(folder).changes[0] == (
        "command line",
        "user anna",
        "role admin",
        "removed",
    )
    assert len(kept(folder).changes) == 2


def test_the_list_of_nobody_says_how_to_begin(folder: Path) -> None:
    said = mvsnap(folder, "users", "list")
    assert said.code == 0
    assert "users add NAME" in said.out


def at_a_terminal(folder: Path, *lines: str) -> tuple[int, str]:
    """Type the lines at a real terminal; return the exit code and what it showed."""
    ours, theirs = pty.openpty()
    args = [sys.executable, "-W", "error", "-m", "mvsnap", "users", "add", "anna"]
    with subprocess.Popen(
        args,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as program:
        os.close(theirs)
        shown, typed = "", 0
        while True:
            try:
                shown += os.read(ours, 4096).decode()
            except OSError:  # the program has closed its side
                break
            if typed < len(lines) and shown.count(": ") > typed:
                os.write(ours, f"{lines[typed]}\n".encode())
                typed += 1
        code = program.wait(60)
    os.close(ours)
    return code, shown


def test_a_password_is_asked_for_twice_and_never_shown(folder: Path) -> None:
    code, shown = at_a_terminal(folder, PASSWORD, PASSWORD)
    assert code == 0, shown
    assert "anna can log in as admin." in shown
    assert PASSWORD not in shown
    user = kept(folder).users["anna"]
    assert passwords.fits(user.password_hash, PASSWORD)
