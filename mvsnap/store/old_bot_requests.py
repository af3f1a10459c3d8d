"""What people asked the bot and is past its time; also where it takes no commands."""

from __future__ import annotations

from datetime import datetime

from mvsnap.store.bot_tables import bot_requests
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge


def purge_requests(
    db: Database, before: datetime, /, *, dry_run: bool = False
) -> PurgeResult:
    """Remove requests that came earlier."""
    rows = OldRows(bot_requests, bot_requests.c.came_at < before)
    return purge(db, rows, dry_run=dry_run)
