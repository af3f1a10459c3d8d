"""What all processes with one Webex bot share: its waiting times, and its rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from requests import Response

from mvsnap.clients.call_budget import BudgetStore
from mvsnap.clock import Clock
from mvsnap.domain import Room
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings

# A shorter time is waited for at once.
_MOMENT_S = 2.0


class RoomLists(Protocol):
    def get(
        self, ask: Callable[[], list[Room]], within_s: float
    ) -> tuple[list[Room], float]:
        """Return a list of rooms, and its age in seconds.

        within_s: how old it may have been when this was called. `ask` is called if
        there is none and no other process is asking; its errors are raised.
        """
        ...


class WebexShared(Struct, frozen=True):
    """After a 429 for a message nothing is asked of Webex until it said.

    Webex limits its functions one by one: a 429 for a list of rooms or people holds up
    no message to a room that is known.
    """

    messages: BudgetStore
    lookups: BudgetStore
    clock: Clock
    rooms: RoomLists | None = None

    def require_open(self, *, posting: bool) -> None:
        """Wait for a moment if Webex asked for that.

        Raises:
            UpstreamError: it asked for more than a moment.
        """
        held_s = self.messages.held_s()
        if not posting:
            held_s = max(held_s, self.lookups.held_s())
        if held_s > _MOMENT_S:
            raise UpstreamError(
                wordings.WEBEX_HOLDS(wait_s=round(held_s)),
                retry=True,
                retry_after_s=held_s,
            )
        self.clock.sleep(held_s)

    def note(
        self, answer: Response | None, trouble: UpstreamError, *, posting: bool
    ) -> None:
        """Hold all if Webex asked for that: they would be refused, too."""
        is_429 = answer is not None and answer.status_code == 429
        if is_429 and trouble.retry_after_s:
            held = self.messages if posting else self.lookups
            held.hold(trouble.retry_after_s)
