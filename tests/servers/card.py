"""A small file system of its own, like a card: it can turn read-only while in use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.processes import require


@dataclass(frozen=True)
class Card:
    folder: Path

    def fill(self) -> Path:
        """Leave no room for anything; return the file that takes it all."""
        others, size = self.folder / "others", 1 << 20
        with others.open("wb", buffering=0) as file:
            while size:
                try:
                    file.write(bytes(size))
                    os.fsync(file.fileno())
                except OSError:
                    size //= 2
        return others

    def fail(self) -> None:
        """Let the kernel do what it does after an error: refuse every change."""
        _mount("-o", "remount,abort", f"{self.folder}")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    """Skips the test, with the reason, where nothing can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    image, folder = tmp_path / "card.img", tmp_path / "card"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(40_000_000)
    mkfs = require("mkfs.ext4", "e2fsprogs")
    subprocess.run(
        [mkfs, "-q", "-F", "-m", "0", f"{image}"], check=True, capture_output=True
    )
    if refused := _mount("-o", "loop", f"{image}", f"{folder}"):
        pytest.skip(f"no loop device: {refused}")
    try:
        yield Card(folder)
    finally:
        subprocess.run([require("umount", "mount"), "-l", f"{folder}"], check=True)


def _mount(*args: str) -> str:
    """Return what mount said, "" if it worked."""
    command = [require("mount", "mount"), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""
