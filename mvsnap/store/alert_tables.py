"""Tables of what the site reports by itself."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Table, Text

from mvsnap.store.tables import Moment, metadata

troubles = Table(
    "troubles",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID"),
    Column("name", Text, nullable=False, comment="of the part of the site"),
    Column("kind", Text, nullable=False, comment="one of alerts.kinds"),
    Column("text", Text, nullable=False, comment="what was wrong when it began"),
    Column("advice", Text, nullable=False, comment="what to do about it"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    Column("began_at", Moment, nullable=False, comment="when it was first seen"),
    Column("ended_at", Moment, comment="when it was first seen to be well again"),
    Column("reported_by", Text, nullable=False, comment="the job that says so, or ''"),
    Column("over_by", Text, nullable=False, comment="the job of its end, or ''"),
    Column("handed_over", Boolean, nullable=False, comment="its job was accepted"),
    Index("troubles_open", "over_by", "handed_over"),
    Index("troubles_reported_by", "reported_by"),
    comment="What was wrong with the site, and which job reported so",
)

reported_ends = Table(
    "reported_ends",
    metadata,
    Column("trouble_id", Text, primary_key=True, comment="troubles.id"),
    Column("room", Text, primary_key=True, comment="where its end is reported"),
    Column("job_id", Text, nullable=False, comment="the job that reports it there"),
    comment="Which of two waiting messages reports the end of a trouble",
)
