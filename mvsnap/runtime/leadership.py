"""Who leads a kind of work, by where the processes of this site are."""

from __future__ import annotations

import uuid
from functools import partial

from mvsnap.jobs.executors import acquire_leadership
from mvsnap.runtime.parts import Parts
from mvsnap.store.sharing.claims import Claims
from mvsnap.store.sharing.leadership import (
    ClaimedLeadership,
    FileLeadership,
    Leadership,
)


def leadership_of(parts: Parts, kind: str) -> Leadership:
    """kind: of the work, a name for a file, too."""
    if parts.db.is_sqlite:
        return FileLeadership(
            partial(acquire_leadership, parts.settings.data_dir, kind)
        )
    claims = Claims(parts.db, kind, uuid.uuid4().hex, parts.clock)
    return ClaimedLeadership(claims, kind, parts.clock)
