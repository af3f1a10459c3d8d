"""Tables of what processes share when they call the clouds."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, Table, Text

from mvsnap.store.tables import Moment, metadata

call_budgets = Table(
    "call_budgets",
    metadata,
    Column("name", Text, primary_key=True, comment="of the budget"),
    Column("calls_left", Float, nullable=False, comment="below 0: booked ones"),
    Column("filled_at_s", Float, nullable=False, comment="Unix time of the database"),
    Column("lends", Integer, nullable=False, comment="calls that may be borrowed"),
    Column("lends_until_s", Float, nullable=False, comment="Unix time"),
    Column("held_until_s", Float, nullable=False, comment="no calls: Unix time"),
    comment="Limits of the clouds that all processes share; lost in a crash",
)

fetches = Table(
    "fetches",
    metadata,
    Column("name", Text, primary_key=True, comment="what is fetched, and for whom"),
    Column("fetched_at", Moment, comment="last time; by the database's clock"),
    Column("wanted_at", Moment, comment="when a process missed something in it"),
    Column("content", JSON, comment="where it has no table of its own"),
    comment="What one process fetches from the clouds for all",
)
