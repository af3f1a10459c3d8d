"""What only one process does for all: listening, looking after webhooks."""

from __future__ import annotations

from typing import Protocol


class AnswerTurn(Protocol):
    """Both raise OUTAGES."""

    def is_ours(self) -> bool:
        """Take it if it is free, and keep it: asked every few seconds."""
        ...

    def leave(self) -> None: ...
