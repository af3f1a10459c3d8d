"""Recorders that died with clips: the others get those, and say so."""

from __future__ import annotations

import logging

from mvsnap.jobs.executors import installation_of
from mvsnap.store.clips.lost import LostClipStore
from mvsnap.store.events import Store
from mvsnap.store.sharing.claims import Claims
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import RECORDER_DIED

log = logging.getLogger(__name__)


class LostRecorders:
    """A recorder is lost that is silent in two calls of `release_clips`.

    After an outage of the database all of them seem silent, for a moment.
    """

    def __init__(self, clips: LostClipStore, claims: Claims, store: Store) -> None:
        self._clips = clips
        self._claims = claims
        self._store = store
        self._silent: frozenset[str] = frozenset()

    def release_clips(self) -> None:
        at_work = self._clips.recorders_at_work()
        silent = frozenset(at_work - self.alive()) if at_work else frozenset()
        for recorder_id in silent & self._silent:
            note = died(recorder_id)
            count = self._clips.release(recorder_id, note)
            log.warning("%s: %d clips are for the others now", note, count)
        self._silent = silent

    def alive(self) -> frozenset[str]:
        """Return the ids of the recorders that are alive, or may be."""
        known = self._claims.known()
        claiming = {who for who, is_alive in known.items() if is_alive}
        # The previous release claims nothing; its workers record.
        seen = self._store.workers_alive().items()
        working = {installation_of(who) for who, is_alive in seen if is_alive}
        return frozenset(claiming | (working - known.keys()))


def died(recorder_id: str) -> Reason:
    """Return what is said about it; the id is that of an installation."""
    return RECORDER_DIED(machine=machine_of(recorder_id))


def machine_of(recorder_id: str) -> str:
    """Return the machine of `executors.installation`."""
    return recorder_id.rpartition("-")[0]
