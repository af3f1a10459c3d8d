import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.processes import require

ROOT = Path(__file__).parents[2]
TARGETS = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def make(*args: str, folder: Path = ROOT) -> str:
    """Return what it prints; its variables do not come from a `make test` around."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        [require("make", "make"), "--no-print-directory", *args],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as `make -n` reads."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "config").mkdir()
    return tmp_path


def test_help_lists_every_target_and_comes_first() -> None:
    listed = re.findall(r"^make ([a-z]+) ", make("help"), re.MULTILINE)
    assert listed == TARGETS
    assert make() == make("help")


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_planned(target: str) -> None:
    assert make("-n", target)


def test_run_without_a_configuration_is_the_demo(checkout: Path) -> None:
    plan = make("-n", "run", folder=checkout)
    assert "mvsnap demo" in plan
    assert "mvsnap serve" not in plan


def test_run_with_a_configuration_serves(checkout: Path) -> None:
    (checkout / "config" / "mvsnap.yaml").touch()
    plan = make("-n", "run", folder=checkout)
    assert "mvsnap serve" in plan
    assert "mvsnap demo" not in plan


def test_venv_installs_and_starts_nothing(checkout: Path) -> None:
    plan = make("-n", "venv", folder=checkout)
    assert ".ci/install run" in plan
    assert "mvsnap demo" not in plan
    assert "mvsnap serve" not in plan


def test_the_program_is_beside_its_python(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "mvsnap"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [program, "--version"], cwd=tmp_path, env=env, capture_output=True, check=True
    )
    assert done.stdout.startswith(b"mvsnap, version ")


def test_arguments_go_on_to_the_command(checkout: Path) -> None:
    plan = make("-n", "demo", "ARGS=--once", folder=checkout)
    assert "mvsnap demo --once" in plan
