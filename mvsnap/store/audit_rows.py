"""Lines of the audit log as rows: sentences, and beside them their codes and values."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from mvsnap.domain import Change
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason


def to_row(change: Change) -> dict[str, Any]:
    texts = {
        "who": change.who,
        "what": change.what,
        "before": change.before,
        "after": change.after,
    }
    return {
        "at": change.at,
        **{name: str(text) for name, text in texts.items()},
        "reasons": reasons.stored(**texts),
    }


def who_of(row: Row[*tuple[Any, ...]]) -> Reason:
    return _text(row, "who")


def from_row(row: Row[*tuple[Any, ...]]) -> Change:
    """Return the line as it was; one of the release before has sentences alone."""
    what, before, after = (_text(row, name) for name in ("what", "before", "after"))
    return Change(row.at, who_of(row), what, before, after)


def _text(row: Row[*tuple[Any, ...]], name: str) -> Reason:
    sentence: str = getattr(row, name)
    return reasons.read(row.reasons, name, sentence) or Reason(sentence)
