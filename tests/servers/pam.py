"""A real system account and a PAM service, made for a test and removed after it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "init.d" / "mvsnap.pam"
FOLDER = Path("/etc/pam.d")
PASSWORD = "the password of the system account"
# Where Debian keeps them, also when root's PATH does not say so.
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
_NEEDED = ("useradd", "usermod", "userdel", "chpasswd", "chage", "passwd")


@dataclass(frozen=True)
class Account:
    """A system account with PASSWORD; what is done to it is done by the system."""

    name: str

    def lock(self) -> None:
        run("usermod", "-L", self.name)

    def expire(self) -> None:
        run("chage", "-E", "0", self.name)

    def demand_new_password(self) -> None:
        run("chage", "-d", "0", self.name)

    def take_password_away(self) -> None:
        run("passwd", "-d", self.name)

    def set_password(self, password: str) -> None:
        run("chpasswd", given=f"{self.name}:{password}\n")

    def become_root(self) -> None:
        run("usermod", "-o", "-u", "0", self.name)

    def remove(self) -> None:
        run("userdel", "-f", self.name)


def run(program: str, *args: str, given: str = "") -> None:
    found = shutil.which(program, path=_PATH)
    assert found, program
    done = subprocess.run(
        [found, *args], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def must_be_possible() -> None:
    """Skip the test, with the reason, where no system account can be made."""
    if os.geteuid() != 0:
        pytest.skip("only root can make system accounts")
    if not os.access(FOLDER, os.W_OK):
        pytest.skip(f"{FOLDER} cannot be written")
    missing = [name for name in _NEEDED if shutil.which(name, path=_PATH) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


def account() -> Iterator[Account]:
    """Yield a new account of a random name."""
    must_be_possible()
    made = Account(f"mvsnap-t{secrets.token_hex(4)}")
    run("useradd", "-M", "-N", "-s", "/usr/sbin/nologin", made.name)
    try:
        made.set_password(PASSWORD)
        yield made
    finally:
        lines = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
        if any(line.startswith(f"{made.name}:") for line in lines):
            made.remove()


def service(text: str | None = None) -> Iterator[str]:
    """Yield the name of a PAM service: like the file we ship, or with this text."""
    must_be_possible()
    path = FOLDER / f"mvsnap-t{secrets.token_hex(4)}"
    path.write_text(SHIPPED.read_text(encoding="utf-8") if text is None else text)
    try:
        yield path.name
    finally:
        path.unlink()
