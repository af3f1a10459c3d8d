"""Settings of the connections to PostgreSQL."""

from __future__ import annotations

from pydantic import Field

from mvsnap.config.values import Section


class DatabaseSection(Section):
    pool_size: int = Field(
        2,
        ge=1,
        le=100,
        description="connections to PostgreSQL that a process keeps open; one with the "
        "worker role has one more",
    )
    pool_overflow: int = Field(
        8,
        ge=0,
        le=200,
        description="more of them that a process may open at busy times",
    )
