"""What a page suggests to type works on the machine of the service."""

from __future__ import annotations

import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mvsnap.cli.usage import as_called
from mvsnap.core.params import no_dashboard
from mvsnap.errors import DatabaseUnfit
from mvsnap.program import program
from mvsnap.store import sqlite_file


@pytest.mark.parametrize(
    ("shell", "on_path", "command", "said"),
    [
        ("/bin/sh", False, "init", ".venv/bin/mvsnap"),
        ("/usr/sbin/nologin", False, "check", "sudo -u cam .venv/bin/mvsnap"),
        ("/usr/sbin/nologin", False, "init", "sudo .venv/bin/mvsnap"),
        ("/usr/sbin/nologin", True, "check", "mvsnap"),
    ],
)
def test_the_program_is_called_as_it_is_installed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: str,
    on_path: bool,
    command: str,
    said: str,
) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "mvsnap").touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(programs) if on_path else "/nowhere")
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    account = SimpleNamespace(pw_name="cam", pw_shell=shell)
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: account)
    assert program.__wrapped__(command) == said
    monkeypatch.setattr(sys, "argv", [".venv/bin/mvsnap"])
    assert as_called(command) == f"{said} {command}"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert program.__wrapped__() == "python -m mvsnap"


def test_what_refuses_work_says_how_the_program_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = "sudo -u cam .venv/bin/mvsnap"
    assert no_dashboard(called).endswith(f"run: {called} init")
    monkeypatch.setattr(sqlite_file, "program", lambda: called)
    (tmp_path / sqlite_file.RESTORE_UNFINISHED).touch()
    with pytest.raises(DatabaseUnfit, match=f"{called} restore FILE"):
        sqlite_file.require_sound(f"sqlite:///{tmp_path}/mvsnap.db")
