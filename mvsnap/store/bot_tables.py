"""Table of what people wrote to the bot and pressed."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from mvsnap.store.tables import Moment, metadata

bot_requests = Table(
    "bot_requests",
    metadata,
    Column("id", Text, primary_key=True, comment="Webex's, of a message or press"),
    Column("kind", Text, nullable=False, comment="message or press"),
    Column("came_at", Moment, nullable=False, comment="when Webex reported it"),
    Column("taken_until", Moment, comment="somebody answers it, until then at most"),
    Column("tries", Integer, nullable=False, comment="how often it was taken"),
    Column("answered_at", Moment, comment="when all was done"),
    Index("bot_requests_left", "answered_at", "came_at"),
    comment="What people wrote to the bot and pressed; each is answered once",
)
