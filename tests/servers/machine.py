"""A machine of the tests': some processes of mvsnap with a folder and an address."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.gateway import Gateway, Installation, write_config


class Machine:
    """roles: of each of its processes. host: an address of the loopback network.

    It can be killed for ever, with what is on its disk, or frozen, as one whose memory
    or disk hangs: connections stay open, and nothing comes.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        roles: Sequence[str],
        settings: dict[str, Any],
        of: Installation | None = None,
    ) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.host = host
        self.is_alive = False
        config = write_config(folder, settings)
        self.processes = [
            Gateway(config, roles=each, of=of, host=host) for each in roles
        ]

    @property
    def webs(self) -> list[Gateway]:
        return [each for each in self.processes if "web" in each.roles]

    def begin(self) -> None:
        """Start all of them, and do not wait until they serve."""
        for process in self.processes:
            process.begin()
        self.is_alive = True

    def wait(self) -> None:
        for process in self.processes:
            process.wait()

    def kill(self) -> None:
        """End all at once, for ever: its disk is gone, too."""
        self.is_alive = False
        for process in self.processes:
            process.freeze()  # none outlives another by the time that this takes
        for process in self.processes:
            process.kill()
        shutil.rmtree(self.folder)

    def freeze(self) -> None:
        self.is_alive = False
        for process in self.processes:
            process.freeze()

    def thaw(self) -> None:
        for process in self.processes:
            process.thaw()
        self.is_alive = True

    def stop(self) -> None:
        """End whatever runs."""
        for process in self.processes:
            process.kill()

    def output(self) -> str:
        return "\n".join(each.output() for each in self.processes)
