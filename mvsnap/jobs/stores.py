"""The stores that jobs use: events with their deliveries, clips, files, troubles."""

from __future__ import annotations

from dataclasses import dataclass

from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.troubles import TroubleStore


@dataclass(frozen=True, slots=True)
class JobStores:
    events: Store
    clips: ClipStore
    files: Files
    states: JobStateStore
    troubles: TroubleStore
