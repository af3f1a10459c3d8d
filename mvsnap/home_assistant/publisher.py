"""The thread of a publisher: connects, and tries again later and later."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from mvsnap.clock import SystemClock
from mvsnap.home_assistant.connection import PublishConnection, why_away
from mvsnap.home_assistant.states import RetainedStates
from mvsnap.home_assistant.topics import Topics
from mvsnap.loop import Loop
from mvsnap.store.database import OUTAGES

log = logging.getLogger(__name__)

EVERY_S = 1.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0


class Publisher(ABC):
    """Called once a second: what changes in between is published as its last state."""

    def __init__(
        self,
        name: str,
        connection: PublishConnection,
        topics: Topics,
        clock: SystemClock,
    ) -> None:
        self.states = RetainedStates()
        self.connection = connection
        self.topics = topics
        self._name = name
        self._was_open = False
        self._wait_s = _FIRST_WAIT_S
        self._failing = ""
        self.loop = Loop(
            name, self._step, EVERY_S, clock, outages=OUTAGES, at_end=self._end
        )

    @abstractmethod
    def wants_to_publish(self) -> bool:
        """Return whether this process is the one to do so."""

    @abstractmethod
    def look(self) -> None:
        """Set what is new in `states`."""

    @abstractmethod
    def send(self) -> None:
        """Publish what is no state; OSError: the connection is lost."""

    def _step(self) -> float | None:
        if not self.wants_to_publish():
            self.connection.close()
            return None
        try:
            self._connect()
        except (OSError, ValueError) as exc:  # away, or a host that cannot be
            return self._failed(exc)
        try:
            self.look()
        finally:
            # The store may be away: what is known already is published all the same.
            failed_s = self._flush()
        return failed_s

    def _connect(self) -> None:
        if self.connection.is_open:
            return
        self.connection.open()
        self._wait_s = _FIRST_WAIT_S
        if self._failing or not self._was_open:
            log.info("%s: connected", self._name)
        self._failing, self._was_open = "", True
        self.states.send_again()

    def _flush(self) -> float | None:
        try:
            if self.connection.is_born_again():
                log.info("%s: Home Assistant has started", self._name)
                self.states.send_again(self.topics.discovery)
            self.connection.stay_online()
            self.states.flush(self.connection)
            self.send()
            self.states.flush(self.connection)
        except OSError as exc:
            return self._failed(exc)
        return None

    def _failed(self, exc: Exception) -> float:
        why = why_away(exc)
        if why != self._failing:
            log.warning("%s: waiting for the broker: %s", self._name, why)
        self._failing = why
        waits_s, self._wait_s = self._wait_s, min(2 * self._wait_s, _LONGEST_WAIT_S)
        return waits_s

    def _end(self) -> None:
        self.connection.close()
