"""The last run of a schedule. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastRun:
    """moment: when it was due. set_back_at: when its clock was."""

    moment: datetime
    set_back_at: datetime | None = None
