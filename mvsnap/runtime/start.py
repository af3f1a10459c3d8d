"""A start waits for its database, and says for what.

After a power cut machines come up in any order. What nobody but an admin can put right
ends the start instead: a refused password, a database or user that does not exist, a
right that is missing. An unknown host is waited for, since a name may appear later: of
a container that starts, or with the network. So is a disk that is full: systemd gives a
service up that ends again and again, and then it stays away when there is room again.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.errors import DatabaseUnfit
from mvsnap.runtime.cleaning_steps import retention
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.runtime.service import Roles, Service
from mvsnap.sqlite_errors import FULL, needs_an_admin, passes, reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.shared_file import require_free
from mvsnap.store.sqlite_file import file_of
from mvsnap.store.time_limits import COMMAND, DatabaseAway, with_limits

log = logging.getLogger(__name__)

_ASK_EVERY_S = 1.0
_SAY_EVERY_S = 60.0
# What SQLite's logs take until they are written back.
_LEAST_BYTES = 4_000_000


def open_service(
    settings: Settings,
    roles: Roles,
    *,
    on_wait: Callable[[str], None] = lambda _why: None,
    pause: Callable[[float], None] = time.sleep,
) -> Service:
    """Return the service, whose database is there and can be written.

    on_wait: told, each time, why it is not.

    Raises:
        DatabaseUnfit: waiting would not help.
    """
    said, say_at_s = "", 0.0
    while True:
        try:
            service = _opened(settings, roles)
        except OUTAGES as exc:
            if needs_an_admin(exc):
                raise DatabaseUnfit(f"database_url: {reason(exc)}") from exc
            if not passes(exc):
                raise
            why = reason(exc)
        else:
            if said:
                log.info("the database is there")
            return service
        on_wait(why)
        now_s = SystemClock().monotonic()
        if why != said or now_s >= say_at_s:
            log.warning("waiting for the database: %s", why)
            said, say_at_s = why, now_s + _SAY_EVERY_S
        pause(_ASK_EVERY_S)


def _opened(settings: Settings, roles: Roles) -> Service:
    with with_limits(COMMAND):
        service = Service(settings, roles)
        if why := _no_writing(service.parts):
            service.parts.store.close()
            raise DatabaseAway(why)
        if jobs := file_of(jobs_url(settings)):
            require_free(jobs)
    return service


def _no_writing(parts: Parts) -> str:
    """Return why a start would fail when it writes, "" if it can."""
    if parts.store.is_read_only():
        return "it is read-only now, like a standby"
    if not parts.db.is_sqlite or _has_room(parts):
        return ""
    # Only a service that runs would remove clips for want of room.
    retention(parts, least_free_bytes=_LEAST_BYTES).tidy(by_age=False)
    return "" if _has_room(parts) else FULL


def _has_room(parts: Parts) -> bool:
    return shutil.disk_usage(parts.settings.data_dir).free >= _LEAST_BYTES
