"""The settings that hold now: those of the file, and the entries made on the pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mvsnap.clock import Clock
from mvsnap.config.entries import SECTIONS, Entry, WithEntries, with_entries
from mvsnap.config.model import Settings
from mvsnap.store.database import OUTAGES

log = logging.getLogger(__name__)

# How long a look holds: what is changed in one process holds then in all others.
_LOOK_EVERY_S = 2.0


class LiveSettings:
    """Looks into the store when it is asked, at most every two seconds. Thread-safe.

    Whoever keeps the settings compares them by identity: the object is another one
    only when something was changed.
    on_change: told of the new settings, in the thread that asked.
    at_start: entries that are not followed, as they were when the process began.
    """

    def __init__(
        self,
        file: Settings,
        read: Callable[[], list[Entry]],
        clock: Clock,
        *,
        on_change: Callable[[Settings], None] = lambda _settings: None,
        begun: LiveSettings | None = None,
    ) -> None:
        """read: all entries of the store.

        begun: those of the start of this process, for what is not followed.

        Raises:
            What `read` raises: without the entries a process would do less than it
            should.
        """
        self.file = file
        self._read = read
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._looked_s = clock.monotonic()
        self._entries: list[Entry] = []
        self._now = WithEntries(file)
        entries = read()
        self.at_start: tuple[Entry, ...] = (
            begun.at_start if begun else tuple(filter(_is_at_start, entries))
        )
        self._follow(entries)

    def now(self) -> Settings:
        return self.state().settings

    def state(self) -> WithEntries:
        """Return the settings with which entries hold, and which do not."""
        if self._clock.monotonic() - self._looked_s >= _LOOK_EVERY_S:
            self.look()
        return self._now

    def look(self) -> None:
        """Look now; while the store is away, what held before goes on to hold."""
        if not self._lock.acquire(blocking=False):
            return  # another thread is looking
        try:
            self._looked_s = self._clock.monotonic()
            self._follow(self._read())
        except OUTAGES:
            pass
        finally:
            self._lock.release()

    def _follow(self, entries: list[Entry]) -> None:
        live = [entry for entry in entries if not _is_at_start(entry)]
        entries = [*self.at_start, *live]
        if entries == self._entries:
            return
        self._now = with_entries(self.file, entries)
        self._entries = entries
        for (section, name), why in self._now.unusable.items():
            log.warning(
                "%s %s, made on the pages, does not hold: %s", section, name, why
            )
        self._on_change(self._now.settings)


def _is_at_start(entry: Entry) -> bool:
    section = SECTIONS.get(entry.section)
    return section is not None and section.at_start
