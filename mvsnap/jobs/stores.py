"""The stores that jobs use, such as events with their deliveries, clips and files."""

from __future__ import annotations

from dataclasses import dataclass

from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.troubles import TroubleStore


@dataclass(frozen=True, slots=True)
class JobStores:
    events: Store
    clips: ClipStore
    files: Files
    states: JobStateStore
    troubles: TroubleStore
    notices: NoticeStore
