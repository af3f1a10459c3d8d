import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "init.d" / "mvsnap.service"


class Unit(RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def unit() -> Unit:
    """Strict: a key given twice is a mistake here."""
    unit = Unit()
    unit.read(UNIT)
    return unit


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:  # a machine of another init system; the other tests remain
        return
    copy = tmp_path / "mvsnap.service"
    # verify also wants the program, the user and the page to be there.
    text = UNIT.read_text().replace("/opt/mvsnap/.venv/bin/python", "/bin/true")
    text = text.replace("=mvsnap\n", "=root\n")
    copy.write_text(text.replace("Documentation=file:///opt", "Documentation=file:/"))
    done = subprocess.run(
        [analyze, "verify", copy], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if copy.name in line]
    assert complaints == []


def test_it_serves_as_its_own_user(unit: Unit) -> None:
    service = unit["Service"]
    assert service["User"] == "mvsnap"
    assert service["ExecStart"] == (
        "/opt/mvsnap/.venv/bin/python -m mvsnap serve"
        " --config /opt/mvsnap/config/mvsnap.yaml"
    )


def test_a_reload_is_the_signal_that_has_the_settings_read_anew(unit: Unit) -> None:
    assert unit["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_it_comes_back_after_a_crash_but_not_after_a_stop(unit: Unit) -> None:
    assert unit["Service"]["Restart"] == "on-failure"


def test_what_the_cameras_showed_last_is_still_in_memory_after_a_restart(
    unit: Unit,
) -> None:
    # It empties the service's folders in /dev/shm at each stop.
    assert unit["Service"].get("RemoveIPC", "no") == "no"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ReadWritePaths", "/opt/mvsnap/data"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
    ],
)
def test_it_may_do_no_more_than_it_needs(unit: Unit, key: str, value: str) -> None:
    assert unit["Service"][key] == value
