"""What the programs that mvsnap starts can see of it: no variable, no file, no word."""

from __future__ import annotations

import ast
import os
import socket
from pathlib import Path

import pytest

from mvsnap.child_environment import child_environment
from mvsnap.recorder import Auth, AuthType, process
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.recorder.build import camera, ffmpegs, recording, wait_for_video
from tests.servers.processes import wait_until
from tests.servers.rtsp import rtsp_camera

PACKAGE = Path(__file__).parent.parent / "mvsnap"
SECRET = "kept-from-children-4711"
STARTS = ("Popen", "run", "call", "check_call", "check_output")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("MVSNAP_WEBEX__BOT_TOKEN", "AWS_SECRET_ACCESS_KEY", "https_proxy")
    for name in names:
        monkeypatch.setenv(name, f"http://{SECRET}@127.0.0.1:9")


def seen_by(pid: int) -> str:
    """Return the environment and the command line of a process."""
    parts = [
        Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline")
    ]
    return b"\0".join(parts).replace(b"\0", b"\n").decode(errors="replace")


def files_of(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(os.readlink(entry))
        except OSError:  # closed meanwhile
            continue
    return found


@pytest.mark.usefixtures("secrets")
def test_the_real_ffmpeg_of_a_ring_sees_no_secret_and_no_file_of_ours(
    tmp_path: Path, films: Path
) -> None:
    database = tmp_path / "mvsnap.db"
    login = Auth(AuthType.BASIC, "viewer", SECRET)
    with database.open("w") as ours, socket.socket() as listening:
        os.set_inheritable(ours.fileno(), True)
        os.set_inheritable(listening.fileno(), True)
        listening.bind(("127.0.0.1", 0))
        with (
            rtsp_camera(films) as served,
            recording(tmp_path / "r", camera("gate", served.url(), auth=login)) as made,
        ):
            wait_for_video(made, "gate", 0.5)
            pids = ffmpegs(tmp_path / "r")
            assert pids
            for pid in pids:
                seen, files = seen_by(pid), files_of(pid)
                assert SECRET not in seen
                assert "rtsp://" not in seen
                assert "PATH=" in seen
                # Or the memory of the first second is kept for the stream's life.
                assert "MALLOC_TRIM_THRESHOLD_=" in seen
                assert str(database) not in files
                assert os.readlink(f"/proc/self/fd/{listening.fileno()}") not in files


@pytest.mark.usefixtures("secrets")
def test_a_program_that_runs_to_its_end_sees_no_secret() -> None:
    # As ffprobe, the thumbnail and the version do: through `nice` and `setpriv`, too.
    done = process.run(["env"], b"", 10, nice=5)
    assert done.code == 0
    assert b"PATH=" in done.stdout
    assert SECRET.encode() not in done.stdout


@pytest.mark.usefixtures("secrets")
def test_the_broker_of_the_demo_sees_no_secret(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as running:
        pid = running.pid
        assert pid is not None
        wait_until(lambda: "mosquitto" in seen_by(pid), "mosquitto runs")
        assert SECRET not in seen_by(pid)


def test_only_what_is_named_passes() -> None:
    ours = {
        "PATH": "/bin",
        "LC_TIME": "C",
        "MVSNAP_X": "1",
        "PGPASSWORD": "1",
        "X": "1",
    }
    assert child_environment(ours) == {"PATH": "/bin", "LC_TIME": "C"}


def bare_starts(text: str) -> list[int]:
    """Return the lines that start a program with our own environment."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("subprocess", "os")
        and (node.func.attr in STARTS or node.func.attr.startswith(("spawn", "exec")))
        and not any(is_safe(k.value) for k in node.keywords if k.arg == "env")
    ]


def is_safe(given: ast.expr) -> bool:
    """Tell whether a child's environment is what it needs, and nothing of ours."""
    text = ast.unparse(given)
    return text.split(" | ")[0] == "child_environment()" and "os." not in text


def test_no_program_is_started_with_our_own_environment() -> None:
    texts = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    found = {
        path: lines for path, text in texts.items() if (lines := bare_starts(text))
    }
    assert found == {}


def test_control_a_start_with_our_environment_is_found() -> None:
    assert bare_starts("import subprocess\nsubprocess.run(['x'])") == [2]
    assert bare_starts("subprocess.Popen(x, env=child_environment())") == []
    assert bare_starts("subprocess.Popen(x, env=child_environment() | more)") == []
    assert bare_starts("subprocess.run(x, env=child_environment() | os.environ)") == [1]
    assert bare_starts("subprocess.run(x, env=more | child_environment())") == [1]
