"""Settings of the log."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import Field

from mvsnap.config.values import Section


class LogSection(Section):
    format: Literal["text", "json"] = Field(
        "text",
        description="text: a line for people; json: an object a line, with time, "
        "level, logger, message, thread and the id of the job",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that `serve` logs"
    )

    @property
    def number(self) -> int:
        """The level as the library has it."""
        return logging.getLevelNamesMapping()[self.level.upper()]
