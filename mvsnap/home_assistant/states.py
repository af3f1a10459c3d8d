"""What the broker is to have, topic by topic: of each, the newest state wins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from msgspec import Struct

from mvsnap.errors import EvidenceAway
from mvsnap.home_assistant.connection import PublishConnection

log = logging.getLogger(__name__)

_SLOW = 5  # pictures at a time

# Returns what to publish, None if there is nothing (any more).
Make = Callable[[], bytes | None]


class _State(Struct, frozen=True):
    """mark: another one is another state. make: may be slow, for pictures."""

    mark: str
    make: Make | None


class RetainedStates:
    """Holds one state for each topic, however long the broker is away."""

    def __init__(self) -> None:
        self._known: dict[str, _State] = {}
        self._unsent: dict[str, None] = {}

    def __contains__(self, topic: object) -> bool:
        return topic in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._known))

    def set(self, topic: str, text: str) -> None:
        self._set(topic, _State(text, None))

    def set_slow(self, topic: str, mark: str, make: Make) -> None:
        """make: called when it is published, after all others."""
        self._set(topic, _State(mark, make))

    def clear(self, topic: str) -> None:
        """Let the broker forget it: Home Assistant removes what it described."""
        self._known.pop(topic, None)
        self._unsent[topic] = None

    def forget(self, topic: str) -> None:
        """It is somebody else's now: the broker keeps it."""
        self._known.pop(topic, None)
        self._unsent.pop(topic, None)

    def send_again(self, begin: str = "") -> None:
        """Publish all topics that begin like this once more."""
        again = {topic: None for topic in self._known if topic.startswith(begin)}
        self._unsent = again | self._unsent

    def flush(self, connection: PublishConnection) -> None:
        """Publish what is new, as long as the broker keeps up.

        Raises:
            OSError: the connection is lost; the rest is published after the next one.
        """
        for topic in (*self._waiting(slow=False), *self._waiting(slow=True)[:_SLOW]):
            if not connection.has_room:
                return
            payload = _payload(self._known.get(topic))
            if payload is not None:
                connection.publish(topic, payload)
            del self._unsent[topic]
            if payload is None:  # behind the others
                self._unsent[topic] = None

    def _waiting(self, *, slow: bool) -> list[str]:
        known = self._known
        return [
            topic
            for topic in self._unsent
            if (topic in known and known[topic].make is not None) == slow
        ]

    def _set(self, topic: str, state: _State) -> None:
        known = self._known.get(topic)
        if known is None or known.mark != state.mark:
            self._known[topic] = state
            self._unsent[topic] = None


def _payload(state: _State | None) -> bytes | None:
    """Return what to publish, b"" to remove it; None: not known now."""
    if state is None:
        return b""
    if state.make is None:
        return state.mark.encode()
    try:
        return state.make() or b""
    except (EvidenceAway, OSError) as exc:
        log.debug("a picture is not there yet: %s", type(exc).__name__)
        return None
