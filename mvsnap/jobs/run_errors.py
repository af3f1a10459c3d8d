"""Errors that end a run of a job: what the log says, and the job's row."""

from __future__ import annotations

import errno
import logging

from mvsnap.domain import JobId
from mvsnap.errors import OfNewerRelease
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES
from mvsnap.texts.channel_wordings import UNEXPECTED
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import DISK_FULL

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)


def said(job_id: JobId, exc: Exception) -> Reason:
    """Log the error; return it for people."""
    if isinstance(exc, OfNewerRelease):
        log.warning("job %s is kept: %s", job_id, exc.message)
        return exc.as_reason
    if isinstance(exc, OSError) and exc.errno in _FULL:
        log.warning("job %s waits for room: %s", job_id, DISK_FULL.text)
        return DISK_FULL()
    if isinstance(exc, OUTAGES):
        log.warning("job %s waits for the database: %s", job_id, reason(exc))
    else:
        log.error("job %s failed unexpectedly", job_id, exc_info=exc)
    return UNEXPECTED(name=type(exc).__name__)
