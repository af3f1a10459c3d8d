"""One line of the printed table and of results.json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    what: str
    reference: str
    goal: str
    measured: str
