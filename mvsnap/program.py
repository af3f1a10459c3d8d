"""How a person calls mvsnap on the machine of a service, for texts that suggest it."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path


@cache
def program(command: str = "") -> str:
    """Return what stands before a command such as `check`.

    A service may be in an environment that is on nobody's path, and run as an account
    of its own, whose files others cannot read. A path below the folder that it runs in
    is one from there, as in docs/install.md.
    """
    beside = Path(sys.executable or "python").with_name("mvsnap")
    if not beside.is_file():
        return "python -m mvsnap"
    found = shutil.which("mvsnap")
    if found is not None and os.path.samefile(found, beside):
        return "mvsnap"
    here = Path.cwd()
    called = beside.relative_to(here) if beside.is_relative_to(here) else beside
    return f"{sudo(account_for(command))}{shlex.quote(str(called))}"


def account_for(command: str) -> str | None:
    """Return who has to run a command; None: whoever reads this.

    What a service says is read by somebody else. Its settings are in a folder of root,
    where `init` replaces them.
    """
    try:
        account = pwd.getpwuid(os.geteuid())
    except KeyError:
        return None
    if not account.pw_shell.endswith(("/nologin", "/false")):
        return None
    return "root" if "init" in command.split() else account.pw_name


def sudo(account: str | None) -> str:
    """Return what stands before a program for it to run as an account."""
    if account is None:
        return ""
    return "sudo " if account == "root" else f"sudo -u {account} "
