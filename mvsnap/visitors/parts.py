"""Visitors as the views use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from mvsnap.visitors.store import VisitorStore

# Of a span of days, what the one before is called, and now: lines of a report.
WifiLines = Callable[[tuple[datetime, datetime], str, datetime], tuple[str, ...]]


def _nothing_heard(
    _span: tuple[datetime, datetime], _before: str, _now: datetime
) -> tuple[str, ...]:
    return ()


class VisitorParts(Struct, frozen=True):
    """wifi: what Wi-Fi heard, for reports."""

    store: VisitorStore
    wifi: WifiLines = _nothing_heard

    page: ClassVar[str] = "visitors.index"

    def has_data(self) -> bool:
        return bool(self.store.zones())
