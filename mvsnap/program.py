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
def program() -> str:
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
    return f"{_as_account()}{shlex.quote(str(called))}"


def _as_account() -> str:
    try:
        account = pwd.getpwuid(os.geteuid())
    except KeyError:
        return ""
    is_of_service = account.pw_shell.endswith(("/nologin", "/false"))
    return f"sudo -u {account.pw_name} " if is_of_service else ""
