"""What receives Webex's reports needs of a running mvsnap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mvsnap.bot.parts import AnswerParts, report_secret
from mvsnap.bot.requests import BotRequests
from mvsnap.runtime.parts import Parts


def answer_parts(parts: Parts, on_new: Callable[[], None]) -> AnswerParts:
    return AnswerParts(BotRequests(parts.db), partial(secret_of, parts), on_new)


def secret_of(parts: Parts) -> str:
    """Return what signs the reports, the same in all processes."""
    return report_secret(parts.users.link_key())
