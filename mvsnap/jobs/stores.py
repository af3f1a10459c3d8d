"""The stores that jobs use, such as events with their deliveries, clips and files."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mvsnap.core.report_text import ReportText
from mvsnap.domain import Job
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.notices import NoticeStore
from mvsnap.store.troubles import TroubleStore


def _no_report(_job: Job) -> ReportText | None:
    return None


class JobStores(Struct, frozen=True):
    """report: says what a job without camera or event reports, None for no report."""

    events: Store
    clips: ClipStore
    files: Files
    states: JobStateStore
    troubles: TroubleStore
    notices: NoticeStore
    report: Callable[[Job], ReportText | None] = _no_report
