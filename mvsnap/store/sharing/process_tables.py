"""Tables of the processes of a site, and of what they know of services outside."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Table, Text

from mvsnap.store.tables import Moment, metadata

processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True, comment="the same after a restart"),
    Column("machine", Text, nullable=False, comment="host name"),
    Column("roles", Text, nullable=False, comment="such as web, worker"),
    Column("version", Text, nullable=False, comment="of mvsnap"),
    Column("data_id", Text, nullable=False, comment="of its data_dir"),
    Column("started_at", Moment, nullable=False, comment="by the database's time"),
    Column("seen_at", Moment, nullable=False, comment="by the database's time"),
    Column("by_itself", Boolean, nullable=False, comment="else only when asked"),
    Column("stopped", Boolean, nullable=False, comment="it ended as it should"),
    Column("clock_error", Text, nullable=False, comment="what is wrong with it"),
    Column("clock_ahead_s", Float, nullable=False, comment="of the database's time"),
    Column("disk_free_bytes", BigInteger, nullable=False, comment="of data_dir"),
    Column("disk_total_bytes", BigInteger, nullable=False, comment="of data_dir"),
    Column("evidence_bytes", BigInteger, comment="pictures, clips; none: not measured"),
    Column("certificate_ends_at", Moment, comment="of server.tls"),
    Column("certificate_error", Text, nullable=False, comment="of server.tls"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Processes that run, and those that ended within a day",
)

upstreams = Table(
    "upstreams",
    metadata,
    Column("process_id", Text, primary_key=True, comment="who called it"),
    Column("name", Text, primary_key=True, comment="as of upstreams.service_name"),
    Column("worked_at", Moment, comment="last call that worked, to a minute"),
    Column("failed_at", Moment, comment="last call that failed, to a minute"),
    Column("failing_since", Moment, comment="first failure since it worked"),
    Column("error", Text, nullable=False, comment="why the last call failed, or ''"),
    Column("reasons", JSON(none_as_null=True), comment="codes and values of texts"),
    comment="Services outside: one row for each process that calls them",
)
