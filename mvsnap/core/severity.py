"""How bad an alarm is. Pure."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How bad an alarm is, as its sender says; Meraki's words."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFORMATIONAL = "informational"
