"""Times that cannot be right: the time of arrival is used, and that is said."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

_AGAIN_MS = 3_600_000
_MOST = 10_000


class OddTimes:
    """Logs a source whose clock is wrong, once an hour."""

    def __init__(self) -> None:
        self._said_ms: dict[str, int] = {}

    def note(self, source: str, received_ms: int) -> None:
        said_ms = self._said_ms.get(source)
        if said_ms is not None and 0 <= received_ms - said_ms < _AGAIN_MS:
            return
        if len(self._said_ms) >= _MOST:
            self._said_ms.clear()
        self._said_ms[source] = received_ms
        log.warning(
            "%s sends times that cannot be right (is its clock set?): the time of"
            " arrival is used",
            source,
        )
