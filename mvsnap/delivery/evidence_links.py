"""Links in messages to pictures and clips, for programs and people without a log-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from mvsnap.clock import Clock
from mvsnap.core import signed_links
from mvsnap.delivery.message import Facts
from mvsnap.domain import EventKind


class EvidenceLinks:
    """public_url: of the gateway; without it there are no links.

    key: returns what signs them, the same in all processes.
    """

    def __init__(
        self, public_url: str | None, key: Callable[[], str], clock: Clock
    ) -> None:
        self._public_url = public_url
        self._key = key
        self._clock = clock

    def of(self, facts: Facts, valid_for: timedelta) -> Mapping[str, str]:
        """Return the address of each file of a message: `picture`, `clip`."""
        event = facts.event
        if event is None or self._public_url is None:
            return {}
        files = {}
        if event.snapshot_path is not None:
            files["picture"] = signed_links.PICTURE
        if event.kind is EventKind.CLIP and event.error is None and not facts.is_gone:
            files["clip"] = signed_links.CLIP
        until = self._clock.now() + valid_for
        return {
            name: signed_links.link(
                self._public_url, self._key(), event.id, file, until
            )
            for name, file in files.items()
        }

    def seen(self, facts: Facts, valid_for: timedelta) -> str | None:
        """Return where people confirm that they have seen an event, None without one.

        The same address for all messages of a job would do, too: that is what is seen.
        """
        event = facts.raised or facts.event
        if event is None or self._public_url is None:
            return None
        until = self._clock.now() + valid_for
        return signed_links.link(
            self._public_url, self._key(), event.id, signed_links.SEEN, until
        )
