"""Visitors as the views use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mvsnap.store.database import Database
from mvsnap.visitors.store import VisitorStore


@dataclass(frozen=True, slots=True)
class VisitorParts:
    store: VisitorStore

    page: ClassVar[str] = "visitors.index"

    def has_data(self) -> bool:
        return bool(self.store.zones())

    @classmethod
    def of(cls, db: Database) -> VisitorParts:
        return cls(VisitorStore(db))
