"""Keeps Webex reporting to this gateway: registers its webhooks, and repairs them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mvsnap.clients.webex.webhooks import WebexWebhooks
from mvsnap.errors import UpstreamError
from mvsnap.store.sharing.leadership import Leadership

log = logging.getLogger(__name__)

_AGAIN_S = 30.0
# Another process looks after them just now: two at once would register them twice.
_LATER_S = 5.0


class Registration:
    """Webex disables a webhook after a hundred failures, such as in an outage here."""

    def __init__(
        self, webhooks: Callable[[], WebexWebhooks], leadership: Leadership
    ) -> None:
        self._webhooks = webhooks
        self._leadership = leadership
        self._renewed = False
        self._failed = ""

    def step(self) -> float | None:
        """Look after them; return after how many seconds again, None: as usual."""
        if not self._leadership.is_ours():
            return _LATER_S
        try:
            return self._look_after()
        finally:
            self._leadership.leave()

    def _look_after(self) -> float | None:
        try:
            done = self._webhooks().repair(renew=not self._renewed)
        except UpstreamError as exc:
            if exc.message != self._failed:
                log.warning("webhooks of Webex: %s", exc.message)
            self._failed = exc.message
            return max(_AGAIN_S, exc.retry_after_s or 0.0)
        for what in done:
            log.info("webhooks of Webex: %s", what)
        self._renewed, self._failed = True, ""
        return None
