"""What a webhook of Webex sends: only that something was written or pressed. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import StrEnum

from msgspec import Struct

from mvsnap.core import strict_json
from mvsnap.errors import BadInput

# A report has ids and dates alone.
MOST_BYTES = 65_536
_ID = re.compile(r"[A-Za-z0-9_-]{8,200}=*", re.ASCII)


_BOTS = ("@webex.bot", "@sparkbot.io")


class BotRequestKind(StrEnum):
    MESSAGE = "message"
    PRESS = "press"


_KINDS = {
    "messages": BotRequestKind.MESSAGE,
    "attachmentActions": BotRequestKind.PRESS,
}


class WebexReport(Struct, frozen=True):
    """id: of the message or press, which is asked for."""

    id: str
    kind: BotRequestKind


def is_bot(email: str) -> bool:
    """Return whether it is the address of a bot: two would talk forever."""
    return email.casefold().endswith(_BOTS)


def signature(secret: str, body: bytes) -> str:
    """Return the header X-Spark-Signature of a report.

    Source: "Using a Webhook Secret" of Webex: HMAC-SHA1 of the body, in hex.
    """
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def is_signed(secret: str, body: bytes, given: str) -> bool:
    made = signature(secret, body)
    return hmac.compare_digest(made.encode(), given.strip().lower().encode())


def read_report(body: bytes) -> WebexReport | None:
    """Return the report, None if it is about something else.

    Raises:
        BadInput: it is no report of Webex.
    """
    try:
        found = strict_json.parse_object(body)
    except strict_json.BadMessage as exc:
        raise BadInput(f"The report of a Webex webhook: {exc}") from exc
    data = found.get("data")
    if not isinstance(data, dict):
        raise BadInput("data: missing (expected the report of a Webex webhook)")
    kind = _KINDS.get(str(found.get("resource"))[:40])
    if kind is None or found.get("event") != "created":
        return None
    request_id = data.get("id")
    if not isinstance(request_id, str) or not _ID.fullmatch(request_id):
        raise BadInput(f"data.id: {str(request_id)[:40]!r} (expected an id of Webex)")
    # In a direct room, Webex reports what the bot itself has posted.
    if is_bot(str(data.get("personEmail") or "")):
        return None
    return WebexReport(request_id, kind)
