"""What receives Webex's reports needs of a running mvsnap."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mvsnap.answers.parts import AnswerParts, report_secret
from mvsnap.answers.requests import BotRequests
from mvsnap.runtime.parts import Parts

if TYPE_CHECKING:
    from mvsnap.runtime.bot import BotService


def answer_parts(parts: Parts, bot: BotService | None) -> AnswerParts:
    """bot: None where another process answers."""
    on_new = bot.wake if bot is not None else (lambda: None)
    return AnswerParts(BotRequests(parts.db), partial(secret_of, parts), on_new)


def secret_of(parts: Parts) -> str:
    """Return what signs the reports, the same in all processes."""
    return report_secret(parts.users.link_key())
