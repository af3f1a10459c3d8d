"""Answers of the endpoints for operators, as types for the API description."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class HealthAnswer(Struct):
    """The process is running."""

    status: Literal["ok"]
    version: str


class ReadinessAnswer(Struct):
    """Readiness: `ok` or the reason for each part."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str]


class DescriptionAnswer(Struct):
    """A description of the API in OpenAPI 3.1."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]
