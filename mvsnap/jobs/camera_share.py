"""Which cameras this recorder records: all of them, or its share among several.

With SQLite there is one machine: the recorder's lock decides, and nothing is written.
With PostgreSQL the recorders claim the cameras (`store/sharing/claims.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from mvsnap.clock import Clock
from mvsnap.domain import CameraName
from mvsnap.store.sharing.claims import Claims

log = logging.getLogger(__name__)


class Share(Protocol):
    @property
    def every_s(self) -> float | None:
        """Seconds between two calls of `renew`; None: the share never changes."""

    @property
    def is_sure(self) -> bool:
        """False once another recorder may have the cameras."""

    @property
    def held(self) -> frozenset[CameraName]: ...

    def renew(self) -> frozenset[CameraName]:
        """Return the cameras to record from now on; OUTAGES: the database is away."""

    def leave(self) -> None:
        """Let the others have them at once."""


class AllCameras:
    every_s: float | None = None
    is_sure = True

    def __init__(self, cameras: Iterable[CameraName]) -> None:
        self.held = frozenset(cameras)

    def renew(self) -> frozenset[CameraName]:
        return self.held

    def leave(self) -> None:
        return


class ClaimedCameras:
    """Used by one thread; the others may ask `is_sure` and `held`."""

    def __init__(
        self,
        claims: Claims,
        cameras: Iterable[CameraName],
        clock: Clock,
        lease_s: float,
    ) -> None:
        self.every_s = lease_s / 4
        self._claims = claims
        self._cameras = frozenset(cameras)
        self._clock = clock
        self._lease_s = lease_s
        self._had: frozenset[str] = frozenset()
        self._renewed_s: float | None = None
        self._patient_until_s = float("-inf")

    @property
    def is_sure(self) -> bool:
        renewed_s = self._renewed_s
        return renewed_s is not None and self._silent_s(renewed_s) < self._lease_s

    @property
    def held(self) -> frozenset[CameraName]:
        return frozenset(map(CameraName, self._claims.held))

    def renew(self) -> frozenset[CameraName]:
        """Ask for all, but after a silence or a crash at first for what it had.

        If the database was away, or the power, the others were silent, too: taking
        their cameras would cost what is in their rings, and on their disks.
        """
        now_s, renewed_s = self._clock.monotonic(), self._renewed_s
        if renewed_s is None:
            self._had = self._claims.had()
            if self._had:
                self._patient_until_s = now_s + self._lease_s
        elif self._silent_s(renewed_s) >= self._lease_s:
            self._patient_until_s = now_s + self._lease_s / 2
        is_patient = now_s < self._patient_until_s
        found = self._claims.hold(self._had if is_patient else self._cameras)
        self._renewed_s = now_s
        self._tell(found)
        self._had = found
        return frozenset(map(CameraName, found))

    def leave(self) -> None:
        self._claims.release()

    def _silent_s(self, renewed_s: float) -> float:
        return self._clock.monotonic() - renewed_s

    def _tell(self, found: frozenset[str]) -> None:
        if found != self._had:
            log.info("recording %d of %d cameras", len(found), len(self._cameras))
            for name in sorted(self._had - found):
                log.info("camera %s: another recorder has it now", name)
