"""Settings of /metrics of processes that answer no other requests."""

from __future__ import annotations

from pydantic import Field

from mvsnap.config.values import Section


class MetricsSection(Section):
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="port where a process without the role web serves its /metrics, "
        "for keys with the scope read; several on one machine need one each: "
        "MVSNAP_METRICS__PORT",
    )
