"""What receives Webex's reports needs of a running mvsnap."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from mvsnap.bot.parts import AnswerParts, report_secret
from mvsnap.bot.requests import BotRequests
from mvsnap.runtime.parts import Parts


class Answering(Protocol):
    def wake(self) -> None:
        """Look for new requests at once."""
        ...


def answer_parts(parts: Parts, bot: Answering | None) -> AnswerParts:
    """bot: None where another process answers."""
    on_new = bot.wake if bot is not None else (lambda: None)
    return AnswerParts(BotRequests(parts.db), partial(secret_of, parts), on_new)


def secret_of(parts: Parts) -> str:
    """Return what signs the reports, the same in all processes."""
    return report_secret(parts.users.link_key())
