"""Entries of the settings that people make on the pages."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Table, Text

from mvsnap.store.tables import Moment, metadata

setting_entries = Table(
    "setting_entries",
    metadata,
    Column("section", Text, primary_key=True, comment="such as channels"),
    Column("name", Text, primary_key=True, comment="unique in its section"),
    Column("value", JSON, nullable=False, comment="as in the file, with its secrets"),
    Column("changed_at", Moment, nullable=False, comment="when it was"),
    Column("changed_by", Text, nullable=False, comment="user name"),
    comment="Entries that the pages add to lists of the settings file",
)
