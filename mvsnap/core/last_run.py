"""The last run of a schedule. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class LastRun(Struct, frozen=True):
    """moment: when it was due. set_back_at: when its clock was."""

    moment: datetime
    set_back_at: datetime | None = None
