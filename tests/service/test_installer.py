"""What .ci/install says to a person, tried without changing the machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "cat", "cksum", "cut", "dirname", "env", "grep", "sed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with only a few tools; nobody there is root or may become it."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    program(tmp_path, "id", "echo 1000")
    program(tmp_path, "sudo", "exit 1")
    program(tmp_path, "apt-get", "echo must not be called; exit 1")
    return tmp_path


def program(machine: Path, name: str, script: str) -> Path:
    path = machine / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def install(machine: Path, what: str, python: Path) -> subprocess.CompletedProcess[str]:
    checkout = machine / "checkout"
    (checkout / ".ci").mkdir(parents=True)
    text = (ROOT / ".ci" / "install").read_text()
    script = checkout / ".ci" / "install"
    script.write_text(text.replace("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n", ""))
    return subprocess.run(
        ["/bin/sh", script, what],
        env={"PATH": f"{machine}", "PYTHON": f"{python}", "HOME": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


def test_who_may_not_install_gets_the_whole_command_to_type(machine: Path) -> None:
    no_venv = program(
        machine, "python3", 'case $2 in *ensurepip*) exit 1;; *) echo "2";; esac'
    )
    done = install(machine, "demo", no_venv)
    assert done.returncode == 1
    wanted = "sudo apt-get install -y python3-venv\n"
    assert done.stderr.endswith(wanted)


def test_an_old_python_is_named(machine: Path) -> None:
    old = program(
        machine, "python3", 'case $1 in -V) echo "Python 3.9.2";; *) echo 0;; esac'
    )
    done = install(machine, "run", old)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found Python 3.9.2" in done.stderr


def test_an_unknown_word_is_wrong_use(machine: Path) -> None:
    good = program(machine, "python3", "echo 2")
    done = install(machine, "everything", good)
    assert done.returncode == 2
    assert ".ci/install test" in done.stderr
