"""How much of what people look at is written to the audit log."""

from __future__ import annotations

from mvsnap.core.users import DOWNLOADED, REFUSED, VIEWED
from mvsnap.texts.audit_wordings import NOT_LISTED
from mvsnap.texts.wording import Reason
from mvsnap.web.limit import Limit, Limiter

# Lines per person (or key) and hour, then one more that says so.
MOST_AN_HOUR: dict[str, int] = {VIEWED: 60, DOWNLOADED: 200, REFUSED: 30}


class AccessLimits:
    """What this process wrote; a restart forgets it."""

    def __init__(self) -> None:
        limiter = Limiter()
        self._same = Limit(limiter, 1, "", minutes=15)
        self._over = Limit(limiter, 1, "", minutes=60)
        self._hours: dict[str, Limit] = {
            what: Limit(limiter, most, "", minutes=60)
            for what, most in MOST_AN_HOUR.items()
        }

    def line(self, who: str, what: str, thing: Reason) -> Reason | None:
        """Return what to write, None for nothing."""
        whose, most = f"{what} {who}", MOST_AN_HOUR[what]
        if self._hours[what].reached_by(whose):
            is_first = self._over.hit(whose)
            return NOT_LISTED(most=most) if is_first else None
        if what != DOWNLOADED and not self._same.hit(f"{whose} {thing}"):
            return None
        self._hours[what].hit(whose)
        return thing
