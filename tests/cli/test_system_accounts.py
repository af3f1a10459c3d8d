"""`users` and `check` where logins are those of system accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run import Said, configure, mvsnap
from tests.cli.test_users import PASSWORD, add, kept, roles
from tests.servers import pam
from tests.servers.pam import Account

PAM = {"login": {"backend": "pam"}}


@pytest.fixture
def account() -> Iterator[Account]:
    yield from pam.account()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path, PAM)
    return tmp_path


def name(folder: Path, account: str, *options: str, stdin: str = "") -> Said:
    return mvsnap(folder, "users", "add", account, *options, stdin=stdin)


def test_an_account_is_named_without_a_password(folder: Path, account: Account) -> None:
    said = name(folder, account.name)
    assert said.out == f"{account.name} can log in as admin with the system account.\n"
    assert kept(folder).users[account.name].backend == "pam"
    asked = name(folder, account.name, "--role", "viewer", stdin="y\n")
    assert "Set the role again?" in asked.out
    assert roles(folder) == {account.name: "viewer"}
    what = f"user {account.name}"
    assert [line[1:] for line in kept(folder).changes] == [
        (what, "role admin, system account", "role viewer, system account"),
        (what, "", "role admin, system account"),
    ]
    assert "system account" in mvsnap(folder, "users", "list").out


@pytest.mark.parametrize("who", ["root", "mvsnap-no-such-account"])
def test_who_has_no_account_and_root_are_refused(folder: Path, who: str) -> None:
    said = name(folder, who)
    assert said.code == 1
    assert f"No system account {who}" in said.err
    assert roles(folder) == {}


def test_a_password_is_refused(folder: Path, account: Account) -> None:
    said = add(folder, account.name)
    assert said.code == 1
    assert "the password is that of the system account" in said.err


def test_users_with_an_mvsnap_password_must_be_added_again(
    folder: Path, account: Account
) -> None:
    configure(folder, {})
    add(folder, account.name, "--role", "reviewer")
    configure(folder, PAM)
    listed = mvsnap(folder, "users", "list").out
    assert "With login.backend pam, the others cannot log in." in listed
    refused = name(folder, account.name, stdin="n\n")
    assert "Log in with the system account from now on?" in refused.out
    assert name(folder, account.name, "--yes").code == 0
    assert kept(folder).changes[0][2:] == (
        "role reviewer",
        "role reviewer, system account",
    )
    assert PASSWORD not in listed


def test_check_says_what_is_missing_and_what_is_used(
    folder: Path, account: Account
) -> None:
    name(folder, account.name)
    for service in pam.service():
        login = {"backend": "pam", "pam_service": service}
        configure(folder, {"login": login})
        assert f"through PAM: /etc/pam.d/{service}" in log_ins(folder)
    assert f"there is no /etc/pam.d/{service}: sudo cp" in log_ins(folder)
    account.remove()
    assert f"no such system account, or root: {account.name}" in log_ins(folder)


def log_ins(folder: Path) -> str:
    lines = mvsnap(folder, "check").out.splitlines()
    return next(line for line in lines if "logins" in line)


def test_the_name_of_a_service_is_no_path(tmp_path: Path) -> None:
    configure(tmp_path, {"login": {"backend": "pam", "pam_service": "../shadow"}})
    said = mvsnap(tmp_path, "users", "list")
    assert said.code == 1
    assert "login.pam_service: " in said.err
    assert "expected a file name" in said.err
