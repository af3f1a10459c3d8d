"""Keeps a websocket to Webex open, and stores what comes through it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from mvsnap.bot.requests import BotRequests
from mvsnap.clients.webex.activities import ActivityKind
from mvsnap.clients.webex.socket import WebexSocket
from mvsnap.clock import SystemClock
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.errors import UpstreamError
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.sharing.leadership import Leadership

log = logging.getLogger(__name__)

_AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0)
# Whoever was connected that long may have broken for another reason.
_LONG_S = 60.0
# How often one that does not lead looks, and one that waits for the database.
_LOOK_S = 1.0


class SocketListening:
    """now: returns the database's time. on_new: called for each new request."""

    def __init__(
        self,
        socket: WebexSocket,
        requests: BotRequests,
        clock: SystemClock,
        *,
        leadership: Leadership,
        now: Callable[[], datetime],
        on_new: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._requests = requests
        self._clock = clock
        self._leadership = leadership
        self._now = now
        self._on_new = on_new
        self._is_ending = False
        self._broken = 0

    def end(self) -> None:
        self._is_ending = True

    def step(self) -> float | None:
        """Listen until the connection breaks; return after how many seconds again."""
        if not self._leadership.is_ours():
            return _LOOK_S
        began_s = self._clock.monotonic()
        try:
            self._socket.listen(self._note, self._is_over)
            return 0.0
        except UpstreamError as exc:
            if self._clock.monotonic() - began_s > _LONG_S:
                self._broken = 0
            again_s = _AGAIN_S[min(self._broken, len(_AGAIN_S) - 1)]
            self._broken += 1
            log.warning("%s: again in %g s", exc.message, again_s)
            return again_s

    def leave(self) -> None:
        """Let another process listen at once."""
        try:
            self._leadership.leave()
        except OUTAGES as exc:
            log.warning("websocket: ours until the lease ends: %s", reason(exc))

    def _is_over(self) -> bool:
        if self._is_ending or self._clock.stopped:
            return True
        try:
            return not self._leadership.is_ours()
        except OUTAGES:  # the next time it knows by its own clock
            return False

    def _note(self, kind: ActivityKind, request_id: str) -> None:
        """Store it; while the database is away it waits: nobody may report it again."""
        self._broken, is_away = 0, False
        while True:
            try:
                is_new = self._requests.note(
                    request_id, BotRequestKind(kind), self._now()
                )
                break
            except OUTAGES as exc:
                if self._is_over():
                    raise
                if not is_away:
                    log.error("a %s waits for the database: %s", kind, reason(exc))
                is_away = True
                self._clock.sleep(_LOOK_S)
        if is_new:
            log.info("a %s in Webex is to be answered", kind)
            self._on_new()
