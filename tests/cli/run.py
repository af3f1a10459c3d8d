"""Commands as a person runs them: `python -m mvsnap ...` in an empty folder."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import yaml

from tests.conftest import Clouds
from tests.servers.warm import WarmRun, can_be_warm

ROOT = Path(__file__).parent.parent.parent
KEY = "a-secret-of-24-characters"
ROOM = "Site A - Alarms"
LIMIT_S = 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def mvsnap(folder: Path, *args: str, stdin: str = "", **environ: str) -> Said:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MVSNAP_")}
    wide = {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    env = clean | wide | environ
    said = (_warm if can_be_warm(env) else _cold)(folder, args, stdin, env)
    assert "Traceback" not in said.err, said.err
    return said


def _cold(folder: Path, args: Sequence[str], stdin: str, env: dict[str, str]) -> Said:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mvsnap", *args],
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _warm(folder: Path, args: Sequence[str], stdin: str, env: dict[str, str]) -> Said:
    with (
        TemporaryFile("w+") as typed,
        TemporaryFile("w+") as out,
        TemporaryFile("w+") as err,
    ):
        typed.write(stdin)
        typed.seek(0)
        run = WarmRun(
            args,
            cwd=folder,
            env=env,
            stdin=typed,
            stdout=out,
            stderr=err,
            strict=True,
        )
        try:
            code = run.wait(LIMIT_S)
        finally:
            run.kill()
        out.seek(0)
        err.seek(0)
        return Said(code, out.read(), err.read())


def in_terminal(folder: Path, *args: str, columns: int = 80, **environ: str) -> Said:
    """Run a command as `mvsnap` does; `out` is what a terminal shows, stderr too."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    left_out = ("COLUMNS", "LINES")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MVSNAP_")}
    env = {k: v for k, v in clean.items() if k not in left_out}
    env |= {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "xterm"} | environ
    with (
        open(theirs, "w") as typed,
        open(os.dup(theirs), "w") as out,
        open(os.dup(theirs), "w") as err,
    ):
        run = WarmRun(args, cwd=folder, env=env, stdin=typed, stdout=out, stderr=err)
    with ThreadPoolExecutor(1) as pool:
        shown = pool.submit(_read_all, ours)
        try:
            code = run.wait(LIMIT_S)
        finally:
            run.kill()
        text = shown.result(LIMIT_S).decode(errors="replace")
    os.close(ours)
    assert "Traceback" not in text, text
    lines = _CONTROL.sub("", text).replace("\r\n", "\n").split("\n")
    # What was overwritten, such as a bar, is gone.
    return Said(code, "\n".join(line.rpartition("\r")[2] for line in lines), "")


def _read_all(terminal: int) -> bytes:
    seen = b""
    with suppress(OSError):  # nobody writes any more
        while part := os.read(terminal, 65536):
            seen += part
    return seen


def settings(clouds: Clouds) -> dict[str, Any]:
    return {
        "api_keys": [{"name": "button", "key": KEY}],
        "meraki": {
            "base_url": clouds.dashboard_url,
            "api_key": clouds.dashboard.api_key,
            "cameras": ["Q2SM-0000-0001"],
        },
        "webex": {
            "base_url": clouds.webex_url,
            "bot_token": clouds.webex.bot_token,
            "room": ROOM,
        },
    }


def configure(folder: Path, tree: object) -> Path:
    path = folder / "config" / "mvsnap.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree))
    path.chmod(0o600)
    return path
