"""Visitors as the views use them."""

from __future__ import annotations

from dataclasses import dataclass

from mvsnap.store.database import Database
from mvsnap.visitors.store import VisitorStore


@dataclass(frozen=True, slots=True)
class VisitorParts:
    store: VisitorStore

    @classmethod
    def of(cls, db: Database) -> VisitorParts:
        return cls(VisitorStore(db))
