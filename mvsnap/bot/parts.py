"""What the receiver of Webex's reports needs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from msgspec import Struct

from mvsnap.bot.requests import BotRequests

# Where Webex sends its reports, below site.public_url.
PATH = "/webex"


class AnswerParts(Struct, frozen=True):
    """secret: signs the reports, the same in all processes.

    on_new: called when there is a request to answer.
    """

    requests: BotRequests
    secret: Callable[[], str]
    on_new: Callable[[], None]


def report_secret(key: str) -> str:
    """Return what signs the reports of Webex. key: a secret of the store."""
    return hmac.new(key.encode(), b"webhooks of Webex", hashlib.sha256).hexdigest()
