"""The release before this one works beside it, on one PostgreSQL.

During an update some machines have the new version already. It is built from git: the
last tag or, without any, the last commit that knew one migration less.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mvsnap.simulator.webex.webex import SimMessage
from tests.gateway import Clouds, Gateway, Installation, clouds, environment, gateway
from tests.servers.processes import require

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MIGRATIONS = "mvsnap/store/migrations/versions"
EACH = 1
NUMBERS = count(1)


def git(*args: str) -> str:
    """Return what git prints; skip where it knows nothing, or no more, of it."""
    if not (ROOT / ".git").exists():
        pytest.skip("only git knows the previous release")
    command = [require("git", "git"), "-C", str(ROOT), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"git {args[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def previous() -> str:
    """Return the commit of the previous release."""
    if git("rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("the history is cut off: git fetch --unshallow")
    if tags := git("tag", "--merged", "HEAD", "--sort=-version:refname"):
        return tags.splitlines()[0]
    newest = max(path.name for path in (ROOT / MIGRATIONS).glob("v*.py"))
    # A merge may have added it, too.
    log = ("log", "--first-parent", "-m", "--diff-filter=A", "--format=%H")
    added = git(*log, "--", f"{MIGRATIONS}/{newest}")
    if not added:
        pytest.skip(f"{newest} is not committed yet")
    return git("rev-parse", f"{added.splitlines()[-1]}^")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Its wheel, unpacked; libraries are those of the tests."""
    folder, commit = tmp_path_factory.mktemp("previous"), previous()
    git("archive", "--output", str(folder / "previous.tar"), commit)
    (folder / "checkout").mkdir()
    tar = ["tar", "-xf", str(folder / "previous.tar"), "-C", str(folder / "checkout")]
    subprocess.run(tar, check=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    done = subprocess.run(
        [*build, "--outdir", str(folder), str(folder / "checkout")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "installed")
    # Another command than that of this checkout, whose Python may be warm already.
    command = (sys.executable, "-s", "-m", "mvsnap")
    return Installation(command, environment(PYTHONPATH=str(folder / "installed")))


@pytest.fixture
def cloud() -> Iterator[Clouds]:
    with clouds() as made:
        yield made


def trigger(gateways: list[Gateway]) -> list[str]:
    """Press the button of each, all at once; return what the messages begin with."""
    buttons = [(f"Button-{next(NUMBERS)}-", one) for one in gateways * EACH]
    with ThreadPoolExecutor(len(gateways)) as pool:
        answers = list(
            pool.map(lambda b: b[1].snapshot(prefix=b[0], wait_s="60"), buttons)
        )
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    return [prefix for prefix, _ in buttons]


def told(cloud: Clouds, prefix: str) -> list[SimMessage]:
    """Return the messages that begin a thread about it."""
    sent = list(cloud.webex.messages)
    return [each for each in sent if prefix in each.markdown and not each.parent_id]


def check(cloud: Clouds, gateways: list[Gateway], prefixes: list[str]) -> None:
    """All was told once, and each lists and shows all of it."""
    assert [len(told(cloud, prefix)) for prefix in prefixes] == [1] * len(prefixes)
    for one in gateways:
        events = one.get("/api/v1.0/events", limit="200").json()["events"]
        assert len(events) == len(prefixes)
        for event in events:
            picture = one.get(urlsplit(event["snapshot_url"]).path)
            assert picture.headers["Content-Type"] == "image/jpeg", picture.text[:200]


def test_both_accept_deliver_and_read(
    old: Installation, cloud: Clouds, postgres_url: str, tmp_path: Path
) -> None:
    given = cloud.settings(database_url=postgres_url)
    with gateway(tmp_path, given, roles="web,worker", of=old) as before:
        told_of = trigger([before])
        with gateway(tmp_path, given, roles="web,worker") as after:
            told_of += trigger([before, after])
            check(cloud, [before, after], told_of)
            before.stop()
            told_of += trigger([after])
            before.start()  # on a database that the new one has migrated
            told_of += trigger([before, after])
            check(cloud, [before, after], told_of)
