"""The columns of the audit log as CSV. Pure."""

from __future__ import annotations

from mvsnap.core.csv_table import Columns
from mvsnap.domain import Change
from mvsnap.texts.reasons import said

AUDIT_COLUMNS: Columns[Change] = (
    ("at", lambda change: change.at),
    ("who", lambda change: said(change.who)),
    ("what", lambda change: said(change.what)),
    ("before", lambda change: said(change.before)),
    ("after", lambda change: said(change.after)),
)
