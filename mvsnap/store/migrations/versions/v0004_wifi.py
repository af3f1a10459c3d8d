"""Wi-Fi analytics: batches that wait, observations, visits and their sums."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _arrivals()
    _observations()
    _visits()
    _visit_counts()


def _arrivals() -> None:
    op.create_table(
        "scan_batches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("network_id", sa.Text, nullable=False),
        sa.Column("radio", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "scan_sources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("network_id", sa.Text, nullable=False),
        sa.Column("radio", sa.Text, nullable=False),
    )
    columns = ["network_id", "radio"]
    op.create_index("scan_sources_once", "scan_sources", columns, unique=True)
    op.create_table(
        "scan_pauses",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("until", _MOMENT, nullable=False),
    )


def _key(name: str, kind: type[sa.types.TypeEngine[int]]) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _observations() -> None:
    op.create_table(
        "observations",
        _key("minute", sa.Integer),
        _key("source_id", sa.Integer),
        _key("device", sa.BigInteger),
        sa.Column("first_s", sa.SmallInteger, nullable=False),
        sa.Column("last_s", sa.SmallInteger, nullable=False),
        sa.Column("rssi_dbm", sa.SmallInteger, nullable=False),
        sa.Column("ap", sa.BigInteger, nullable=False),
        sa.Column("ssid", sa.Text),
        sqlite_with_rowid=False,
    )


def _visits() -> None:
    op.create_table(
        "visits",
        _key("time_in_s", sa.BigInteger),
        _key("source_id", sa.Integer),
        _key("device", sa.BigInteger),
        sa.Column("time_out_s", sa.BigInteger, nullable=False),
        sa.Column("observations", sa.Integer, nullable=False),
        sa.Column("rssi_dbm", sa.SmallInteger, nullable=False),
        sa.Column("near_in_s", sa.BigInteger),
        sa.Column("near_out_s", sa.BigInteger),
        sa.Column("previous_in_s", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    columns = ["device", "source_id", "time_in_s"]
    op.create_index("visits_of_device", "visits", columns)


def _visit_counts() -> None:
    op.create_table(
        "visit_counts",
        _key("slot_s", sa.BigInteger),
        _key("source_id", sa.Integer),
        _key("dwell_class", sa.SmallInteger),
        sa.Column("is_long", sa.Boolean, primary_key=True),
        sa.Column("visits", sa.Integer, nullable=False),
        sa.Column("first_visits", sa.Integer, nullable=False),
        sa.Column("dwell_s", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
