"""A real, headless Chromium: the page after its scripts have run."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.processes import NotThere

# The first has no windows at all: it computes a sixth less.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# The first four: it runs as root on machines without a screen. The others: it calls
# home at every start otherwise.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def screenshot(url: str, png: Path, *, width: int = 1280, height: int = 800) -> None:
    """Write what a person would see in a window of that many pixels."""
    window = f"--window-size={width},{height}"
    _chromium(url, f"--screenshot={png}", window, settle_ms=2000)
    if not png.exists():
        raise NotThere(f"chromium made no picture of {url}")


def dump_dom(url: str, *, settle_ms: int = 2000) -> str:
    """Return the document as HTML, after its scripts had `settle_ms` of page time."""
    return _chromium(url, "--dump-dom", settle_ms=settle_ms)


def _chromium(url: str, *options: str, settle_ms: int) -> str:
    with tempfile.TemporaryDirectory(
        prefix="mvsnap-chromium-", ignore_cleanup_errors=True
    ) as profile:
        own = (f"--user-data-dir={profile}", f"--virtual-time-budget={settle_ms}")
        done = subprocess.run(
            [program(), *FLAGS, *own, *options, url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if done.returncode:
        raise NotThere(f"chromium ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def program() -> str:
    """Return the path of the Chromium on this machine."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise NotThere("no Chromium: sudo apt-get install -y chromium-headless-shell")
