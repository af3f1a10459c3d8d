"""The columns of the audit log as CSV. Pure."""

from __future__ import annotations

from mvsnap.core.csv_table import Columns
from mvsnap.domain import Change

AUDIT_COLUMNS: Columns[Change] = (
    ("at", lambda change: change.at),
    ("who", lambda change: change.who),
    ("what", lambda change: change.what),
    ("before", lambda change: change.before),
    ("after", lambda change: change.after),
)
