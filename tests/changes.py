"""Lines of the audit log for tests."""

from __future__ import annotations

from datetime import datetime

from mvsnap.domain import Change
from mvsnap.texts.wording import Reason


def log_line(
    at: datetime, who: str, what: str, before: str = "", after: str = ""
) -> Change:
    """Return a line as the release before writes it: in sentences."""
    return Change(at, who, *map(_reason, (what, before, after)))


def _reason(text: str) -> Reason:
    return text if isinstance(text, Reason) else Reason(text)
