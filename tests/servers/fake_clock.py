"""A wall clock of a program's own, set while it runs: Debian's libfaketime.

The monotonic clock stays true, as it does when NTP or a person sets the machine's.
"""

from __future__ import annotations

from pathlib import Path

from tests.servers.processes import NotThere

# Its `sitecustomize.py` mends what libfaketime breaks.
_SITE = Path(__file__).with_name("fake_clock_site")


class FakeClock:
    """ahead_s: how far it is ahead of the machine's; what `set` was told last."""

    def __init__(self, folder: Path, ahead_s: float = 0.0) -> None:
        """folder: of its own; its file says what time it is.

        Raises:
            NotThere: libfaketime is not installed; says what to type.
        """
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise NotThere("no libfaketime: sudo apt-get install -y faketime")
        self._library = found[0]
        self._folder = folder
        folder.mkdir()
        self.ahead_s = 0.0
        self.set(ahead_s)

    def set(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s
        part = self._folder / "part"
        part.write_text(f"{ahead_s:+.0f}\n")
        part.replace(self._folder / "ahead")  # never read half written

    def environment(self, python_path: str) -> dict[str, str]:
        """Return the variables for a program; python_path: its own PYTHONPATH.

        All but the name of the file are those of every such clock: see `warm.py`.
        """
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._folder / "ahead"),
            # It looks at the file in each second of the machine's clock.
            "FAKETIME_CACHE_DURATION": "0",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Or each timed wait of a thread for Python's lock is over at once: all that
            # wait compute, and the machine is seven times as slow.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "PYTHONPATH": f"{_SITE}:{python_path}",
        }
