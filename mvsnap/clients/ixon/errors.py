"""IXON errors: every refusal of the IXON Cloud, in our own words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

from mvsnap.clients import answers
from mvsnap.errors import UpstreamError
from mvsnap.texts import ixon_wordings as wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import WITH

# Source: texts that clients of the live API look for.
_OTP = ("one-time password", "2fa", "two factor", "two-factor")
_OFFLINE = "not online"

# What to do, by status: with a configured token, after a login, during a login.
TOKEN_ADVICE = {
    401: wordings.REFUSED_TOKEN(),
    403: wordings.FORBIDS(),
    404: wordings.UNKNOWN(),
}
ACCOUNT_ADVICE = TOKEN_ADVICE | {401: wordings.REFUSED_NEW_TOKEN()}
LOGIN_ADVICE = {
    401: wordings.REFUSED_LOGIN(status=401),
    403: wordings.REFUSED_LOGIN(status=403),
    404: wordings.NO_LOGIN_HERE(),
}


class AgentOffline(UpstreamError):
    """The router at the machine has no connection to IXON; it may return."""

    def __init__(self) -> None:
        super().__init__(wordings.ROUTER_OFFLINE(), retry=True)


class NotAllowed(UpstreamError):
    """IXON refused the token, the password, or the permission."""


def refusal(
    answer: requests.Response,
    now: datetime,
    advice: Mapping[int, Reason],
    *secrets: str,
) -> UpstreamError:
    """Return the error of an answer other than 2xx.

    secrets: texts that must be removed from IXON's message.
    """
    status = answer.status_code
    words = answers.clean(_messages(answers.parse_json(answer.content)), *secrets)
    words = words or answers.reason(answer.content, *secrets)
    said = words.casefold()
    if 400 <= status < 500:
        if any(mark in said for mark in _OTP):
            why = wordings.IN_ITS_WORDS(what=wordings.WANTS_OTP(), words=words)
            return NotAllowed(why, retry=False)
        if _OFFLINE in said:
            return AgentOffline()
    if 300 <= status < 400:
        return UpstreamError(wordings.REDIRECTS(status=status), retry=False)
    if status in (408, 429) or status >= 500:
        trouble = wordings.BUSY if status == 429 else wordings.ERROR
        wait_s = answers.retry_after_s(answer.headers.get("Retry-After"), now)
        why = _in_its_words(trouble(status=status), words)
        return UpstreamError(why, retry=True, retry_after_s=wait_s)
    do = advice.get(status) or wordings.REFUSED(status=status)
    kind = NotAllowed if status in (401, 403) else UpstreamError
    return kind(_in_its_words(do, words), retry=False)


def _in_its_words(why: Reason, words: str) -> Reason:
    return WITH(first=why, then=words) if words else why


def parsed(answer: requests.Response, *secrets: str) -> dict[str, Any]:
    """Return the JSON object of a 2xx answer.

    Raises:
        UpstreamError: it is not an object, or one that says "error" despite the 2xx.
    """
    body = answers.parse_json(answer.content)
    if not isinstance(body, dict):
        why = wordings.NO_JSON(status=answer.status_code)
        raise UpstreamError(why, retry=True)
    if body.get("status") == "error":
        words = answers.clean(_messages(body), *secrets)
        raise UpstreamError(wordings.SAYS_ERROR(words=words), retry=False)
    return body


def _messages(body: Any) -> str:
    """Return the texts of an error body; anything else has none.

    {"status": "error", "type": "Error", "data": [{"message": "Value is required",
    "propertyName": "expiresIn", "listIndex": null}]}
    """
    data = body.get("data") if isinstance(body, dict) else None
    rows = data if isinstance(data, list) else [data]
    texts = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        message, name = row.get("message"), row.get("propertyName")
        if isinstance(message, str) and message:
            texts.append(f"{name}: {message}" if isinstance(name, str) else message)
    return "; ".join(texts)
