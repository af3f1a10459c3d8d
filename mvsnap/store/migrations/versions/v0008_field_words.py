"""Tables and columns by the words that the code and its users have for them."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = (
    ("choices", "setting_overrides"),
    ("hearing", "camera_last_seen"),
    ("people", "cardholders"),
    ("visitor_looks", "zone_page_views"),
)
_COLUMNS = (
    ("camera_last_seen", "heard_at", "last_seen_at"),
    ("clips", "told", "notified"),
    ("directories", "mark", "fingerprint"),
    ("judgements", "tell_at", "notify_at"),
    ("zone_page_views", "looked_at", "viewed_at"),
)
_INDEXES = (
    ("clips", "clips_untold", "clips_unnotified", ("notified", "state")),
    ("judgements", "judgements_to_tell", "judgements_to_notify", ("notify_at",)),
)


def upgrade() -> None:
    for old, new in _TABLES:
        op.rename_table(old, new)
    for table, old, new in _COLUMNS:
        # Plain SQL: Alembic would copy the whole table on SQLite.
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for table, old, new, columns in _INDEXES:
        op.drop_index(old, table)
        op.create_index(new, table, list(columns))
    for old, new in (("log-in", "login"), ("log-out", "logout")):
        op.execute(f"UPDATE audit SET what = '{new}' WHERE what = '{old}'")
