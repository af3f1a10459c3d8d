"""What those are answered who run the service, as types for the description."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class HealthAnswer(Struct):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class ReadinessAnswer(Struct):
    """Whether work can be done, with `ok` or the reason for each part."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str]


class DescriptionAnswer(Struct):
    """A description of the API in the format OpenAPI 3.1."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]
