"""What `pip install` of a built mvsnap gives: the whole program, without a checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from mvsnap import __version__
from tests.gateway import Installation, clouds, environment, gateway
from tests.servers.processes import require

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    """An sdist of this checkout, and the wheel that was built from it."""

    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Installed:
    """An environment with mvsnap from the wheel, and an empty folder to run it in."""

    bin: Path
    folder: Path

    def run(self, *args: str | Path) -> str:
        """Return what a program of the environment prints."""
        done = subprocess.run(
            [self.bin / args[0], *args[1:]],
            cwd=self.folder,
            env=outside(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def outside(**more: str) -> dict[str, str]:
    """An environment that knows nothing of this checkout."""
    env = environment(**more)
    del env["PYTHONPATH"]
    return env


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", f"{folder}"]
    done = subprocess.run(
        [*build, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Libraries are those of the tests, so that no registry is asked."""
    folder = tmp_path_factory.mktemp("installed")
    home = folder / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", f"{home}/bin/python", "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(built.wheel)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    # Of a folder named here Python reads no .pth: not the checkout's of the tests.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    empty = folder / "empty"
    empty.mkdir()
    return Installed(home / "bin", empty)


def files(*folders: str) -> set[str]:
    """What belongs to the checkout, new files included."""
    if not (ROOT / ".git").exists():
        pytest.skip("only git knows what belongs to a checkout")
    ls_files = ["ls-files", "--cached", "--others", "--exclude-standard", *folders]
    git = [require("git", "git"), "-C", str(ROOT), *ls_files]
    done = subprocess.run(git, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def test_the_sdist_holds_every_file_of_the_checkout(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files() <= names


def test_the_wheel_holds_every_file_of_the_program_and_nothing_else(
    built: Built,
) -> None:
    names = zipfile.ZipFile(built.wheel).namelist()
    ours = {name for name in names if ".dist-info/" not in name}
    templates = {f"mvsnap/{name}" for name in files("templates")}
    assert ours == files("mvsnap") | templates


def test_the_program_is_that_of_the_wheel(installed: Installed) -> None:
    where = installed.run("python", "-c", "import mvsnap; print(mvsnap.__file__)")
    assert Path(where).is_relative_to(installed.bin.parent)
    assert installed.run("mvsnap", "--version") == f"mvsnap, version {__version__}\n"


@pytest.mark.flaky(reruns=1)  # real video: a machine busy elsewhere can spoil it
def test_the_demo_works(installed: Installed) -> None:
    said = installed.run("mvsnap", "demo", "--once", "--port", "0")
    assert "Traceback" not in said


def test_a_message_is_rendered_and_a_page_has_its_styles(
    installed: Installed, tmp_path: Path
) -> None:
    of = Installation((installed.bin / "mvsnap",), outside())
    with (
        clouds() as simulated,
        gateway(tmp_path, simulated.settings(), of=of) as served,
    ):
        assert served.snapshot(prefix="Door open").status_code == 200
        assert "Door open" in simulated.webex.messages[0].markdown
        page = served.session().get(f"{served.url}/login", timeout=30)
        assert page.status_code == 200
        looks = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', page.text)
        assert any("/static/mvsnap.css" in look for look in looks)
        for look in looks:
            found = served.session().get(served.url + look, timeout=30)
            assert (look, found.status_code) == (look, 200)
