"""A report about a period, as lines of text that any channel takes. Pure."""

from __future__ import annotations

from msgspec import Struct


class ReportText(Struct, frozen=True):
    """path: of the page with all of it, on the gateway."""

    title: str
    lines: tuple[str, ...]
    path: str
