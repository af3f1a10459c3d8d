"""init.d/setup below a DESTDIR, with stand-ins for the program and its libraries.

As root the stand-in runs as nobody, as the init script's tests do.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mvsnap.simulator.ports import free_port
from tests.servers.processes import answers, require
from tests.service.stand_in import ANSWER, USER

ROOT = Path(__file__).parents[2]

# `serve` answers unless this version is a broken one; the database is a number.
PROGRAM = f"""{ANSWER}
import os, sys
def text(name):
    with open(name) as file:
        return file.read()
def write(name, number):
    with open(name, "w") as file:
        file.write(number)
version, database = int(text("version")), "data/database"
given = ("--config", "config/mvsnap.yaml")
words = [word for word in sys.argv[1:] if word not in given]
there = os.path.exists
if words[0] == "backup" and there("full"):
    sys.exit("No space left on device")
elif words[0] == "backup" and there("postgresql"):
    sys.exit(2)
elif words[0] == "backup":
    write(words[-1], text(database) if there(database) else "0")
elif words[0] == "restore" and there("lost"):
    sys.exit("this is no backup")
elif words[0] == "restore":
    write(database, text(words[-1]))
elif there(database) and int(text(database)) > version:
    sys.exit("the database is of a newer version")
else:
    write(database, str(version))
if words[0] == "serve":
    if there("broken"):
        sys.exit("broken")
    answer(int(os.environ.get("MVSNAP_SERVER__PORT") or text("port")))
"""
ADDRESS = """
import os
with open("port") as file:
    print("http://127.0.0.1:" + (os.environ.get("MVSNAP_SERVER__PORT") or file.read()))
"""
# In the place of git: at a call with these words the power goes, once.
GIT = """#!/bin/sh
case " $* " in
*"{words}"*)
    if [ ! -e {cut} ]; then
        : >{cut}
        case "{words}" in
        *keep) : >.git/index.lock; echo 2 >version; : >new ;;
        esac
        kill -9 $PPID
        exit
    fi ;;
esac
exec {git} "$@"
"""


class Site:
    """A published repository, a checkout of it, and a folder that is the machine."""

    def __init__(self, folder: Path) -> None:
        self.published = folder / "published"
        self.home = folder / "home"
        self.machine = folder / "machine"
        self.port = free_port()
        self.publish(1)
        self._git(folder, "clone", "-q", str(self.published), str(self.home))
        (self.home / "port").write_text(str(self.port))
        (self.home / "config").mkdir(exist_ok=True)
        (self.home / "config" / "mvsnap.yaml").touch()
        for path in (self.home, *self.home.rglob("*")):
            if os.geteuid() == 0 and ".git" not in path.parts:
                shutil.chown(path, USER)
        defaults = self.machine / "etc" / "default" / "mvsnap"
        defaults.parent.mkdir(parents=True)
        run = self.machine / "run" / "mvsnap.pid"
        log = self.machine / "log" / "mvsnap.log"
        defaults.write_text(
            f"MVSNAP_USER={USER}\nPIDFILE={run}\nLOGFILE={log}\nSTART_TIMEOUT_S=30\n"
        )
        self.defaults = defaults
        self._pid_file = run

    def publish(self, version: int, *, broken: bool = False, install: str = "") -> None:
        """Make a version of the repository, with the scripts that are tested.

        install: what its installer does.
        """
        where = self.published
        is_new = not where.exists()
        for name, text in (
            ("version", str(version)),
            ("wsgi.py", ""),
            ("mvsnap/__init__.py", ""),
            ("mvsnap/__main__.py", PROGRAM),
            ("mvsnap/cli/__init__.py", ""),
            ("mvsnap/cli/address.py", ADDRESS),
            (".ci/install", f"#!/bin/sh\n{install}\n"),
            (".venv/bin/mvsnap", '#!/bin/sh\nexec python3 -m mvsnap "$@"\n'),
            (".venv/bin/python", '#!/bin/sh\nexec /usr/bin/python3 "$@"\n'),
            *([("new", "")] if version > 1 else []),
            *([("broken", "")] if broken else []),
        ):
            path = where / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if path.name in ("install", "mvsnap", "python"):
                path.chmod(0o755)
        if not broken:
            (where / "broken").unlink(missing_ok=True)
        shutil.copytree(ROOT / "init.d", where / "init.d", dirs_exist_ok=True)
        if is_new:
            self._git(where, "init", "-q", "-b", "main")
        self._git(where, "add", "-A", "-f")
        self._git(where, "commit", "-q", "-m", f"version {version}")

    def setup(
        self, action: str, *, programs: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """programs: a folder of those that are used before others."""
        path = os.environ["PATH"]
        return subprocess.run(
            [self.home / "init.d" / "setup", action],
            env=os.environ
            | {
                "DESTDIR": str(self.machine),
                "MVSNAP_DEFAULTS": str(self.defaults),
                "MVSNAP_USER": USER,
                "START_TIMEOUT_S": "30",
                "PATH": f"{programs}:{path}" if programs else path,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            umask=0o077,  # as on a hardened machine
        )

    @property
    def version(self) -> str:
        return (self.home / "version").read_text()

    @property
    def database(self) -> str:
        return (self.home / "data" / "database").read_text()

    def answers(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/healthz")

    def kill(self) -> None:
        with suppress(OSError, ValueError):
            os.kill(int(self._pid_file.read_text()), signal.SIGKILL)

    def _git(self, folder: Path, *args: str) -> None:
        own = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "HOME": str(folder)}
        own |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        subprocess.run(["git", *args], cwd=folder, env=os.environ | own, check=True)


@pytest.fixture
def site() -> Iterator[Site]:
    # Not tmp_path: of root's, another user may not read there.
    folder = Path(tempfile.mkdtemp(prefix="mvsnap-setup-"))
    folder.chmod(0o755)
    made = Site(folder)
    try:
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder)


def test_install_starts_a_service_and_uninstall_leaves_data_and_settings(
    site: Site,
) -> None:
    done = site.setup("install")
    assert done.returncode == 0, done.stderr
    assert "not running" not in done.stdout + done.stderr
    assert site.answers()
    script = site.machine / "etc" / "init.d" / "mvsnap"
    assert f"MVSNAP_HOME={site.home}" in script.read_text()
    assert f"\nMVSNAP_USER={USER} " in script.read_text()
    rotation = (site.machine / "etc" / "logrotate.d" / "mvsnap").read_text()
    group = grp.getgrgid(pwd.getpwnam(USER).pw_gid).gr_name
    assert f"    su {USER} {group}\n" in rotation
    assert f"    create 640 {USER} {group}\n" in rotation
    assert (site.home / "config" / "mvsnap.yaml").stat().st_mode & 0o777 == 0o600
    assert (site.home / "data").stat().st_mode & 0o777 == 0o750
    # Again: what is there is kept, and it runs.
    assert site.setup("install").returncode == 0
    assert site.answers()

    assert site.setup("uninstall").returncode == 0

    assert not site.answers()
    assert not script.exists()
    assert site.database == "1"
    assert (site.home / "config" / "mvsnap.yaml").exists()
    assert site.setup("uninstall").returncode == 0


def test_the_unit_names_the_account_that_was_asked_for(tmp_path: Path) -> None:
    text = (ROOT / "init.d" / "setup").read_text()
    begin = text.index("put() {")
    put = text[begin : text.index("\n}\n", begin) + 3]
    unit = tmp_path / "mvsnap.service"
    source = ROOT / "init.d" / "mvsnap.service"
    names = "home=/srv/cameras MVSNAP_USER=cam group=video"
    command = f"{put}\n{names}\nput {source} {unit} 644"
    subprocess.run(["sh", "-eu", "-c", command], check=True, timeout=20)
    lines = unit.read_text().splitlines()
    assert {"User=cam", "Group=video", "WorkingDirectory=/srv/cameras"} <= set(lines)
    (folder,) = [line for line in lines if line.startswith("ExecStartPre=")]
    assert folder.endswith("-o cam -g video -m 750 /srv/cameras/data")


def test_without_settings_it_is_installed_but_not_started(site: Site) -> None:
    (site.home / "config" / "mvsnap.yaml").unlink()
    done = site.setup("install")
    assert done.returncode == 0, done.stderr
    assert "mvsnap init" in done.stdout
    assert not site.answers()


def test_an_update_can_be_taken_back_with_its_database(site: Site) -> None:
    site.setup("install")
    site.publish(2)

    done = site.setup("update")
    assert done.returncode == 0, done.stderr
    assert (site.version, site.database, site.answers()) == ("2", "2", True)
    assert "newest" in site.setup("update").stdout

    done = site.setup("back")
    assert done.returncode == 0, done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", True)
    # The next update takes the same way.
    assert site.setup("update").returncode == 0
    assert (site.version, site.answers()) == ("2", True)


def test_an_update_that_does_not_answer_is_taken_back_by_itself(site: Site) -> None:
    site.setup("install")
    site.publish(2, broken=True)

    done = site.setup("update")

    assert done.returncode == 1
    assert "going back" in done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", True)


@pytest.mark.parametrize("action", ["back", "update"])
def test_a_way_back_to_what_does_not_answer_has_an_end(site: Site, action: str) -> None:
    """It is no change that was cut off: the next update takes the newest version."""
    site.setup("install")
    site.publish(2)
    if action == "back":
        assert site.setup("update").returncode == 0
    (site.home / "broken").touch()  # as by a library of the system that is gone

    done = site.setup(action)

    assert done.returncode == 1
    assert "the version from before does not answer either" in done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", False)
    (site.home / "broken").unlink()
    site.publish(3)
    done = site.setup("update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cut off" not in done.stdout
    assert (site.version, site.database, site.answers()) == ("3", "3", True)


@pytest.mark.parametrize("kept", ["nothing", "what cannot be restored"])
def test_a_database_that_cannot_be_taken_back_keeps_no_update_away(
    site: Site, kept: str
) -> None:
    site.setup("install")
    if kept == "nothing":
        (site.home / "postgresql").touch()
    site.publish(2)
    assert site.setup("update").returncode == 0
    if kept != "nothing":
        (site.home / "lost").touch()

    done = site.setup("back")

    assert done.returncode == 1
    assert ("restore the dump" if kept == "nothing" else "not be restored") in (
        done.stderr
    )
    assert (site.version, site.database, site.answers()) == ("1", "2", False)
    done = site.setup("update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cut off" not in done.stdout
    assert (site.version, site.database, site.answers()) == ("2", "2", True)


def test_a_changed_checkout_is_not_updated(site: Site) -> None:
    site.setup("install")
    (site.home / "wsgi.py").write_text("changed")
    done = site.setup("update")
    assert done.returncode == 1
    assert "were changed" in done.stderr


def test_what_git_does_not_overwrite_is_not_overwritten_by_the_next_run(
    site: Site,
) -> None:
    """That git refuses is no power cut, after which files may be half written."""
    site.setup("install")
    site.publish(2)  # with a file `new`
    (site.home / "new").write_text("of somebody")
    for _ in range(2):
        done = site.setup("update")
        assert (done.returncode, "stays at" in done.stderr) == (1, True)
        assert (site.home / "new").read_text() == "of somebody"
        assert (site.version, site.answers()) == ("1", True)

    (site.home / "new").unlink()
    assert site.setup("update").returncode == 0
    (site.home / "version").write_text("3")
    for _ in range(2):
        done = site.setup("back")
        assert (done.returncode, "stays at" in done.stderr) == (1, True)
        assert (site.version, site.answers()) == ("3", True)


def test_programs_that_outlive_an_update_do_not_hold_its_lock(site: Site) -> None:
    """As git does, when it tidies up in the background after a fetch."""
    site.setup("install")
    programs, held = site.machine / "programs", site.machine / "held"
    programs.mkdir()
    git = require("git", "git")
    (programs / "git").write_text(
        f'#!/bin/sh\n[ ! -e /proc/$$/fd/9 ] || : >{held}\nexec {git} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    assert "newest" in site.setup("update", programs=programs).stdout
    assert not held.exists()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("MVSNAP_X=plain # why", "plain"),
        ('MVSNAP_X="a #b"', "a #b"),
        ("MVSNAP_X='a #b' # why", "a #b"),
    ],
)
def test_a_hash_within_quotes_begins_no_comment(
    tmp_path: Path, line: str, value: str
) -> None:
    text = (ROOT / "init.d" / "setup").read_text()
    begin = text.index("service_environment() {")
    function = text[begin : text.index("\n}\n", begin) + 3]
    defaults = tmp_path / "defaults"
    defaults.write_text(f"{line}\n")
    command = f'{function}\ndefaults={defaults}\nservice_environment\necho "$MVSNAP_X"'
    done = subprocess.run(
        ["sh", "-eu", "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{value}\n"


@pytest.mark.parametrize(
    "words",
    [
        "update-ref refs/mvsnap/before-update",
        "update-ref refs/mvsnap/coming",
        "reset --quiet --keep",
        "update-ref -d refs/mvsnap/coming",
    ],
)
def test_an_update_that_was_cut_off_anywhere_is_finished_by_the_next(
    site: Site, words: str
) -> None:
    """As by a power cut at this call of git."""
    site.setup("install")
    site.publish(2)
    programs = site.machine / "programs"
    programs.mkdir()
    git = require("git", "git")
    cut = site.machine / "cut"
    (programs / "git").write_text(GIT.format(words=words, cut=cut, git=git))
    (programs / "git").chmod(0o755)
    assert site.setup("update", programs=programs).returncode == -signal.SIGKILL
    assert cut.exists()

    done = site.setup("update")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "updated from" in done.stdout
    assert (site.version, site.database, site.answers()) == ("2", "2", True)
    assert "newest" in site.setup("update").stdout
    assert site.setup("back").returncode == 0
    assert (site.version, site.database, site.answers()) == ("1", "1", True)
    assert not (site.home / "new").exists()


def test_libraries_that_a_power_cut_left_half_installed_are_installed(
    site: Site,
) -> None:
    site.setup("install")
    again = "[ -e cut ] && : >installed && exit; : >cut; kill -9 $PPID"
    site.publish(2, install=again)
    assert site.setup("update").returncode == -signal.SIGKILL
    done = site.setup("update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (site.home / "installed").exists()
    assert (site.version, site.answers()) == ("2", True)


def test_the_way_back_also_leads_out_of_an_update_that_was_cut_off(
    site: Site,
) -> None:
    site.setup("install")
    site.publish(2, install="kill -9 $PPID")
    assert site.setup("update").returncode == -signal.SIGKILL
    done = site.setup("back")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", True)


def test_libraries_that_cannot_be_installed_lead_back(site: Site) -> None:
    site.setup("install")
    site.publish(2, install="echo no network >&2; exit 1")
    done = site.setup("update")
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert "going back" in done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", True)


def test_what_cannot_be_kept_is_not_updated(site: Site) -> None:
    site.setup("install")
    (site.home / "full").touch()
    site.publish(2)
    done = site.setup("update")
    assert done.returncode == 1
    assert "could not be kept" in done.stderr
    assert (site.version, site.database, site.answers()) == ("1", "1", True)


def test_with_postgresql_an_update_only_asks_for_a_dump(site: Site) -> None:
    site.setup("install")
    (site.home / "postgresql").touch()
    site.publish(2)
    done = site.setup("update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make a dump" in done.stderr
    assert (site.version, site.answers()) == ("2", True)


def test_the_settings_of_the_machine_are_those_that_it_answers_by(site: Site) -> None:
    with site.defaults.open("a") as file:
        file.write(f'# Where it listens.\nMVSNAP_SERVER__PORT="{site.port}"\n')
    (site.home / "port").write_text(str(free_port()))
    site.publish(2)
    for action in ("install", "update", "back"):
        done = site.setup(action)
        assert done.returncode == 0, done.stdout + done.stderr
        assert site.answers()
